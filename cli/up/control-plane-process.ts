/**
 * The control plane as a child process of `outrider up`, started again whenever it ends by itself: the mesh serves on
 * without it, but nothing can be changed until it is back.
 *
 *   stopped ──start──► starting ──serves──► running ──ends──► waiting ──backoff──► starting
 *                          └──ends or late──► stopped (the first start: an error) or waiting (a later one)
 *   any ──stop──► stopping ──► stopped
 *
 * It is a session of its own: a Ctrl-C in the terminal must reach `up` alone, which stops things in order, and a dead
 * `up` must not take it along. For the same reason its output goes to a file and not to a pipe.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Backoff } from '../../kernel/backoff.ts';
import { SeededRandom, systemSeed } from '../../kernel/random.ts';
import { localAccess } from '../access.ts';
import { Client } from '../api-client.ts';
import { CliError, messageOf } from '../errors.ts';
import { type ControlPlaneRecord, readControlPlaneRecord } from '../state-dir.ts';

/** How to run it. */
export interface ControlPlaneOptions {
  /** The file that runs `outrider`. */
  readonly script: string;
  /** Absolute. */
  readonly stateDir: string;
  /** Where its output goes, to control-plane.log. */
  readonly logDir: string;
  /** Host and port for REST and for sidecars; port 0 lets the system choose. */
  readonly http: string;
  readonly grpc: string;
  /** More of its command line. */
  readonly securityArguments: readonly string[];
  /** Tells the person at the terminal what happens. */
  readonly say: (text: string) => void;
}

/** It must serve this soon after it was started. */
const START_TIMEOUT_MS = 20_000;
const POLL_MS = 50;
const BACKOFF = { baseMs: 300, maxMs: 10_000 };
/** Having run this long it counts as well again: the next wait is a short one. */
const SETTLED_MS = 30_000;
/** After SIGTERM, before SIGKILL. */
const TERM_GRACE_MS = 2000;
const LOG_LINES_SHOWN = 8;

export class ControlPlaneProcess {
  readonly #options: ControlPlaneOptions;
  readonly #logFile: string;
  readonly #backoff = new Backoff(BACKOFF, new SeededRandom(systemSeed()), 'decorrelated');
  readonly #stopping = new AbortController();
  #child: ChildProcess | undefined;
  /** When everything must have ended; set by `stop`. */
  #endsAtMs = Number.POSITIVE_INFINITY;
  /** Where it serves; kept over restarts, because sidecars come back to the same address. */
  #record: ControlPlaneRecord | undefined;
  /** The loop that starts it again; resolves when it has been stopped. */
  #watch: Promise<void> = Promise.resolve();

  constructor(options: ControlPlaneOptions) {
    this.#options = options;
    this.#logFile = path.join(options.logDir, 'control-plane.log');
  }

  /** Starts it and returns where it serves; a CliError with the end of its log when it does not come up. */
  async start(): Promise<ControlPlaneRecord> {
    const record = await this.#startOnce();
    this.#watch = this.#keepRunning();
    return record;
  }

