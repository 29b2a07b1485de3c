/** The control plane that is measured: the bundle, as the image runs it, alone on its core. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PinnedProcess } from '../processes.ts';

const START_LIMIT_MS = 120_000;

/** One that serves. */
export interface RunningServer {
  readonly process: PinnedProcess;
  readonly http: string;
  readonly grpc: { readonly host: string; readonly port: number };
  /** From the start of the process to `/readyz`. */
  readonly readyAfterMs: number;
}

/** Starts one on `stateDir`; resolves when it is ready. Throws with its last words when it is not in two minutes. */
export async function startServer(bundle: string, stateDir: string, core: number): Promise<RunningServer> {
  mkdirSync(stateDir, { recursive: true });
  const args = [bundle, 'control-plane', '--state', stateDir, '--http', '127.0.0.1:0', '--grpc', '127.0.0.1:0'];
  const started = new PinnedProcess(core, process.execPath, [...args, '--no-auth', '--log-level', 'error']);
  const deadline = started.spawnedAtMs + START_LIMIT_MS;
  while (performance.now() < deadline && started.running) {
    const record = readOwnRecord(stateDir, started.pid);
    if (record !== undefined && (await isReady(record.http))) {
      const [host = '', port = ''] = record.grpc.split(':');
      const readyAfterMs = performance.now() - started.spawnedAtMs;
      return { process: started, http: record.http, grpc: { host, port: Number(port) }, readyAfterMs };
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await started.stop();
  throw new Error(`the control plane did not start: ${started.lastWords}`);
}

/** Applies a file; throws with the answer when it is refused. The milliseconds that it took. */
export async function applyFile(http: string, text: string): Promise<number> {
  const startMs = performance.now();
  const response = await fetch(`${http}/v1/apply?file=bench.yaml&dir=/bench`, {
    method: 'POST',
    headers: { 'content-type': 'text/yaml' },
    body: text,
  });
  const answer = await response.text();
  if (!response.ok) throw new Error(`the mesh was refused: ${answer.slice(0, 300)}`);
  return performance.now() - startMs;
}

/** A mesh of so many services, whose replicas are somebody else's business. */
export function meshFile(services: readonly string[]): string {
  return `services:\n${services.map((name) => `  ${name}: {command: 'true', deploy: {replicas: 0}}\n`).join('')}`;
}

/** What a process left behind that ran on the same state before is none of this one's. */
function readOwnRecord(stateDir: string, pid: number): { http: string; grpc: string } | undefined {
  try {
    const record = JSON.parse(readFileSync(join(stateDir, 'control-plane.json'), 'utf8'));
    return record.pid === pid ? record : undefined;
  } catch {
    return undefined;
  }
}

async function isReady(http: string): Promise<boolean> {
  try {
    return (await fetch(`${http}/readyz`)).ok;
  } catch {
    return false;
  }
}
