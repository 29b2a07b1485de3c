/** A running `outrider up` for tests, on ports and in a folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const OUTRIDER = fileURLToPath(new URL('../../bin/outrider', import.meta.url));
/** `node` in commands of services is the Node that runs this test. */
export const ENV = { ...process.env, PATH: `${path.dirname(process.execPath)}${path.delimiter}${process.env.PATH}` };

/** What `up` is told: the Compose file, where it keeps its state, and where it runs. */
export interface UpPlace {
  readonly compose: string;
  readonly state: string;
  readonly dir: string;
}

/** A running `outrider up` and what it has printed. */
export class Up {
  readonly child: ChildProcess;
  output = '';

  /** `more` goes to the end of the command line. */
  constructor({ compose, state, dir }: UpPlace, more: readonly string[] = []) {
    const args = [
      OUTRIDER,
      'up',
      '-f',
      compose,
      '--state',
      state,
      '--http',
      '127.0.0.1:0',
      '--grpc',
      '127.0.0.1:0',
      ...more,
    ];
    this.child = spawn(process.execPath, args, { cwd: dir, env: ENV, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.setEncoding('utf8');
      stream.on('data', (chunk: string) => {
        this.output += chunk;
      });
    }
  }

  /** Resolves when the output matches; throws with all of it when it does not in time. */
  async untilPrinted(pattern: RegExp, timeoutMs = 30_000): Promise<void> {
    await until(
      () => pattern.test(this.output),
      timeoutMs,
      () => `${pattern} was not printed:\n${this.output}`,
    );
  }

  /** Its exit code, or the signal that ended it. */
  async ended(timeoutMs: number): Promise<number | string | null> {
    const done = () => this.child.exitCode ?? this.child.signalCode;
    await until(
      () => done() !== null,
      timeoutMs,
      () => `up has not ended:\n${this.output}`,
    );
    return done();
  }
}

/** Waits until it holds; throws with the problem when it does not in time. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  timeoutMs: number,
  problem: () => string,
): Promise<void> {
  const endsAtMs = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > endsAtMs) throw new Error(problem());
    await sleep(50);
  }
}
