/**
 * Requests that wait for a place, in memory that is bounded by whoever adds them. The most important first; of these the
 * oldest, but once the queue has not been empty for as long as anyone may wait, the newest: then the oldest are about to
 * be refused anyway, and with the oldest first all of them would come too late (Maurer, "Fail at Scale", 2015: adaptive
 * LIFO). Pure.
 */
import type { Priority } from './priority.ts';

/** What it is told of a request. */
export interface Waiting {
  readonly priority: Priority;
}

export class RequestQueue<W extends Waiting> {
  readonly #critical: W[] = [];
  readonly #others: W[] = [];
  /** When it was empty for the last time. */
  #emptyMs = 0;

  get size(): number {
    return this.#critical.length + this.#others.length;
  }

  add(waiting: W, nowMs: number): void {
    if (this.size === 0) this.#emptyMs = nowMs;
    this.#lineOf(waiting).push(waiting);
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
  take(nowMs: number, maxWaitMs: number): W {
    const line = this.#critical.length > 0 ? this.#critical : this.#others;
    const overloaded = nowMs - this.#emptyMs > maxWaitMs;
    return (overloaded ? line.pop() : line.shift())!;
  }

  #lineOf({ priority }: W): W[] {
    return priority === 'critical' ? this.#critical : this.#others;
  }
}
