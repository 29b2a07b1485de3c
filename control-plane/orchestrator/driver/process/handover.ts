/**
 * The driver's side of protos/contract/handover.ts: what a sidecar's successor is started with, which process serves, and how
 * one is asked to let another take its place.
 */
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import type { ProcessIdentity } from '../../../../kernel/process-identity.ts';
import { err, ok, type Result } from '../../../../kernel/result.ts';
import {
  NEXT_FILE,
  type NextProcess,
  SERVING_FILE,
  type ServingProcess,
} from '../../../../protos/contract/handover.ts';
import { writeSecretFile } from '../../../security/secret-file.ts';

/** A sidecar waits 30 s for its successor to be ready, and 5 s for it to serve: by then it has answered. */
const ANSWER_MS = 45_000;
const ANSWER_CHARS_MAX = 2_000;

/** Lays ready what the next sidecar in this folder is started with. */
export function writeNext(directory: string, next: NextProcess): void {
  writeSecretFile(join(directory, NEXT_FILE), `${JSON.stringify(next, null, 2)}\n`);
}

/** The process that took over last; undefined when none has said so. It may have died since. */
export function readServing(directory: string): ProcessIdentity | undefined {
  try {
    const { pid, startedAt } = JSON.parse(
      readFileSync(join(directory, SERVING_FILE), 'utf8'),
    ) as Partial<ServingProcess>;
    // A group is signalled by the number: 0 and 1 would be everybody.
    return Number.isSafeInteger(pid) && pid! > 1 && typeof startedAt === 'string'
      ? { pid: pid!, startedAt }
      : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Asks the sidecar with this admin port to let a successor take its place; resolves when that serves. The error says why the
 * sidecar goes on, or that it did not answer (`answered` is false): it may have died.
 */
export function askForHotRestart(
  port: number,
  signal: AbortSignal,
): Promise<Result<null, { readonly answered: boolean; readonly why: string }>> {
  const { promise, resolve } = Promise.withResolvers<Awaited<ReturnType<typeof askForHotRestart>>>();
  const options = { port, host: '127.0.0.1', path: '/hot_restart', method: 'POST', agent: false, signal };
  const asked = request({ ...options, timeout: ANSWER_MS }, (answer) => {
    let text = '';
    answer.setEncoding('utf8');
    answer.on('data', (chunk: string) => {
      if (text.length < ANSWER_CHARS_MAX) text += chunk;
    });
    answer.on('error', fail);
    answer.on('end', () => {
      if (answer.statusCode === 200) resolve(ok(null));
      else
        resolve(err({ answered: true, why: text.slice(0, ANSWER_CHARS_MAX).trim() || `status ${answer.statusCode}` }));
    });
  });
  const fail = (error: Error) =>
    resolve(err({ answered: false, why: `its sidecar does not answer: ${error.message}` }));
  asked.on('timeout', () => asked.destroy(new Error(`nothing within ${ANSWER_MS / 1000} s`)));
  asked.on('error', fail);
  asked.end();
  return promise;
}
