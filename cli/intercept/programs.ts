/** Runs the programs that write the kernel's tables: nft, iptables, ip. EFFECT. */
import { spawnSync } from 'node:child_process';

const LIMIT_MS = 20_000;

/** What came of a program. */
export interface Outcome {
  /** Its exit code; null when it could not be started, took more than 20 s, or did not read what it was given. */
  readonly status: number | null;
  /** What it said to that, else why there is no exit code. */
  readonly stderr: string;
}

/** Waits for it. Also found where only an administrator's PATH may look. */
export function run(command: string, args: readonly string[], input: string): Outcome {
  const env = { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` };
  const { status, stderr, error } = spawnSync(command, args, { input, encoding: 'utf8', timeout: LIMIT_MS, env });
  // A program that refuses before it has read everything breaks the pipe: what it said tells more than that.
  if (error === undefined || (status !== null && status !== 0)) return { status, stderr };
  return { status: null, stderr: error.message };
}
