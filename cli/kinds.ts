/**
 * The kinds that `get` and `delete` know, under all the names that people type.
 */
import { nearest } from '../kernel/edit-distance.ts';
import { UsageError } from './errors.ts';

/** `service` is the registry's view of what runs; the others are kept resources. */
export type Kind = 'workload' | 'httproute' | 'grpcroute' | 'service';

const KINDS: Readonly<Record<string, Kind>> = {
  workload: 'workload',
  workloads: 'workload',
  httproute: 'httproute',
  httproutes: 'httproute',
  route: 'httproute',
  routes: 'httproute',
  grpcroute: 'grpcroute',
  grpcroutes: 'grpcroute',
  service: 'service',
  services: 'service',
  svc: 'service',
};

/** The kind that a name stands for, whatever its case; a UsageError with the nearest name when there is none. */
export function parseKind(name: string): Kind {
  const kind = KINDS[name.toLowerCase()];
  if (kind !== undefined) return kind;
  const suggestion = nearest(name, Object.keys(KINDS));
  const hint = suggestion === undefined ? '' : ` (did you mean ${suggestion}?)`;
  throw new UsageError(`unknown kind "${name}"${hint}: there are workload, httproute, grpcroute and service`);
}
