/**
 * How long a complete tree is waited for: whatever a connected control plane has not sent within 15 s of being asked is
 * taken as not there (Envoy's default `initial_fetch_timeout`), so that one missing resource cannot stop all others.
 */
import type { Timer, Timers } from '../../kernel/timers.ts';

/** Envoy's default for initial_fetch_timeout. */
export const INITIAL_FETCH_TIMEOUT_MS = 15_000;

/** See the head of this file. */
export class Patience {
  readonly #timers: Timers;
  readonly #onExhausted: () => void;
  readonly #waiting = new Map<string, Timer>();
  readonly #givenUp = new Set<string>();

  /** `onExhausted` is called when something more is taken as not there. */
  constructor(timers: Timers, onExhausted: () => void) {
    this.#timers = timers;
    this.#onExhausted = onExhausted;
  }

  /** Watches exactly these from now on, and returns those that are still worth waiting for. */
  watch(waits: readonly string[], connected: boolean): string[] {
    const wanted = new Set(waits);
    for (const what of this.#givenUp) if (!wanted.has(what)) this.#givenUp.delete(what);
    for (const [what, timer] of this.#waiting) {
      if (connected && wanted.has(what)) continue;
      timer.cancel();
      this.#waiting.delete(what);
    }
    const left = waits.filter((what) => !this.#givenUp.has(what));
    if (connected) for (const what of left) this.#arm(what);
    return left;
  }

  /** It is known not to be there: whoever watches next does not wait for it. */
  giveUp(what: string): void {
    this.#waiting.get(what)?.cancel();
    this.#waiting.delete(what);
    this.#givenUp.add(what);
  }

  /** Stops waiting. */
  close(): void {
    for (const timer of this.#waiting.values()) timer.cancel();
    this.#waiting.clear();
  }

  #arm(what: string): void {
    if (this.#waiting.has(what)) return;
    const exhausted = () => {
      this.giveUp(what);
      this.#onExhausted();
    };
    this.#waiting.set(what, this.#timers.after(INITIAL_FETCH_TIMEOUT_MS, exhausted));
  }
}
