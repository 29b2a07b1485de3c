/**
 * Quantiles from Prometheus' cumulative histogram buckets, as histogram_quantile() takes them: linear inside the
 * bucket, from zero in the first, and the last finite bound for whatever lies above it.
 */

/** Cumulative counts by upper bound ("le"); the last bound is +Inf. */
export type Buckets = ReadonlyMap<number, number>;

/** The q-quantile (0 to 1) in the buckets' own unit; undefined when nothing was counted. */
export function quantile(q: number, buckets: Buckets): number | undefined {
  const sorted = [...buckets].sort(([a], [b]) => a - b);
  const total = sorted.at(-1)?.[1] ?? 0;
  if (total <= 0) return undefined;
  const rank = q * total;
  let lowerBound = 0;
  let lowerCount = 0;
  for (const [bound, count] of sorted) {
    if (count >= rank && count > lowerCount) {
      if (bound === Number.POSITIVE_INFINITY) return lowerBound;
      return lowerBound + ((bound - lowerBound) * (rank - lowerCount)) / (count - lowerCount);
    }
    lowerBound = bound === Number.POSITIVE_INFINITY ? lowerBound : bound;
    lowerCount = count;
  }
  return lowerBound;
}
