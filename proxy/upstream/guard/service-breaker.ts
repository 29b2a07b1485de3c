/** The breaker of a whole cluster (ClusterPolicy.service_breaker). */
import type { ClusterConfig } from '../../config/model/cluster.ts';
import { Breaker, type BreakerClock } from './breaker.ts';
import { serviceSubject } from './breaker-failures.ts';

/** What the configuration asks for: `before` as it is when nothing about it has changed. Null for none. */
export function serviceBreaker({ name, policy }: ClusterConfig, before: Breaker | null, clock: BreakerClock) {
  const config = policy.serviceBreaker;
  if (JSON.stringify(config) === JSON.stringify(before?.config ?? null)) return before;
  before?.destroy();
  return config === null ? null : new Breaker(serviceSubject(name), config, clock);
}
