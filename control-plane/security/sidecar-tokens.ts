/**
 * Tokens for sidecars that somebody else starts, in containers for instance: one file for each workload that has a folder,
 *
 *   DIR/<workload>/token
 *
 * so that whoever mounts a folder of DIR beside one application has given that sidecar who it is, and nothing else.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/log.ts';
import type { MetricSource } from '../../kernel/metrics.ts';
import type { Timer, Timers } from '../../kernel/timers.ts';
import { labelProblem } from '../../protos/contract/names.ts';
import { sampler } from '../sampler.ts';
import { REPLICA_TOKEN_TTL_MS, type ReplicaTokens } from './replica-tokens.ts';
import { writeSecretFile } from './secret-file.ts';

/** What it needs. */
export interface SidecarTokensDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly tokens: Pick<ReplicaTokens, 'mint'>;
}

const LOOK_MS = 500;
/** As the process driver does it: what is left of the token is for a control plane that is away. */
const EXCHANGED_AFTER_MS = REPLICA_TOKEN_TTL_MS / 4;
/** A folder belongs to somebody else until its sidecar has been made: that is said only when it stays so. */
const SILENT_MS = 10_000;

/** Looks for folders twice a second, until it is closed. */
export class SidecarTokens {
  readonly counts = { written: 0, failed: 0 };
  readonly #dir: string;
  readonly #deps: SidecarTokensDeps;
  readonly #timer: Timer;
  readonly #writtenAtMs = new Map<string, number>();
  readonly #failing = new Map<string, { readonly sinceMs: number; said: boolean }>();

  /** `dir` is absolute; it may come later. */
  constructor(dir: string, deps: SidecarTokensDeps) {
    this.#dir = dir;
    this.#deps = deps;
    this.#timer = deps.timers.every(LOOK_MS, () => this.look());
    this.look();
  }

  look(): void {
    const nowMs = this.#deps.clock.nowMs();
    for (const workload of this.#folders()) {
      const file = join(this.#dir, workload, 'token');
      const writtenAtMs = this.#writtenAtMs.get(workload) ?? Number.NEGATIVE_INFINITY;
      // One that an earlier control plane has written may be signed with another key.
      if (nowMs - writtenAtMs >= EXCHANGED_AFTER_MS || !existsSync(file)) this.#write(workload, file, nowMs);
    }
  }

  close(): void {
    this.#timer.cancel();
  }

  #folders(): string[] {
    try {
      const entries = readdirSync(this.#dir, { withFileTypes: true });
      return entries
        .filter((each) => each.isDirectory() && labelProblem('workload', each.name) === undefined)
        .map(({ name }) => name);
    } catch {
      return [];
    }
  }

  #write(workload: string, file: string, nowMs: number): void {
    const { clock, logger, tokens } = this.#deps;
    try {
      writeSecretFile(file, `${tokens.mint({ id: null, workload, services: null }, clock.wallMs())}\n`);
      this.#writtenAtMs.set(workload, nowMs);
      this.#failing.delete(workload);
      this.counts.written++;
    } catch (error) {
      this.counts.failed++;
      const failing = this.#failing.get(workload) ?? { sinceMs: nowMs, said: false };
      this.#failing.set(workload, failing);
      if (failing.said || nowMs - failing.sinceMs < SILENT_MS) return;
      failing.said = true;
      logger.warn({ file, error: (error as Error).message }, `the sidecar of ${workload} gets no token`);
    }
  }
}

/** What has become of them, for /metrics. */
export function sidecarTokenMetrics({ counts }: Pick<SidecarTokens, 'counts'>): MetricSource {
  return (emit) => {
    const { counter } = sampler(emit);
    const help = 'Attempts to write the token of a sidecar into its folder.';
    counter('sidecar_tokens_total', help, counts.written, { result: 'written' });
    counter('sidecar_tokens_total', help, counts.failed, { result: 'failed' });
  };
}
