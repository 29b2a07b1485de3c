/**
 * What others notice of hostile HTTP/2 clients: the p99 of a good client beside eight hostile connections, and without.
 *
 * The proxy has one core. The good client, its server and the hostile clients share the other: the hostile ones run at
 * the lowest priority there, so that what slows the good client down is the proxy alone.
 */
import { spawnSync } from 'node:child_process';
import { setPriority } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { ABUSED_PROXY, assault } from '../../test/component/data-plane/http2-assault.ts';
import { HOSTILE, HOSTILE_PATHS, PROBES, type Probe } from '../../test/component/data-plane/http2-probes.ts';
import { RawHttp2 } from '../../test/fakes/raw-http2.ts';
import { type Experience, Neighbour, p99 } from '../../test/peers/http2/neighbour.ts';
import { missingProxy, type ProxyKind, RunningProxy } from '../../test/peers/http2/proxies.ts';
import type { BenchOptions } from '../options.ts';
import { OutriderBundle } from '../peers/outrider-bundle.ts';
import { waitUntilQuiet } from '../proc.ts';
import { renderTable } from '../table.ts';
import { QUIET_LIMIT_MS } from './load-bench.ts';

const KINDS: readonly ProxyKind[] = ['outrider', 'envoy'];
/** Each round lasts so long, undisturbed and attacked: a p99 of ten requests would be the slowest of them. */
const ROUND_MS = 700;
/** Good requests, and then the attack, before anything is measured: what is measured is a sidecar that is warm. */
const WARM_UP_MS = 2_000;
const LOWEST_PRIORITY = 19;
/** What the good client may notice: its p99 grows by this factor at most. */
const GROWTH_MAX = 2;

/** The p99 over all rounds, in milliseconds. */
interface Noticed {
  readonly quietMs: number;
  readonly attackedMs: number;
  readonly failures: number;
}

/** Runs the probes against each proxy and renders the table; one line tells how many are within the bound. */
export async function benchAbuse({ rounds, proxyCore, loadCore, peers }: BenchOptions): Promise<string> {
  const bundle = new OutriderBundle().find();
  if ('missing' in bundle) throw new Error(bundle.missing);
  const neighbour = await Neighbour.start();
  // The thread of the neighbour keeps its priority: in Linux this is about the calling thread, and those it starts.
  setPriority(LOWEST_PRIORITY);
  const victim = await Neighbour.start();
  const kinds = KINDS.filter((kind) => peers.some(({ name }) => name === kind) && missingProxy(kind) === false);
  const cores = [proxyCore, loadCore];
  try {
    const rows: string[][] = [];
    const within = new Map<ProxyKind, number>(kinds.map((kind) => [kind, 0]));
    for (const probe of PROBES) {
      const cells: string[] = [];
      for (const kind of kinds) {
        const noticed = await noticedUnder(kind, probe, bundle.path, { neighbour, victim }, cores, rounds);
        const growth = noticed.attackedMs / noticed.quietMs;
        if (growth <= GROWTH_MAX && noticed.failures === 0) within.set(kind, within.get(kind)! + 1);
        cells.push(noticed.quietMs.toFixed(2), noticed.attackedMs.toFixed(2), growth.toFixed(1));
      }
      rows.push([probe.name, ...cells]);
      console.error(`${probe.name}: ${cells.join(' ')}`);
    }
    const head = ['probe', ...kinds.flatMap((kind) => [`${kind} quiet p99 ms`, 'attacked', 'x'])];
    const told = kinds.map((kind) => `${kind}: ${within.get(kind)} of ${PROBES.length} within ${GROWTH_MAX}x`);
    return `abuse: a good client beside ${HOSTILE} hostile connections, ${rounds} rounds\n${renderTable(head, rows)}\n${told.join('; ')}`;
  } finally {
    await Promise.all([neighbour.stop(), victim.stop()]);
  }
}

/** The good client with its server, and the server of the hostile ones, which has the lowest priority like them. */
interface Others {
  readonly neighbour: Neighbour;
  readonly victim: Neighbour;
}

async function noticedUnder(
  kind: ProxyKind,
  probe: Probe,
  bundle: string,
  { neighbour, victim }: Others,
  cores: readonly number[],
  rounds: number,
): Promise<Noticed> {
  // A server of their own: the good client's would be busy with them.
  const apart = { prefixes: HOSTILE_PATHS, upstreamPort: victim.serverPort };
  const plan = { ...ABUSED_PROXY, upstreamPort: neighbour.serverPort, apart };
  const proxy = await RunningProxy.start(kind, plan, bundle);
  try {
    spawnSync('taskset', ['-a', '-c', '-p', String(cores[0]), String(proxy.pid)]);
    await experience(neighbour, proxy, () => sleep(WARM_UP_MS));
    await experience(neighbour, proxy, () => attack(proxy, probe, WARM_UP_MS));
    const quiet: number[] = [];
    const attacked: number[] = [];
    let failures = 0;
    for (let round = 0; round < rounds; round++) {
      await waitUntilQuiet(cores, QUIET_LIMIT_MS);
      quiet.push(...(await experience(neighbour, proxy, () => sleep(ROUND_MS))).latenciesMs);
      const seen = await experience(neighbour, proxy, () => attack(proxy, probe, ROUND_MS));
      attacked.push(...seen.latenciesMs);
      failures += seen.failures.length;
    }
    return { quietMs: p99(quiet), attackedMs: p99(attacked), failures };
  } finally {
    await proxy.stop();
  }
}

/** What the good client sees while something else happens. */
async function experience(
  neighbour: Neighbour,
  proxy: RunningProxy,
  meanwhile: () => Promise<void>,
): Promise<Experience> {
  neighbour.begin(proxy.port);
  await meanwhile();
  return neighbour.end();
}

/** Attacks for so long, again when the proxy has ended an attack before. */
async function attack(proxy: RunningProxy, probe: Probe, ms: number): Promise<void> {
  const untilMs = performance.now() + ms;
  do {
    const clients = Array.from({ length: HOSTILE }, () => RawHttp2.connect(proxy.port, probe.options));
    await Promise.all(clients.map((client) => assault(client, probe)));
    for (const client of clients) client.destroy();
  } while (performance.now() < untilMs);
}
