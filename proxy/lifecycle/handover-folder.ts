/**
 * The sidecar's side of protos/contract/handover.ts. What a successor is started with comes from a file that only the user of
 * this process can write, and never over the admin port: whoever reaches that may ask for a restart, but not say of what.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { err, ok, type Result } from '../../kernel/result.ts';
import { NEXT_FILE, type NextProcess, SERVING_FILE, type ServingProcess } from '../../protos/contract/handover.ts';

const NEXT_BYTES_MAX = 1024 * 1024;
/** What of a file's rights lets anybody but its owner change it. */
const OTHERS_MAY_WRITE = 0o022;

/** Null when nobody has written it: a successor is then started like this process. The error is one sentence. */
export function readNextProcess(directory: string, uid: number | undefined): Result<NextProcess | null, string> {
  const path = join(directory, NEXT_FILE);
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ok(null);
    return err(`${path} cannot be read: ${(error as Error).message}`);
  }
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) return err(`${path} is no plain file`);
    if (uid !== undefined && stat.uid !== uid)
      return err(`${path} belongs to user ${stat.uid}, and this process to ${uid}: what it says is not run`);
    if ((stat.mode & OTHERS_MAY_WRITE) !== 0)
      return err(
        `others may write ${path}: its mode is ${(stat.mode & 0o777).toString(8)}, and must be 600 for it to be run`,
      );
    if (stat.size > NEXT_BYTES_MAX) return err(`${path} has ${stat.size} bytes: at most ${NEXT_BYTES_MAX} are read`);
    const problem = `${path} has to be JSON with a "command" of at least one string, a "cwd" and an "env" of strings`;
    const read = parse(readFileSync(file, 'utf8'));
    return isNextProcess(read) ? ok(read) : err(problem);
  } catch (error) {
    return err(`${path} cannot be read: ${(error as Error).message}`);
  } finally {
    closeSync(file);
  }
}

/** Says that this process serves from now on. A reader sees the old word or the new one, whole. */
export function writeServingProcess(directory: string, serving: ServingProcess): void {
  const path = join(directory, SERVING_FILE);
  writeFileSync(`${path}.new`, JSON.stringify(serving), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

function isNextProcess(value: unknown): value is NextProcess {
  if (typeof value !== 'object' || value === null) return false;
  const { command, cwd, env } = value as Partial<Record<keyof NextProcess, unknown>>;
  if (!Array.isArray(command) || command.length === 0 || typeof cwd !== 'string') return false;
  if (typeof env !== 'object' || env === null) return false;
  return [...command, ...Object.values(env)].every((each) => typeof each === 'string');
}
