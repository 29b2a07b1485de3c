/**
 * References between resources: a route or a policy may name only services that exist, a workload only workloads that exist
 * and do not wait for it themselves.
 *
 * The rule stands here once; the policy parser adds line and column, `apply` guards the state with it.
 */
import { nearest } from '../../kernel/edit-distance.ts';
import type { Document, State } from './model.ts';
import { type Report, type ResourceProblem, reporter } from './problem.ts';
import { allDocuments, portsOfServices } from './queries.ts';
import type {
  GrpcRoute,
  GrpcRouteRule,
  HttpRoute,
  HttpRouteFilter,
  HttpRouteRule,
  TcpRoute,
  TcpRouteRule,
} from './routes.ts';
import type { TrafficPolicy } from './traffic-policy.ts';

/** Every name in the state that leads nowhere, or in a circle. */
export function danglingReferences(state: State): ResourceProblem[] {
  const found: ResourceProblem[] = [];
  const checks = new Checks(state);
  for (const each of allDocuments(state)) checks.check(each, reporter(found, each));
  return found;
}

/** What references may lead to. */
class Checks {
  readonly #state: State;
  /** Each service and its declared port, or null when it has none. */
  readonly #services: ReadonlyMap<string, number | null>;
  readonly #workloads: ReadonlySet<string>;
  readonly #dependencies: ReadonlyMap<string, readonly string[]>;

  constructor(state: State) {
    this.#state = state;
    this.#services = portsOfServices(state.workloads.values());
    this.#workloads = new Set(state.workloads.keys());
    this.#dependencies = new Map([...state.workloads.values()].map((each) => [each.name, each.dependsOn]));
  }

  check(document: Document, report: Report): void {
    switch (document.kind) {
      case 'workload':
        checkDependencies(document.dependsOn, this.#workloads, report);
        checkCircle(document.name, this.#dependencies, report);
        return;
      case 'httproute':
      case 'grpcroute':
      case 'tcproute':
        this.#route(document, report);
        return;
      case 'trafficpolicy':
        this.#service('spec.targetRef.name', document.service, report);
        this.#trafficPolicy(document, report);
        return;
      case 'faultpolicy':
        this.#service('spec.targetRef.name', document.service, report);
        return;
      case 'routetest':
        document.tests.forEach(({ request, expect }, i) => {
          this.#service(`spec.tests[${i}].request.service`, request.service, report);
          for (const name of Object.keys(expect.weights ?? {})) this.#service(`spec.tests[${i}].expect`, name, report);
        });
        return;
      default:
        document satisfies never;
    }
  }

  #service(path: string, name: string, report: Report): void {
    if (!this.#services.has(name)) report(path, `there is no service "${name}"`, nearest(name, this.#services.keys()));
  }

  #route(route: HttpRoute | GrpcRoute | TcpRoute, report: Report): void {
    route.parents.forEach((name, i) => {
      this.#service(`spec.parentRefs[${i}].name`, name, report);
    });
    const rules: readonly (HttpRouteRule | GrpcRouteRule | TcpRouteRule)[] = route.rules;
    rules.forEach((rule, i) => {
      rule.backends.forEach((backend, j) => {
        this.#backend(`spec.rules[${i}].backendRefs[${j}]`, backend, report);
      });
      const filters: readonly HttpRouteFilter[] = 'filters' in rule ? rule.filters : [];
      filters.forEach((filter, j) => {
        if (filter.kind !== 'mirror') return;
        this.#backend(`spec.rules[${i}].filters[${j}].requestMirror.backendRef`, filter, report);
      });
    });
  }

  #backend(path: string, { service, port }: { service: string; port: number | null }, report: Report): void {
    this.#service(`${path}.name`, service, report);
    const declared = this.#services.get(service);
    if (declared == null || port === null || port === declared) return;
    report(`${path}.port`, `service "${service}" has port ${declared}, not ${port}`, `${declared}`);
  }

  #trafficPolicy({ service, fallbacks, requestBreakers }: TrafficPolicy, report: Report): void {
    fallbacks.forEach((fallback, i) => {
      if (fallback.kind === 'service') this.#service(`spec.fallbacks[${i}].service`, fallback.service, report);
    });
    const routes = [...this.#state.routes.values(), ...this.#state.grpcRoutes.values()];
    const names = routes.filter(({ parents }) => parents.includes(service)).map(({ name }) => name);
    requestBreakers.forEach(({ target }, i) => {
      if (target.kind !== 'route' || names.includes(target.name)) return;
      const message = `service "${service}" has no route "${target.name}"`;
      report(`spec.requestBreakers[${i}].route`, message, nearest(target.name, names));
    });
  }
}

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
