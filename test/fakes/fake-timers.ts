/**
 * Timers that fire when the FakeClock they belong to is advanced past them.
 */
import type { Timer, Timers } from '../../kernel/timers.ts';
import type { Alarms, FakeClock } from './fake-clock.ts';

interface Entry {
  dueMs: number;
  readonly intervalMs: number | undefined;
  readonly run: () => void;
}

/** Due times are kept in order; among equals the one set first fires first, as in Node. */
export class FakeTimers implements Timers, Alarms {
  readonly #clock: FakeClock;
  #entries: Entry[] = [];

  constructor(clock: FakeClock) {
    this.#clock = clock;
    clock.attach(this);
  }

  /** Timers set and neither fired nor cancelled: zero means that the code under test would let the process sleep. */
  get pending(): number {
    return this.#entries.length;
  }

  after(delayMs: number, run: () => void): Timer {
    // Node's shortest delay is 1 ms; with 0, a timer that sets itself again would never let the clock move on.
    return this.#add({ dueMs: this.#clock.nowMs() + Math.max(delayMs, 1), intervalMs: undefined, run });
  }

  every(intervalMs: number, run: () => void): Timer {
    return this.#add({ dueMs: this.#clock.nowMs() + intervalMs, intervalMs, run });
  }

  nextDueMs(): number {
    return this.#entries[0]?.dueMs ?? Infinity;
  }

  fireNext(): void {
    const entry = this.#entries.shift();
    if (entry === undefined) return;
    if (entry.intervalMs !== undefined) {
      entry.dueMs = this.#clock.nowMs() + entry.intervalMs;
      this.#insert(entry);
    }
    entry.run();
  }

  #add(entry: Entry): Timer {
    this.#insert(entry);
    return { cancel: () => this.#remove(entry) };
  }

  #insert(entry: Entry): void {
    const at = this.#entries.findIndex((other) => other.dueMs > entry.dueMs);
    this.#entries.splice(at === -1 ? this.#entries.length : at, 0, entry);
  }

  #remove(entry: Entry): void {
    this.#entries = this.#entries.filter((other) => other !== entry);
  }
}
