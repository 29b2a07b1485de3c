/**
 * How long anything is waited for: what a connected control plane has not sent within `initial_fetch_timeout` of being
 * asked (15 s by default) is taken as not there, so that whatever needs it goes on without it.
 */
import type { Timer, Timers } from '../../kernel/timers.ts';
import { INITIAL_FETCH_TIMEOUT_MS } from '../config/decode/config-source-decoder.ts';

const NO_LIMITS: ReadonlyMap<string, number> = new Map();

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

  /**
   * Watches exactly these from now on, and returns those that are still worth waiting for. `limits` are milliseconds for
   * those with a limit of their own; Infinity waits for ever.
   */
  watch(waits: readonly string[], connected: boolean, limits = NO_LIMITS): string[] {
    const wanted = new Set(waits);
    for (const what of this.#givenUp) if (!wanted.has(what)) this.#givenUp.delete(what);
    for (const [what, timer] of this.#waiting) {
      if (connected && wanted.has(what)) continue;
      timer.cancel();
      this.#waiting.delete(what);
    }
    const left = waits.filter((what) => !this.#givenUp.has(what));
    if (connected) for (const what of left) this.#arm(what, limits.get(what) ?? INITIAL_FETCH_TIMEOUT_MS);
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

  #arm(what: string, limitMs: number): void {
    if (limitMs === Infinity || this.#waiting.has(what)) return;
    const exhausted = () => {
      this.giveUp(what);
      this.#onExhausted();
    };
    this.#waiting.set(what, this.#timers.after(limitMs, exhausted));
  }
}
