/**
 * When to push: changes come in swarms, and a push costs every stream something.
 *
 *   change ──► 50 ms of quiet ──► push          every further change waits again, but never longer than 1 s in all
 *   removal ─► push at once                     traffic to what is going must stop now
 */
import type { Clock } from '../../kernel/clock.ts';
import type { Timer, Timers } from '../../kernel/timers.ts';

/** Bounds of the wait. */
export interface PushTimes {
  readonly quietMs: number;
  readonly maxMs: number;
}

/** DEFAULT: Istio's scheme, tightened from 100 ms and 10 s. */
export const DEFAULT_PUSH_TIMES: PushTimes = { quietMs: 50, maxMs: 1000 };

/** See the head of this file. */
export class PushScheduler {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #push: () => void;
  readonly #times: PushTimes;
  #timer: Timer | undefined;
  #firstMs: number | undefined;
  #closed = false;

  constructor(clock: Clock, timers: Timers, push: () => void, times: PushTimes = DEFAULT_PUSH_TIMES) {
    this.#clock = clock;
    this.#timers = timers;
    this.#push = push;
    this.#times = times;
  }

  /** Something has changed; `urgent` when something must stop being used. */
  changed({ urgent }: { readonly urgent: boolean }): void {
    if (this.#closed) return;
    const nowMs = this.#clock.nowMs();
    this.#firstMs ??= nowMs;
    const latestMs = this.#firstMs + this.#times.maxMs;
    const waitMs = urgent ? 0 : Math.max(0, Math.min(this.#times.quietMs, latestMs - nowMs));
    this.#timer?.cancel();
    this.#timer = this.#timers.after(waitMs, () => this.flush());
  }

  /** Pushes now what waits to be pushed; does nothing when nothing does. */
  flush(): void {
    if (this.#firstMs === undefined) return;
    this.#firstMs = undefined;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#push();
  }

  /** What waits is not pushed any more. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#firstMs = undefined;
  }
}
