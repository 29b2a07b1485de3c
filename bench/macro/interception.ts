/**
 * What interception adds to a connection: the same proxy and the same path, dialled by the proxy's own port and handed over
 * by the kernel (nftables or iptables, SO_ORIGINAL_DST, a cluster that goes where the client was going). One request a
 * connection. Linux, as root, in network namespaces of its own:
 *
 *   wrk ─► proxy ─► nginx        wrk and proxy in one namespace for each proxy, nginx in another; wrk and nginx on the load
 *                                core, the proxy alone on its own
 */
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { AS_PROXY, Namespaces, namespacesMissing, ok } from '../../test/peers/namespaces.ts';
import type { BenchOptions } from '../options.ts';
import { findInPath, ROOT } from '../paths.ts';
import { DIALLED_PORT, interceptionBootstrap } from '../peers/interception-bootstrap.ts';
import { type Peer, selectPeers } from '../peers/peers.ts';
import { cpuMs, endedChildrenMs, readCoreTimes, waitUntilQuiet } from '../proc.ts';
import { PinnedProcess } from '../processes.ts';
import { buildResult, type Metric, type Result } from '../results.ts';
import { type Measurement, runRounds } from '../rounds.ts';
import { versionsOf } from './versions.ts';

const SERVER_NAMESPACE = `or-bench-server-${process.pid}`;
const SERVER_PORT = 8080;
const QUIET_LIMIT_MS = 5000;
const START_LIMIT_MS = 10_000;
const WARM_UP_SECONDS = 3;

const METRICS: readonly Metric[] = [
  { key: 'cpuUs', title: 'proxy CPU us/conn', digits: 1, judged: true, spread: true },
  { key: 'machineUs', title: 'both cores us/conn', digits: 1, judged: false, spread: true },
  { key: 'cps', title: 'conn/s', digits: 0, judged: false },
  { key: 'errors', title: 'errors', digits: 0, judged: false },
];

/** A row: one proxy, reached one way. */
interface Candidate {
  readonly name: string;
  readonly namespace: string;
  readonly url: string;
  readonly pid: number;
}

/** The bench. Throws where namespaces, wrk or nginx are missing. */
export async function benchInterception(options: BenchOptions): Promise<Result> {
  const missing = namespacesMissing() || missingProgram('wrk') || missingProgram('nginx');
  if (missing !== false) throw new Error(`interception: ${missing}`);
  const ends: (() => unknown)[] = [];
  try {
    return await run(options, { teardown: (end) => ends.push(end) });
  } finally {
    for (const end of ends.reverse()) await end();
  }
}

function missingProgram(name: string): string | false {
  return findInPath(name) === undefined ? `no ${name}: .ci/run installs it` : false;
}

/** What has to be undone at the end, last things first. */
interface Cleanup {
  teardown(end: () => unknown): unknown;
}

async function run(options: BenchOptions, cleanup: Cleanup): Promise<Result> {
  const { rounds, foreignShareMax, connections, proxyCore, loadCore, peers } = options;
  const able = peers.filter(({ name }) => name === 'outrider' || name === 'envoy');
  const own = able.length > 0 ? able : selectPeers('outrider');
  const spaceOf = (peer: Peer) => `or-bench-${peer.name}-${process.pid}`;
  const spaces = new Namespaces(cleanup, [SERVER_NAMESPACE, ...own.map(spaceOf)]);
  const nginx = await startServer(spaces, loadCore, cleanup);
  const candidates: Candidate[] = [];
  const left: Record<string, string> = {};
  for (const [i, peer] of own.entries()) {
    const namespace = spaceOf(peer);
    // 10,000 connections a second, each of which keeps its port for a minute: without these there are none left after three
    // seconds, and what is measured is the kernel's search for one.
    inside(namespace, 'sysctl', '-qw', 'net.ipv4.tcp_tw_reuse=1', 'net.ipv4.ip_local_port_range=10000 65535');
    try {
      joinNamespaces(namespace, i);
      const pid = await startProxy(spaces, peer, { namespace, server: serverAddress(i), core: proxyCore }, cleanup);
      inside(namespace, process.execPath, join(ROOT, 'dist', 'outrider.cjs'), 'intercept', '--no-dns');
      const rows = {
        dialled: `http://127.0.0.1:${DIALLED_PORT}/`,
        intercepted: `http://${serverAddress(i)}:${SERVER_PORT}/`,
      };
      for (const [way, url] of Object.entries(rows))
        candidates.push({ name: `${peer.name}, ${way}`, namespace, url, pid });
    } catch (error) {
      left[peer.name] = (error as Error).message;
    }
  }
  const measure = (target: Candidate, seconds: number) =>
    measureOne(target, { seconds, connections, cores: [proxyCore, loadCore], nginx });
  const measured = await runRounds(candidates, { rounds, foreignShareMax, retries: 3 }, async (target, round) => {
    if (round === 0) await measure(target, WARM_UP_SECONDS);
    return measure(target, options.seconds);
  });
  const versions = versionsOf(own);
  const nameOf = ({ name }: Candidate) => name.split(',')[0]!;
  return buildResult(
    {
      key: `interception connections=${connections}`,
      rounds,
      features: ['one request a connection, over HTTP/1.1; one route, no headers added'],
      metrics: METRICS,
      missing: left,
      versions: Object.fromEntries(candidates.map((each) => [each.name, versions[nameOf(each)] ?? 'unknown'])),
      references: own.map(({ name }) => `${name}, dialled`),
      measured: new Map([...measured].map(([{ name }, result]) => [name, result])),
    },
    new Date().toISOString(),
  );
}

function serverAddress(i: number): string {
  return `10.77.${i + 1}.2`;
}

