/** Which cluster a matched route sends a request to (envoy.config.route.v3.RouteAction.cluster_specifier). HOT. */
import type { Random } from '../../kernel/random.ts';
import type { WeightedCluster } from '../config/model/route.ts';

/** Draws an entry with a probability in proportion to its weight. `totalWeight` is the sum and above 0. */
export function drawWeighted(
  clusters: readonly WeightedCluster[],
  totalWeight: number,
  random: Random,
): WeightedCluster {
  let left = random.next() * totalWeight;
  for (const cluster of clusters) {
    left -= cluster.weight;
    if (left < 0) return cluster;
  }
  return clusters[clusters.length - 1]!;
}
