/**
 * Tells when something in a directory is renamed, made or removed: how files are replaced as a whole, by Kubernetes too,
 * whose `..data` is a link that is swapped. Writing into a file says nothing: half of it could be read.
 */
import { type FSWatcher, watch } from 'node:fs';
import type { Logger } from '../../../kernel/log.ts';
import type { Timer, Timers } from '../../../kernel/timers.ts';

/** Renames that come together are told once. */
const QUIET_MS = 20;
/** Where the system cannot watch (no such directory yet, no watches left) it is looked at that often instead. */
const LOOK_MS = 2_000;

/** What it needs. */
export interface WatchDeps {
  readonly timers: Timers;
  readonly logger: Logger;
}

/** See the head of this file. */
export class DirectoryWatch {
  readonly #directory: string;
  readonly #onRename: () => void;
  readonly #deps: WatchDeps;
  #watcher: FSWatcher | null = null;
  #quiet: Timer | null = null;
  #look: Timer | null = null;

  /** `onRename` may be called without a reason: whoever is told looks whether anything is different. */
  constructor(directory: string, onRename: () => void, deps: WatchDeps) {
    this.#directory = directory;
    this.#onRename = onRename;
    this.#deps = deps;
    this.#open();
  }

  close(): void {
    this.#watcher?.close();
    this.#watcher = null;
    this.#quiet?.cancel();
    this.#look?.cancel();
    this.#look = null;
  }

  #open(): void {
    try {
      this.#watcher = watch(this.#directory, (event) => {
        if (event === 'rename') this.#tell();
      });
      this.#watcher.once('error', (error) => this.#lookInstead(error));
    } catch (error) {
      this.#lookInstead(error);
    }
  }

  #lookInstead(error: unknown): void {
    this.#watcher?.close();
    this.#watcher = null;
    this.#deps.logger.warn(
      { err: error, directory: this.#directory },
      `looked at every ${LOOK_MS} ms: cannot be watched`,
    );
    this.#look = this.#deps.timers.every(LOOK_MS, () => this.#onRename());
  }

  #tell(): void {
    this.#quiet?.cancel();
    this.#quiet = this.#deps.timers.after(QUIET_MS, this.#onRename);
  }
}
