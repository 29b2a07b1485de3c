/**
 * Hot restart: a new process takes the place of this one, and nobody who connects meanwhile is refused.
 *
 *   this process                        successor
 *   spawns it, with its sockets ──────► starts, gets its configuration; accepts nothing yet
 *                               ◄────── waiting, ready or failed
 *   take-over                   ──────► accepts, opens the admin port, continues the lease
 *                               ◄────── serving
 *   accepts no more; ends what it has
 *
 * Until `serving` this process does everything as before. A successor that fails, exits or is not ready in time is ended, and
 * the reason told.
 */
import type { Clock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/log.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import type { Timers } from '../../kernel/timers.ts';
import type { HandedSocket } from '../net/inherited-sockets.ts';

/** What the successor says. */
export type SuccessorMessage =
  | { readonly kind: 'waiting'; readonly what: readonly string[] }
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly why: string }
  | { readonly kind: 'serving' };

/** What it is told. */
export interface TakeOver {
  readonly kind: 'take-over';
  readonly leaseId: string;
}

/** The other process. */
export interface Successor {
  readonly pid: number;
  send(message: TakeOver): void;
  onMessage(listener: (message: SuccessorMessage) => void): void;
  /** With a sentence about how it ended, or why it never began. */
  onExit(listener: (how: string) => void): void;
  kill(): void;
}

/** What a hot restart needs. */
export interface HotRestartDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Logger;
  /** The error says why none can be started. */
  readonly spawn: (sockets: readonly HandedSocket[]) => Result<Successor, string>;
  readonly handed: () => readonly HandedSocket[];
  readonly leaseId: () => string;
  /** The successor serves. */
  readonly yielded: () => void;
  /** How long the successor may take until it is ready. */
  readonly readyMs: number;
}

/** It accepts within this once it was told to. */
const SERVING_MS = 5_000;

/** See the head of this file. */
export class HotRestart {
  readonly #deps: HotRestartDeps;
  #running: Promise<Result<number, string>> | null = null;

  constructor(deps: HotRestartDeps) {
    this.#deps = deps;
  }

  /** Resolves with the successor's process number once it serves, or with why this process goes on. One at a time. */
  run(): Promise<Result<number, string>> {
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #run(): Promise<Result<number, string>> {
    const { clock, log, yielded } = this.#deps;
    const startMs = clock.nowMs();
    const result = await this.#replace();
    const tookMs = Math.round(clock.nowMs() - startMs);
    if (result.ok) {
      log.info({ successor: result.value, tookMs }, 'a successor serves: what is left here is taken to its end');
      yielded();
    } else log.error({ tookMs }, `hot restart failed, and this process goes on: ${result.error}`);
    return result;
  }

  #replace(): Promise<Result<number, string>> {
    const { timers, spawn, handed, leaseId, readyMs } = this.#deps;
    const { promise, resolve } = Promise.withResolvers<Result<number, string>>();
    const spawned = spawn(handed());
    if (!spawned.ok) return Promise.resolve(spawned);
    const successor = spawned.value;
    let waitingFor: readonly string[] = [];
    const finish = (result: Result<number, string>) => {
      timer.cancel();
      if (!result.ok) successor.kill();
      resolve(result);
    };
    const late = () =>
      finish(
        err(`the successor is not ready after ${readyMs} ms; it waits for ${waitingFor.join(', ') || 'its start'}`),
      );
    let timer = timers.after(readyMs, late);
    successor.onExit((how) => finish(err(`the successor ${how}`)));
    successor.onMessage((message) => {
      switch (message.kind) {
        case 'waiting':
          waitingFor = message.what;
          return;
        case 'failed':
          finish(err(`the successor does not start: ${message.why}`));
          return;
        case 'ready':
          timer.cancel();
          timer = timers.after(SERVING_MS, () =>
            finish(err(`the successor did not take over within ${SERVING_MS} ms`)),
          );
          successor.send({ kind: 'take-over', leaseId: leaseId() });
          return;
        case 'serving':
          finish(ok(successor.pid));
      }
    });
    return promise;
  }
}
