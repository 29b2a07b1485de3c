/**
 * A process that outlives us: started in a group of its own with its output in a file, or found again by its record.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { identify, isAlive, type ProcessIdentity } from '../../../../kernel/process-identity.ts';
import type { Timer, Timers } from '../../../../kernel/timers.ts';
import { signalGroup } from './process-group.ts';

/** How to start a process. */
export interface LaunchOptions {
  /** Program and arguments, at least the program. */
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Output and errors are appended here. */
  readonly logFile: string;
}

/** How often a process that is not our child is looked at. */
const POLL_MS = 250;

/** See the head of this file. Its timer, or its child's handle, does not keep our process alive by itself. */
export class ManagedProcess {
  readonly identity: ProcessIdentity;
  readonly #timers: Timers;
  readonly #exited = Promise.withResolvers<void>();
  #hasExited = false;
  #poll: Timer | undefined;

  private constructor(identity: ProcessIdentity, timers: Timers) {
    this.identity = identity;
    this.#timers = timers;
  }

  /** Starts a process; rejects when the program cannot be run. */
  static async launch(options: LaunchOptions, timers: Timers): Promise<ManagedProcess> {
    mkdirSync(dirname(options.logFile), { recursive: true });
    const log = openSync(options.logFile, 'a');
    try {
      const [program, ...args] = options.command;
      const child = spawn(program!, args, {
        cwd: options.cwd,
        env: options.env,
        detached: true,
        stdio: ['ignore', log, log],
      });
      await once(child, 'spawn');
      const managed = new ManagedProcess(identify(child.pid!) ?? { pid: child.pid!, startedAt: '' }, timers);
      child.once('exit', () => managed.#end());
      child.unref();
      return managed;
    } finally {
      closeSync(log);
    }
  }

  /** Takes over a process that somebody else started; undefined when it runs no more. */
  static adopt(identity: ProcessIdentity, timers: Timers): ManagedProcess | undefined {
    if (!isAlive(identity)) return undefined;
    const managed = new ManagedProcess(identity, timers);
    managed.#poll = timers.every(POLL_MS, () => {
      if (!isAlive(identity)) managed.#end();
    });
    return managed;
  }

  /** Resolves when it has exited, for whatever reason. */
  get exited(): Promise<void> {
    return this.#exited.promise;
  }

  get hasExited(): boolean {
    return this.#hasExited;
  }

  /** SIGTERM to its group, SIGKILL after `graceMs`; resolves when it has exited. */
  async terminate(graceMs: number): Promise<void> {
    if (this.#hasExited) return;
    const { pid } = this.identity;
    signalGroup(pid, 'SIGTERM');
    const kill = this.#timers.after(graceMs, () => signalGroup(pid, 'SIGKILL'));
    await this.exited;
    kill.cancel();
  }

  /** Forgets it; it runs on. */
  release(): void {
    this.#poll?.cancel();
  }

  #end(): void {
    this.#hasExited = true;
    this.#poll?.cancel();
    // Children that it left behind would hold its port. Now the number of the group cannot have gone to another yet.
    signalGroup(this.identity.pid, 'SIGKILL');
    this.#exited.resolve();
  }
}
