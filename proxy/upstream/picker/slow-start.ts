/**
 * Slow start: an endpoint that has just been added gets less than its share, so that it is not flooded while its caches
 * are cold (envoyproxy.io, "Slow start mode").
 *
 *   weight x max(minimum, (age / window) ^ (1 / aggression))
 */
import type { Clock } from '../../../kernel/clock.ts';
import type { ClusterConfig } from '../../config/model/cluster.ts';
import type { Endpoint } from '../endpoint.ts';

/** The limits of a cluster's slow start. */
export type SlowStartConfig = NonNullable<ClusterConfig['slowStart']>;

/** The weight that an endpoint has now. */
export type Weigh = (endpoint: Endpoint) => number;

/** Weights that grow with age. HOT while an endpoint is young. */
export function slowStartWeights(config: SlowStartConfig, clock: Clock): Weigh {
  const { windowMs, aggression, minWeightPercent } = config;
  return (endpoint) => {
    const { weight } = endpoint.config;
    const ageMs = Math.max(1, clock.nowMs() - endpoint.addedMs);
    if (ageMs >= windowMs) return weight;
    return weight * Math.max(minWeightPercent / 100, (ageMs / windowMs) ** (1 / aggression));
  };
}

/** When the last of these endpoints has grown up, in monotonic milliseconds; null when all have. */
export function slowStartEndMs(endpoints: readonly Endpoint[], windowMs: number, nowMs: number): number | null {
  const ends = endpoints.map((each) => each.addedMs + windowMs).filter((endMs) => endMs > nowMs);
  return ends.length === 0 ? null : Math.max(...ends);
}
