/**
 * Keeps the last complete configuration on disk: writes it at most once a second however often it changes, again now and
 * then while a control plane stands behind it, and reads it back for this node alone. Nothing here fails the proxy: what
 * goes wrong is counted and logged.
 */
import type { Clock } from '../../../kernel/clock.ts';
import type { Logger } from '../../../kernel/log.ts';
import type { Timer, Timers } from '../../../kernel/timers.ts';
import { KeptFile } from './kept-file.ts';
import type { KeptConfiguration, KeptResource } from './kept-text.ts';
import { LastKnownGoodStats } from './stats.ts';

/** What it needs. */
export interface KeeperDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
}

const WRITE_INTERVAL_MS = 1_000;
/** So often a file that has not changed is written again, so that its age tells how long the control plane was away. */
const CONFIRM_INTERVAL_MS = 300_000;

/** See the head of this file. */
export class ConfigurationKeeper {
  readonly stats: LastKnownGoodStats;
  readonly #file: KeptFile | null;
  readonly #nodeId: string;
  readonly #deps: KeeperDeps;
  #timer: Timer | null = null;
  #confirming: Timer | null = null;
  /** To be written. */
  #pending: readonly KeptResource[] | null = null;
  /** The control plane's newest, and whether there is a stream on which it would take it back. */
  #newest: readonly KeptResource[] | null = null;
  #vouchedFor = false;
  #writing: Promise<void> = Promise.resolve();

  /** A null directory keeps nothing. */
  constructor(directory: string | null, nodeId: string, deps: KeeperDeps) {
    this.#file = directory === null ? null : new KeptFile(directory, nodeId);
    this.#nodeId = nodeId;
    this.#deps = deps;
    this.stats = new LastKnownGoodStats(deps.clock);
  }

  /** The control plane's configuration is another one, and complete. */
  changed(resources: readonly KeptResource[]): void {
    if (this.#file === null) return;
    this.#newest = resources;
    this.#vouchedFor = true;
    this.#soon(resources);
    this.#confirming ??= this.#deps.timers.every(CONFIRM_INTERVAL_MS, () => this.#confirm());
  }

  /** The stream is gone: until now the control plane stood behind what is in use. */
  cutOff(): void {
    this.#confirm();
    this.#vouchedFor = false;
  }

  /** The stream is back. */
  reconnected(): void {
    this.#vouchedFor = this.#newest !== null;
  }

  /** This node's configuration; null when there is none of use. */
  async load(): Promise<KeptConfiguration | null> {
    const loaded = (await this.#file?.load()) ?? null;
    if (loaded === null) return null;
    if (loaded.ok) return loaded.value;
    this.refused(loaded.error);
    return null;
  }

  /** What was found is of no use. */
  refused(why: string): void {
    this.stats.refused++;
    const path = this.#file?.path;
    this.#deps.logger.warn({ path, why }, `the last known good configuration is not used: ${why}`);
  }

  /** Writes what is not written yet. */
  async close(): Promise<void> {
    this.#timer?.cancel();
    this.#confirming?.cancel();
    if (this.#vouchedFor) this.#pending = this.#newest;
    if (this.#pending !== null) this.#write();
    await this.#writing;
  }

  #confirm(): void {
    if (this.#vouchedFor && this.#newest !== null) this.#soon(this.#newest);
  }

  #soon(resources: readonly KeptResource[]): void {
    this.#pending = resources;
    this.#timer ??= this.#deps.timers.after(WRITE_INTERVAL_MS, () => this.#write());
  }

  #write(): void {
    const resources = this.#pending;
    this.#timer = null;
    this.#pending = null;
    if (this.#file === null || resources === null) return;
    const { clock, logger } = this.#deps;
    const kept = { writtenAtMs: clock.wallMs(), nodeId: this.#nodeId, resources };
    this.#writing = this.#file
      .save(() => kept)
      .then(
        () => {
          this.stats.written++;
        },
        (error: unknown) => {
          this.stats.writeFailed++;
          logger.warn({ err: error }, 'the last known good configuration could not be written');
        },
      );
  }
}
