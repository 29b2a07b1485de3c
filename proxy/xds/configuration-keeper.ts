/**
 * Keeps the last complete configuration on disk: writes it at most once a second however often it changes, and reads it
 * back for this node alone. Nothing here fails the proxy: what goes wrong is logged.
 */
import type { Clock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/log.ts';
import type { Timer, Timers } from '../../kernel/timers.ts';
import { type KeptConfiguration, type KeptResource, LastKnownGood } from './last-known-good.ts';

/** What it needs. */
export interface ConfigurationKeeperDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
}

const WRITE_INTERVAL_MS = 1_000;

/** See the head of this file. */
export class ConfigurationKeeper {
  readonly #file: LastKnownGood | null;
  readonly #nodeId: string;
  readonly #deps: ConfigurationKeeperDeps;
  #timer: Timer | null = null;
  #pending: (() => readonly KeptResource[]) | null = null;
  #writing: Promise<void> = Promise.resolve();

  /** A null path keeps nothing. */
  constructor(path: string | null, nodeId: string, deps: ConfigurationKeeperDeps) {
    this.#file = path === null ? null : new LastKnownGood(path);
    this.#nodeId = nodeId;
    this.#deps = deps;
  }

  /** The configuration is another one; `resources` is asked when it is written. */
  changed(resources: () => readonly KeptResource[]): void {
    if (this.#file === null) return;
    this.#pending = resources;
    this.#timer ??= this.#deps.timers.after(WRITE_INTERVAL_MS, () => this.#write());
  }

  /** This node's configuration; null when there is none of use. */
  async load(): Promise<KeptConfiguration | null> {
    const loaded = (await this.#file?.load()) ?? null;
    if (loaded === null) return null;
    const { logger } = this.#deps;
    if (!loaded.ok) {
      logger.warn({ why: loaded.error }, 'the last known good configuration is of no use');
      return null;
    }
    const { nodeId } = loaded.value;
    if (nodeId === this.#nodeId) return loaded.value;
    logger.warn({ nodeId }, 'the last known good configuration is of another node');
    return null;
  }

  /** Writes what is not written yet. */
  async close(): Promise<void> {
    this.#timer?.cancel();
    if (this.#pending !== null) this.#write();
    await this.#writing;
  }

  #write(): void {
    const resources = this.#pending;
    this.#timer = null;
    this.#pending = null;
    if (this.#file === null || resources === null) return;
    const { clock, logger } = this.#deps;
    const kept = { writtenAtMs: clock.wallMs(), nodeId: this.#nodeId, resources: resources() };
    this.#writing = this.#file.save(kept).catch((error: unknown) => {
      logger.warn({ err: error }, 'the last known good configuration could not be written');
    });
  }
}
