/**
 * Slow start: an endpoint that has just been added gets less than its share, so that it is not flooded while its caches
 * are cold (envoyproxy.io, "Slow start mode").
 *
 *   weight x max(minimum, (age / window) ^ (1 / aggression))
 *
 * It has grown up when the window is over, or when it has answered so many requests well (slow_start_successes).
 */
import type { Clock } from '../../../kernel/clock.ts';
import type { ClusterConfig } from '../../config/model/cluster.ts';
import type { Endpoint } from '../endpoint.ts';

/** The limits of a cluster's slow start. */
export type SlowStartConfig = NonNullable<ClusterConfig['slowStart']>;

/** The weight that an endpoint has now. */
export type Weigh = (endpoint: Endpoint) => number;

/** Weights that grow with age. `successes` end it as well; 0: time alone does. HOT while an endpoint is young. */
export function slowStartWeights(config: SlowStartConfig, clock: Clock, successes = 0): Weigh {
  const { windowMs, aggression, minWeightPercent } = config;
  return (endpoint) => {
    const { weight } = endpoint.config;
    const ageMs = Math.max(1, clock.nowMs() - endpoint.addedMs);
    if (ageMs >= windowMs || isProven(endpoint, successes)) return weight;
    return weight * Math.max(minWeightPercent / 100, (ageMs / windowMs) ** (1 / aggression));
  };
}

/** When the last of these endpoints has grown up, in monotonic milliseconds; null when all have. */
export function slowStartEndMs(
  endpoints: readonly Endpoint[],
  windowMs: number,
  nowMs: number,
  successes = 0,
): number | null {
  let lastMs: number | null = null;
  for (const each of endpoints) {
    const endMs = each.addedMs + windowMs;
    if (endMs > nowMs && !isProven(each, successes)) lastMs = Math.max(endMs, lastMs ?? 0);
  }
  return lastMs;
}

/** It has answered enough requests well. */
function isProven({ rqSuccess }: Endpoint, successes: number): boolean {
  return successes > 0 && rqSuccess >= successes;
}
