/**
 * Small writes that wait for the end of the turn, so that they leave close together.
 *
 *   read, write, read, write, ...     each write wakes a peer that has gone to sleep meanwhile
 *   read, read, ..., write, write     the first write wakes it, and the others find it awake
 *
 * Waking a process on another core is an interrupt, and whoever writes pays for it: 1.4 of the 20 microseconds that a request
 * took. It pays where a turn has many writes; elsewhere it would only delay them. So nothing is held until one write in
 * SAMPLE, which is, sees a crowd between itself and the end of its turn. See docs/decisions/held-writes.md.
 */
import type { TurnEnd, TurnTask } from './turn-end.ts';

/** One write in so many tells how many there are in a turn. */
const SAMPLE = 32;
/** Writes between the first that is held and the end of the turn, from which on those of the next turn are held, too. */
const CROWD = 8;
/** So many held writes leave at once: what comes first in a long turn does not wait for all of it. */
const MOST = 32;

/** Somebody with bytes to write. */
export interface Holder {
  /** Hands them to the kernel. Nothing, when that has been done meanwhile. */
  flush(): void;
}

export class HeldWrites implements TurnTask {
  readonly #turnEnd: TurnEnd;
  #holders: Holder[] = [];
  #crowded = false;
  #writes = 0;
  /** The number of the first write that was held in this turn; 0 where there is none. */
  #first = 0;

  constructor(turnEnd: TurnEnd) {
    this.#turnEnd = turnEnd;
  }

  /** Counts a write, and says whether it is to be held. HOT. */
  wanted(): boolean {
    return ++this.#writes % SAMPLE === 0 || this.#crowded;
  }

  /** Takes in who now holds something. HOT. */
  add(holder: Holder): void {
    const held = this.#holders.push(holder);
    if (this.#first === 0) {
      this.#first = this.#writes;
      this.#turnEnd.add(this);
    } else if (held === MOST) this.#flush();
  }

  onTurnEnd(): void {
    this.#crowded = this.#writes - this.#first >= CROWD;
    this.#first = 0;
    this.#flush();
  }

  #flush(): void {
    const holders = this.#holders;
    this.#holders = [];
    for (const holder of holders) holder.flush();
  }
}
