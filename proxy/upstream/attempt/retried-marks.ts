/**
 * Failures of calls that this proxy has marked as not to be tried again, and the requests that fail because of them.
 *
 *   caller ──► inbound ──► application ──► outbound ──► called
 *         marked ◄── 5xx ◄──         ◄── marked ◄── fails, retried or without budget
 *
 * The application that stands between seldom hands header fields on, neither down nor up. Which of its requests a failed
 * call belongs to is not known; but when one fails during whose time a call was marked, then most likely for that. Each mark
 * explains one failure. The worst mistake is a failure that is not retried above.
 */

/** More than this many are not remembered, nor for longer than this without another. */
const MARKS_MAX = 1_000;
const SILENCE_MS = 10_000;

export class RetriedMarks {
  #open = 0;
  #lastMs = Number.NEGATIVE_INFINITY;

  /** A call has failed and was marked. */
  add(nowMs: number): void {
    const open = nowMs - this.#lastMs > SILENCE_MS ? 0 : this.#open;
    this.#open = Math.min(open + 1, MARKS_MAX);
    this.#lastMs = nowMs;
  }

  /** Whether a request that began then and has failed is explained by a mark. */
  explain(startedMs: number): boolean {
    if (this.#open === 0 || this.#lastMs < startedMs) return false;
    this.#open--;
    return true;
  }
}
