/**
 * Outrider's own resources: application configuration, and how many replicas there are to be.
 */
import type { OpenBreaker } from '../breakers/shared-breakers.ts';
import type { State } from '../state/model.ts';
import { desiredReplicas, effectiveConfig, servicesOf } from '../state/queries.ts';
import { duration, type JsonObject, resource, type XdsResource } from './resource.ts';

/** outrider.config.v1.ConfigSet of one workload. */
export function configSet(state: State, workload: string): XdsResource {
  const { revision, entries } = effectiveConfig(state, workload);
  const list = Object.entries(entries).map(([key, entry]) => ({ key, text: entry.value, revision: entry.revision }));
  return resource('CONFIG', workload, { name: workload, revision, entries: list });
}

/** outrider.resilience.v1.SharedBreaker of one template. */
export function sharedBreaker({ name, ttlMs, sequence, open, callers }: OpenBreaker): XdsResource {
  return resource('BREAKERS', name, { name, open_for: duration(ttlMs), sequence, open_callers: open, callers });
}

/** outrider.scaling.v1.ScalingDecision of one service: the sum over the workloads behind it. */
export function scalingDecision(state: State, service: string, readyReplicas: number): XdsResource {
  const members = servicesOf(state).get(service) ?? [];
  const decisions = members.flatMap((member) => state.scale.get(member.name) ?? []);
  const last = decisions.sort((a, b) => b.revision - a.revision)[0];
  const decided: JsonObject = last === undefined ? {} : { decided_at: new Date(last.decidedAtMs).toISOString() };
  return resource('SCALING', service, {
    name: service,
    desired_replicas: members.reduce((sum, member) => sum + desiredReplicas(state, member), 0),
    ready_replicas: readyReplicas,
    revision: last?.revision ?? Math.max(0, ...members.map((member) => member.revision)),
    reason: last?.reason ?? 'as written',
    ...decided,
  });
}
