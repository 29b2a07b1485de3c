/** HTTP/1.1 through every peer: CPU per request, throughput, latency and memory. Also TLS, which is the same with keys. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCertificates } from '../certificates.ts';
import type { BenchOptions } from '../options.ts';
import { residentMb } from '../proc.ts';
import { buildResult, type Metric, type Result } from '../results.ts';
import { runRounds } from '../rounds.ts';
import { type RunningPeer, startPeers } from '../running-peers.ts';
import { type Load, listedFeatures, measureLoad, startLoad } from './load-bench.ts';
import { versionsOf } from './versions.ts';

/** Load before the first round, in seconds: a just-in-time compiler takes about that long to come to its final code. */
const WARM_UP_SECONDS = 3;
const RETRIES = 3;

const METRICS: readonly Metric[] = [
  { key: 'cpuUs', title: 'CPU us/req', digits: 1, judged: true, spread: true },
  { key: 'userUs', title: 'of it user', digits: 1, judged: false },
  { key: 'rps', title: 'req/s', digits: 0, judged: false },
  { key: 'busyPercent', title: 'core %', digits: 0, judged: false },
  { key: 'p50Us', title: 'p50 us', digits: 0, judged: false, spread: true },
  { key: 'p99Us', title: 'p99 us', digits: 0, judged: false, spread: true },
  { key: 'idleMb', title: 'idle MB', digits: 0, judged: true },
  { key: 'afterMb', title: 'after MB', digits: 0, judged: true },
  { key: 'errors', title: 'errors', digits: 0, judged: false },
];

/** In the open loop: requests of the schedule that found no free connection before the end. */
const UNSENT: Metric = { key: 'unsent', title: 'unsent', digits: 0, judged: false };

/** The bench of one kind of path through the proxy. */
export async function benchHttp(
  kind: 'http1' | 'tls-terminate' | 'tls-originate',
  options: BenchOptions,
): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'outrider-bench-'));
  const certificates = kind === 'http1' ? undefined : createCertificates(folder);
  const tls = kind === 'http1' || certificates === undefined ? undefined : { kind, certificates };
  const load = await startLoad(options, folder, tls === undefined ? {} : { tls });
  const plan = {
    kind,
    features: options.features,
    backendPorts: load.backendPorts,
    ...(certificates === undefined ? {} : { certificates }),
  };
  const { running, missing } = await startPeers(options.peers, plan, options.proxyCore);
  try {
    return await measureAll(kind, load, running, missing, options);
  } finally {
    await Promise.all([load.tool.stop(), ...running.map((each) => each.stop())]);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureAll(
  kind: string,
  load: Load,
  running: readonly RunningPeer[],
  missing: Readonly<Record<string, string>>,
  options: BenchOptions,
): Promise<Result> {
  const idleMb = new Map(running.map((each) => [each, residentMb(each.process.pid)]));
  const { rounds, foreignShareMax } = options;
  const measured = await runRounds(running, { rounds, foreignShareMax, retries: RETRIES }, async (target, round) => {
    if (round === 0) await measureLoad(load, target, { ...options, seconds: WARM_UP_SECONDS, rate: 0 });
    const { figures, foreignShare } = await measureLoad(load, target, options);
    return { figures: { ...figures, idleMb: idleMb.get(target)! }, foreignShare };
  });
  return buildResult(
    {
      key: keyOf(kind, options),
      rounds,
      features: listedFeatures(options),
      metrics: options.rate > 0 ? [...METRICS, UNSENT] : METRICS,
      missing,
      versions: versionsOf(running.map((each) => each.peer)),
      measured: new Map([...measured].map(([target, result]) => [target.peer.name, result])),
    },
    new Date().toISOString(),
  );
}

/** What makes two runs comparable. */
function keyOf(kind: string, options: BenchOptions): string {
  const { features, request, responseBytes, connections, rate } = options;
  const loop = rate > 0 ? `rate=${rate}` : 'closed loop';
  const on = features ? 'on' : 'off';
  return `${kind} features=${on} request=${request} response=${responseBytes} connections=${connections} ${loop}`;
}
