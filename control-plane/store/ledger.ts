/**
 * The ledger: commands in, committed states out. The one path by which the desired state changes. Commands are done one
 * after another, in the order in which they came: each sees what those before it have made.
 */
import type { Clock } from '../../kernel/clock.ts';
import { ok, type Result } from '../../kernel/result.ts';
import { type Applied, apply } from '../state/apply.ts';
import type { Command, Rejection } from '../state/command.ts';
import type { State } from '../state/model.ts';
import { CommitError, type Store } from './store.ts';

/** A commit is lost to others so often at most; with one writer it never is. */
const ATTEMPTS_MAX = 10;
/** So many commands wait for their turn at most; a store that answers is done with one in milliseconds. */
const WAITING_MAX = 1000;

/** See the head of this file. */
export class Ledger {
  readonly #store: Store;
  readonly #clock: Clock;
  /** Settles when the last command so far is done; never rejects. */
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** The state now. */
  get state(): State {
    return this.#store.load();
  }

  /** Grants the command and commits what comes of it, or says why not. Rejects with CommitError. */
  submit(command: Command): Promise<Result<Applied, Rejection>> {
    if (this.#waiting >= WAITING_MAX) {
      const message = `${WAITING_MAX} changes wait for the store already: nothing was applied, try again later`;
      return Promise.reject(new CommitError(message, false));
    }
    this.#waiting++;
    const done = this.#last.then(() => this.#submit(command)).finally(() => this.#waiting--);
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #submit(command: Command): Promise<Result<Applied, Rejection>> {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const before = this.#store.load();
      const result = apply(before, command, this.#clock.wallMs());
      if (!result.ok) return result;
      const { state } = result.value;
      if (state === before) return ok(result.value);
      if (await this.#store.commit(before.revision, state)) return ok(result.value);
    }
    const message = `the store refused ${ATTEMPTS_MAX} commits in a row: another control plane keeps changing it`;
    throw new CommitError(`${message}; nothing was applied, try again`, false);
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
