/**
 * A state-of-the-world server that only compares versions sends what was refused again as soon as it hears so: 650 times
 * a second were seen. The same refusal of the same version is told again, but not sooner than after half a second.
 */
import type { Timer, Timers } from '../../kernel/timers.ts';

const AGAIN_MS = 500;

/** See the head of this file. One for each stream. */
export class RepeatedRefusals {
  readonly #timers: Timers;
  readonly #last = new Map<string, { readonly version: string; readonly why: string }>();
  readonly #waiting = new Map<string, Timer>();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Sends the answer to a response of that type: at once, or later when it only repeats the one before. */
  answer(typeUrl: string, version: string, refusal: string | null, send: () => void): void {
    this.#waiting.get(typeUrl)?.cancel();
    this.#waiting.delete(typeUrl);
    const last = this.#last.get(typeUrl);
    if (refusal === null) this.#last.delete(typeUrl);
    else this.#last.set(typeUrl, { version, why: refusal });
    if (refusal === null || last?.version !== version || last.why !== refusal) {
      send();
      return;
    }
    const later = () => {
      this.#waiting.delete(typeUrl);
      send();
    };
    this.#waiting.set(typeUrl, this.#timers.after(AGAIN_MS, later));
  }

  /** The stream is gone: nothing is answered any more. */
  clear(): void {
    for (const timer of this.#waiting.values()) timer.cancel();
    this.#waiting.clear();
    this.#last.clear();
  }
}
