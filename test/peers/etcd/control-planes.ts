/**
 * Control planes as processes of their own, over one etcd: to be killed, stopped and asked.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { freePort } from '../../free-ports.ts';
import { untilWorks } from '../../until.ts';
import { ended } from './cluster.ts';

const OUTRIDER = path.join(import.meta.dirname, '..', '..', '..', 'bin', 'outrider');

/** An answer of the REST API: whatever fields the test looks at. */
export interface Answer {
  readonly [field: string]: Answer;
}

/** One of them. */
export interface ControlPlaneProcess {
  readonly http: string;
  readonly grpc: string;
  readonly log: string;
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  process: ChildProcess;
}

/** What a group is made of. */
export interface GroupOptions {
  /** For state and logs; all of a group share the state directory, as on one machine. */
  readonly directory: string;
  readonly endpoints: readonly string[];
  readonly count: number;
  readonly flags?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** See the head of this file. */
export class ControlPlanes {
  readonly all: readonly ControlPlaneProcess[];

  private constructor(all: readonly ControlPlaneProcess[]) {
    this.all = all;
  }

  /** Starts them; resolves when one leads and all are ready. */
  static async start({
    directory,
    endpoints,
    count,
    flags = [],
    environment = {},
  }: GroupOptions): Promise<ControlPlanes> {
    const ports: [number, number][] = [];
    for (let i = 0; i < count; i++) ports.push([await freePort(), await freePort()]);
    const grpcList = ports.map(([, grpc]) => `127.0.0.1:${grpc}`).join(',');
    const all = ports.map(([http, grpc], i): ControlPlaneProcess => {
      const argv = [
        ...['control-plane', '--state', path.join(directory, 'state'), '--no-auth'],
        ...['--http', `127.0.0.1:${http}`, '--grpc', `127.0.0.1:${grpc}`],
        ...['--store', 'etcd', '--etcd-endpoints', endpoints.join(','), '--control-plane-address', grpcList],
        ...flags,
      ];
      const log = path.join(directory, `control-plane-${i}.log`);
      const own = { http: `http://127.0.0.1:${http}`, grpc: `127.0.0.1:${grpc}`, log, argv, environment };
      return { ...own, process: launch(own) };
    });
    const group = new ControlPlanes(all);
    try {
      await untilWorks(
        'a leader and its followers',
        async () => {
          const ready = await Promise.all(all.map((each) => roleOf(each)));
          return ready.includes('leading') && ready.every((role) => role !== undefined) ? true : undefined;
        },
        60_000,
      );
    } catch (cause) {
      await group.stop();
      throw new Error(`${(cause as Error).message}\n${group.logs()}`, { cause });
    }
    return group;
  }

  /** The one that says that it leads; waits for it. */
  leader(timeoutMs = 30_000): Promise<ControlPlaneProcess> {
    return untilWorks(
      'a leader',
      async () => {
        const roles = await Promise.all(this.all.map((each) => roleOf(each)));
        return this.all[roles.indexOf('leading')];
      },
      timeoutMs,
    );
  }

  /** The others. */
  followersOf(leader: ControlPlaneProcess): readonly ControlPlaneProcess[] {
    return this.all.filter((each) => each !== leader);
  }

  async kill(one: ControlPlaneProcess): Promise<void> {
    one.process.kill('SIGKILL');
    await ended(one.process);
  }

  restart(one: ControlPlaneProcess): void {
    one.process = launch(one);
  }

  /** Ends them; of those whose workloads are to be stopped the leader is asked first. */
  async stop(): Promise<void> {
    for (const { process: child } of this.all) {
      child.kill('SIGCONT');
      child.kill('SIGTERM');
    }
    const timer = setTimeout(() => {
      for (const { process: child } of this.all) child.kill('SIGKILL');
    }, 10_000);
    await Promise.all(this.all.map(({ process: child }) => ended(child)));
    clearTimeout(timer);
  }

  /** What they have written, for messages. */
  logs(): string {
    return this.all.map(({ log }) => readFileSync(log, 'utf8')).join('\n');
  }
}

function launch({ argv, log, environment }: Pick<ControlPlaneProcess, 'argv' | 'log' | 'environment'>): ChildProcess {
  const output = openSync(log, 'a');
  const env = { ...process.env, ...environment };
  return spawn(process.execPath, [OUTRIDER, ...argv], { stdio: ['ignore', output, output], env });
}

/** `leading`, `adrift`, `following`; undefined: no answer. */
export async function roleOf({ http }: Pick<ControlPlaneProcess, 'http'>): Promise<string | undefined> {
  try {
    const response = await fetch(`${http}/readyz`, { signal: AbortSignal.timeout(1000) });
    if (!response.ok) return undefined;
    return ((await response.json()) as { role: string }).role;
  } catch {
    return undefined;
  }
}

/** A request to one of them, without following where it sends us. */
export async function ask(
  one: Pick<ControlPlaneProcess, 'http'>,
  method: string,
  target: string,
  body?: unknown,
  timeoutMs = 15_000,
): Promise<{ readonly status: number; readonly headers: Headers; readonly body: Answer }> {
  const yaml = typeof body === 'string';
  const response = await fetch(`${one.http}${target}`, {
    method,
    redirect: 'manual',
    signal: AbortSignal.timeout(timeoutMs),
    ...(body === undefined ? {} : { body: yaml ? body : JSON.stringify(body) }),
    ...(body === undefined ? {} : { headers: { 'content-type': yaml ? 'text/yaml' : 'application/json' } }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: (text.startsWith('{') ? JSON.parse(text) : {}) as Answer,
  };
}
