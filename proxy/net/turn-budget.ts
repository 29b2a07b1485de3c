/**
 * How much of something a loop does in one turn; what goes beyond is for later ones. By the turn and not at a time: a loop
 * with nothing else to do comes to its next turn at once.
 */
import type { TurnEnd, TurnTask } from './turn-end.ts';

export class TurnBudget implements TurnTask {
  readonly #turnEnd: TurnEnd;
  readonly #most: number;
  #spent = 0;
  #added = false;

  /** `most` is in whatever unit `spend` counts. */
  constructor(turnEnd: TurnEnd, most: number) {
    this.#turnEnd = turnEnd;
    this.#most = most;
  }

  /** More may be done in this turn. */
  get left(): boolean {
    return this.#spent < this.#most;
  }

  /** Counts what was done. The last of it may go beyond what was left. */
  spend(amount: number): void {
    // Whoever puts something off does so later, hence comes behind this at the end of the turn.
    if (!this.#added) this.#turnEnd.add(this);
    this.#added = true;
    this.#spent += amount;
  }

  /** True when one more may be done, which then counts as done. */
  take(): boolean {
    if (!this.left) return false;
    this.spend(1);
    return true;
  }

  onTurnEnd(): void {
    this.#added = false;
    this.#spent = 0;
  }
}
