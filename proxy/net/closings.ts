/**
 * Connections to endpoints that nobody needs any more, ended as many in a turn as it has time for. Ending one can take
 * milliseconds: the kernel frees what was not read of it and tells the peer. A client that goes away in the middle of a hundred
 * large answers leaves a hundred of them behind, and ended at once they made everybody else wait for a third of a second.
 *
 *   close ─► ended at once ── 0.5 ms of this turn are spent ──► waits, unread, for the end of this turn or a later one
 */
import type { TurnEnd, TurnTask } from './turn-end.ts';

/** At least one is ended in a turn, however long the one before it took. */
const TURN_MS = 0.5;

/** What is ended: a transport. */
export interface Closable {
  pause(): void;
  destroy(): void;
}

/** One per event loop. */
export class Closings implements TurnTask {
  readonly #turnEnd: TurnEnd;
  readonly #nowMs: () => number;
  /** In the order in which they came; those before `#next` have been ended. */
  #waiting: Closable[] = [];
  #next = 0;
  #spentMs = 0;
  /** The end of this turn is waited for. */
  #added = false;

  /** `nowMs` tells a monotonic time each time it is called. */
  constructor(turnEnd: TurnEnd, nowMs: () => number) {
    this.#turnEnd = turnEnd;
    this.#nowMs = nowMs;
  }

  /** How many have not been ended yet. */
  get waiting(): number {
    return this.#waiting.length - this.#next;
  }

  /** Ends the transport, now or soon. Its owner must not use it any more, and hears nothing of it but its close. */
  close(transport: Closable): void {
    if (this.waiting === 0 && this.#spentMs < TURN_MS) this.#end(transport);
    else {
      transport.pause();
      this.#waiting.push(transport);
    }
    this.#comeBack();
  }

  onTurnEnd(): void {
    this.#added = false;
    this.#spentMs = 0;
    while (this.waiting > 0 && this.#spentMs < TURN_MS) this.#end(this.#waiting[this.#next++]!);
    if (this.waiting > 0) this.#comeBack();
    else if (this.#next > 0) {
      // Another list: an emptied one would keep the room that it had.
      this.#waiting = [];
      this.#next = 0;
      this.#spentMs = 0;
    }
  }

  #end(transport: Closable): void {
    const beganMs = this.#nowMs();
    transport.destroy();
    this.#spentMs += this.#nowMs() - beganMs;
  }

  #comeBack(): void {
    if (this.#added) return;
    this.#added = true;
    this.#turnEnd.add(this);
  }
}
