/**
 * Secrets in files that nobody but their owner can read.
 */
import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { Logger } from '../../kernel/log.ts';

/** Anybody but the owner. */
const OTHERS = 0o077;

/** Makes the directory, for its owner alone. One that is there already stays as it is, but is warned of. */
export function makePrivateDirectory(path: string, logger: Pick<Logger, 'warn'>): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  if ((statSync(path).mode & OTHERS) === 0) return;
  logger.warn({ state: path }, 'others can look into the state directory, at settings and logs: chmod 700 it');
}

/** Replaces a file as a whole; nobody else can read it at any moment. */
export function writeSecretFile(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.new`;
  const file = openSync(temporary, 'w', 0o600);
  try {
    // One that was left behind keeps the mode that it had.
    chmodSync(temporary, 0o600);
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
}

/** The secret of the file without the line's end; makes one where there is none, and where others could have read it. */
export function keptSecret(path: string, make: () => string): string {
  const kept = readPrivate(path);
  if (kept !== undefined && kept !== '') return kept;
  const made = make();
  // Another control plane of this directory may do the same at this moment: one secret is to come of it.
  const own = `${path}.${randomUUID()}`;
  writeSecretFile(own, `${made}\n`);
  try {
    if (linked(own, path)) return made;
    const theirs = readPrivate(path);
    if (theirs !== undefined && theirs !== '') return theirs;
    renameSync(own, path);
    return made;
  } finally {
    rmSync(own, { force: true });
  }
}

/** Gives the file its name; false when the name is taken. */
function linked(file: string, name: string): boolean {
  try {
    linkSync(file, name);
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw cause;
  }
}

function readPrivate(path: string): string | undefined {
  try {
    return (statSync(path).mode & OTHERS) === 0 ? readFileSync(path, 'utf8').trim() : undefined;
  } catch {
    return undefined;
  }
}
