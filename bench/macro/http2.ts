/**
 * HTTP/2 without TLS: gRPC calls through every peer that has it, and the hop between two sidecars of a mesh, where one
 * side speaks HTTP/1.1. Connections to endpoints are few in HTTP/2 and many in HTTP/1.1: that is what the hop is about.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BenchOptions } from '../options.ts';
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
/** Few connections of many streams, as a gRPC channel has them; --connections counts where there is one stream each. */
const MULTIPLEXED: Http2Shape = { connections: 10, streams: 10 };
const LARGE_BYTES = 65_536;
/** Streams of each connection in the hop: a sidecar opens few to the next one. */
export const HOP_STREAMS = 16;

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

/** The peers of gRPC that ratios are given to. */
const GRPC_REFERENCES = ['haproxy', 'nginx', 'envoy', 'node-http2'];

/** The paths of the hop, the one that the others are compared with first. */
const HOPS: readonly { readonly kind: ScenarioKind; readonly label: string }[] = [
  { kind: 'http1', label: 'h1 to h1' },
  { kind: 'http1-to-http2', label: 'h1 to h2' },
  { kind: 'http2-to-http1', label: 'h2 to h1' },
];
const HOP_REFERENCE = `outrider ${HOPS[0]!.label}`;

/** What is measured: one peer on one path. */
export interface Target {
  readonly name: string;
  readonly running: RunningPeer;
  readonly idleMb: number;
}

/** Unary gRPC calls: many streams on ten connections, with answers of 100 bytes. */
export function benchGrpc(options: BenchOptions): Promise<Result> {
  return benchCalls(options, MULTIPLEXED);
}

/** The same with one call at a time on each connection. */
export function benchGrpcSingle(options: BenchOptions): Promise<Result> {
  return benchCalls(options, { connections: options.connections, streams: 1 });
}

/** The same with many streams and answers of 64 KiB, which flow control has a say in. */
export function benchGrpcLarge(options: BenchOptions): Promise<Result> {
  return benchCalls({ ...options, responseBytes: LARGE_BYTES }, MULTIPLEXED);
}

function benchCalls(options: BenchOptions, shape: Http2Shape): Promise<Result> {
  const { features, responseBytes } = options;
  return runBench(options, {
    key: `grpc features=${onOff(features)} ${shape.connections}x${shape.streams} response=${responseBytes}`,
    backend: 'grpc',
    paths: [{ kind: 'grpc', label: '' }],
    shape,
    references: GRPC_REFERENCES,
  });
}

/** From one version of HTTP to the other, beside HTTP/1.1 on both sides; --connections requests are in flight. */
export function benchHop(options: BenchOptions): Promise<Result> {
  const { features, connections, responseBytes } = options;
  return runBench(options, {
    key: `hop features=${onOff(features)} connections=${connections} response=${responseBytes}`,
    backend: 'plain',
    paths: HOPS,
    shape: { connections: Math.ceil(connections / HOP_STREAMS), streams: HOP_STREAMS },
    references: [HOP_REFERENCE],
  });
}

export interface Bench {
  readonly key: string;
  readonly backend: 'grpc' | 'plain';
  readonly paths: readonly { readonly kind: ScenarioKind; readonly label: string }[];
  /** Of the load where clients speak HTTP/2. */
  readonly shape: Http2Shape;
  readonly references: readonly string[];
}

async function runBench(options: BenchOptions, bench: Bench): Promise<Result> {
  refuseUnfit(options);
  const folder = mkdtempSync(join(tmpdir(), 'outrider-bench-'));
  const load = await startLoad(options, folder, { http2: bench.backend });
  const targets: Target[] = [];
  try {
    const missing = await startTargets(targets, load, options, bench);
    return await measureTargets(targets, missing, load, options, bench, new H2load(load, options, folder));
  } finally {
    await Promise.all([load.tool.stop(), ...targets.map(({ running }) => running.stop())]);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Throws for options that only the load generator of HTTP/1.1 has. */
export function refuseUnfit({ rate, request }: BenchOptions): void {
  requireH2load();
  if (rate > 0) throw new Error('--rate: HTTP/2 is measured in the closed loop only');
  if (request !== 'small') throw new Error(`--request ${request}: HTTP/2 is measured with small requests only`);
}

/**
 * Starts every peer that has all paths for each of them, adds them to `targets`, and returns those that are missing with
 * the reason.
 */
async function startTargets(
  targets: Target[],
  load: Load,
  { peers, features, responseBytes, proxyCore }: BenchOptions,
  { paths }: Bench,
): Promise<Record<string, string>> {
  const missing: Record<string, string> = {};
  const fit = peers.filter((peer) => paths.every(({ kind }) => peer.kinds.includes(kind)));
  for (const peer of peers) if (!fit.includes(peer)) missing[peer.name] = `it is not set up for ${kindsOf(paths)}`;
  // The paths of one peer follow each other in the rounds: they are compared with each other.
  for (const peer of fit) {
    for (const { kind, label } of paths) {
      const name = label === '' ? peer.name : `${peer.name} ${label}`;
      const backendPorts = sendsHttp2(kind) ? load.http2Ports : load.backendPorts;
      try {
        const running = await startPeer(peer, { kind, features, backendPorts, responseBytes }, proxyCore);
        targets.push({ name, running, idleMb: residentMb(running.process.pid) });
      } catch (error) {
        missing[name] = (error as Error).message;
      }
    }
  }
  return missing;
}

export async function measureTargets(
  targets: readonly Target[],
  missing: Readonly<Record<string, string>>,
  load: Load,
  options: BenchOptions,
  bench: Bench,
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

function kindsOf(paths: Bench['paths']): string {
  return paths.map(({ kind }) => kind).join(', ');
}

function onOff(on: boolean): string {
  return on ? 'on' : 'off';
}
