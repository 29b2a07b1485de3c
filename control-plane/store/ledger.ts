/**
 * The ledger: commands in, committed states out. The one path by which the desired state changes.
 */
import type { Clock } from '../../kernel/clock.ts';
import { ok, type Result } from '../../kernel/result.ts';
import { type Applied, apply } from '../state/apply.ts';
import type { Command, Rejection } from '../state/command.ts';
import type { State } from '../state/model.ts';
import type { Store } from './store.ts';

/** A commit is lost to others so often at most; with one writer it never is. */
const ATTEMPTS_MAX = 10;

/** See the head of this file. */
export class Ledger {
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** The state now. */
  get state(): State {
    return this.#store.load();
  }

  /** Grants the command and commits what comes of it, or says why not. */
  submit(command: Command): Result<Applied, Rejection> {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const result = this.preview(command);
      if (!result.ok) return result;
      const { state } = result.value;
      const before = this.#store.load();
      if (state === before) return ok(result.value);
      if (this.#store.commit(before.revision, state)) return ok(result.value);
    }
    throw new Error(`the store refused ${ATTEMPTS_MAX} commits in a row: another control plane keeps changing it`);
  }

  /** What the command would do; nothing is kept. */
  preview(command: Command): Result<Applied, Rejection> {
    return apply(this.#store.load(), command, this.#clock.wallMs());
  }

  /** Calls `listener` after every commit until the returned function is called. */
  watch(listener: (state: State) => void): () => void {
    return this.#store.watch(listener);
  }
}
