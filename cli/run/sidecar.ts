/**
 * The sidecar that `outrider run` keeps beside the application: started, listened to, started again when it dies. It is not
 * always our own child: after a hot restart a successor holds the line, and as long as somebody does there is a sidecar.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { Backoff } from '../../kernel/backoff.ts';
import type { Random } from '../../kernel/random.ts';
import type { Timers } from '../../kernel/timers.ts';
import { LINK_VARIABLE } from '../../proxy/lifecycle/next-process.ts';
import { LineReader, type SidecarWord, type SupervisorWord } from '../../proxy/lifecycle/supervisor-link.ts';

/** How it is started, and who hears of it. */
export interface SidecarSettings {
  /** Program and arguments. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly onWaiting: (what: readonly string[]) => void;
  /** With the address of its outbound listener; null: it has none. */
  readonly onReady: (outbound: string | null) => void;
  /** It has died and is started again after `inMs`; null: it had never been ready, and is not. */
  readonly onDeath: (how: string, inMs: number | null) => void;
}

/** What it needs. */
export interface SidecarDeps {
  readonly timers: Timers;
  readonly random: Random;
}

/** The descriptor behind the standard streams. */
const LINK_FD = 3;
const BACKOFF = { baseMs: 100, maxMs: 10_000 };

/** See the head of this file. */
export class RunSidecar {
  readonly #settings: SidecarSettings;
  readonly #deps: SidecarDeps;
  readonly #backoff: Backoff;
  readonly #gone = Promise.withResolvers<void>();
  #child: ChildProcess | null = null;
  #line: Socket | null = null;
  #pid = 0;
  #everReady = false;
  #stopping = false;
  #left: ((cut: number) => void) | null = null;

  constructor(settings: SidecarSettings, deps: SidecarDeps) {
    this.#settings = settings;
    this.#deps = deps;
    this.#backoff = new Backoff(BACKOFF, deps.random, 'decorrelated');
  }

  start(): void {
    const [program, ...args] = this.#settings.command;
    const env = { ...this.#settings.env, MALLOC_ARENA_MAX: '1', [LINK_VARIABLE]: String(LINK_FD) };
    // In a group of its own: Ctrl-C is for the application, and the sidecar outlives it. Its output is no output of ours.
    const child = spawn(program!, args, { env, detached: true, stdio: ['ignore', 2, 2, 'pipe'] });
    const line = child.stdio[LINK_FD] as Socket;
    this.#child = child;
    this.#line = line;
    this.#pid = child.pid ?? 0;
    let how = 'has ended';
    child.once('error', (error) => {
      how = `cannot be started: ${error.message}`;
    });
    child.once('exit', (code, signal) => {
      how = signal === null ? `exited with ${code}` : `was ended by ${signal}`;
    });
    const lines = new LineReader();
    line.setEncoding('utf8');
    line.on('data', (chunk: string) => {
      for (const word of lines.read(chunk)) this.#hear(word as SidecarWord);
    });
    line.on('error', () => {});
    // Closed by the last one that held it; the news of its exit may come a moment later.
    line.once('close', () => this.#deps.timers.after(EXIT_NEWS_MS, () => this.#died(how)));
  }

  /** Takes inbound traffic to its end; resolves with the number of connections that were cut, also when there is no sidecar. */
  leave(deadlineMs: number, lingerMs: number): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<number>();
    this.#left = resolve;
    const timer = this.#deps.timers.after(deadlineMs + LATE_MS, () => resolve(0));
    if (!this.#say({ kind: 'leave', deadlineMs, lingerMs })) resolve(0);
    return promise.finally(() => timer.cancel());
  }

  /** Ends it within about that time; resolves when it is gone. Nobody lingers for callers of an application that has ended. */
  async stop(deadlineMs: number): Promise<void> {
    this.#stopping = true;
    if (this.#line === null || this.#line.destroyed) return;
    this.#say({ kind: 'end', deadlineMs, lingerMs: 0 });
    const timer = this.#deps.timers.after(deadlineMs + LATE_MS, () => this.#kill('SIGKILL'));
    await this.#gone.promise;
    timer.cancel();
  }

  /** Ends it now. */
  kill(): void {
    this.#stopping = true;
    this.#kill('SIGKILL');
  }

  #hear(word: SidecarWord): void {
    switch (word.kind) {
      case 'serving':
        this.#pid = word.pid;
        return;
      case 'waiting':
        if (!this.#everReady) this.#settings.onWaiting(word.what);
        return;
      case 'ready':
        this.#backoff.reset();
        if (!this.#everReady) this.#settings.onReady(word.outbound);
        this.#everReady = true;
        return;
      case 'left':
        this.#left?.(word.cut);
    }
  }

  #died(how: string): void {
    this.#left?.(0);
    if (this.#stopping) {
      this.#gone.resolve();
      return;
    }
    if (!this.#everReady) {
      this.#settings.onDeath(how, null);
      return;
    }
    const inMs = Math.round(this.#backoff.nextMs());
    this.#settings.onDeath(how, inMs);
    this.#deps.timers.after(inMs, () => {
      if (!this.#stopping) this.start();
    });
  }

  #say(word: SupervisorWord): boolean {
    if (this.#line === null || this.#line.destroyed) return false;
    this.#line.write(`${JSON.stringify(word)}\n`);
    return true;
  }

  #kill(signal: NodeJS.Signals): void {
    if (this.#line === null || this.#line.destroyed) return;
    if (this.#child?.pid === this.#pid) {
      this.#child.kill(signal);
      return;
    }
    try {
      process.kill(this.#pid, signal);
    } catch {
      // It is gone already, which the line tells.
    }
  }
}

const EXIT_NEWS_MS = 50;
/** What the sidecar gets beyond its deadline: for farewells. */
const LATE_MS = 3_000;
