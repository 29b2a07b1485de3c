/**
 * Readiness: what still has to happen before this process may take traffic, by name.
 *
 * Whoever has something to do at the start takes a hold and releases it when done. Ready is when nothing is held, and it
 * stays so: a later hold is a mistake, because traffic may flow already. The names answer "why is it not ready".
 *
 * The composition root takes a first hold (say "start") before it makes anything else, and releases it last, so that
 * readiness cannot come between two parts.
 */
import { assert } from './assert.ts';

/** See the head of this file. Not ready until the first hold has been taken and all are released. */
export class Readiness {
  readonly #held = new Set<{ readonly name: string }>();
  #ready = false;
  #listeners: (() => void)[] = [];

  get ready(): boolean {
    return this.#ready;
  }

  /** Takes a hold. The returned function releases it; a second call does nothing. `name` completes "waiting for ...". */
  hold(name: string): () => void {
    assert(!this.#ready, `"${name}" is held back after readiness was reached: hold before the last release`);
    const entry = { name };
    this.#held.add(entry);
    return () => {
      if (this.#held.delete(entry) && this.#held.size === 0) this.#becomeReady();
    };
  }

  /** Names not yet released, in the order they were taken. */
  waitingFor(): string[] {
    return Array.from(this.#held, (entry) => entry.name);
  }

  /** Calls `callback` once: at the last release, or now when ready already. */
  onReady(callback: () => void): void {
    if (this.#ready) callback();
    else this.#listeners.push(callback);
  }

  #becomeReady(): void {
    this.#ready = true;
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener();
  }
}
