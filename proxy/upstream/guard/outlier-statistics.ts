/**
 * Which endpoints of a cluster stand out by their share of failures in one interval. PURE; Envoy's two methods:
 *
 *   success rate         below mean - factor x standard deviation of all endpoints with enough requests
 *   failure percentage   at or above a fixed share
 */

/** An endpoint's interval. */
export interface IntervalResult {
  readonly requests: number;
  /** Percent of successes, 0 to 100. */
  readonly successRate: number;
}

/** Who may be compared: at least so many endpoints with at least so many requests. */
export interface Quorum {
  readonly minimumHosts: number;
  readonly requestVolume: number;
}

/** Those whose success rate lies below the mean by more than `stdevFactor` thousandths of the standard deviation. */
export function belowSuccessRate<T extends IntervalResult>(
  results: readonly T[],
  quorum: Quorum,
  stdevFactor: number,
): T[] {
  const valid = comparable(results, quorum);
  if (valid.length === 0) return [];
  const mean = valid.reduce((sum, each) => sum + each.successRate, 0) / valid.length;
  const variance = valid.reduce((sum, each) => sum + (each.successRate - mean) ** 2, 0) / valid.length;
  const threshold = mean - (stdevFactor / 1000) * Math.sqrt(variance);
  return valid.filter((each) => each.successRate < threshold);
}

/** Those that failed at least `thresholdPercent` of their requests. */
export function aboveFailurePercentage<T extends IntervalResult>(
  results: readonly T[],
  quorum: Quorum,
  thresholdPercent: number,
): T[] {
  return comparable(results, quorum).filter((each) => 100 - each.successRate >= thresholdPercent);
}

function comparable<T extends IntervalResult>(results: readonly T[], { minimumHosts, requestVolume }: Quorum): T[] {
  const valid = results.filter((each) => each.requests > 0 && each.requests >= requestVolume);
  return valid.length >= minimumHosts ? valid : [];
}
