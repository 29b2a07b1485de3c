/**
 * Asks a program how the application is: exit status 0 is well (Compose `healthcheck.test`).
 *
 * It runs in a process group of its own, with its time and its output limited. When the time is over the whole group is
 * killed, so that nothing of it is left behind; its end is waited for, so that there is no zombie.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Timers } from '../../kernel/timers.ts';
import type { ApplicationProbe } from '../bootstrap/bootstrap.ts';

type CommandProbe = Extract<ApplicationProbe, { kind: 'command' }>;

/** Of what it prints, for the reason: the end says most. */
const OUTPUT_BYTES_MAX = 4_096;
const REASON_CHARACTERS_MAX = 300;
/** How long the pipes of a program that has ended may be held open by its children. */
const LAST_OUTPUT_MS = 100;

/** Null when the program ends with status 0 in time, else a sentence. Never rejects; resolves when the program has ended. */
export function probeCommand(probe: CommandProbe, timeoutMs: number, timers: Timers): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<string | null>();
  const [program, ...args] = probe.command;
  const place = `the check "${shortened(probe.command.join(' '))}"`;
  let child: ChildProcess;
  try {
    child = spawn(program, args, {
      env: { ...probe.environment },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: probe.directory || undefined,
    });
  } catch (error) {
    return Promise.resolve(`${place} could not be started: ${error instanceof Error ? error.message : String(error)}`);
  }
  const output = new Tail();
  child.stdout?.on('data', (bytes: Buffer) => output.add(bytes));
  child.stderr?.on('data', (bytes: Buffer) => output.add(bytes));
  let timedOut = false;
  const timer = timers.after(timeoutMs, () => {
    timedOut = true;
    killGroup(child);
  });
  child.once('error', (error) => {
    timer.cancel();
    resolve(`${place} could not be started: ${error.message}`);
  });
  child.once('exit', (status, signal) => {
    timer.cancel();
    // What it has started itself goes with it.
    killGroup(child);
    const tell = () => {
      child.stdout?.destroy();
      child.stderr?.destroy();
      if (timedOut) resolve(`${place} did not end within ${timeoutMs} ms`);
      else if (status === 0) resolve(null);
      else resolve(`${place} ended with ${status === null ? signal : `status ${status}`}${output.text()}`);
    };
    const last = timers.after(LAST_OUTPUT_MS, tell);
    child.once('close', () => {
      last.cancel();
      tell();
    });
  });
  return promise;
}

/** The group may be gone already. */
function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {}
}

function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

/** The end of what was printed. */
class Tail {
  #bytes = Buffer.alloc(0);

  add(bytes: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes]).subarray(-OUTPUT_BYTES_MAX);
  }

  /** `: ` and the last words, on one line; empty when nothing was printed. */
  text(): string {
    const words = this.#bytes.toString('utf8').replace(/\s+/g, ' ').trim();
    return words === '' ? '' : `: ${words.slice(-REASON_CHARACTERS_MAX)}`;
  }
}
