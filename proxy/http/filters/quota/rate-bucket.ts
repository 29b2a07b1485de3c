/**
 * A token bucket whose rate and size may change from one request to the next: what is in it stays. Full at first. Pure.
 */

/** Tokens a second, and at most; both above 0. */
export interface Rate {
  readonly perSecond: number;
  /** At least 1. */
  readonly burst: number;
}

/** What doubles lose: a bucket fills by many small additions. */
const TOLERANCE = 1e-6;

export class RateBucket {
  #tokens = Infinity;
  #filledMs = 0;

  /** Whole tokens in it. HOT. */
  tokens(rate: Rate, nowMs: number): number {
    this.#fill(rate, nowMs);
    return Math.floor(this.#tokens + TOLERANCE);
  }

  /** Takes one; there is one. HOT. */
  take(): void {
    this.#tokens = Math.max(0, this.#tokens - 1);
  }

  /** Until there is one; 0 when there is. */
  waitMs(rate: Rate, nowMs: number): number {
    this.#fill(rate, nowMs);
    return Math.max(0, ((1 - TOLERANCE - this.#tokens) / rate.perSecond) * 1_000);
  }

  /** Nobody would notice if it were a new one. */
  isFull(rate: Rate, nowMs: number): boolean {
    this.#fill(rate, nowMs);
    return this.#tokens >= rate.burst;
  }

  #fill({ perSecond, burst }: Rate, nowMs: number): void {
    this.#tokens = Math.min(burst, this.#tokens + ((nowMs - this.#filledMs) / 1_000) * perSecond);
    this.#filledMs = nowMs;
  }
}
