/**
 * `outrider up --demo`: the example's load script, and what to try from another terminal. Both are found by name beside
 * the Compose file: load.ts and routes/*.yaml.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { CliError } from '../errors.ts';

/** It finishes the requests that it has sent. */
const STOP_GRACE_MS = 3000;

/** A load script that runs. */
export interface RunningLoad {
  /** Where its counts are written: load.log in the folder of logs. */
  readonly logFile: string;
  /** Ends it, and waits until it has. */
  stop(): Promise<void>;
}

/** Starts `load.ts` in `dir` against `url`; it also ends by itself when this process does. */
export function startLoad(dir: string, url: string, logDir: string): RunningLoad {
  const script = path.join(dir, 'load.ts');
  if (!existsSync(script)) throw new CliError(`--demo runs ${script}, which does not exist: leave --demo out`);
  const logFile = path.join(logDir, 'load.log');
  const log = openSync(logFile, 'a');
  // The channel tells it when we are gone, however we go.
  const child = spawn(process.execPath, [script, '--url', url], { stdio: ['ignore', log, log, 'ipc'] });
  closeSync(log);
  return { logFile, stop: () => stopChild(child) };
}

/** Commands to try, one per line, for the route files beside the Compose file. */
export function demoCommands(dir: string, outrider: string, cwd: string): string[] {
  const routes = path.join(dir, 'routes');
  if (!existsSync(routes)) return [];
  const files = readdirSync(routes).filter((name) => name.endsWith('.yaml'));
  return files.sort().map((name) => `${outrider} apply -f ${path.relative(cwd, path.join(routes, name))}`);
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), STOP_GRACE_MS);
  await once(child, 'exit');
  clearTimeout(killer);
}
