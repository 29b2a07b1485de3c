/** A real Envoy that has joined a running mesh by the bootstrap that `outrider envoy-bootstrap` prints. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Test } from 'tap';
import { Agent, request } from 'undici';
import { parse, stringify } from 'yaml';
import { ENVOY } from '../envoy-cases/suite.ts';
import { freePort } from '../free-ports.ts';
import { OUTRIDER, until } from '../integration/running-up.ts';

/** How it is to be. */
export interface MeshEnvoyOptions {
  readonly id: string;
  readonly state: string;
  readonly dir: string;
  /** Further options of `outrider envoy-bootstrap`. */
  readonly options?: readonly string[];
  /** Fields of the bootstrap that its owner has written over what was printed. */
  readonly own?: object;
}

/** What a service answered; the status alone where it was not JSON. */
export interface Answered {
  readonly status: number;
  readonly body: Readonly<Record<string, string>>;
}

/** See the head of this file. */
export class MeshEnvoy {
  readonly id: string;
  readonly port: number;
  readonly adminPort: number;
  readonly child: ChildProcess;
  readonly #agent = new Agent();
  #said = '';

  private constructor(id: string, port: number, adminPort: number, child: ChildProcess) {
    this.id = id;
    this.port = port;
    this.adminPort = adminPort;
    this.child = child;
    child.stderr!.on('data', (chunk) => {
      this.#said += chunk;
    });
  }

  /** Starts one, ready; it ends with the test. */
  static async start(t: Test, { id, state, dir, options = [], own = {} }: MeshEnvoyOptions): Promise<MeshEnvoy> {
    const [port, adminPort] = [await freePort(), await freePort()];
    const args = ['envoy-bootstrap', '--state', state, '--node-id', id, '--outbound', `127.0.0.1:${port}`];
    const printed = await promisify(execFile)(process.execPath, [
      ...[OUTRIDER, ...args, '--admin-port', String(adminPort)],
      ...options,
    ]);
    const file = path.join(dir, `${id}.yaml`);
    writeFileSync(file, stringify({ ...(parse(printed.stdout) as object), ...own }));
    const child = spawn(ENVOY, ['-c', file, '--use-dynamic-base-id', '--concurrency', '2', '-l', 'warning'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const envoy = new MeshEnvoy(id, port, adminPort, child);
    t.teardown(() => envoy.stop());
    const isReady = async () => (await envoy.admin('/ready').catch(() => '')) === 'LIVE\n';
    await until(isReady, 20_000, () => `${id} is not ready: ${envoy.#said}`);
    return envoy;
  }

  /** A page of its admin server. */
  async admin(page: string): Promise<string> {
    const { body } = await request(`http://127.0.0.1:${this.adminPort}${page}`);
    return body.text();
  }

  /** Responses of the control plane that it has refused, over all kinds. */
  async refusals(): Promise<number> {
    const stats = await this.admin('/stats?filter=update_rejected');
    return [...stats.matchAll(/: (\d+)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0);
  }

  /** Asks a service through it. */
  async ask(service: string, target = '/', headers: Readonly<Record<string, string>> = {}): Promise<Answered> {
    const { statusCode, body } = await request(`http://127.0.0.1:${this.port}${target}`, {
      dispatcher: this.#agent,
      headers: { host: service, ...headers },
      headersTimeout: 20_000,
    });
    const text = await body.text();
    return { status: statusCode, body: text.startsWith('{') ? (JSON.parse(text) as Answered['body']) : { text } };
  }

  async stop(): Promise<void> {
    await this.#agent.destroy();
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGCONT');
    this.child.kill('SIGTERM');
    await once(this.child, 'exit');
  }
}

/** A steady load on one service through one Envoy: a request every 10 ms, whether or not earlier answers are there. */
export class EnvoyLoad {
  readonly failures: string[] = [];
  sent = 0;
  readonly #pending = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;

  constructor(envoy: MeshEnvoy, service: string) {
    this.#timer = setInterval(() => {
      this.sent++;
      const one = envoy
        .ask(service)
        .then(({ status, body }) => {
          if (status !== 200) this.failures.push(`${envoy.id}: ${status} ${JSON.stringify(body)}`);
        })
        .catch((error: unknown) => void this.failures.push(`${envoy.id}: ${error}`))
        .finally(() => this.#pending.delete(one));
      this.#pending.add(one);
    }, 10);
  }

  /** Waits for the answers that are still out. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#pending);
  }
}
