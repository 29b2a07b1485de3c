/** Where the Go programs are that `.ci/run` builds from `go/`, and how they are run to their end. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { mortal } from './mortal.ts';

const FOLDER = join(import.meta.dirname, '..', '..', '..', 'bench', '.peers', 'go');

/** A program of `go/go.mod`, or of `../go-control-plane/go` and `../grpc-go-client/go`. */
export type GoPeer =
  | 'h2spec'
  | 'go-control-plane'
  | 'grpc-go-client'
  | 'grpc-interop-client'
  | 'grpc-interop-server'
  | 'connectconformance'
  | 'referenceclient'
  | 'referenceserver';

/** Its binary, which may be missing. */
export function goPeerPath(name: GoPeer): string {
  return join(FOLDER, name);
}

/** Why tests that need these programs have to be skipped, or false. */
export function missingGoPeers(...names: readonly GoPeer[]): string | false {
  const missing = names.filter((name) => !existsSync(goPeerPath(name)));
  return missing.length > 0 && `no ${missing.join(', ')}: .ci/run builds them where Go is`;
}

/** What came of a program. */
export interface Finished {
  /** Null when it was killed, after its time for instance. */
  readonly exitCode: number | null;
  /** Standard output and standard error as they came. */
  readonly output: string;
}

/** Runs a program until it ends, at most that long. Rejects when it cannot be started. */
export function run(path: string, args: readonly string[], limitMs: number, env = process.env): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(...mortal(path, args), {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: limitMs,
      killSignal: 'SIGTERM',
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (output += data.toString()));
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode, output }));
  });
}
