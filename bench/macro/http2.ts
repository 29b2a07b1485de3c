/**
 * HTTP/2 without TLS: gRPC calls through every peer that has it, and the hop between two sidecars of a mesh, where one
 * side speaks HTTP/1.1. Connections to endpoints are few in HTTP/2 and many in HTTP/1.1: that is what the hop is about.
 */
import type { BenchOptions } from '../options.ts';
import type { ScenarioKind } from '../peers/scenario.ts';
import type { Result } from '../results.ts';
import type { Http2Shape } from './h2load.ts';
import { type PathBench, runPathBench } from './path-bench.ts';

/** A way through a proxy, and what the row of a peer that goes it is called behind its name. */
interface Path {
  readonly kind: ScenarioKind;
  readonly label: string;
}

/** Few connections of many streams, as a gRPC channel has them; --connections counts where there is one stream each. */
const MULTIPLEXED: Http2Shape = { connections: 10, streams: 10 };
const LARGE_BYTES = 65_536;
/** Streams of each connection in the hop: a sidecar opens few to the next one. */
const HOP_STREAMS = 16;

/** The peers of gRPC that ratios are given to. */
const GRPC_REFERENCES = ['haproxy', 'nginx', 'envoy', 'node-http2'];

/** The paths of the hop, the one that the others are compared with first. */
const HOPS: readonly Path[] = [
  { kind: 'http1', label: 'h1 to h1' },
  { kind: 'http1-to-http2', label: 'h1 to h2' },
  { kind: 'http2-to-http1', label: 'h2 to h1' },
];
const HOP_REFERENCE = `outrider ${HOPS[0]!.label}`;

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
  return runPathBench(options, {
    key: `grpc features=${onOff(features)} ${shape.connections}x${shape.streams} response=${responseBytes}`,
    backend: 'grpc',
    ...rowsOf(options, [{ kind: 'grpc', label: '' }]),
    shape,
    references: GRPC_REFERENCES,
  });
}

/** From one version of HTTP to the other, beside HTTP/1.1 on both sides; --connections requests are in flight. */
export function benchHop(options: BenchOptions): Promise<Result> {
  const { features, connections, responseBytes } = options;
  return runPathBench(options, {
    key: `hop features=${onOff(features)} connections=${connections} response=${responseBytes}`,
    backend: 'plain',
    ...rowsOf(options, HOPS),
    shape: hopShape(connections),
    references: [HOP_REFERENCE],
  });
}

/** So many requests in flight, as one sidecar has them to the next. */
export function hopShape(inFlight: number): Http2Shape {
  return { connections: Math.ceil(inFlight / HOP_STREAMS), streams: HOP_STREAMS };
}

/** The rows of every peer that has all paths. They follow each other: they are compared with each other. */
function rowsOf({ peers, features }: BenchOptions, paths: readonly Path[]): Pick<PathBench, 'candidates' | 'missing'> {
  const fit = peers.filter((peer) => paths.every(({ kind }) => peer.kinds.includes(kind)));
  const unfit = peers.filter((peer) => !fit.includes(peer));
  const why = `it is not set up for ${paths.map(({ kind }) => kind).join(', ')}`;
  return {
    candidates: fit.flatMap((peer) =>
      paths.map(({ kind, label }) => ({
        name: label === '' ? peer.name : `${peer.name} ${label}`,
        peer,
        kind,
        features,
      })),
    ),
    missing: Object.fromEntries(unfit.map(({ name }) => [name, why])),
  };
}

function onOff(on: boolean): string {
  return on ? 'on' : 'off';
}
