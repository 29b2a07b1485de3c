/**
 * The ledger: commands in, committed states out. The one path by which the desired state changes. Commands are done one
 * after another, in the order in which they came: each sees what those before it have made.
 */
import type { Clock } from '../../kernel/clock.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import { type Applied, apply } from '../state/apply.ts';
import type { Command, Rejection } from '../state/command.ts';
import {
  type Authorship,
  BY_NOBODY,
  HISTORY_LIMITS,
  type HistoryLimits,
  type HistoryMark,
  type HistoryRecord,
  isKept,
  undone,
} from '../state/history.ts';
import type { State } from '../state/model.ts';
import { historyCommit } from './history-commit.ts';
import { CommitError, type Store } from './store.ts';

/** A commit is lost to others so often at most; with one writer it never is. */
const ATTEMPTS_MAX = 10;
/** So many commands wait for their turn at most; a store that answers is done with one in milliseconds. */
const WAITING_MAX = 1000;

/** See the head of this file. */
export class Ledger {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #limits: HistoryLimits;
  /** Settles when the last command so far is done; never rejects. */
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #forgotten = 0;
  #massDeletionsRefused = 0;

  constructor(store: Store, clock: Clock, limits: HistoryLimits = HISTORY_LIMITS) {
    this.#store = store;
    this.#clock = clock;
    this.#limits = limits;
  }

  /** The state now. */
  get state(): State {
    return this.#store.load();
  }

  /** Grants the command and commits what comes of it, or says why not. Rejects with CommitError. */
  submit(command: Command, by: Authorship = BY_NOBODY): Promise<Result<Applied, Rejection>> {
    if (this.#waiting >= WAITING_MAX) {
      const message = `${WAITING_MAX} changes wait for the store already: nothing was applied, try again later`;
      return Promise.reject(new CommitError(message, false));
    }
    this.#waiting++;
    const done = this.#last.then(() => this.#submit(command, by)).finally(() => this.#waiting--);
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #submit(command: Command, by: Authorship): Promise<Result<Applied, Rejection>> {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const before = this.#store.load();
      const result = apply(before, command, this.#clock.wallMs());
      if (!result.ok) {
        if (result.error.code === 'needs_force') this.#massDeletionsRefused++;
        return result;
      }
      const { state } = result.value;
      if (state === before) return ok(result.value);
      const marks = this.#store.history();
      const committed = { command, before, applied: result.value, by, nowMs: this.#clock.wallMs() };
      const history = historyCommit(committed, marks, this.#limits);
      if (!(await this.#store.commit(before.revision, state, history))) continue;
      this.#forgotten += marks.filter(({ entry }) => entry.revision <= history.forgetUpTo).length;
      return ok(result.value);
    }
    const message = `the store refused ${ATTEMPTS_MAX} commits in a row: another control plane keeps changing it`;
    throw new CommitError(`${message}; nothing was applied, try again`, false);
  }

  /** What the command would do; nothing is kept. */
  preview(command: Command): Result<Applied, Rejection> {
    return apply(this.#store.load(), command, this.#clock.wallMs());
  }

  /** What is known of the commits that are kept, oldest first. */
  history(): readonly HistoryMark[] {
    return this.#store.history();
  }

  /** Records that history has lost to its limits, and commands that were refused for deleting too much, since the start. */
  get counts(): { readonly forgotten: number; readonly massDeletionsRefused: number } {
    return { forgotten: this.#forgotten, massDeletionsRefused: this.#massDeletionsRefused };
  }

  /** The state now and the history that leads to it, oldest first, as one consistent picture. */
  async picture(after = 0): Promise<{ readonly state: State; readonly records: readonly HistoryRecord[] }> {
    const state = this.#store.load();
    const records = await this.#store.recordsAfter(after);
    return { state, records: chainTo(state.revision, records) };
  }

  /** The state as of a revision, or why it cannot be had. */
  async stateAt(revision: number): Promise<Result<State, Rejection>> {
    const marks = this.#store.history();
    if (revision === this.state.revision) return ok(this.state);
    if (isKept(revision, marks)) {
      const { state, records } = await this.picture(revision);
      if (records[0]?.entry.parent === revision) return ok(undone(state, records, revision));
    }
    const kept = marks.length === 0 ? 'no history is kept yet' : `it is kept from ${marks[0]!.entry.parent} on`;
    const message = `there is no revision ${revision} in the history: ${kept}, the latest is ${this.state.revision}`;
    return err({ code: 'not_found', message, details: [] });
  }

  /** Calls `listener` after every commit until the returned function is called. */
  watch(listener: (state: State) => void): () => void {
    return this.#store.watch(listener);
  }
}

/** The end of `records` that leads to `revision` without a gap: others may have been kept or forgotten meanwhile. */
function chainTo(revision: number, records: readonly HistoryRecord[]): readonly HistoryRecord[] {
  const end = records.findIndex(({ entry }) => entry.revision === revision);
  let start = end + 1;
  while (start > 0 && (start === end + 1 || records[start - 1]!.entry.revision === records[start]!.entry.parent))
    start--;
  return records.slice(start, end + 1);
}