  /**
   * Stops the workloads, then the control plane. One that is down is started once more, since only it knows what to
   * stop. What has not ended `deadlineMs` from now is killed.
   */
  async stop(deadlineMs: number): Promise<void> {
    this.#endsAtMs = performance.now() + deadlineMs;
    this.#stopping.abort();
    await this.#watch;
    try {
      if (!isRunning(this.#child)) await this.#startOnce();
      await this.#shutdown();
    } catch (error) {
      this.#options.say(`the control plane did not stop by itself: ${messageOf(error)}`);
    }
    await this.#end();
  }

  /** Runs until stopped: waits for the end of the child, then starts another. */
  async #keepRunning(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const startedMs = performance.now();
      const ended = await untilExit(this.#child, signal);
      if (ended === undefined) return;
      if (performance.now() - startedMs > SETTLED_MS) this.#backoff.reset();
      await this.#startAgain(ended);
    }
  }

  async #startAgain(ended: string): Promise<void> {
    const { say } = this.#options;
    const { signal } = this.#stopping;
    let reason = `the control plane ended (${ended})`;
    while (!signal.aborted) {
      const waitMs = this.#backoff.nextMs();
      say(`${reason}: traffic goes on without it, starting it again in ${(waitMs / 1000).toFixed(1)} s`);
      await sleep(waitMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      try {
        const record = await this.#startOnce();
        say(`the control plane is back as process ${record.pid}`);
        return;
      } catch (error) {
        reason = messageOf(error);
      }
    }
  }

  async #startOnce(): Promise<ControlPlaneRecord> {
    const { stateDir, securityArguments } = this.#options;
    const http = this.#record === undefined ? this.#options.http : new URL(this.#record.http).host;
    const grpc = this.#record?.grpc ?? this.#options.grpc;
    const child = this.#spawn([
      'control-plane',
      '--state',
      stateDir,
      '--http',
      http,
      '--grpc',
      grpc,
      ...securityArguments,
    ]);
    this.#child = child;
    this.#record = await this.#untilServing(child);
    return this.#record;
  }

  #spawn(args: readonly string[]): ChildProcess {
    mkdirSync(path.dirname(this.#logFile), { recursive: true });
    const log = openSync(this.#logFile, 'a');
    const child = spawn(process.execPath, [this.#options.script, ...args], {
      detached: true,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    return child;
  }

  async #untilServing(child: ChildProcess): Promise<ControlPlaneRecord> {
    const { stateDir } = this.#options;
    const lateMs = performance.now() + START_TIMEOUT_MS;
    while (performance.now() < Math.min(lateMs, this.#endsAtMs)) {
      if (!isRunning(child)) throw new CliError(`the control plane did not start:\n${this.#logTail()}`);
      const record = readControlPlaneRecord(stateDir);
      if (record !== undefined && record.pid === child.pid && (await isReady(record, stateDir))) return record;
      await sleep(POLL_MS);
    }
    child.kill('SIGKILL');
    throw new CliError(`the control plane does not serve after ${START_TIMEOUT_MS / 1000} s:\n${this.#logTail()}`);
  }

  async #shutdown(): Promise<void> {
    const { dispatcher, token } = localAccess(this.#options.stateDir);
    const client = new Client(this.#record!.http, dispatcher, token);
    try {
      await client.shutdown('stop');
    } finally {
      await client.close();
    }
    await untilExit(this.#child, AbortSignal.timeout(remainingMs(this.#endsAtMs - TERM_GRACE_MS)));
  }

  /** Makes sure that the child is gone. */
  async #end(): Promise<void> {
    const child = this.#child;
    if (child === undefined || !isRunning(child)) return;
    child.kill('SIGTERM');
    const graceMs = Math.min(TERM_GRACE_MS, remainingMs(this.#endsAtMs));
    if ((await untilExit(child, AbortSignal.timeout(graceMs))) !== undefined) return;
    child.kill('SIGKILL');
    await untilExit(child);
  }

  #logTail(): string {
    const lines = readFileSync(this.#logFile, 'utf8').trimEnd().split('\n').slice(-LOG_LINES_SHOWN);
    return `${lines.map((line) => `  ${line}`).join('\n')}\n(all of it is in ${this.#logFile})`;
  }
}

/** Whole milliseconds until then, at least one: AbortSignal.timeout takes no less and no fractions. */
function remainingMs(endsAtMs: number): number {
  return Math.max(1, Math.ceil(endsAtMs - performance.now()));
}

function isRunning(child: ChildProcess | undefined): boolean {
  return child !== undefined && child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

/** How the child ended, in words; undefined when `signal` came first. */
async function untilExit(child: ChildProcess | undefined, signal?: AbortSignal): Promise<string | undefined> {
  try {
    if (child !== undefined && isRunning(child)) await once(child, 'exit', signal === undefined ? {} : { signal });
  } catch {
    return undefined;
  }
  return child?.signalCode ?? `exit code ${child?.exitCode}`;
}

async function isReady(record: ControlPlaneRecord, stateDir: string): Promise<boolean> {
  const { dispatcher, token } = localAccess(stateDir);
  const client = new Client(record.http, dispatcher, token);
  try {
    await client.ready();
    return true;
  } catch {
    return false;
  } finally {
    await client.close();
  }
}
