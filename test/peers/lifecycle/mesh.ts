/** A control plane as a process of its own with real sidecars and applications, and load on them that counts what fails. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { Agent as HttpAgent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Test } from 'tap';
import type { ServiceView } from '../../../cli/api-types.ts';
import type { ReplicaRecord } from '../../../control-plane/orchestrator/driver/process/record.ts';
import { ENV, OUTRIDER, until } from '../../integration/running-up.ts';

/** Files of applications by name, and the Compose file. */
export interface MeshFiles {
  readonly programs: Readonly<Record<string, string>>;
  readonly compose: string;
}

export class Mesh {
  readonly dir = mkdtempSync(join(tmpdir(), 'outrider-lifecycle-'));
  readonly state = join(this.dir, 'state');
  /** A link to what is installed. */
  readonly program = join(this.dir, 'outrider');
  #controlPlane: ChildProcess | null = null;

  /** Starts it and waits until as many are ready as are wanted. All ends with the test. */
  static async start(t: Test, { programs, compose }: MeshFiles): Promise<Mesh> {
    const mesh = new Mesh();
    mesh.install(OUTRIDER);
    t.teardown(() => mesh.end());
    for (const [name, text] of Object.entries(programs)) writeFileSync(join(mesh.dir, name), text);
    writeFileSync(join(mesh.dir, 'compose.yaml'), compose);
    await mesh.startControlPlane();
    await mesh.outrider('apply', '-f', 'compose.yaml');
    await mesh.untilReady();
    return mesh;
  }

  /** From now on what is started is this script. */
  install(script: string): void {
    symlinkSync(script, `${this.program}.new`);
    renameSync(`${this.program}.new`, this.program);
  }

  async startControlPlane(...more: string[]): Promise<void> {
    const args = [
      this.program,
      'control-plane',
      '--state',
      this.state,
      '--http',
      '127.0.0.1:0',
      '--grpc',
      '127.0.0.1:0',
    ];
    const child = spawn(process.execPath, [...args, ...more, '--log-level', 'warn'], {
      cwd: this.dir,
      env: ENV,
      stdio: 'ignore',
    });
    this.#controlPlane = child;
    const serves = async () => {
      try {
        const text = readFileSync(join(this.state, 'control-plane.json'), 'utf8');
        const { pid, http } = JSON.parse(text) as { pid: number; http: string };
        return pid === child.pid && (await fetch(`${http}/readyz`)).ok;
      } catch {
        return false;
      }
    };
    await until(serves, 30_000, () => 'the control plane does not serve');
  }

  /** As by a power cut. */
  async killControlPlane(): Promise<void> {
    const child = this.#controlPlane!;
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }

  /** What the command prints; rejects when it fails. */
  async outrider(...args: string[]): Promise<string> {
    const all = [OUTRIDER, ...args, ...(args[0] === '--version' ? [] : ['--state', this.state])];
    return (await promisify(execFile)(process.execPath, all, { cwd: this.dir, env: ENV })).stdout;
  }

  async services(): Promise<readonly Pick<ServiceView, 'name' | 'replicas'>[]> {
    return JSON.parse(await this.outrider('get', 'services', '-o', 'json')) as ServiceView[];
  }

  async untilReady(): Promise<void> {
    const ready = async () => (await this.services()).every(({ replicas }) => replicas.ready === replicas.desired);
    await until(ready, 60_000, () => 'not everything is ready');
  }

  /** Ports and processes of a replica, as the driver noted them. */
  record(workload: string, index: number): ReplicaRecord {
    return JSON.parse(readFileSync(join(this.folder(workload, index), 'record.json'), 'utf8')) as ReplicaRecord;
  }

  folder(workload: string, index: number): string {
    return join(this.state, 'run', workload, String(index));
  }

  async end(): Promise<void> {
    // Whatever became of it, the next one takes over what was left running, and ends it.
    await this.killControlPlane();
    await this.startControlPlane('--stop-workloads-on-exit');
    const child = this.#controlPlane!;
    child.kill('SIGTERM');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** What is asked for, through which sidecar, and how often. */
export interface LoadPlan {
  /** Its outbound port. */
  readonly port: number;
  readonly host: string;
  readonly perSecond: number;
  readonly method?: string;
  /** Is told the body of every answer with status 200. */
  readonly onAnswer?: (text: string) => void;
}

const TICK_MS = 10;
const ANSWER_MS = 15_000;

/** Asks so often whether or not answers come, until stopped. */
export class Load {
  readonly failures: string[] = [];
  answered = 0;
  readonly #plan: LoadPlan;
  readonly #agent = new HttpAgent({ keepAlive: true, maxSockets: 256 });
  readonly #timer: NodeJS.Timeout;
  readonly #pending = new Set<Promise<void>>();
  readonly #startedMs = performance.now();
  #asked = 0;

  constructor(plan: LoadPlan) {
    this.#plan = plan;
    this.#timer = setInterval(() => {
      const due = ((performance.now() - this.#startedMs) / 1000) * plan.perSecond;
      while (this.#asked < due) {
        this.#asked++;
        const one = this.#one().finally(() => this.#pending.delete(one));
        this.#pending.add(one);
      }
    }, TICK_MS);
  }

  /** Waits for the answers that are still out. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#pending);
    this.#agent.destroy();
  }

  async #one(): Promise<void> {
    const { port, host, method = 'GET' } = this.#plan;
    const startedMs = performance.now();
    const { promise, resolve } = Promise.withResolvers<string | null>();
    const headers = { host, ...(method === 'POST' ? { 'content-length': '2' } : {}) };
    const asked = request({ port, host: '127.0.0.1', method, path: '/', headers, agent: this.#agent }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => {
        text += chunk;
      });
      answer.on('error', (error) => resolve(String(error)));
      answer.on('end', () => {
        if (answer.statusCode === 200) this.#plan.onAnswer?.(text);
        resolve(answer.statusCode === 200 ? null : `${answer.statusCode} ${text}`);
      });
    });
    asked.setTimeout(ANSWER_MS, () => asked.destroy(new Error(`no answer in ${ANSWER_MS} ms`)));
    asked.on('error', (error) => resolve(String(error)));
    asked.end(method === 'POST' ? 'hi' : undefined);
    const failure = await promise;
    if (failure === null) this.answered++;
    else this.failures.push(`${Math.round(startedMs - this.#startedMs)} ms: ${failure}`);
  }
}