/** A pair of interfaces between a proxy's namespace and the server's. */
function joinNamespaces(namespace: string, i: number): void {
  const [near, far] = [`or-b${i}`, `or-s${i}`];
  ok('ip', 'link', 'add', near, 'netns', namespace, 'type', 'veth', 'peer', 'name', far, 'netns', SERVER_NAMESPACE);
  ok('ip', '-n', namespace, 'addr', 'add', `10.77.${i + 1}.1/24`, 'dev', near);
  ok('ip', '-n', SERVER_NAMESPACE, 'addr', 'add', `${serverAddress(i)}/24`, 'dev', far);
  ok('ip', '-n', namespace, 'link', 'set', near, 'up');
  ok('ip', '-n', SERVER_NAMESPACE, 'link', 'set', far, 'up');
}

function inside(namespace: string, ...command: readonly string[]): string {
  return ok('nsenter', `--net=/run/netns/${namespace}`, ...command);
}

/** nginx with an answer of its own; its process id. */
async function startServer(spaces: Namespaces, core: number, cleanup: Cleanup): Promise<number> {
  const config = spaces.file(
    'nginx.conf',
    `daemon off; master_process off; pid ${spaces.dir}/nginx.pid; error_log stderr crit;
events { worker_connections 4096; }
http { access_log off; server { listen ${SERVER_PORT} backlog=4096; location / { return 200 "ok"; } } }`,
  );
  const args = [`--net=/run/netns/${SERVER_NAMESPACE}`, findInPath('nginx')!, '-p', spaces.dir, '-c', config];
  const server = new PinnedProcess(core, 'nsenter', args);
  cleanup.teardown(() => server.stop());
  await answers(SERVER_NAMESPACE, `http://127.0.0.1:${SERVER_PORT}/`, server);
  return server.pid;
}

async function startProxy(
  spaces: Namespaces,
  peer: Peer,
  at: { readonly namespace: string; readonly server: string; readonly core: number },
  cleanup: Cleanup,
): Promise<number> {
  const found = peer.find();
  if ('missing' in found) throw new Error(found.missing);
  const text = JSON.stringify(interceptionBootstrap({ address: at.server, port: SERVER_PORT }));
  const file = spaces.file(`${peer.name}.json`, text);
  const command =
    peer.name === 'envoy'
      ? [found.path, '-c', file, '--concurrency', '1', '--disable-hot-restart', '--log-level', 'error']
      : ['env', 'MALLOC_ARENA_MAX=1', process.execPath, found.path, 'proxy', '-c', file, '--disable-hot-restart'];
  const args = [`--net=/run/netns/${at.namespace}`, ...AS_PROXY, ...command];
  const proxy = new PinnedProcess(at.core, 'nsenter', args);
  cleanup.teardown(() => proxy.stop());
  await answers(at.namespace, `http://127.0.0.1:${DIALLED_PORT}/`, proxy);
  return proxy.pid;
}

/** Waits until a request gets through. */
async function answers(namespace: string, url: string, process_: PinnedProcess): Promise<void> {
  const script = `fetch(${JSON.stringify(url)}).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))`;
  while (performance.now() - process_.spawnedAtMs < START_LIMIT_MS) {
    if (!process_.running) throw new Error(`it ended while starting: ${process_.lastWords || 'without a word'}`);
    if (spawnSync('nsenter', [`--net=/run/netns/${namespace}`, process.execPath, '-e', script]).status === 0) return;
  }
  throw new Error(`it did not answer within ${START_LIMIT_MS} ms: ${process_.lastWords || 'without a word'}`);
}

/** One run of wrk. */
async function measureOne(
  { namespace, url, pid }: Candidate,
  how: {
    readonly seconds: number;
    readonly connections: number;
    readonly cores: readonly number[];
    readonly nginx: number;
  },
): Promise<Measurement> {
  const { seconds, connections, cores, nginx } = how;
  await waitUntilQuiet(cores, QUIET_LIMIT_MS);
  const wrk = [findInPath('wrk')!, '-t1', `-c${connections}`, `-d${seconds}s`, '-H', 'Connection: close', url];
  const before = { cores: busyMs(cores), proxy: cpuMs(pid), nginx: cpuMs(nginx), wrk: endedChildrenMs() };
  const startMs = performance.now();
  const output = await outputOf('nsenter', `--net=/run/netns/${namespace}`, ...wrk);
  const elapsedMs = performance.now() - startMs;
  const busy = busyMs(cores) - before.cores;
  const proxyMs = cpuMs(pid) - before.proxy;
  const ours = proxyMs + cpuMs(nginx) - before.nginx + endedChildrenMs() - before.wrk;
  const requests = Number(/(\d+) requests in/.exec(output)?.[1] ?? 0);
  if (requests === 0) throw new Error(`it answered no request: ${output.trim().split('\n').at(-1)}`);
  const errors = /Non-2xx or 3xx responses: (\d+)/.exec(output)?.[1] ?? '0';
  const [, connect = '0', read = '0', write = '0', timeout = '0'] =
    /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(output) ?? [];
  const figures = {
    cpuUs: (proxyMs * 1000) / requests,
    machineUs: (busy * 1000) / requests,
    cps: (requests * 1000) / elapsedMs,
    errors: [errors, connect, read, write, timeout].reduce((sum, each) => sum + Number(each), 0),
  };
  return { figures, foreignShare: Math.max(0, busy - ours) / (elapsedMs * cores.length) };
}

function busyMs(cores: readonly number[]): number {
  const times = readCoreTimes();
  return cores.reduce((sum, core) => sum + (times.get(core)?.busyMs ?? 0), 0);
}

async function outputOf(command: string, ...args: readonly string[]): Promise<string> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk));
  await new Promise((resolve) => child.once('close', resolve));
  return output;
}
