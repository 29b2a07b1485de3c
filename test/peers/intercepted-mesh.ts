/**
 * A mesh whose applications know nothing of it, in network namespaces of a test: a control plane and a server that is no
 * part of the mesh in one (the hub), a service and its sidecar in each of two others.
 */
import { chmodSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { bootstrapJson } from '../../control-plane/orchestrator/driver/process/bootstrap.ts';
import { stateOf } from '../../control-plane/translate/test-fixtures.ts';
import { OUTRIDER } from '../integration/running-up.ts';
import { AS_PROXY, builtBundle, Namespaces, namespacesMissing, ok, proxyCounter, run } from './namespaces.ts';

const NODE = process.execPath;
const BUNDLE = fileURLToPath(new URL('../../dist/outrider.cjs', import.meta.url));
const HUB = `or-hub-${process.pid}`;
/** The sidecar of `web` lets its application out of the mesh, that of `catalog` does not. */
export const WEB = { workload: 'web', namespace: `or-web-${process.pid}`, host: '10.77.2.1', egress: 'allow' } as const;
export const CATALOG = {
  workload: 'catalog',
  namespace: `or-cat-${process.pid}`,
  host: '10.77.2.2',
  egress: 'deny',
} as const;
const PLACES = [WEB, CATALOG];
export const OUTSIDE = '10.77.2.3';
const PORTS = { app: 8080, inbound: 15006, outbound: 15001, admin: 15000, settings: 15009 };
export const MESH = `services:
  web: { command: x, deploy: { replicas: 0 } }
  catalog: { command: x, deploy: { replicas: 0 } }
`;

/** Why it cannot be had here, or false. */
export function interceptedMeshMissing(): string | false {
  if (run('nft', '--version').status !== 0) return 'no nft: .ci/run installs it';
  if (run('unshare', '-m', 'true').status !== 0) return 'mount namespaces cannot be made here';
  return namespacesMissing();
}

/** HTTP and an echo on one port: what begins with a zero byte is no HTTP. Another port for the echo alone. */
const SERVER = `
import { createServer } from 'node:http';
import net from 'node:net';
const http = createServer(({ headers, socket }, response) => response.end(JSON.stringify({ name: process.argv[2], host: headers.host, from: headers['x-forwarded-for'], peer: socket.remoteAddress })));
const echo = (data, socket) => socket.end(process.argv[2] + ' echo ' + data.subarray(1));
net.createServer((socket) => socket.once('data', (data) => {
  if (data[0] === 0) return echo(data, socket);
  socket.pause();
  http.emit('connection', socket);
  socket.unshift(data);
  socket.resume();
}).on('error', () => {})).listen(8080, '0.0.0.0');
net.createServer((socket) => socket.once('data', (data) => echo(data, socket)).on('error', () => {})).listen(9090, '0.0.0.0', () => console.log('up'));
`;

const CLIENT = `
import http from 'node:http';
import net from 'node:net';
const [kind, host, port] = process.argv.slice(2);
const print = (value) => { console.log(JSON.stringify(value)); process.exit(0); };
const fail = (error) => print({ error: error.code ?? String(error) });
setTimeout(() => print({ error: 'timeout' }), 8000);
if (kind === 'http') http.get({ host, port, agent: false }, async (response) => {
  let body = '';
  for await (const chunk of response) body += chunk;
  print({ status: response.statusCode, body });
}).on('error', fail);
else net.connect(port, host, function () { this.write('\\0hello'); }).on('data', (data) => print({ body: String(data) })).on('close', () => print({ error: 'closed' })).on('error', fail);
`;

/** What a client got. */
export interface Answered {
  readonly status?: number;
  readonly body?: string;
  readonly error?: string;
}

/** How names are found, and what sidecars are told besides. */
export interface InterceptedMeshSettings {
  /** Files of the folder, by the place at which programs in the namespaces see them. */
  readonly mounts: Readonly<Record<string, string>>;
  /** Of `outrider intercept`. */
  readonly intercept: readonly string[];
  /** Of `node.metadata.outrider`. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** In front of the command of a sidecar; left out: AS_PROXY. */
  readonly sidecarAs?: readonly string[];
}

/** See the head of this file. */
export class InterceptedMesh {
  readonly spaces: Namespaces;
  readonly hub = HUB;
  readonly #settings: InterceptedMeshSettings;
  readonly #client: string;

  constructor(t: Test, settings: (spaces: Namespaces) => InterceptedMeshSettings) {
    this.spaces = new Namespaces(t, [HUB, ...PLACES.map(({ namespace }) => namespace)]);
    this.#settings = settings(this.spaces);
    this.#client = this.spaces.file('client.mjs', CLIENT);
    this.spaces.bridge({ namespace: HUB, host: OUTSIDE }, PLACES);
  }

  /** A command that runs in there, with the files that are mounted. */
  command(namespace: string, ...command: readonly string[]): readonly string[] {
    const mounts = Object.entries(this.#settings.mounts).map(([place, file]) => `mount --bind ${file} ${place}`);
    const script = [...mounts, `exec nsenter --net=/run/netns/${namespace} "$@"`].join(' && ');
    return ['unshare', '-m', 'sh', '-c', script, '-', ...command];
  }

  /** What a program in there prints. */
  inside(namespace: string, ...command: readonly string[]) {
    const [program, ...args] = this.command(namespace, ...command);
    return run(program!, ...args);
  }

  /** What Node gets there, by the C library's resolver. */
  ask(kind: 'http' | 'tcp', host: string, port: number, namespace: string): Answered {
    const { stdout, stderr } = this.inside(namespace, NODE, this.#client, kind, host, String(port));
    return JSON.parse(stdout === '' ? JSON.stringify({ error: stderr }) : stdout) as Answered;
  }

  /** A counter of the sidecar there. */
  counter(namespace: string, name: string): number {
    return proxyCounter((...command) => this.inside(namespace, ...command), name);
  }

  /** Applies a text to the control plane. */
  apply(text: string): void {
    const file = this.spaces.file('mesh.yaml', text);
    ok('nsenter', `--net=/run/netns/${HUB}`, NODE, OUTRIDER, 'apply', '-f', file, '--server', 'http://127.0.0.1:15080');
  }

  /** Starts servers, control plane, rules and sidecars. */
  async start(): Promise<void> {
    const { spaces } = this;
    const server = spaces.file('server.mjs', SERVER);
    await Promise.all([
      spaces.start(HUB, /up/, NODE, server, 'outside'),
      ...PLACES.map(({ namespace, workload }) => spaces.start(namespace, /up/, NODE, server, workload)),
    ]);
    builtBundle();
    const state = path.join(spaces.dir, 'state');
    const places = ['--state', state, '--grpc', `${OUTSIDE}:15010`, '--http', '127.0.0.1:15080'];
    const open = ['--no-auth', '--insecure'];
    await spaces.start(HUB, /control plane serves/, NODE, OUTRIDER, 'control-plane', ...places, ...open);
    this.apply(MESH);
    for (const { workload, namespace, host, egress } of PLACES) {
      // Before the sidecar: connections from before the rules would be redirected in the middle.
      const { status, stderr } = this.inside(namespace, NODE, OUTRIDER, 'intercept', ...this.#settings.intercept);
      if (status !== 0) throw new Error(stderr);
      spaces.file(`${workload}.json`, this.#bootstrap(workload, host, egress));
      await this.#startSidecar(namespace, workload);
    }
  }

  #startSidecar(
    namespace: string,
    workload: string,
    as: readonly string[] = this.#settings.sidecarAs ?? AS_PROXY,
  ): Promise<void> {
    const file = path.join(this.spaces.dir, `${workload}.json`);
    const command = this.command(namespace, ...as, NODE, BUNDLE, 'proxy', '-c', file);
    return this.spaces.startProgram(/proxy is up/, ...command);
  }

  /** Ends it and starts it again, `as` somebody else perhaps. */
  async restartSidecar(
    { namespace, workload }: { readonly namespace: string; readonly workload: string },
    as?: readonly string[],
  ): Promise<void> {
    await this.spaces.stop(new RegExp(`proxy -c .*/${workload}\\.json`));
    await this.#startSidecar(namespace, workload, as);
  }

  /** Ends it without a word. */
  stopControlPlane(): Promise<void> {
    return this.spaces.stop(/outrider control-plane /);
  }

  #bootstrap(workload: string, host: string, egress: string): string {
    const directory = path.join(this.spaces.dir, workload);
    mkdirSync(directory);
    chmodSync(directory, 0o777);
    const json = bootstrapJson({
      workload: stateOf(MESH).workloads.get(workload)!,
      index: 0,
      ports: PORTS,
      controlPlanes: [{ host: OUTSIDE, port: 15010 }],
      trust: null,
      tokenFile: null,
      directory,
      settingsFile: path.join(directory, 'settings.json'),
      environment: {},
    });
    const metadata = JSON.stringify({ interception: 'redirect', egress, ...this.#settings.metadata }).slice(1, -1);
    return JSON.stringify(json)
      .replace('"outrider":{', `"outrider":{${metadata},`)
      .replace(/("identity":\{[^}]*"address":)"127\.0\.0\.1"/, `$1"${host}"`);
  }

  /** Resolves when a program has said it. */
  async untilSaid(text: RegExp): Promise<void> {
    for (let left = 20; !text.test(this.spaces.output); left--) {
      if (left === 0) throw new Error(`nobody said ${text}\n${this.spaces.output}`);
      await sleep(500);
    }
  }

  /** Resolves when `reached` gives an answer with 200. */
  async untilAnswered(reached: () => Answered): Promise<void> {
    for (let left = 20; ; left--) {
      const answer = reached();
      if (answer.status === 200) return;
      if (left === 0) throw new Error(`no answer: ${JSON.stringify(answer)}\n${this.spaces.output}`);
      await sleep(500);
    }
  }
}
