/**
 * Backoff: how long to wait before trying again, spread at random so that many who failed together do not return
 * together.
 *
 *   full           0 to base * 2^attempt, at most max: the least work for the server; may come back at once
 *   decorrelated   base to 3 * the wait before, at most max: never sooner than base
 *
 * Both are from Brooker, "Exponential Backoff And Jitter" (AWS, 2015).
 */
import { assert } from './assert.ts';
import type { Random } from './random.ts';

/** Bounds of a backoff. */
export interface BackoffLimits {
  /** The first wait's bound, in milliseconds, above 0. */
  readonly baseMs: number;
  /** No wait is longer, in milliseconds, at least baseMs. */
  readonly maxMs: number;
}

/** How the waits are spread; see the head of this file. */
export type Jitter = 'full' | 'decorrelated';

/** The wait before the retry number `retry` (0 is the first) with full jitter, for callers that keep the count. Hot path. */
export function fullJitterMs(limits: BackoffLimits, retry: number, random: Random): number {
  return random.next() * Math.min(limits.maxMs, limits.baseMs * 2 ** retry);
}

/** A row of waits, for one thing that is tried again and again. */
export class Backoff {
  readonly #limits: BackoffLimits;
  readonly #random: Random;
  readonly #jitter: Jitter;
  #retries = 0;
  #previousMs: number;

  constructor(limits: BackoffLimits, random: Random, jitter: Jitter = 'full') {
    const { baseMs, maxMs } = limits;
    assert(baseMs > 0 && maxMs >= baseMs, `a backoff of ${baseMs} to ${maxMs} ms: it must be 0 < baseMs <= maxMs`);
    this.#limits = limits;
    this.#random = random;
    this.#jitter = jitter;
    this.#previousMs = baseMs;
  }

  /** Waits given out since the last reset. */
  get retries(): number {
    return this.#retries;
  }

  /** The next wait, in milliseconds with fractions. */
  nextMs(): number {
    const waitMs = this.#jitter === 'full' ? this.#full() : this.#decorrelated();
    this.#retries++;
    this.#previousMs = waitMs;
    return waitMs;
  }

  /** It worked: the next wait is a first one again. */
  reset(): void {
    this.#retries = 0;
    this.#previousMs = this.#limits.baseMs;
  }

  #full(): number {
    return fullJitterMs(this.#limits, this.#retries, this.#random);
  }

  #decorrelated(): number {
    const { baseMs, maxMs } = this.#limits;
    return Math.min(maxMs, baseMs + this.#random.next() * (3 * this.#previousMs - baseMs));
  }
}
