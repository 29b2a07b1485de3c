/**
 * From what the sidecars have counted since they started to what has happened since the last look: requests per
 * second, errors and p99 per edge, an edge being a caller and the service it called.
 *
 *   scrape of every sidecar ──► counters per (sidecar, edge) ──► minus the last look's ──► summed per edge
 *
 * A sidecar's counters start at zero when it starts, so a counter that went down has counted all it shows since then.
 * An error is an answer of class 5xx, as the caller got it (Envoy's envoy_cluster_upstream_rq_xx).
 */
import { parseSamples, parseValue, type Sample } from './exposition.ts';
import { quantile } from './histogram.ts';

/** What one sidecar answered. */
export interface Scrape {
  /** Tells sidecars apart, also over restarts on other ports. */
  readonly target: string;
  /** The workload beside it: the caller of what it sends. */
  readonly workload: string;
  /** Its /stats/prometheus page. */
  readonly text: string;
}

/** One caller and one service, over the time since the last look. */
export interface EdgeTraffic {
  readonly caller: string;
  readonly service: string;
  readonly requestsPerSecond: number;
  readonly errorsPerSecond: number;
  /** Undefined when no request ended. */
  readonly p99Ms: number | undefined;
  /** Requests and errors since the first look. */
  readonly requests: number;
  readonly errors: number;
}

/** The caller of what reaches a workload through a published port. */
export const OUTSIDE = '(outside)';

const REQUESTS = 'envoy_cluster_upstream_rq_total';
const CLASSES = 'envoy_cluster_upstream_rq_xx';
const BUCKETS = 'envoy_cluster_upstream_rq_time_bucket';
const NAMES: ReadonlySet<string> = new Set([REQUESTS, CLASSES, BUCKETS]);

/** The sidecar's clusters that are not calls of its application: its own application, and the control plane. */
const INBOUND = 'inbound';
const CONTROL_PLANE = 'outrider-control-plane';

interface Counters {
  requests: number;
  errors: number;
  readonly buckets: Map<number, number>;
}

export class TrafficMeter {
  readonly #published: ReadonlySet<string>;
  /** By sidecar and edge, as of the last look. */
  readonly #last = new Map<string, Counters>();
  /** By edge, since the first look. */
  readonly #sums = new Map<string, { requests: number; errors: number }>();
  #lastMs: number | undefined;

  /** `published`: the workloads that take requests from outside the mesh. */
  constructor(published: ReadonlySet<string>) {
    this.#published = published;
  }

  /** Takes one look at all sidecars; `nowMs` is monotonic. The first look gives rates of zero. Sorted by caller. */
  observe(scrapes: readonly Scrape[], nowMs: number): EdgeTraffic[] {
    const first = this.#lastMs === undefined;
    const elapsedSeconds = first ? 0 : (nowMs - this.#lastMs!) / 1000;
    this.#lastMs = nowMs;
    const edges = new Map<string, Counters>();
    for (const scrape of scrapes) {
      for (const [edge, now] of this.#edges(scrape)) {
        const key = `${scrape.target} ${edge}`;
        // A sidecar first seen after the first look has counted everything since then.
        const before = this.#last.get(key) ?? (first ? now : undefined);
        addDifference(edges, edge, now, before);
        this.#last.set(key, now);
      }
    }
    return [...edges].map(([edge, delta]) => this.#row(edge, delta, elapsedSeconds)).sort(byCaller);
  }

  #row(edge: string, delta: Counters, elapsedSeconds: number): EdgeTraffic {
    const sums = this.#sums.get(edge) ?? { requests: 0, errors: 0 };
    sums.requests += delta.requests;
    sums.errors += delta.errors;
    this.#sums.set(edge, sums);
    const perSecond = (count: number) => (elapsedSeconds > 0 ? count / elapsedSeconds : 0);
    const [caller, service] = edge.split(' ') as [string, string];
    return {
      caller,
      service,
      requestsPerSecond: perSecond(delta.requests),
      errorsPerSecond: perSecond(delta.errors),
      p99Ms: quantile(0.99, delta.buckets),
      ...sums,
    };
  }

  /** The counters of one sidecar, by edge (caller, a space, service). */
  #edges(scrape: Scrape): Map<string, Counters> {
    const edges = new Map<string, Counters>();
    for (const sample of parseSamples(scrape.text, NAMES)) {
      const edge = this.#edgeOf(scrape.workload, sample.labels.envoy_cluster_name ?? '');
      if (edge !== undefined) count(countersOf(edges, edge), sample);
    }
    return edges;
  }

  #edgeOf(workload: string, cluster: string): string | undefined {
    if (cluster === INBOUND || cluster === CONTROL_PLANE || cluster === '') return undefined;
    // The sidecar of a published workload takes requests from outside and sends them to an instance of that workload.
    const fromOutside = cluster === workload && this.#published.has(workload);
    return `${fromOutside ? OUTSIDE : workload} ${cluster}`;
  }
}

function count(counters: Counters, sample: Sample): void {
  if (sample.name === REQUESTS) counters.requests += sample.value;
  else if (sample.name === CLASSES && sample.labels.envoy_response_code_class === '5') counters.errors += sample.value;
  else if (sample.name === BUCKETS) {
    const bound = parseValue(sample.labels.le ?? '+Inf');
    counters.buckets.set(bound, (counters.buckets.get(bound) ?? 0) + sample.value);
  }
}

function addDifference(edges: Map<string, Counters>, edge: string, now: Counters, before: Counters | undefined): void {
  const sum = countersOf(edges, edge);
  const restarted = before === undefined || now.requests < before.requests;
  sum.requests += now.requests - (restarted ? 0 : before.requests);
  sum.errors += now.errors - (restarted ? 0 : before.errors);
  for (const [bound, value] of now.buckets) {
    const old = restarted ? 0 : (before.buckets.get(bound) ?? 0);
    sum.buckets.set(bound, (sum.buckets.get(bound) ?? 0) + value - old);
  }
}

function countersOf(edges: Map<string, Counters>, edge: string): Counters {
  let counters = edges.get(edge);
  if (counters === undefined) {
    counters = { requests: 0, errors: 0, buckets: new Map() };
    edges.set(edge, counters);
  }
  return counters;
}

function byCaller(a: EdgeTraffic, b: EdgeTraffic): number {
  return a.caller.localeCompare(b.caller) || a.service.localeCompare(b.service);
}
