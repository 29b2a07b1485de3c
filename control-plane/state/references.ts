/**
 * References between resources: a route may name only services that exist, a workload only workloads that exist and do
 * not wait for it themselves.
 *
 * The rule stands here once; the policy parser adds line and column, `apply` guards the state with it.
 */
import { nearest } from '../../kernel/edit-distance.ts';
import type { Backend, DocumentKind, Workload } from './model.ts';

/** A name that leads nowhere, or in a circle. */
export interface DanglingReference {
  readonly resource: { readonly kind: DocumentKind; readonly name: string };
  /** Where in the user's document, such as `spec.rules[0].backendRefs[1].name`. */
  readonly path: string;
  readonly message: string;
  /** The nearest name that exists. */
  readonly suggestion?: string;
}

/** What of a resource matters here. */
type Reference = Pick<Workload, 'kind' | 'name' | 'dependsOn'> | RouteReference;

interface RouteReference {
  readonly kind: 'httproute' | 'grpcroute';
  readonly name: string;
  readonly parents: readonly string[];
  readonly rules: readonly { readonly backends: readonly Backend[] }[];
}

/**
 * Every dangling reference in `resources`, in document order.
 *
 * @param services each existing service and its declared port, or null when it has none.
 * @param workloads the names of existing workloads.
 */
export function danglingReferences(
  resources: Iterable<Reference>,
  services: ReadonlyMap<string, number | null>,
  workloads: ReadonlySet<string>,
): DanglingReference[] {
  const found: DanglingReference[] = [];
  const written = [...resources];
  const dependencies = new Map(
    written.flatMap((each) => (each.kind === 'workload' ? [[each.name, each.dependsOn]] : [])),
  );
  for (const each of written) {
    const resource = { kind: each.kind, name: each.name };
    const report = (path: string, message: string, suggestion?: string) =>
      found.push({ resource, path, message, ...(suggestion === undefined ? {} : { suggestion }) });
    if (each.kind === 'workload') {
      checkDependencies(each.dependsOn, workloads, report);
      checkCircle(each.name, dependencies, report);
    } else checkRoute(each, services, report);
  }
  return found;
}

type Report = (path: string, message: string, suggestion?: string) => void;

function checkDependencies(dependsOn: readonly string[], workloads: ReadonlySet<string>, report: Report): void {
  for (const name of dependsOn) {
    if (workloads.has(name)) continue;
    report(`depends_on.${name}`, `there is no workload "${name}"`, nearest(name, workloads));
  }
}

/** What waits for itself would never start. */
function checkCircle(name: string, dependencies: ReadonlyMap<string, readonly string[]>, report: Report): void {
  const trail = circleFrom(name, name, dependencies, new Set());
  if (trail !== undefined) report('depends_on', `the workloads depend on each other in a circle: ${trail.join(', ')}`);
}

/** The names on the way from `at` back to `start`, both included. */
function circleFrom(
  at: string,
  start: string,
  dependencies: ReadonlyMap<string, readonly string[]>,
  seen: Set<string>,
): string[] | undefined {
  for (const next of dependencies.get(at) ?? []) {
    if (next === start) return [at, start];
    if (seen.has(next)) continue;
    seen.add(next);
    const rest = circleFrom(next, start, dependencies, seen);
    if (rest !== undefined) return [at, ...rest];
  }
  return undefined;
}

function checkRoute(route: RouteReference, services: ReadonlyMap<string, number | null>, report: Report): void {
  const checkService = (path: string, name: string) => {
    if (!services.has(name)) report(path, `there is no service "${name}"`, nearest(name, services.keys()));
  };
  route.parents.forEach((name, i) => {
    checkService(`spec.parentRefs[${i}].name`, name);
  });
  route.rules.forEach((rule, i) => {
    rule.backends.forEach((backend, j) => {
      const path = `spec.rules[${i}].backendRefs[${j}]`;
      checkService(`${path}.name`, backend.service);
      const declared = services.get(backend.service);
      if (declared == null || backend.port === null || backend.port === declared) return;
      report(`${path}.port`, `service "${backend.service}" has port ${declared}, not ${backend.port}`, `${declared}`);
    });
  });
}
