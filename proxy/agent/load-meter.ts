/**
 * What happened in the last window, from counters that only grow: the difference between two readings. Pure: readings go
 * in, reports come out.
 */
import { LOAD_REPORT_EDGES_MAX } from '../../protos/contract/limits.ts';
import { type Edge, LoadReport } from '../../protos/gen/outrider/agent/v1/agent.ts';
import type { AdaptiveLimitStats } from '../http/filters/adaptive-limit/adaptive-limit-stats.ts';
import type { ManagerStats } from '../http/manager-stats.ts';
import type { LatencyHistogram } from '../telemetry/latency-histogram.ts';
import type { ClusterStats } from '../upstream/cluster-stats.ts';

/** What the application and its sidecar use. */
export interface Usage {
  /** Of what it may use: 1 is all. */
  readonly cpuFraction: number;
  readonly memoryBytes: number;
}

/** Where the load is read. */
export interface LoadView {
  /** Counters of the inbound connection manager; undefined before it is there. */
  inbound(): ManagerStats | undefined;
  /** Connections to the application that carry no HTTP. */
  inboundConnections(): number;
  /** The adaptive limit in front of the application; undefined without one. */
  adaptiveLimit(): AdaptiveLimitStats | undefined;
  /** The clusters that the application calls. */
  clusters(): readonly { readonly name: string; readonly stats: ClusterStats }[];
  usage(): Usage;
}

/** From 50 microseconds to 100 seconds, each bound a tenth above the one before. */
const BOUNDS_MS: readonly number[] = Array.from({ length: 153 }, (_, i) => 0.05 * 1.1 ** i);

interface Reading {
  readonly requests: number;
  readonly errors: number;
  readonly latency: readonly number[];
}

/** Requests that got a place so far, and microseconds that they waited for it. */
interface Waits {
  readonly admitted: number;
  readonly waitedUs: number;
}

const NO_READING: Reading = { requests: 0, errors: 0, latency: new Array(BOUNDS_MS.length + 1).fill(0) };

/** See the head of this file. */
export class LoadMeter {
  readonly #view: LoadView;
  #readAtMs: number;
  #inbound: Reading;
  #waits: Waits;
  #edges: Map<string, Reading>;

  /** The first window starts now. */
  constructor(view: LoadView, nowMs: number) {
    this.#view = view;
    this.#readAtMs = nowMs;
    this.#inbound = readInbound(view.inbound());
    this.#waits = readWaits(view.adaptiveLimit());
    this.#edges = readEdges(view, new Map());
  }

  /** The report of the window that ends now; the next one starts. */
  report(nowMs: number): LoadReport {
    const inboundStats = this.#view.inbound();
    const before = this.#inbound;
    this.#inbound = readInbound(inboundStats);
    const window = since(this.#inbound, before);
    const limit = this.#view.adaptiveLimit();
    const waitsBefore = this.#waits;
    this.#waits = readWaits(limit);
    const { cpuFraction, memoryBytes } = this.#view.usage();
    const windowMs = Math.max(0, Math.round(nowMs - this.#readAtMs));
    this.#readAtMs = nowMs;
    return LoadReport.fromPartial({
      windowMs,
      // What the application works on; without a limit, what has not ended.
      inFlight: limit?.inFlight ?? inboundStats?.rqActive ?? 0,
      unfinished: (inboundStats?.rqActive ?? 0) + this.#view.inboundConnections(),
      queueWaitUs: meanWaitUs(this.#waits, waitsBefore),
      limitSaturation: limit === undefined || limit.limit === 0 ? 0 : limit.inFlight / limit.limit,
      requests: window.requests,
      errors: window.errors,
      p50LatencyUs: quantileUs(window.latency, 0.5),
      p99LatencyUs: quantileUs(window.latency, 0.99),
      cpuFraction,
      memoryBytes,
      edges: this.#edgeReports(),
    });
  }

  #edgeReports(): Edge[] {
    const before = this.#edges;
    this.#edges = readEdges(this.#view, before);
    const edges: Edge[] = [];
    for (const [cluster, reading] of this.#edges) {
      const previous = before.get(cluster) ?? NO_READING;
      if (reading === previous) continue;
      const { requests, errors, latency } = since(reading, previous);
      if (requests > 0) edges.push({ cluster, requests, errors, p99Us: quantileUs(latency, 0.99) });
    }
    return edges.sort((a, b) => b.requests - a.requests).slice(0, LOAD_REPORT_EDGES_MAX);
  }
}

function readInbound(stats: ManagerStats | undefined): Reading {
  if (stats === undefined) return NO_READING;
  return { requests: stats.rqCompleted, errors: stats.byClass[5] ?? 0, latency: read(stats.timeMs) };
}

function readWaits(stats: AdaptiveLimitStats | undefined): Waits {
  return { admitted: stats?.admitted ?? 0, waitedUs: stats?.waitedUs ?? 0 };
}

/** Mean of the window over all requests that got a place, those that did not have to wait included. */
function meanWaitUs(now: Waits, before: Waits): number {
  const base = now.admitted < before.admitted ? { admitted: 0, waitedUs: 0 } : before;
  const admitted = now.admitted - base.admitted;
  return admitted === 0 ? 0 : Math.round(Math.max(0, now.waitedUs - base.waitedUs) / admitted);
}

/** In a mesh of thousands of services most are not called in a second: their readings are those from before. */
function readEdges(view: LoadView, before: ReadonlyMap<string, Reading>): Map<string, Reading> {
  const edges = new Map<string, Reading>();
  for (const { name, stats } of view.clusters()) {
    const known = stats.rqCompleted === 0 ? NO_READING : before.get(name);
    if (known?.requests === stats.rqCompleted) {
      edges.set(name, known);
      continue;
    }
    const errors = stats.byStatus.subarray(500).reduce((sum, each) => sum + each, 0);
    edges.set(name, { requests: stats.rqCompleted, errors, latency: read(stats.timeMs) });
  }
  return edges;
}

function read(histogram: LatencyHistogram): number[] {
  return histogram.bucketCounts(BOUNDS_MS);
}

/** Counters that were reset in between, or belong to a new cluster of an old name, start over at zero. */
function since(now: Reading, before: Reading): Reading {
  const base = now.requests < before.requests ? NO_READING : before;
  return {
    requests: now.requests - base.requests,
    errors: Math.max(0, now.errors - base.errors),
    latency: now.latency.map((count, i) => Math.max(0, count - (base.latency[i] ?? 0))),
  };
}

/** The upper bound of the bucket in which the quantile lies, in microseconds; 0 without observations. */
function quantileUs(counts: readonly number[], q: number): number {
  const total = counts.reduce((sum, each) => sum + each, 0);
  if (total === 0) return 0;
  let left = q * total;
  for (const [i, count] of counts.entries()) {
    left -= count;
    if (left <= 0) return Math.round((BOUNDS_MS[i] ?? BOUNDS_MS.at(-1)!) * 1000);
  }
  return Math.round(BOUNDS_MS.at(-1)! * 1000);
}
