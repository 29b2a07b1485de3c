/**
 * The kinds that `get` and `delete` know, under all the names that people type.
 */
import { nearest } from '../kernel/edit-distance.ts';
import { UsageError } from './errors.ts';

/** Each kind with its other names. `service` is the registry's view of what runs; the others are kept resources. */
const NAMES = {
  workload: ['workloads'],
  httproute: ['httproutes', 'route', 'routes'],
  grpcroute: ['grpcroutes'],
  tcproute: ['tcproutes'],
  trafficpolicy: ['trafficpolicies', 'policy', 'policies', 'tp'],
  faultpolicy: ['faultpolicies', 'fault', 'faults', 'fp'],
  routetest: ['routetests'],
  service: ['services', 'svc'],
} as const;

/** One of the kinds. */
export type Kind = keyof typeof NAMES;

const ALL = Object.keys(NAMES) as readonly Kind[];
const KINDS: ReadonlyMap<string, Kind> = new Map(
  ALL.flatMap((kind) => [kind, ...NAMES[kind]].map((name) => [name, kind] as const)),
);

/** The kind that a name stands for, whatever its case; a UsageError with the nearest name when there is none. */
export function parseKind(name: string): Kind {
  const kind = KINDS.get(name.toLowerCase());
  if (kind !== undefined) return kind;
  const suggestion = nearest(name, KINDS.keys());
  const hint = suggestion === undefined ? '' : ` (did you mean ${suggestion}?)`;
  const [last, ...others] = ALL.toReversed();
  throw new UsageError(`unknown kind "${name}"${hint}: there are ${others.reverse().join(', ')} and ${last}`);
}
