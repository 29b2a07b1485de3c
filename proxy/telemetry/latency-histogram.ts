/**
 * Latency histogram with fine, log-linear buckets (16 steps per power of two, at most 6 % wide), from which Envoy's
 * coarse buckets and quantiles are read at scrape time. Recording is one index computation and two additions. HOT.
 */

/** Envoy's default histogram bounds in milliseconds. */
export const ENVOY_BOUNDS_MS: readonly number[] = [
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000,
  3_600_000,
];

const STEPS = 16;
const STEP_BITS = 4;
/** Microseconds up to 2^32, more than an hour. */
const POWERS = 32;

export class LatencyHistogram {
  readonly #counts = new Float64Array(POWERS * STEPS);
  #sumMs = 0;
  #count = 0;

  /** Adds one observation. HOT. */
  record(ms: number): void {
    this.#sumMs += ms;
    this.#count++;
    const us = ms < 4_000_000 ? (ms * 1000) | 0 : 0xffffffff | 0;
    const index = bucketOf(us >>> 0);
    this.#counts[index] = this.#counts[index]! + 1;
  }

  get count(): number {
    return this.#count;
  }

  get sumMs(): number {
    return this.#sumMs;
  }

  reset(): void {
    this.#counts.fill(0);
    this.#sumMs = 0;
    this.#count = 0;
  }

  /** Observations per bound, not cumulative, with one more entry for what lies above the last bound. */
  bucketCounts(boundsMs: readonly number[] = ENVOY_BOUNDS_MS): number[] {
    const result = new Array<number>(boundsMs.length + 1).fill(0);
    for (let i = 0; i < this.#counts.length; i++) {
      const count = this.#counts[i]!;
      if (count === 0) continue;
      const ms = lowerBoundUs(i) / 1000;
      let at = 0;
      while (at < boundsMs.length && ms > boundsMs[at]!) at++;
      result[at]! += count;
    }
    return result;
  }

  /** The value in milliseconds below which the share `q` (0 to 1) of observations lies; 0 without any. */
  quantileMs(q: number): number {
    let left = q * this.#count;
    for (let i = 0; i < this.#counts.length; i++) {
      left -= this.#counts[i]!;
      if (left <= 0 && this.#count > 0) return (lowerBoundUs(i) + lowerBoundUs(i + 1)) / 2000;
    }
    return 0;
  }
}

function bucketOf(us: number): number {
  if (us < STEPS) return us;
  const power = 31 - Math.clz32(us);
  return (power - STEP_BITS + 1) * STEPS + ((us >>> (power - STEP_BITS)) & (STEPS - 1));
}

function lowerBoundUs(index: number): number {
  if (index < STEPS) return index;
  const power = Math.floor(index / STEPS) + STEP_BITS - 1;
  return 2 ** power + (index % STEPS) * 2 ** (power - STEP_BITS);
}
