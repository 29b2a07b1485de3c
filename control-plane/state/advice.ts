/**
 * What should be known of a change that is granted: warnings, which ask for a second look, and notes, which say what the
 * numbers come to. Neither refuses anything.
 */
import { ejectableAtOnce, ejectionPreview } from '../../protos/contract/ejection-limit.ts';
import * as defaults from '../translate/defaults.ts';
import type { FaultPolicy } from './fault-policy.ts';
import type { State } from './model.ts';
import type { ResourceProblem } from './problem.ts';
import { desiredReplicas, servicesOf } from './queries.ts';
import type { HttpRoute } from './routes.ts';
import { isHashing, type TrafficPolicy } from './traffic-policy.ts';

/** See the head of this file. */
export interface Advice {
  readonly warnings: readonly ResourceProblem[];
  readonly notes: readonly ResourceProblem[];
}

/** What an apply has touched: kind and name. */
interface Touched {
  readonly kind: string;
  readonly name: string;
}

/** Advice on the resources of `state` that were touched. `nowMs` is wall time. */
export function adviceOn(state: State, touched: readonly Touched[], nowMs: number): Advice {
  const advisor = new Advisor(state, nowMs);
  for (const { kind, name } of touched) {
    if (kind === 'trafficpolicy') advisor.trafficPolicy(state.trafficPolicies.get(name));
    else if (kind === 'faultpolicy') advisor.fault(state.faultPolicies.get(name));
    else if (kind === 'httproute') advisor.httpRoute(state.routes.get(name));
  }
  return advisor;
}

class Advisor implements Advice {
  readonly warnings: ResourceProblem[] = [];
  readonly notes: ResourceProblem[] = [];
  readonly #state: State;
  readonly #nowMs: number;

  constructor(state: State, nowMs: number) {
    this.#state = state;
    this.#nowMs = nowMs;
  }

  trafficPolicy(policy: TrafficPolicy | undefined): void {
    if (policy === undefined) return;
    const count = this.#instancesOf(policy.service);
    this.#ejections(policy, count);
    this.#rates(policy, count);
    const { loadBalancing } = policy;
    const kept = [...this.#state.routes.values()].some(({ rules }) =>
      rules.some(
        ({ session, backends }) => session !== null && backends.some((each) => each.service === policy.service),
      ),
    );
    if (isHashing(loadBalancing?.policy ?? null) && loadBalancing!.hash.length === 0 && !kept)
      this.#warn(
        policy,
        'spec.loadBalancing',
        'has no "hash", nor is there a session: every request goes to any instance',
      );
    const per = policy.limits?.perInstance.maxRequests ?? null;
    const all = policy.limits?.maxRequests ?? null;
    if (per !== null && all !== null && count > 0 && per * count < all)
      this.#warn(
        policy,
        'spec.limits.maxRequests',
        `${all} is never reached: ${count} instances take ${per} each, ${per * count} in all`,
      );
  }

  fault(fault: FaultPolicy | undefined): void {
    if (fault === undefined) return;
    const end = new Date(fault.expiresAtMs).toISOString().replace(/\.\d+Z$/, 'Z');
    if (fault.expiresAtMs <= this.#nowMs) this.#warn(fault, 'spec', `ended at ${end}: it does nothing any more`);
    else this.#note(fault, 'spec', `ends by itself at ${end}`);
    if (fault.abort?.percent === 100 && fault.match.path === null && fault.match.headers.length === 0)
      this.#warn(fault, 'spec.abort', `fails every request to service "${fault.service}" until then`);
  }

  /** A browser asks by OPTIONS before it does what CORS allows. */
  httpRoute(route: HttpRoute | undefined): void {
    route?.rules.forEach(({ filters, matches }, i) => {
      const at = filters.findIndex(({ kind }) => kind === 'cors');
      if (at < 0 || matches.some(({ method }) => method === null || method === 'OPTIONS')) return;
      const message = 'never sees a preflight: every match of the rule names another method than OPTIONS';
      this.#warn(route, `spec.rules[${i}].filters[${at}]`, message);
    });
  }

  #ejections(policy: TrafficPolicy, count: number): void {
    const { outlierDetection } = policy;
    if (outlierDetection === null || !outlierDetection.enabled) return;
    const ejection = defaults.CLUSTER_POLICY.ejection as { readonly keep_last?: boolean } | undefined;
    const limits = {
      maxEjectionPercent: outlierDetection.maxPercent ?? Number(defaults.OUTLIER_DETECTION.max_ejection_percent),
      alwaysEjectOneHost: defaults.OUTLIER_DETECTION.always_eject_one_host === true,
      keepLast: outlierDetection.keepLast ?? ejection?.keep_last ?? false,
    };
    const preview = ejectionPreview(limits, count).replace(/\bhost(s?)\b/, 'instance$1');
    if (count > 1 && ejectableAtOnce(limits, count) === 0) this.#warn(policy, 'spec.outlierDetection', preview);
    else this.#note(policy, 'spec.outlierDetection', preview);
  }

  #rates({ inbound, ...policy }: TrafficPolicy, count: number): void {
    if (inbound === null || count === 0) return;
    const plural = count === 1 ? '1 instance' : `${count} instances`;
    const { rateLimit, quotas } = inbound;
    if (rateLimit !== null) {
      const all = rounded(rateLimit.requestsPerSecond * count);
      this.#note(policy, 'spec.inbound.rateLimit', `with ${plural} the service takes ${all} requests a second in all`);
    }
    quotas.forEach(({ name, requestsPerSecond }, i) => {
      const each = rounded(requestsPerSecond / count);
      const message = `"${name}": with ${plural} each takes ${each} requests a second`;
      this.#note(policy, `spec.inbound.quotas[${i}]`, message);
    });
  }

  /** As many as there are to be. */
  #instancesOf(service: string): number {
    const members = servicesOf(this.#state).get(service) ?? [];
    return members.reduce((sum, member) => sum + desiredReplicas(this.#state, member), 0);
  }

  #warn(resource: ResourceProblem['resource'], path: string, message: string): void {
    this.warnings.push({ resource: { kind: resource.kind, name: resource.name }, path, message });
  }

  #note(resource: ResourceProblem['resource'], path: string, message: string): void {
    this.notes.push({ resource: { kind: resource.kind, name: resource.name }, path, message });
  }
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
