/**
 * Where the desired state is kept. One control plane writes; a commit names the state it was made from, so that no
 * change is lost when two are made at once.
 */
import type { State } from '../state/model.ts';

/** A place that keeps states. */
export interface Store {
  /** The last state committed, or the empty one. */
  load(): State;
  /**
   * Makes `next` the state if `next` was made from the one that is there now, that is if its revision is `expected`.
   * Durable when it returns. False: another change came first; load and try again.
   */
  commit(expected: number, next: State): boolean;
  /** Calls `listener` after every commit until the returned function is called. */
  watch(listener: (state: State) => void): () => void;
  /** The registry's last table; undefined when there is none. */
  loadRegistry(): string | undefined;
  /** Keeps the registry's table, beside the state and without a revision. */
  saveRegistry(json: string): void;
  /** Everything committed stays. The store is not used afterwards. */
  close(): void;
}

/** The store cannot be opened; the message says which file, why, and what to do. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
}
