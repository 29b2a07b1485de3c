/**
 * Files that are read again when they change, together: what is wrong with the new ones is said once, and the old ones
 * go on being used. They are looked at and not watched for events, because mounts of Kubernetes, editors and network file
 * systems all replace files in ways of their own.
 */
import { readFileSync, statSync } from 'node:fs';
import type { Logger } from '../../kernel/log.ts';
import type { Result } from '../../kernel/result.ts';
import type { Timer, Timers } from '../../kernel/timers.ts';

/** What to look at, and what becomes of it. */
export interface WatchedFilesOptions<T> {
  /** What they are, for the log and the metric. */
  readonly what: string;
  readonly paths: readonly string[];
  /** Makes something of the texts, or says what is wrong. A file that is missing comes as null. */
  readonly read: (texts: readonly (string | null)[]) => Result<T, string>;
  /** Called after the first time, whenever they have changed for good. */
  readonly onChange?: (value: T) => void;
}

/** What watching needs. */
export interface WatchedFilesDeps {
  readonly timers: Timers;
  readonly logger: Logger;
}

/** DEFAULT: a new certificate or a revoked token counts within this. */
export const LOOK_MS = 1000;

/** See the head of this file. Throws an Error with the problem when the files are wrong at the start. */
export class WatchedFiles<T> {
  readonly #options: WatchedFilesOptions<T>;
  readonly #logger: Logger;
  readonly #timer: Timer;
  #value: T;
  #seen: string;
  /** The last change was refused. */
  broken = false;
  loads = 0;
  refused = 0;

  constructor(options: WatchedFilesOptions<T>, { timers, logger }: WatchedFilesDeps) {
    this.#options = options;
    this.#logger = logger;
    this.#seen = signature(options.paths);
    const first = options.read(options.paths.map(textOf));
    if (!first.ok) throw new Error(first.error);
    this.#value = first.value;
    this.#timer = timers.every(LOOK_MS, () => this.look());
  }

  get what(): string {
    return this.#options.what;
  }

  /** What the last good files say. */
  get value(): T {
    return this.#value;
  }

  /** Looks now. */
  look(): void {
    const { paths, read, onChange, what } = this.#options;
    const seen = signature(paths);
    if (seen === this.#seen) return;
    this.#seen = seen;
    const next = read(paths.map(textOf));
    this.broken = !next.ok;
    if (next.ok) {
      this.#value = next.value;
      this.loads++;
      this.#logger.info({ paths }, `${what} was read again`);
      onChange?.(next.value);
    } else {
      this.refused++;
      this.#logger.error({ paths, problem: next.error }, `${what} has changed and is wrong: the old one goes on`);
    }
  }

  close(): void {
    this.#timer.cancel();
  }
}

function signature(paths: readonly string[]): string {
  return paths
    .map((path) => {
      const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
      return stat === undefined ? '-' : `${stat.ino}/${stat.size}/${stat.mtimeNs}/${stat.ctimeNs}`;
    })
    .join();
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
