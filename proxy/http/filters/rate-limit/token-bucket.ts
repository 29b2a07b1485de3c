/**
 * A token bucket without a timer. Tokens come evenly, `tokensPerFill` in every `fillIntervalMs`, until it is full, which it
 * is at first; a request takes one whole token.
 *
 * All that is kept is when the bucket will be full again, so that no rounding adds up:
 *
 *        now ├──────── missing tokens x costMs ────────┤ fullAtMs
 */
import type { TokenBucketConfig } from '../../../config/model/http-filter.ts';

/** Far below a clock's tick, and above what doubles of a monotonic clock lose. */
const TOLERANCE_MS = 0.001;

export class TokenBucket {
  readonly maxTokens: number;
  /** What one token costs. */
  readonly costMs: number;
  #fullAtMs = 0;

  constructor({ maxTokens, tokensPerFill, fillIntervalMs }: TokenBucketConfig) {
    this.maxTokens = maxTokens;
    this.costMs = fillIntervalMs / tokensPerFill;
  }

  /** Takes a token; false when there is none. HOT. */
  take(nowMs: number): boolean {
    const fullAtMs = Math.max(this.#fullAtMs, nowMs) + this.costMs;
    if (fullAtMs - nowMs > this.maxTokens * this.costMs + TOLERANCE_MS) return false;
    this.#fullAtMs = fullAtMs;
    return true;
  }

  /** Whole tokens left. */
  remaining(nowMs: number): number {
    const missing = Math.max(0, this.#fullAtMs - nowMs - TOLERANCE_MS) / this.costMs;
    return Math.max(0, Math.floor(this.maxTokens - missing));
  }

  /** Until there is a token; 0 when there is one. */
  waitMs(nowMs: number): number {
    return Math.max(0, this.#fullAtMs - nowMs - (this.maxTokens - 1) * this.costMs);
  }
}
