/** How often a peer may do something that costs us more than it: tokens that are used up, and come back. */
import type { Rate } from './limits.ts';

export class Allowance {
  readonly #rate: Rate;
  #tokens = 0;
  #filledMs = 0;

  constructor(rate: Rate, nowMs: number) {
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#filledMs = nowMs;
  }

  /** Takes one, or as many as something costs. False when there are too few: the peer goes too far. */
  take(nowMs: number, tokens = 1): boolean {
    if (this.#tokens < tokens) {
      const back = ((nowMs - this.#filledMs) * this.#rate.perSecond) / 1_000;
      this.#tokens = Math.min(this.#rate.burst, this.#tokens + back);
      this.#filledMs = nowMs;
    }
    this.#tokens -= tokens;
    return this.#tokens >= 0;
  }

  /** Something useful was done meanwhile. HOT. */
  earn(): void {
    if (this.#tokens < this.#rate.burst) this.#tokens++;
  }
}
