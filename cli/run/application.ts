/** The application of `outrider run`: our child, with our streams. */
import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';

/** How it ended. `exit` codes are those of a shell: 128 + n for signal n, 127 not found, 126 not executable. */
export interface ApplicationEnd {
  readonly exitCode: number;
  /** Why it never ran; null when it did. */
  readonly problem: string | null;
}

/** See the head of this file. */
export class RunApplication {
  readonly ended: Promise<ApplicationEnd>;
  readonly #child: ChildProcess;

  constructor(command: readonly string[], env: Readonly<Record<string, string | undefined>>) {
    const [program, ...args] = command;
    const { promise, resolve } = Promise.withResolvers<ApplicationEnd>();
    this.ended = promise;
    // In our group: a terminal's signals and its input are for it as well.
    this.#child = spawn(program!, args, { env, stdio: 'inherit' });
    this.#child.once('error', (error: NodeJS.ErrnoException) => resolve(notStarted(program!, error)));
    this.#child.once('exit', (code, signal) => {
      resolve({ exitCode: signal === null ? code! : 128 + constants.signals[signal], problem: null });
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }
}

function notStarted(program: string, error: NodeJS.ErrnoException): ApplicationEnd {
  if (error.code === 'ENOENT') return { exitCode: 127, problem: `${program}: there is no such program` };
  if (error.code === 'EACCES') return { exitCode: 126, problem: `${program}: it may not be executed` };
  return { exitCode: 126, problem: `${program}: ${error.message}` };
}
