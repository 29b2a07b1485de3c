/**
 * Runs peers side by side on paths through the proxy that HTTP/2 has a part in: the load comes by HTTP/1.1 or by h2load,
 * as the path begins.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BenchOptions } from '../options.ts';
import type { Peer } from '../peers/peers.ts';
import { type ScenarioKind, sendsHttp2 } from '../peers/scenario.ts';
import { residentMb } from '../proc.ts';
import { buildResult, type Metric, type Result } from '../results.ts';
import { type Measurement, runRounds } from '../rounds.ts';
import { type RunningPeer, startPeer } from '../running-peers.ts';
import { H2load, type Http2Shape, requireH2load } from './h2load.ts';
import { type Load, listedFeatures, measureLoad, startLoad } from './load-bench.ts';
import { versionsOf } from './versions.ts';

/** As for HTTP/1.1: time for a just-in-time compiler to come to its final code. */
const WARM_UP_SECONDS = 3;
const RETRIES = 3;

const METRICS: readonly Metric[] = [
  { key: 'cpuUs', title: 'CPU us/req', digits: 1, judged: true, spread: true },
  { key: 'userUs', title: 'of it user', digits: 1, judged: false },
  { key: 'rps', title: 'req/s', digits: 0, judged: false },
  { key: 'busyPercent', title: 'core %', digits: 0, judged: false },
  { key: 'meanUs', title: 'mean us', digits: 0, judged: false, spread: true },
  { key: 'idleMb', title: 'idle MB', digits: 0, judged: true },
  { key: 'afterMb', title: 'after MB', digits: 0, judged: true },
  { key: 'errors', title: 'errors', digits: 0, judged: false },
];

/** A row of the table: one peer on one path. */
export interface Candidate {
  readonly name: string;
  readonly peer: Peer;
  readonly kind: ScenarioKind;
  readonly features: boolean;
  /** As many endpoints as with features on; left out: as in Scenario. */
  readonly everyEndpoint?: boolean;
}

/** What is compared, in the order of the table. */
export interface PathBench {
  readonly key: string;
  readonly backend: 'grpc' | 'plain';
  readonly candidates: readonly Candidate[];
  /** Peers that take no part, by name, and why. */
  readonly missing: Readonly<Record<string, string>>;
  /** Of the load where clients speak HTTP/2. */
  readonly shape: Http2Shape;
  /** Names of the rows that ratios are given to. */
  readonly references: readonly string[];
}

interface Target {
  readonly name: string;
  readonly running: RunningPeer;
  readonly idleMb: number;
}

/** Runs the bench. Throws for options that it has no use for; who does not start is told in the result. */
export async function runPathBench(options: BenchOptions, bench: PathBench): Promise<Result> {
  refuseUnfit(options);
  const folder = mkdtempSync(join(tmpdir(), 'outrider-bench-'));
  const load = await startLoad(options, folder, { http2: bench.backend });
  const targets: Target[] = [];
  try {
    const missing = { ...bench.missing, ...(await startTargets(targets, load, options, bench)) };
    return await measureAll(targets, missing, load, options, bench, new H2load(load, options, folder));
  } finally {
    await Promise.all([load.tool.stop(), ...targets.map(({ running }) => running.stop())]);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Throws for options that only the load generator of HTTP/1.1 has. */
function refuseUnfit({ rate, request }: BenchOptions): void {
  requireH2load();
  if (rate > 0) throw new Error('--rate: HTTP/2 is measured in the closed loop only');
  if (request !== 'small') throw new Error(`--request ${request}: HTTP/2 is measured with small requests only`);
}

/** Starts the candidates, adds them to `targets`, and returns those that did not start with the reason. */
async function startTargets(
  targets: Target[],
  load: Load,
  { responseBytes, proxyCore }: BenchOptions,
  { candidates }: PathBench,
): Promise<Record<string, string>> {
  const missing: Record<string, string> = {};
  for (const { name, peer, kind, features, everyEndpoint = features } of candidates) {
    const backendPorts = sendsHttp2(kind) ? load.http2Ports : load.backendPorts;
    try {
      const running = await startPeer(peer, { kind, features, everyEndpoint, backendPorts, responseBytes }, proxyCore);
      targets.push({ name, running, idleMb: residentMb(running.process.pid) });
    } catch (error) {
      missing[name] = (error as Error).message;
    }
  }
  return missing;
}

async function measureAll(
  targets: readonly Target[],
  missing: Readonly<Record<string, string>>,
  load: Load,
  options: BenchOptions,
  bench: PathBench,
  h2load: H2load,
): Promise<Result> {
  const measure = ({ running }: Target, seconds: number): Promise<Measurement> =>
    running.scenario.kind === 'http1' || running.scenario.kind === 'http1-to-http2'
      ? measureLoad(load, running, { ...options, seconds })
      : h2load.measure(running, bench.shape, seconds);
  const { rounds, foreignShareMax, seconds } = options;
  const measured = await runRounds(targets, { rounds, foreignShareMax, retries: RETRIES }, async (target, round) => {
    if (round === 0) await measure(target, WARM_UP_SECONDS);
    const { figures, foreignShare } = await measure(target, seconds);
    return { figures: { ...figures, idleMb: target.idleMb }, foreignShare };
  });
  const versions = versionsOf([...new Set(targets.map(({ running }) => running.peer))]);
  return buildResult(
    {
      key: bench.key,
      rounds,
      features: listedFeatures(options),
      metrics: METRICS,
      missing,
      versions: Object.fromEntries(
        targets.map(({ name, running }) => [name, versions[running.peer.name] ?? 'unknown']),
      ),
      references: bench.references,
      measured: new Map([...measured].map(([{ name }, result]) => [name, result])),
    },
    new Date().toISOString(),
  );
}
