/**
 * What Envoys and gRPC clients report of the load on the mesh's services (LRS), beside the reports of the sidecars' agents:
 * the last interval of each client, and sums over all of them since the start.
 *
 * A report counts what has happened since the one before; what goes on is told as it is at its end.
 */
import type { ClusterStats } from '../../protos/gen/envoy/config/endpoint/v3/load_report.ts';

/** Counts of one interval, or since the start. */
export interface LoadCounts {
  readonly issued: number;
  readonly succeeded: number;
  readonly failed: number;
  /** By the client itself, before an endpoint was chosen. */
  readonly dropped: number;
}

/** The last that one client said of one cluster. */
export interface ClusterLoad extends LoadCounts {
  readonly cluster: string;
  /** Length of the interval; 0 when the client did not tell. */
  readonly intervalMs: number;
  readonly inProgress: number;
  /** Clock time of its arrival. */
  readonly atMs: number;
}

/** One stream of reports. */
export interface LoadClient {
  readonly nodeId: string;
  readonly userAgent: string;
}

const NOTHING: LoadCounts = { issued: 0, succeeded: 0, failed: 0, dropped: 0 };

/** See the head of this file. */
export class LoadStats {
  /** Reports taken in, and what they said of clusters that are no service of the mesh. */
  reports = 0;
  ignored = 0;
  readonly #last = new Map<LoadClient, Map<string, ClusterLoad>>();
  readonly #totals = new Map<string, LoadCounts>();

  /** A client has come. */
  open(client: LoadClient): void {
    this.#last.set(client, new Map());
  }

  /** The client has gone: what it did counts, what it was doing no longer does. */
  forget(client: LoadClient): void {
    this.#last.delete(client);
  }

  /** Takes in one report; clusters other than `services` are passed over. */
  record(client: LoadClient, stats: readonly ClusterStats[], services: ReadonlySet<string>, atMs: number): void {
    const last = this.#last.get(client);
    if (last === undefined) return;
    this.reports++;
    for (const each of stats) {
      if (!services.has(each.clusterName)) {
        this.ignored++;
        continue;
      }
      const load = clusterLoad(each, atMs);
      last.set(load.cluster, load);
      this.#totals.set(load.cluster, sum(this.#totals.get(load.cluster) ?? NOTHING, load));
    }
    for (const each of [last, this.#totals]) for (const name of each.keys()) if (!services.has(name)) each.delete(name);
  }

  /** Clients with a stream open. */
  get clients(): number {
    return this.#last.size;
  }

  /** The last intervals of all clients. */
  *entries(): Iterable<ClusterLoad & LoadClient> {
    for (const [{ nodeId, userAgent }, clusters] of this.#last)
      for (const load of clusters.values()) yield { nodeId, userAgent, ...load };
  }

  /** Since the start, by cluster. */
  totals(): ReadonlyMap<string, LoadCounts> {
    return this.#totals;
  }
}

function clusterLoad(stats: ClusterStats, atMs: number): ClusterLoad {
  const { clusterName: cluster, upstreamLocalityStats: localities, loadReportInterval, totalDroppedRequests } = stats;
  const total = (
    field: 'totalIssuedRequests' | 'totalSuccessfulRequests' | 'totalErrorRequests' | 'totalRequestsInProgress',
  ) => localities.reduce((all, locality) => all + locality[field], 0);
  return {
    cluster,
    atMs,
    intervalMs:
      loadReportInterval === undefined ? 0 : loadReportInterval.seconds * 1000 + loadReportInterval.nanos / 1e6,
    issued: total('totalIssuedRequests'),
    succeeded: total('totalSuccessfulRequests'),
    failed: total('totalErrorRequests'),
    inProgress: total('totalRequestsInProgress'),
    dropped: totalDroppedRequests,
  };
}

function sum(a: LoadCounts, b: LoadCounts): LoadCounts {
  return {
    issued: a.issued + b.issued,
    succeeded: a.succeeded + b.succeeded,
    failed: a.failed + b.failed,
    dropped: a.dropped + b.dropped,
  };
}
