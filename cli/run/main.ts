/**
 * `outrider run`: an application beside its sidecar.
 *
 *   starting ──mesh ready──► running ──SIGTERM──► leaving ──nobody calls──► stopping ──application ended──► closing ──► exit
 *      │ late, or the sidecar ends                    └──second signal──►──┘               ▲
 *      └──► exit 1              running ──application ended by itself─────────────────────┘
 */

import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { resolve as absolute } from 'node:path';
import { outboundVariables } from '../../control-plane/orchestrator/driver/process/environment.ts';
import { SystemClock } from '../../kernel/clock.ts';
import { SeededRandom, systemSeed } from '../../kernel/random.ts';
import { SystemTimers } from '../../kernel/timers.ts';
import { CliError, EXIT } from '../errors.ts';
import { type ApplicationEnd, RunApplication } from './application.ts';
import { type Joined, joinMesh } from './join.ts';
import { parseRunOptions, RUN_USAGE, type RunOptions } from './options.ts';
import { RunSidecar } from './sidecar.ts';

const FORWARDED = ['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH'] as const;

/** Runs `outrider run` to its end, and ends the process with the application's exit code: timers that are left hold nobody up. */
export async function runBeside(argv: readonly string[]): Promise<never> {
  process.exit(await runToEnd(argv));
}

async function runToEnd(argv: readonly string[]): Promise<number> {
  const parsed = parseRunOptions(argv);
  if (!parsed.ok) {
    process.stderr.write(`outrider run: ${parsed.error}\n(--help for what there is)\n`);
    return EXIT.usage;
  }
  if (parsed.value === 'help') {
    process.stdout.write(RUN_USAGE);
    return EXIT.ok;
  }
  const options = parsed.value;
  let joined: Joined | null = null;
  try {
    const random = new SeededRandom(systemSeed());
    const machine = { random, cwd: process.cwd(), nodeOptions: process.env.NODE_OPTIONS };
    if (options.sidecar.kind === 'join') joined = await joinMesh(options.sidecar, machine);
    if (joined !== null && joined.notice !== null) say(joined.notice);
    return await new Run(options, joined, random).run();
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    say(error.message);
    return error.exitCode;
  } finally {
    joined?.cleanUp();
  }
}

function say(text: string): void {
  process.stderr.write(`outrider run: ${text}\n`);
}

class Run {
  readonly #options: RunOptions;
  readonly #joined: Joined | null;
  readonly #timers = new SystemTimers();
  readonly #clock = new SystemClock();
  readonly #sidecar: RunSidecar;
  readonly #ready = Promise.withResolvers<string | null>();
  #application: RunApplication | null = null;
  #waitingFor: readonly string[] = ['the sidecar to start'];
  /** How often an end was asked for. */
  #asked = 0;
  #hurried = () => {};

  constructor(options: RunOptions, joined: Joined | null, random: SeededRandom) {
    this.#options = options;
    this.#joined = joined;
    this.#sidecar = new RunSidecar(
      {
        command: this.#sidecarCommand(),
        env: process.env,
        onWaiting: (what) => {
          this.#waitingFor = what;
          say(`waiting for ${what.join(', ')}`);
        },
        onReady: this.#ready.resolve,
        onDeath: (how, inMs) => {
          if (inMs !== null) say(`the sidecar ${how}, and is started again in ${inMs} ms`);
          else
            this.#ready.reject(new CliError(`the sidecar ${how} before it was ready: the application is not started`));
        },
      },
      { timers: this.#timers, random },
    );
  }

  async run(): Promise<number> {
    const startMs = this.#clock.nowMs();
    const signals = this.#handleSignals();
    const { readyTimeoutMs } = this.#options;
    const late = this.#timers.after(readyTimeoutMs, () => {
      const seconds = readyTimeoutMs / 1000;
      this.#ready.reject(
        new CliError(`the mesh is not ready after ${seconds} s: waiting for ${this.#waitingFor.join(', ')}`),
      );
    });
    this.#sidecar.start();
    try {
      const outbound = await this.#ready.promise;
      late.cancel();
      say(`the mesh is ready after ${((this.#clock.nowMs() - startMs) / 1000).toFixed(1)} s`);
      return await this.#beside(outbound);
    } catch (error) {
      late.cancel();
      await this.#sidecar.stop(0);
      if (error instanceof Ended) return error.exitCode;
      throw error;
    } finally {
      signals();
    }
  }

  async #beside(outbound: string | null): Promise<number> {
    const { command, job, drainTimeoutMs } = this.#options;
    const mesh = { ...(outbound === null ? {} : outboundVariables(outbound)), ...this.#joined?.environment };
    this.#application = new RunApplication(command, { ...process.env, ...mesh });
    const { exitCode, problem }: ApplicationEnd = await this.#application.ended;
    if (problem !== null) say(problem);
    const hurry = job || problem !== null || this.#asked > 1;
    await this.#sidecar.stop(hurry ? 0 : drainTimeoutMs);
    return exitCode;
  }

  /** Callers leave first; then the application is told. */
  async #stop(signal: NodeJS.Signals): Promise<void> {
    const { drainTimeoutMs, lingerMs, stopTimeoutMs, job } = this.#options;
    if (this.#application === null) {
      this.#ready.reject(new Ended(128 + constants.signals[signal]));
      return;
    }
    const hurried = new Promise<number>((resolve) => {
      this.#hurried = () => resolve(0);
    });
    const cut = job ? 0 : await Promise.race([this.#sidecar.leave(drainTimeoutMs, lingerMs), hurried]);
    if (cut > 0) say(`${cut} inbound connections did not end within ${drainTimeoutMs / 1000} s and were cut`);
    this.#application.signal(signal);
    this.#timers.after(stopTimeoutMs, () => {
      say(`the application has not ended ${stopTimeoutMs / 1000} s after ${signal}: SIGKILL`);
      this.#application?.signal('SIGKILL');
    });
  }

  #handleSignals(): () => void {
    const end = (signal: NodeJS.Signals) => {
      this.#asked++;
      if (this.#asked === 1) void this.#stop(signal);
      else if (this.#asked === 2) this.#hurried();
      else {
        this.#application?.signal('SIGKILL');
        this.#sidecar.kill();
      }
    };
    const forward = (signal: NodeJS.Signals) => this.#application?.signal(signal);
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, end);
    for (const signal of FORWARDED) process.on(signal, forward);
    return () => {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.off(signal, end);
      for (const signal of FORWARDED) process.off(signal, forward);
    };
  }

  #sidecarCommand(): readonly string[] {
    const { sidecar, drainTimeoutMs, lingerMs, logLevel } = this.#options;
    const path = sidecar.kind === 'join' ? this.#joined!.configPath : absolute(sidecar.configPath);
    if (!existsSync(path)) throw new CliError(`--config-path: there is no file ${path}`);
    const seconds = (ms: number) => String(Math.ceil(ms / 1000));
    const times = ['--drain-time-s', seconds(drainTimeoutMs), '--drain-linger-s', seconds(lingerMs)];
    return [process.execPath, process.argv[1]!, 'proxy', '-c', path, '-l', logLevel, ...times];
  }
}

/** It was asked to end before there was an application. */
class Ended extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super('ended before the application was started');
    this.exitCode = exitCode;
  }
}
