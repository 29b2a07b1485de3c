/**
 * Waits until new clusters are settled, so that what is about to name them finds them knowing their endpoints' health:
 * Envoy warms clusters in the same way. As long as this takes at most, and no longer than the limit: a cluster whose names
 * do not resolve must not hold up all the others.
 */
import { Deadline, type TimerWheel } from '../../kernel/timer-wheel.ts';
import type { HealthCheckConfig } from '../config/model/health-check.ts';
import type { Cluster } from '../upstream/cluster.ts';

/** Envoy's initial_fetch_timeout. */
const WARM_UP_MS_MAX = 15_000;

/** Clusters whose endpoints are not checked need no waiting. */
export async function warmUp(clusters: readonly Cluster[], wheel: TimerWheel): Promise<void> {
  const checked = clusters.filter(({ config }) => config.healthCheck !== null);
  if (checked.length === 0) return;
  const longestMs = Math.max(...checked.map(({ config }) => firstRoundMs(config.healthCheck!)));
  const over = Promise.withResolvers<void>();
  const deadline = new Deadline({ onDeadline: () => over.resolve() });
  wheel.arm(deadline, Math.min(WARM_UP_MS_MAX, longestMs));
  await Promise.race([over.promise, Promise.all(checked.map((cluster) => cluster.settled()))]);
  wheel.disarm(deadline);
}

/** How long the first round of checks may take, and a second for the look-up of names. */
function firstRoundMs({ timeoutMs, initialJitterMs }: HealthCheckConfig): number {
  return timeoutMs + initialJitterMs + 1_000;
}
