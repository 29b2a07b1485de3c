/**
 * Where the desired state is kept. A commit names the revision it was made from, so that no change is lost when two are
 * made at once. Reading is from memory, and at once; writing may have to ask other machines, and is a promise.
 */
import type { HistoryMark, HistoryRecord } from '../state/history.ts';
import type { State } from '../state/model.ts';

/** What a commit adds to the history, in the same transaction. */
export interface HistoryCommit {
  readonly record: HistoryRecord;
  /** Records up to this revision go; 0: none. */
  readonly forgetUpTo: number;
  /** What came with a restored backup, oldest first: it takes the place of all that was there. */
  readonly imported?: readonly HistoryRecord[];
}

/** A place that keeps states. */
export interface Store {
  /** The last state committed, or the empty one. */
  load(): State;
  /**
   * Makes `next` the state if `next` was made from the one that is there now, that is if its revision is `expected`.
   * Durable when it resolves, and then `load` gives it. False: another change came first; load and try again. Rejects
   * with CommitError when it could not be done, or nobody knows whether it was.
   */
  commit(expected: number, next: State, history: HistoryCommit): Promise<boolean>;
  /** What is known of the commits that are kept, oldest first; from memory, like `load`. */
  history(): readonly HistoryMark[];
  /** The records of all commits after `revision`, oldest first. */
  recordsAfter(revision: number): Promise<readonly HistoryRecord[]>;
  /** Calls `listener` after every commit until the returned function is called. */
  watch(listener: (state: State) => void): () => void;
  /** The registry's last table; undefined when there is none. */
  loadRegistry(): string | undefined;
  /** Keeps the registry's table, beside the state and without a revision. */
  saveRegistry(json: string): void;
  /** Everything committed stays. The store is not used afterwards. */
  close(): Promise<void>;
}

/** A commit without an answer. `applied` is false when nothing was kept, and unknown when the answer was lost. */
export class CommitError extends Error {
  override readonly name = 'CommitError';
  readonly applied: false | 'unknown';

  constructor(message: string, applied: false | 'unknown', options?: ErrorOptions) {
    super(message, options);
    this.applied = applied;
  }
}

/** The store cannot be opened; the message says which file, why, and what to do. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
}
