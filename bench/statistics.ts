/**
 * The statistics of a benchmark: few rounds, noisy neighbours. So medians with minimum and maximum, never means, and a
 * ratio is taken within each round before the median, so that an hour in which everything is slower cancels out.
 */

/** Median, minimum and maximum of a figure over the rounds, in the figure's own unit. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The middle value; the mean of the two middle ones for an even count; NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 === 1 ? sorted[middle]! : mean(sorted[middle - 1]!, sorted[middle]!);
}

/** Between the two, always: the sum of large ones overflows, and the halves of the smallest ones are zero. */
function mean(a: number, b: number): number {
  const sum = a + b;
  return Number.isFinite(sum) ? sum / 2 : a / 2 + b / 2;
}

/** Summary of at least one finite value; values that are not finite are left out. Undefined when none is left. */
export function summarise(values: readonly number[]): Summary | undefined {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return undefined;
  return { median: median(finite), min: Math.min(...finite), max: Math.max(...finite) };
}

/**
 * Summary of `ours / theirs`, round by round. Both map a round's number to the figure; a round that only one side has is
 * left out. Undefined when no round has both.
 */
export function summariseRatios(
  ours: ReadonlyMap<number, number>,
  theirs: ReadonlyMap<number, number>,
): Summary | undefined {
  const ratios: number[] = [];
  for (const [round, value] of ours) {
    const other = theirs.get(round);
    if (other !== undefined && other !== 0) ratios.push(value / other);
  }
  return summarise(ratios);
}
