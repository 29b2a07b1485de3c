/**
 * A proxy as a process, started from an Envoy bootstrap: Outrider, or with PROXY=envoy the real Envoy, which shows what
 * a suite is worth before we are judged by it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../../free-ports.ts';
import { type BootstrapPlan, bootstrap } from './bootstrap.ts';
import { mortal } from './mortal.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const ENVOY = join(ROOT, 'bench', '.peers', 'envoy', 'envoy', '_bin', 'envoy');
const OUTRIDER = join(ROOT, 'bin', 'outrider');

const START_LIMIT_MS = 15_000;
const STOP_LIMIT_MS = 2_000;
const STARTS_MAX = 3;
const SETTLE_MS = 20;
const LAST_WORDS_LENGTH = 2_000;
const OUTPUT_LENGTH_MAX = 4_000_000;

/** Which program stands between client and server. */
export type ProxyKind = 'outrider' | 'envoy';

/** A bootstrap of the test's own, in which the port is what a control plane opens, or nothing. */
export interface OwnBootstrap {
  make(port: number, adminPort: number): unknown;
  readonly logLevel: 'off' | 'debug';
}

/** From the variable PROXY; Outrider without it. Throws for any other name. */
export function chosenKind(): ProxyKind {
  const name = process.env.PROXY ?? 'outrider';
  if (name === 'outrider' || name === 'envoy') return name;
  throw new Error(`PROXY=${name}: outrider and envoy are known`);
}

/** Why tests of this kind have to be skipped, or false. */
export function missingProxy(kind: ProxyKind): string | false {
  return kind === 'outrider' || existsSync(ENVOY) ? false : 'no Envoy: .ci/run installs it';
}

/** A proxy that accepts connections. */
export class RunningProxy {
  readonly port: number;
  readonly adminPort: number;
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #exited: Promise<void>;
  /** Connections are accepted from the start. */
  readonly #listens: boolean;
  #output = '';

  private constructor(
    kind: ProxyKind,
    plan: BootstrapPlan | OwnBootstrap,
    port: number,
    adminPort: number,
    outrider: string,
  ) {
    this.port = port;
    this.adminPort = adminPort;
    this.#folder = mkdtempSync(join(tmpdir(), `outrider-${kind}-`));
    this.#listens = !('make' in plan);
    const file = join(this.#folder, 'bootstrap.json');
    writeFileSync(file, JSON.stringify('make' in plan ? plan.make(port, adminPort) : bootstrap(plan, port, adminPort)));
    const [command, args] = mortal(...commandLine(kind, file, outrider, 'make' in plan ? plan.logLevel : 'off'));
    // What a test runner wants of its children is not for the proxy.
    const { NODE_OPTIONS: _, ...env } = process.env;
    this.#child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#exited = new Promise((resolve) => this.#child.once('close', () => resolve()));
    this.#child.once('error', (error) => this.#keep(error.message));
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (data: Buffer) => this.#keep(data.toString()));
    }
  }

  /**
   * Resolves when it listens. Rejects with its own words when it ends before, or does not listen in time. `outrider` is
   * the script that is Outrider: by default the one of the sources.
   */
  static async start(kind: ProxyKind, plan: BootstrapPlan | OwnBootstrap, outrider = OUTRIDER): Promise<RunningProxy> {
    for (let attempt = 1; ; attempt++) {
      const [port, adminPort] = await freePorts(2);
      const proxy = new RunningProxy(kind, plan, port!, adminPort!, outrider);
      const deadline = performance.now() + START_LIMIT_MS;
      // Somebody else may have got a port in between: then it is his, and ours has ended.
      while (proxy.running && !(await proxy.#serves()) && performance.now() < deadline) await sleep(10);
      if (proxy.running && performance.now() < deadline) return proxy;
      const why = proxy.running ? `does not listen within ${START_LIMIT_MS} ms` : 'ended at its start';
      await proxy.stop();
      if (attempt === STARTS_MAX) throw new Error(`${kind} ${why}: ${proxy.lastWords}`);
    }
  }

  async #serves(): Promise<boolean> {
    if ((this.#listens && !(await accepts(this.port))) || !(await accepts(this.adminPort))) return false;
    // What was started and has lost a port ends soon.
    await sleep(SETTLE_MS);
    return this.running;
  }

  /** 0 when it could not be started. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get running(): boolean {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** The end of what it wrote. */
  get lastWords(): string {
    return this.#output.trim().slice(-LAST_WORDS_LENGTH) || 'it said nothing';
  }

  /** Everything it wrote. */
  get output(): string {
    return this.#output;
  }

  /** Resident memory, or 0 when it has ended. */
  get residentBytes(): number {
    try {
      const status = readFileSync(`/proc/${this.#child.pid}/status`, 'latin1');
      return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1_024;
    } catch {
      return 0;
    }
  }

  /** Its counters and gauges by name, as `/stats` of the admin interface lists them. */
  async statistics(): Promise<Map<string, number>> {
    const response = await fetch(`http://127.0.0.1:${this.adminPort}/stats`, { signal: AbortSignal.timeout(5_000) });
    const lines = (await response.text()).matchAll(/^(\S+): (\d+)$/gm);
    return new Map(Array.from(lines, ([, name, value]) => [name!, Number(value)]));
  }

  async stop(): Promise<void> {
    if (this.running) this.#child.kill('SIGTERM');
    const killer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_LIMIT_MS);
    if (this.#child.pid !== undefined) await this.#exited;
    clearTimeout(killer);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #keep(text: string): void {
    this.#output = (this.#output + text).slice(-OUTPUT_LENGTH_MAX);
  }
}

function commandLine(kind: ProxyKind, file: string, outrider: string, logLevel: string): [string, string[]] {
  if (kind === 'outrider') return [process.execPath, [outrider, 'proxy', '-c', file, '-l', logLevel]];
  // Each takes an identity of its own, so that several can run beside each other.
  return [ENVOY, ['-c', file, '-l', logLevel, '--concurrency', '1', '--use-dynamic-base-id']];
}

/** True when something accepts connections on that port. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const settle = (accepted: boolean) => {
      socket.destroy();
      resolve(accepted);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}
