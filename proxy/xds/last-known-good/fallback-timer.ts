/**
 * When a start stops waiting for the control plane and works with the last known good configuration:
 *
 *   start ──500 ms, no connection yet──► now
 *       └──connected──► 2 s after the start, unless a complete configuration has come
 *
 * A control plane that does not listen is known at once; one that has a thousand sidecars to serve gets time. Either way
 * its configuration replaces the one from disk as soon as it is there.
 */
import type { Timer, Timers } from '../../../kernel/timers.ts';

const CONNECTED_WITHIN_MS = 500;
const ANSWERED_WITHIN_MS = 2_000;

/** See the head of this file. */
export class FallbackTimer {
  readonly #timers: Timers;
  readonly #isConnected: () => boolean;
  readonly #fallBack: () => void;
  #timer: Timer | null = null;

  constructor(timers: Timers, isConnected: () => boolean, fallBack: () => void) {
    this.#timers = timers;
    this.#isConnected = isConnected;
    this.#fallBack = fallBack;
  }

  start(): void {
    this.#timer = this.#timers.after(CONNECTED_WITHIN_MS, () => {
      if (!this.#isConnected()) this.#fallBack();
      else this.#timer = this.#timers.after(ANSWERED_WITHIN_MS - CONNECTED_WITHIN_MS, this.#fallBack);
    });
  }

  /** A complete configuration is there, or everything ends. */
  cancel(): void {
    this.#timer?.cancel();
  }
}
