/**
 * Retry budget of one destination: at most a share of the first attempts of a sliding window is retried, or a few a second
 * where there is little traffic, whichever is more (Finagle's RetryBudget, whose two parts are added up instead; why not
 * here is in docs/decisions/retry-budget.md). Independent of the circuit breakers, which limit what is retried at once.
 *
 *   first attempt ──► deposit          retry wanted ──► withdraw ──► true: send it
 *                                                           └──► false: answer what there is
 *
 * The window is a ring of slots; what leaves it is forgotten, first attempts and retries alike.
 */
import type { ClusterPolicyConfig } from '../../config/model/policy.ts';

const SLOTS = 10;

export class RetryBudget {
  readonly #share: number;
  readonly #slotMs: number;
  /** Retries that a window may hold whatever the traffic. */
  readonly #floor: number;
  readonly #firsts = new Float64Array(SLOTS);
  readonly #retries = new Float64Array(SLOTS);
  #firstSum = 0;
  #retrySum = 0;
  /** Number of the slot that is filled now, counted since the clock began. */
  #slot = 0;

  constructor({ percent, windowMs, minPerSecond }: NonNullable<ClusterPolicyConfig['retryBudget']>) {
    this.#share = percent / 100;
    this.#slotMs = windowMs / SLOTS;
    this.#floor = (minPerSecond * windowMs) / 1000;
  }

  /** Counts one first attempt. HOT. */
  deposit(nowMs: number): void {
    this.#turn(nowMs);
    const at = this.#slot % SLOTS;
    this.#firsts[at] = this.#firsts[at]! + 1;
    this.#firstSum++;
  }

  /** Takes one retry. False when there is none left: the request is answered with what there is. */
  withdraw(nowMs: number): boolean {
    if (this.balance(nowMs) < 1) return false;
    const at = this.#slot % SLOTS;
    this.#retries[at] = this.#retries[at]! + 1;
    this.#retrySum++;
    return true;
  }

  /** Retries that are left now, with fractions. */
  balance(nowMs: number): number {
    this.#turn(nowMs);
    return Math.max(this.#share * this.#firstSum, this.#floor) - this.#retrySum;
  }

  /** Empties the slots whose time has passed since the last call. */
  #turn(nowMs: number): void {
    const slot = Math.floor(nowMs / this.#slotMs);
    const passed = Math.min(slot - this.#slot, SLOTS);
    for (let i = 1; i <= passed; i++) {
      const at = (this.#slot + i) % SLOTS;
      this.#firstSum -= this.#firsts[at]!;
      this.#retrySum -= this.#retries[at]!;
      this.#firsts[at] = 0;
      this.#retries[at] = 0;
    }
    if (passed > 0) this.#slot = slot;
  }
}
