/**
 * Connections to endpoints that nobody needs any more, ended as many in a turn as it has time for. Ending one can take
 * milliseconds: the kernel frees what was not read of it and tells the peer. A client that goes away in the middle of a hundred
 * large answers leaves a hundred of them behind, and ended at once they made everybody else wait for a third of a second.
 *
 *   close ─► ended at once ── 0.5 ms of this turn are spent ──► waits, unread, for the end of this turn or a later one
 */
import type { Clock } from '../../kernel/clock.ts';
import { TurnBudget } from './turn-budget.ts';
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
  readonly #clock: Pick<Clock, 'nowMs'>;
  /** Milliseconds. */
  readonly #budget: TurnBudget;
  /** In the order in which they came; those before `#next` have been ended. */
  #waiting: Closable[] = [];
  #next = 0;

  constructor(turnEnd: TurnEnd, clock: Pick<Clock, 'nowMs'>) {
    this.#turnEnd = turnEnd;
    this.#clock = clock;
    this.#budget = new TurnBudget(turnEnd, TURN_MS);
  }

  /** How many have not been ended yet. */
  get waiting(): number {
    return this.#waiting.length - this.#next;
  }

  /** Ends the transport, now or soon. Its owner must not use it any more, and hears nothing of it but its close. */
  close(transport: Closable): void {
    if (this.waiting === 0 && this.#budget.left) {
      this.#end(transport);
      return;
    }
    transport.pause();
    if (this.#waiting.push(transport) === 1) this.#turnEnd.add(this);
  }

  onTurnEnd(): void {
    while (this.waiting > 0 && this.#budget.left) this.#end(this.#waiting[this.#next++]!);
    if (this.waiting > 0) this.#turnEnd.add(this);
    else {
      // Another list: an emptied one would keep the room that it had.
      this.#waiting = [];
      this.#next = 0;
    }
  }

  #end(transport: Closable): void {
    const beganMs = this.#clock.nowMs();
    transport.destroy();
    this.#budget.spend(this.#clock.nowMs() - beganMs);
  }
}
