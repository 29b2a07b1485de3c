/**
 * Whether what is missing still comes: while a connected control plane sends something that was waited for at least once a
 * second, more is on its way; after a second without any, what is there is not to wait for the rest.
 */
import type { Timer, Timers } from '../../kernel/timers.ts';

/** A control plane with a thousand sidecars to serve takes longer for the first answer, but not in between. */
export const STALLED_AFTER_MS = 1_000;

/** See the head of this file. */
export class Stall {
  readonly #timers: Timers;
  readonly #onStalled: () => void;
  #waits = '';
  #timer: Timer | null = null;
  #stalled = false;

  /** `onStalled` is called when a second has passed. */
  constructor(timers: Timers, onStalled: () => void) {
    this.#timers = timers;
    this.#onStalled = onStalled;
  }

  /** These are missing from now on; true when nothing of them has come for a second. An outage does not count. */
  watch(waits: readonly string[], connected: boolean): boolean {
    const text = connected ? waits.join('\n') : '';
    if (text === this.#waits) return this.#stalled;
    this.#waits = text;
    this.#stalled = false;
    this.close();
    if (text !== '') this.#timer = this.#timers.after(STALLED_AFTER_MS, () => this.#stall());
    return false;
  }

  /** Stops waiting. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #stall(): void {
    this.#timer = null;
    this.#stalled = true;
    this.#onStalled();
  }
}
