/**
 * Gives out the state without the faults that have ended, and tells when another one ends.
 */
import type { Clock } from '../kernel/clock.ts';
import type { Timer, Timers } from '../kernel/timers.ts';
import { nextEndMs, withoutEnded } from './state/fault-expiry.ts';
import type { State } from './state/model.ts';

/** Wall clocks jump: the time is looked at again at least so often while a fault is waited for. */
const LOOK_MS_MAX = 60_000;

/** See the head of this file. */
export class FaultClock {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #onEnd: () => void;
  #timer: Timer | undefined;
  #last: { readonly from: State; readonly left: number; readonly state: State } | undefined;

  /** `onEnd` is called when a fault of the last state has ended. */
  constructor(clock: Clock, timers: Timers, onEnd: () => void) {
    this.#clock = clock;
    this.#timers = timers;
    this.#onEnd = onEnd;
  }

  /** What is in force of `state` now: the same object for as long as that is the same. */
  inForce(state: State): State {
    const nowMs = this.#clock.wallMs();
    const next = withoutEnded(state, nowMs);
    const left = next.faultPolicies.size;
    if (this.#last?.from !== state || this.#last.left !== left) this.#last = { from: state, left, state: next };
    this.#waitFor(state, nowMs);
    return this.#last.state;
  }

  close(): void {
    this.#timer?.cancel();
  }

  #waitFor(state: State, nowMs: number): void {
    this.#timer?.cancel();
    const endMs = nextEndMs(state, nowMs);
    if (endMs === null) return;
    this.#timer = this.#timers.after(Math.min(endMs - nowMs, LOOK_MS_MAX), () => {
      if (this.#clock.wallMs() >= endMs) this.#onEnd();
      else this.#waitFor(state, this.#clock.wallMs());
    });
  }
}
