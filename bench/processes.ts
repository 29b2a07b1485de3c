/** Processes of a bench: pinned to a core, their last words kept, ended by their own process id. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { processTree } from './proc.ts';

/** How much of a process's output is kept for an error message. */
const OUTPUT_KEPT = 4096;
/** How long a process may take to end by itself before it is killed. */
const STOP_LIMIT_MS = 2000;

/** A child process that runs on one core. */
export class PinnedProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  #output = '';
  /** When spawn was called, on performance.now()'s clock. */
  readonly spawnedAtMs: number;

  /**
   * Starts `command`. setpriv and taskset replace themselves by it, so the process id is the command's own; setpriv sees to
   * it that the process ends with us, however we end. NODE_OPTIONS are not handed on: what a test runner wants of its
   * children would be measured.
   *
   * @param input True to keep a pipe to its standard input and to leave standard output to the caller.
   */
  constructor(core: number, command: string, args: readonly string[], input = false) {
    const { NODE_OPTIONS: _, ...env } = process.env;
    this.spawnedAtMs = performance.now();
    this.#child = spawn('setpriv', ['--pdeathsig', 'TERM', 'taskset', '-c', String(core), command, ...args], {
      env,
      stdio: [input ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    });
    this.#exited = new Promise((resolve) => this.#child.once('close', () => resolve()));
    this.#child.once('error', (error) => this.#keep(error.message));
    this.#child.stderr?.on('data', (data: Buffer) => this.#keep(data.toString()));
    if (!input) this.#child.stdout?.on('data', (data: Buffer) => this.#keep(data.toString()));
  }

  /** Its process id; 0 when it could not be started. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get running(): boolean {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** What it said last about an error, else the last line that it wrote: one line for a message. */
  get lastWords(): string {
    const lines = this.#output.trim().split('\n');
    return (lines.findLast((line) => /error|cannot|fail|refuse/i.test(line)) ?? lines.at(-1) ?? '').trim();
  }

  /** The last 4,096 characters that it wrote, errors included. */
  get output(): string {
    return this.#output;
  }

  get stdin(): ChildProcess['stdin'] {
    return this.#child.stdin;
  }

  get stdout(): ChildProcess['stdout'] {
    return this.#child.stdout;
  }

  /** Asks it to end, and kills it and its descendants when it has not after two seconds. */
  async stop(): Promise<void> {
    if (!this.running) return;
    const tree = processTree(this.pid);
    this.#child.kill('SIGTERM');
    const killer = setTimeout(() => tree.forEach(killQuietly), STOP_LIMIT_MS);
    await this.#exited;
    clearTimeout(killer);
  }

  /** Resolves when the process has ended and its output is complete. */
  exited(): Promise<void> {
    return this.#exited;
  }

  #keep(text: string): void {
    this.#output = (this.#output + text).slice(-OUTPUT_KEPT);
  }
}

/** Puts this process and its threads on one core, away from what is measured. */
export function pinSelf(core: number): void {
  const { status, error } = spawnSync('taskset', ['-a', '-c', '-p', String(core), String(process.pid)]);
  if (status === 0) return;
  const why = error === undefined ? 'it refused' : error.message;
  throw new Error(`taskset cannot pin to core ${core}: ${why}; the benches need Linux with util-linux and that core`);
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Ended by itself in between.
  }
}
