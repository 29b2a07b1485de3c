/**
 * What others notice of hostile HTTP/2 clients: the p99 of a good client beside eight hostile connections, and without.
 *
 * The proxy has one core to itself. The good client and its server have the other, and the hostile clients get what these
 * leave of it. They cost it something all the same, in the kernel and in caches: how much is measured by attacking another
 * proxy, which stands on that core as well and gets as little of it.
 *
 *   quiet       nobody attacks
 *   elsewhere   the other proxy is attacked: what the machine does to the good client
 *   attacked    its own is: what the proxy does to it is the factor between both
 */
import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { ABUSED_PROXY } from '../../test/component/data-plane/http2-assault.ts';
import { HOSTILE, HOSTILE_PATHS, PROBES } from '../../test/component/data-plane/http2-probes.ts';
import { type Experience, Neighbour, p99 } from '../../test/peers/http2/neighbour.ts';
import { missingProxy, type ProxyKind, RunningProxy } from '../../test/peers/http2/proxies.ts';
import type { BenchOptions } from '../options.ts';
import { OutriderBundle } from '../peers/outrider-bundle.ts';
import { waitUntilQuiet } from '../proc.ts';
import { renderTable } from '../table.ts';
import { Assailants } from './assailants.ts';
import { QUIET_LIMIT_MS } from './load-bench.ts';

const KINDS: readonly ProxyKind[] = ['outrider', 'envoy'];
/** Each round lasts so long, undisturbed and attacked: a p99 of ten requests would be the slowest of them. */
const ROUND_MS = 700;
/** Good requests, and then the attack, before anything is measured: what is measured is a sidecar that is warm. */
const WARM_UP_MS = 2_000;
/** What the good client may notice: its p99 grows by this factor at most. */
const GROWTH_MAX = 2;

/** The p99 over all rounds, in milliseconds. */
interface Noticed {
  readonly quietMs: number;
  readonly elsewhereMs: number;
  readonly attackedMs: number;
  readonly failures: number;
}

/** Runs the probes against each proxy and renders the table; one line tells how many are within the bound. */
export async function benchAbuse({ rounds, proxyCore, loadCore, peers }: BenchOptions): Promise<string> {
  const bundle = new OutriderBundle().find();
  if ('missing' in bundle) throw new Error(bundle.missing);
  const assailants = await Assailants.start(loadCore);
  const neighbour = await Neighbour.start();
  for (const pid of [process.pid, neighbour.pid]) pin(pid, loadCore);
  const kinds = KINDS.filter((kind) => peers.some(({ name }) => name === kind) && missingProxy(kind) === false);
  const cores = [proxyCore, loadCore];
  try {
    const rows: string[][] = [];
    const within = new Map<ProxyKind, number>(kinds.map((kind) => [kind, 0]));
    for (const [number, { name }] of PROBES.entries()) {
      const cells: string[] = [];
      for (const kind of kinds) {
        const noticed = await noticedUnder(kind, number, bundle.path, { neighbour, assailants }, cores, rounds);
        const growth = noticed.attackedMs / noticed.elsewhereMs;
        if (growth <= GROWTH_MAX && noticed.failures === 0) within.set(kind, within.get(kind)! + 1);
        const { quietMs, elsewhereMs, attackedMs } = noticed;
        cells.push(...[quietMs, elsewhereMs, attackedMs].map((ms) => ms.toFixed(2)), growth.toFixed(1));
        cells.push((attackedMs / quietMs).toFixed(1));
      }
      rows.push([name, ...cells]);
      console.error(`${name}: ${cells.join(' ')}`);
    }
    const head = [
      'probe',
      ...kinds.flatMap((kind) => [`${kind} quiet p99 ms`, 'elsewhere', 'attacked', 'x elsewhere', 'x quiet']),
    ];
    const told = kinds.map(
      (kind) => `${kind}: ${within.get(kind)} of ${PROBES.length} within ${GROWTH_MAX}x of elsewhere`,
    );
    return `abuse: a good client beside ${HOSTILE} hostile connections, ${rounds} rounds\n${renderTable(head, rows)}\n${told.join('; ')}`;
  } finally {
    await Promise.all([assailants.stop(), neighbour.stop()]);
  }
}

/** The good client with its server, and the hostile ones with theirs. */
interface Others {
  readonly neighbour: Neighbour;
  readonly assailants: Assailants;
}

/** All threads that it has. */
function pin(pid: number, core: number): void {
  spawnSync('taskset', ['-a', '-c', '-p', String(core), String(pid)]);
}

async function noticedUnder(
  kind: ProxyKind,
  probe: number,
  bundle: string,
  { neighbour, assailants }: Others,
  cores: readonly number[],
  rounds: number,
): Promise<Noticed> {
  // A server of their own: the good client's would be busy with them.
  const apart = { prefixes: HOSTILE_PATHS, upstreamPort: assailants.serverPort };
  const plan = { ...ABUSED_PROXY, upstreamPort: neighbour.serverPort, apart };
  const proxy = await RunningProxy.start(kind, plan, bundle);
  const other = await RunningProxy.start(kind, plan, bundle);
  try {
    pin(proxy.pid, cores[0]!);
    pin(other.pid, cores[1]!);
    spawnSync('chrt', ['--all-tasks', '--idle', '--pid', '0', String(other.pid)]);
    await experience(neighbour, proxy, () => sleep(WARM_UP_MS));
    await experience(neighbour, proxy, () => assailants.attack(proxy.port, probe, WARM_UP_MS));
    const quiet: number[] = [];
    const elsewhere: number[] = [];
    const attacked: number[] = [];
    let failures = 0;
    for (let round = 0; round < rounds; round++) {
      await waitUntilQuiet(cores, QUIET_LIMIT_MS);
      quiet.push(...(await experience(neighbour, proxy, () => sleep(ROUND_MS))).latenciesMs);
      const beside = await experience(neighbour, proxy, () => assailants.attack(other.port, probe, ROUND_MS));
      elsewhere.push(...beside.latenciesMs);
      const seen = await experience(neighbour, proxy, () => assailants.attack(proxy.port, probe, ROUND_MS));
      attacked.push(...seen.latenciesMs);
      failures += seen.failures.length;
    }
    return { quietMs: p99(quiet), elsewhereMs: p99(elsewhere), attackedMs: p99(attacked), failures };
  } finally {
    await Promise.all([proxy.stop(), other.stop()]);
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
