/**
 * What a route or policy asks of the service that it is for, and cannot have.
 */
import { nearest } from '../../kernel/edit-distance.ts';
import { FAULT_DURATION_MS_MAX } from './fault-policy.ts';
import { type Protocol, protocolOf, type State } from './model.ts';
import { type Report, type ResourceProblem, reporter } from './problem.ts';
import { policiesByService, servicesOf } from './queries.ts';
import type { Backend, HttpRouteRule } from './routes.ts';
import { isHashing, type TrafficPolicy } from './traffic-policy.ts';

/** Every such wish in the state. `nowMs` is wall time. */
export function impossibleWishes(state: State, nowMs: number): ResourceProblem[] {
  const found: ResourceProblem[] = [];
  const protocols = new Map([...servicesOf(state)].map(([name, members]) => [name, protocolOf(members)]));
  const policies = policiesByService(state);
  for (const route of [...state.routes.values(), ...state.grpcRoutes.values(), ...state.tcpRoutes.values()]) {
    const report = reporter(found, route);
    if (route.kind === 'tcproute') checkTcpParents(route.parents, protocols, report);
    route.rules.forEach((rule, i) => {
      checkSubsets(rule.backends, `spec.rules[${i}].backendRefs`, policies, report);
    });
    if (route.kind === 'httproute')
      route.rules.forEach((rule, i) => {
        checkSession(rule, `spec.rules[${i}].sessionPersistence`, policies, report);
      });
  }
  for (const policy of policies.values())
    if (protocols.get(policy.service) === 'tcp') checkBytes(policy, reporter(found, policy));
  for (const fault of state.faultPolicies.values()) {
    const report = reporter(found, fault);
    if (protocols.get(fault.service) === 'tcp')
      report('spec.targetRef.name', `service "${fault.service}" speaks tcp: faults are made of requests`);
    if (fault.expiresAtMs - nowMs > FAULT_DURATION_MS_MAX)
      report('spec.expiresAt', 'is more than 24h ahead: no fault may last longer');
    // What was granted once stays, so that a file can be applied again.
    else if (fault.lasts.kind === 'until' && fault.expiresAtMs <= nowMs && fault.revision === state.revision)
      report('spec.expiresAt', 'is past: it would never make a fault');
  }
  return found;
}

function checkTcpParents(parents: readonly string[], protocols: ReadonlyMap<string, Protocol>, report: Report): void {
  parents.forEach((name, i) => {
    const protocol = protocols.get(name);
    if (protocol === undefined || protocol === 'tcp') return;
    const message = `service "${name}" is of protocol ${protocol}: a TCPRoute is for services with x-outrider: {protocol: tcp}`;
    report(`spec.parentRefs[${i}].name`, message);
  });
}

/** What is asked for by its values has to be a subset that the service's policy declares. */
function checkSubsets(
  backends: readonly Backend[],
  path: string,
  policies: ReadonlyMap<string, TrafficPolicy>,
  report: Report,
): void {
  backends.forEach(({ service, subset }, i) => {
    if (subset === null) return;
    const wanted = Object.keys(subset).sort().join();
    const declared = policies.get(service)?.loadBalancing?.subsets ?? [];
    const known = declared.map(({ keys }) => keys.toSorted().join());
    if (known.includes(wanted)) return;
    const message = `service "${service}" has no TrafficPolicy with loadBalancing.subsets of the keys ${wanted}`;
    report(`${path}[${i}].x-subset`, message, nearest(wanted, known));
  });
}

function checkSession(
  { session, backends }: HttpRouteRule,
  path: string,
  policies: ReadonlyMap<string, TrafficPolicy>,
  report: Report,
): void {
  const backend = backends.find(({ weight }) => weight > 0);
  if (session === null || backend === undefined) return;
  if (isHashing(policies.get(backend.service)?.loadBalancing?.policy ?? null)) return;
  const needed = `service "${backend.service}" needs a TrafficPolicy with loadBalancing.policy RingHash or Maglev`;
  report(path, `${needed}: a session is kept by the hash of its cookie`);
}

/** A service of bytes has no requests that could be tried again, timed or answered. */
function checkBytes(policy: TrafficPolicy, report: Report): void {
  const { retries, hedging, fallbacks, requestBreakers, inbound, timeouts, loadBalancing } = policy;
  const refuse = (path: string, unwanted: boolean) => {
    if (unwanted) report(`spec.${path}`, `is for requests: service "${policy.service}" speaks tcp, remove it`);
  };
  refuse('retries', retries !== null);
  refuse('hedging', hedging !== null);
  refuse('fallbacks', fallbacks.length > 0);
  refuse('requestBreakers', requestBreakers.length > 0);
  refuse('inbound', inbound !== null);
  refuse('timeouts.request', timeouts?.requestMs != null);
  refuse('timeouts.idle', timeouts?.idleMs != null);
  refuse('loadBalancing.policy', isHashing(loadBalancing?.policy ?? null));
}
