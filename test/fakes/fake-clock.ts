/**
 * A clock that stands still until the test moves it.
 */
import type { Clock } from '../../kernel/clock.ts';

/** How far to move: the sum of both. */
export interface Step {
  readonly ms?: number;
  readonly seconds?: number;
}

/** What fires while the clock moves: FakeTimers. */
export interface Alarms {
  /** When the next one is due, in the clock's milliseconds; Infinity when there is none. */
  nextDueMs(): number;
  /** Fires the next one. */
  fireNext(): void;
}

/** Starts at 1,000 seconds, because a clock at zero hides mistakes with "never" and "unset". */
export class FakeClock implements Clock {
  #nowMs = 1_000_000;
  #wallOffsetMs = Date.UTC(2030, 0, 1) - 1_000_000;
  #alarms: Alarms[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  seconds(): number {
    return Math.floor(this.#nowMs / 1000);
  }

  wallMs(): number {
    return this.#nowMs + this.#wallOffsetMs;
  }

  /** Moves forward; every timer of an attached FakeTimers fires on the way, each at its own time. */
  advance(step: Step): void {
    const target = this.#nowMs + inMs(step);
    for (let next = this.#nextAlarms(); next !== undefined; next = this.#nextAlarms()) {
      const dueMs = next.nextDueMs();
      if (dueMs > target) break;
      this.#nowMs = Math.max(this.#nowMs, dueMs);
      next.fireNext();
    }
    this.#nowMs = Math.max(this.#nowMs, target);
  }

  /** Moves forward without firing anything, as when the event loop is blocked; the timers are late from then on. */
  stall(step: Step): void {
    this.#nowMs += inMs(step);
  }

  /** Sets the wall clock, as an administrator or NTP would; the monotonic one does not notice. */
  setWallMs(wallMs: number): void {
    this.#wallOffsetMs = wallMs - this.#nowMs;
  }

  /** From now on `advance` fires what `alarms` has due. Called by FakeTimers. */
  attach(alarms: Alarms): void {
    this.#alarms.push(alarms);
  }

  #nextAlarms(): Alarms | undefined {
    let first: Alarms | undefined;
    for (const each of this.#alarms) {
      if (each.nextDueMs() < (first?.nextDueMs() ?? Infinity)) first = each;
    }
    return first;
  }
}

function inMs({ ms = 0, seconds = 0 }: Step): number {
  const total = ms + seconds * 1000;
  if (!(total >= 0)) throw new Error(`the clock cannot move by ${total} ms`);
  return total;
}
