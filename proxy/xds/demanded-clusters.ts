/**
 * Clusters that were asked for on demand, until nobody has used them for ten minutes: looked at once a minute. One that is
 * needed again is asked for again.
 */
import type { Timer, Timers } from '../../kernel/timers.ts';

/** At once: routes may take their names out of headers. */
const DEMANDED_MAX = 10_000;
const LOOK_MS = 60_000;
const IDLE_LOOKS = 10;

/** What is done with clusters on demand. */
export interface OnDemandUse {
  /** There is no such cluster. */
  readonly miss: (name: string) => void;
  /** Requests that it has had; null while it is used. */
  readonly usesOf: (name: string) => number | null;
}

/** See the head of this file. */
export class DemandedClusters {
  readonly names = new Set<string>();
  readonly #use: OnDemandUse;
  readonly #onIdle: () => void;
  readonly #timer: Timer;
  /** By name: uses when it was looked at, and how often that was the same. */
  readonly #seen = new Map<string, { readonly uses: number | null; readonly looks: number }>();

  /** `onIdle` is called when there are fewer names. */
  constructor(use: OnDemandUse, timers: Timers, onIdle: () => void) {
    this.#use = use;
    this.#onIdle = onIdle;
    this.#timer = timers.every(LOOK_MS, () => this.#look());
  }

  /** False when it is one too many. */
  add(name: string): boolean {
    if (!this.names.has(name) && this.names.size >= DEMANDED_MAX) return false;
    this.names.add(name);
    return true;
  }

  miss(name: string): void {
    this.#use.miss(name);
  }

  close(): void {
    this.#timer.cancel();
  }

  #look(): void {
    const before = this.names.size;
    for (const name of [...this.names]) {
      const uses = this.#use.usesOf(name);
      const seen = this.#seen.get(name);
      const looks = seen !== undefined && uses !== null && seen.uses === uses ? seen.looks + 1 : 0;
      if (looks < IDLE_LOOKS) this.#seen.set(name, { uses, looks });
      else {
        this.names.delete(name);
        this.#seen.delete(name);
      }
    }
    if (this.names.size < before) this.#onIdle();
  }
}
