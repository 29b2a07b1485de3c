/** Reads a bootstrap file, and the files and variables that it names, from this machine. */
import { readFileSync } from 'node:fs';
import { SystemClock } from '../../kernel/clock.ts';
import type { MachineSources, TextResult } from '../config/decode/decoding.ts';
import { type BootstrapResult, readBootstrap } from './read-bootstrap.ts';

/** Largest bootstrap file, or file named by it, that is read. */
const FILE_BYTES_MAX = 64 * 1024 * 1024;

/** Loads the file at `path`. `formatCommands` are the `%COMMAND%`s that the proxy evaluates. */
export async function loadBootstrap(
  path: string,
  formatCommands: ReadonlySet<string>,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<BootstrapResult> {
  const file = readText(path);
  if (!file.ok) return { ok: false, errors: [{ file: path, line: 1, column: 1, path: '', message: file.problem }] };
  return readBootstrap(path, file.text, localSources(formatCommands, environment));
}

/** What configuration may read on this machine. */
export function localSources(
  formatCommands: ReadonlySet<string>,
  environment: Readonly<Record<string, string | undefined>>,
): MachineSources {
  const clock = new SystemClock();
  return {
    readFile: readText,
    wallMs: () => clock.wallMs(),
    readVariable: (name) => {
      const text = environment[name];
      return text === undefined
        ? { ok: false, problem: `the environment variable ${name} is not set` }
        : { ok: true, text };
    },
    formatCommands,
  };
}

function readText(path: string): TextResult {
  try {
    const bytes = readFileSync(path);
    if (bytes.length <= FILE_BYTES_MAX) return { ok: true, text: bytes.toString('utf8') };
    return { ok: false, problem: `${path} has ${bytes.length} bytes; at most ${FILE_BYTES_MAX} are read` };
  } catch (error) {
    return {
      ok: false,
      problem: `${path} cannot be read: ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}`,
    };
  }
}
