/**
 * Requests that wait for a place, in memory that is bounded by whoever adds them. The most important first; of these the
 * oldest, but once it is no burst any longer, the newest: with the oldest first all of them would come too late, at clients
 * that have left, and for each of these the application works all the same. When requests have been waiting for as long as
 * any of them may, those that come wait for no longer than a burst: whoever is refused then knows it soon. (Maurer, "Fail at
 * Scale", 2015: adaptive LIFO and CoDel.) Pure.
 */
import type { Priority } from './priority.ts';

/** What it is told of a request. */
export interface Waiting {
  readonly priority: Priority;
}

/** What waits longer is no burst. */
const BURST_MS = 100;
/** A queue that is empty for less has not recovered. */
const CALM_MS = 1_000;

export class RequestQueue<W extends Waiting> {
  readonly #critical: W[] = [];
  readonly #others: W[] = [];
  /** Since when there have been some, but for moments. */
  #busySinceMs = 0;
  /** When somebody was in it for the last time. */
  #busyMs = Number.NEGATIVE_INFINITY;

  get size(): number {
    return this.#critical.length + this.#others.length;
  }

  add(waiting: W, nowMs: number): void {
    if (this.size === 0 && nowMs - this.#busyMs > CALM_MS) this.#busySinceMs = nowMs;
    this.#busyMs = nowMs;
    this.#lineOf(waiting).push(waiting);
  }

  /** How long a request may wait that joins now, where others have waited for at most `maxWaitMs`. */
  waitMs(nowMs: number, maxWaitMs: number): number {
    return nowMs - this.#busySinceMs > maxWaitMs ? Math.min(maxWaitMs, BURST_MS) : maxWaitMs;
  }

  /** Takes one out that is not to wait any longer. */
  remove(waiting: W): void {
    const line = this.#lineOf(waiting);
    const at = line.indexOf(waiting);
    if (at >= 0) line.splice(at, 1);
  }

  /** How important the next one is; null when nobody waits. */
  get nextPriority(): Priority | null {
    if (this.#critical.length > 0) return 'critical';
    return this.#others.length > 0 ? 'default' : null;
  }

  /** Takes the next one out; there is one. */
  take(nowMs: number): W {
    this.#busyMs = nowMs;
    const line = this.#critical.length > 0 ? this.#critical : this.#others;
    return (nowMs - this.#busySinceMs > BURST_MS ? line.pop() : line.shift())!;
  }

  #lineOf({ priority }: W): W[] {
    return priority === 'critical' ? this.#critical : this.#others;
  }
}
