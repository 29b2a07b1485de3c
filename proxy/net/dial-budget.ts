/**
 * How many connections a loop begins in one turn: each costs as much as a dozen requests, so that a burst of requests
 * that all want one would keep everybody else waiting. What is put off is often not needed any more, because connections
 * become free meanwhile. By the turn and not at a time: it costs a burst milliseconds, however far away the endpoint is.
 */
import type { TurnEnd, TurnTask } from './turn-end.ts';

const DIALS_PER_TURN = 8;

/** One per event loop. */
export class DialBudget implements TurnTask {
  readonly #turnEnd: TurnEnd;
  #taken = 0;

  constructor(turnEnd: TurnEnd) {
    this.#turnEnd = turnEnd;
  }

  /** True when another connection may be begun in this turn, which then counts as begun. */
  take(): boolean {
    if (this.#taken === DIALS_PER_TURN) return false;
    // Whoever puts something off does so later, hence comes behind this at the end of the turn.
    if (this.#taken++ === 0) this.#turnEnd.add(this);
    return true;
  }

  onTurnEnd(): void {
    this.#taken = 0;
  }
}
