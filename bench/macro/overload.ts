/**
 * What clients get of an application that is asked for more than it can do: answers in time, a second, at several loads.
 *
 * The application has workers that each do one request at a time, so that its capacity depends on timers and not on the
 * machine. Clients do not wait for each other's answers and leave after a second. Beside the sidecar of a mesh, whose
 * adaptive limit is on by default: the application alone, and Envoy with its adaptive concurrency filter.
 */
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import type { BenchOptions } from '../options.ts';
import { ROOT } from '../paths.ts';
import { withAdaptiveConcurrency } from '../peers/adaptive-concurrency.ts';
import { SIDECARS, selectPeers } from '../peers/peers.ts';
import { HOSTS, PREFIXES } from '../peers/scenario.ts';
import { PinnedProcess } from '../processes.ts';
import { startPeer } from '../running-peers.ts';
import { renderTable } from '../table.ts';

const WORKERS = 16;
const SERVICE_MS = 20;
const CAPACITY = (WORKERS * 1_000) / SERVICE_MS;
/** In multiples of the capacity. */
const LOADS = [0.5, 0.9, 1, 1.5, 2, 4];
const CLIENT_TIMEOUT_MS = 1_000;
/** From a standing start to what is usual at this load; not counted. */
const WARM_UP_MS = 5_000;
const MEASURED_MS = 10_000;
/** Of the peak that is to be left at twice the capacity. */
const SHARE_MIN = 0.9;

/** Who stands in front of the application, and how it is started. */
interface Candidate {
  readonly name: string;
  start(appPort: number, options: BenchOptions): Promise<{ readonly port: number; stop(): Promise<void> }>;
}

const CANDIDATES: readonly Candidate[] = [
  { name: 'application alone', start: async (port) => ({ port, stop: async () => {} }) },
  { name: 'sidecar', start: (port, { proxyCore }) => started(SIDECARS[1]!, port, proxyCore) },
  {
    name: 'envoy',
    start: (port, { proxyCore }) => started(withAdaptiveConcurrency(selectPeers('envoy')[0]!), port, proxyCore),
  },
];

/** The bench: a table, and whether the sidecar keeps what it is to keep. */
export async function benchOverload(options: BenchOptions): Promise<string> {
  const rows: string[][] = [];
  const verdicts: string[] = [];
  for (const candidate of CANDIDATES) {
    const goodputs: number[] = [];
    for (const load of LOADS) {
      const figures = await measure(candidate, load, options).catch((error: Error) => error.message);
      if (typeof figures === 'string') {
        rows.push([candidate.name, `left out: ${figures}`]);
        break;
      }
      goodputs.push(figures.goodput);
      const { goodput, refused, late, p50Ms, p99Ms } = figures;
      rows.push([candidate.name, load.toFixed(1), ...[goodput, refused, late, p50Ms, p99Ms].map((n) => n.toFixed(0))]);
    }
    const share = goodputs[LOADS.indexOf(2)]! / Math.max(...goodputs);
    if (!Number.isNaN(share)) verdicts.push(verdict(candidate.name, share));
  }
  const head = ['in front', 'load', 'in time/s', 'refused/s', 'late/s', 'p50 ms', 'p99 ms'];
  const title = `overload: ${WORKERS} workers, ${SERVICE_MS} ms each: ${CAPACITY} a second; clients leave after ${CLIENT_TIMEOUT_MS} ms`;
  return `${title}\n${renderTable(head, rows)}\n${verdicts.join('\n')}`;
}

function verdict(name: string, share: number): string {
  const told = `${name}: ${Math.round(share * 100)} % of the peak at twice the capacity`;
  if (name !== 'sidecar') return told;
  return `${told}, at least ${SHARE_MIN * 100} wanted: ${share >= SHARE_MIN ? 'met' : 'MISSED'}`;
}

async function started(peer: Parameters<typeof startPeer>[0], appPort: number, core: number) {
  const running = await startPeer(peer, { kind: 'http2-to-http1', features: true, backendPorts: [appPort] }, core);
  return { port: running.scenario.port, stop: () => running.stop() };
}

interface Figures {
  readonly goodput: number;
  readonly refused: number;
  readonly late: number;
  /** Of the answers that came in time. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

async function measure(candidate: Candidate, load: number, options: BenchOptions): Promise<Figures> {
  const script = join(ROOT, 'bench/tools/limited-server.ts');
  const app = new PinnedProcess(options.loadCore, process.execPath, [script, `${WORKERS}`, `${SERVICE_MS}`], true);
  try {
    const [line] = (await once(app.stdout!, 'data')) as [Buffer];
    const front = await candidate.start(Number(line.toString()), options);
    try {
      return await offer(`http://127.0.0.1:${front.port}${PREFIXES.at(-1)}/x`, load * CAPACITY);
    } finally {
      await front.stop();
    }
  } finally {
    await app.stop();
  }
}

/** Requests at random times, so many a second; those that begin after the warm-up count. */
async function offer(url: string, rate: number): Promise<Figures> {
  const agent = new Agent({ connections: null, pipelining: 1 });
  const tookMs: number[] = [];
  let refused = 0;
  let late = 0;
  const one = async (counts: boolean) => {
    const sentMs = performance.now();
    try {
      const signal = AbortSignal.timeout(CLIENT_TIMEOUT_MS);
      const { statusCode, body } = await request(url, { dispatcher: agent, signal, headers: { host: HOSTS[0] } });
      await body.dump();
      if (!counts) return;
      if (statusCode === 200) tookMs.push(performance.now() - sentMs);
      else refused++;
    } catch {
      if (counts) late++;
    }
  };
  const startMs = performance.now();
  const pending = new Set<Promise<void>>();
  for (let dueMs = startMs; dueMs < startMs + WARM_UP_MS + MEASURED_MS; ) {
    const behindMs = dueMs - performance.now();
    if (behindMs > 0) await sleep(behindMs);
    const sent = one(dueMs >= startMs + WARM_UP_MS).finally(() => pending.delete(sent));
    pending.add(sent);
    dueMs += (-Math.log(1 - Math.random()) * 1_000) / rate;
  }
  await Promise.all(pending);
  await agent.destroy();
  tookMs.sort((a, b) => a - b);
  const seconds = MEASURED_MS / 1_000;
  const at = (share: number) => tookMs[Math.floor(tookMs.length * share)] ?? Number.NaN;
  return {
    goodput: tookMs.length / seconds,
    refused: refused / seconds,
    late: late / seconds,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
  };
}
