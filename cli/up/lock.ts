/**
 * One `outrider up` per state directory: `<state>/up.json` names the one that works there.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { identify, isAlive, type ProcessIdentity } from '../../kernel/process-identity.ts';
import { CliError } from '../errors.ts';

/**
 * Claims a state directory, making it first, and returns what gives it back. A claim whose process has ended is taken
 * over; a living one is a CliError.
 */
export function lockStateDir(stateDir: string): () => void {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const file = path.join(stateDir, 'up.json');
  const holder = readHolder(file);
  if (holder !== undefined && holder.pid !== process.pid && isAlive(holder)) {
    const remedy = 'stop that one (Ctrl-C), or choose another directory with --state';
    throw new CliError(`"outrider up" runs on ${stateDir} already, as process ${holder.pid}: ${remedy}`);
  }
  writeFileSync(file, JSON.stringify(identify(process.pid)));
  return () => rmSync(file, { force: true });
}

function readHolder(file: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity;
  } catch {
    return undefined;
  }
}
