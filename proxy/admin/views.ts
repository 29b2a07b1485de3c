/**
 * What the admin port sees of the proxy, and what it may do to it. `app.ts` hands it in; the proxy's own clusters,
 * listeners and runtime fit as they are.
 */
import type { Result } from '../../kernel/result.ts';
import type { AnyMessage } from '../../protos/json/registry.ts';
import type { Json } from '../../protos/json/write-json.ts';
import type { EndpointConfig, LocalityConfig } from '../config/model/cluster.ts';
import type { ListenerConfig } from '../config/model/listener.ts';
import type { Secrets } from '../config/resolve-tls.ts';
import type { AskedListener } from '../explain/explain.ts';
import type { CountedCluster } from '../telemetry/cluster-stat-table.ts';
import type { CountedListener } from '../telemetry/listener-stat-table.ts';
import type { FlightRecord } from '../telemetry/recorder/flight-record.ts';
import type { CountedServer } from '../telemetry/server-stats.ts';
import type { StatsRegistry } from '../telemetry/stats-registry.ts';

/** One endpoint with its counters. */
export interface EndpointView {
  /** `host:port`. */
  readonly key: string;
  readonly config: EndpointConfig;
  readonly locality: LocalityConfig;
  readonly health: EndpointConfig['health'];
  /** May be picked. */
  readonly available: boolean;
  readonly standing: 'in' | 'degraded' | 'out' | 'gone';
  readonly excluded: boolean;
  /** What active checks say; null without. */
  readonly checked: CheckedView | null;
  /** Taken out by the outlier detector. */
  readonly ejected: boolean;
  /** Back for one request, which decides. */
  readonly halfBack: boolean;
  /** Null where the load balancer does not ask for it. */
  readonly latency: { readonly estimateMs: number; readonly overloaded: boolean } | null;
  /** Requests in flight. */
  readonly active: number;
  readonly cxTotal: number;
  readonly cxActive: number;
  readonly cxConnectFail: number;
  readonly rqTotal: number;
  readonly rqSuccess: number;
  readonly rqError: number;
  readonly rqTimeout: number;
}

/** What active checks say of an endpoint. */
export interface CheckedView {
  readonly failed: boolean;
  readonly degraded: boolean;
  /** The last check was not answered in time. */
  readonly timedOut: boolean;
  /** It has not been checked yet. */
  readonly pending: boolean;
  /** It took itself out. */
  readonly excluded: boolean;
}

/** One cluster. */
export interface ClusterView extends CountedCluster {
  readonly endpoints: readonly EndpointView[];
}

/** What became of one request. */
export type FlightView = Readonly<FlightRecord>;

/** One listener. */
export interface ListenerView extends Pick<CountedListener, 'address'> {
  readonly config: ListenerConfig;
}

/** Runtime values by key. */
export interface RuntimeView {
  /** Sorted. */
  entries(): [string, string][];
  /** An empty value removes the key. */
  set(key: string, value: string): void;
}

/** A resource as it came, for `/config_dump`. */
export interface DumpedResource {
  readonly kind: 'cluster' | 'listener' | 'route' | 'endpoint' | 'secret';
  readonly origin: 'static' | 'dynamic';
  readonly name: string;
  /** Empty for static ones. */
  readonly versionInfo: string;
  /** Milliseconds since 1970. */
  readonly updatedAtMs: number;
  /** The message in use. Undefined when none was ever accepted under that name. */
  readonly any?: AnyMessage | undefined;
  /** The newest message was refused, and why; undefined when it is in use. */
  readonly refused?: { readonly any: AnyMessage; readonly details: string; readonly atMs: number } | undefined;
}

/** Everything `/config_dump` shows. */
export interface ConfigDumpView {
  /** The bootstrap as JSON in Envoy's spelling. */
  readonly bootstrap: Json;
  readonly startedAtMs: number;
  /** Of the last complete answer; empty before, and without a control plane. */
  readonly clustersVersion: string;
  readonly listenersVersion: string;
  readonly resources: readonly DumpedResource[];
}

/** The process. */
export interface ServerView extends CountedServer {
  /** Of Outrider, such as `0.1.0`. */
  readonly version: string;
  /** `node` of the bootstrap as JSON. */
  readonly node: Json;
  readonly configPath: string;
  /** What is still to happen before the proxy is live; empty when it is. */
  waitingFor(): readonly string[];
  /** Null when nothing comes from a control plane. */
  lastKnownGood(): LastKnownGoodView | null;
}

/** The configuration that a start without a control plane works with. */
export interface LastKnownGoodView {
  /** How long ago a control plane stood behind what is in use; null while one does. */
  readonly ageMs: number | null;
  /** Endpoints that have yet to prove themselves. */
  countSuspects(): number;
}

/** What the admin port may do. Each returns at once. */
export interface AdminActions {
  /** Makes `/ready` and the health check filter answer that this proxy is going; `false` takes it back. */
  failHealthChecks(failed: boolean): void;
  /** Stops listeners. Graceful: they go on serving for the drain time first, and answers ask clients to leave. */
  drainListeners(options: { readonly graceful: boolean; readonly inboundOnly: boolean }): void;
  /** Ends the process with status 0. */
  quit(): void;
  /** Puts another process in the place of this one; resolves with its number, or with why there is none. */
  hotRestart(): Promise<Result<number, string>>;
  /** Asks to be taken out of traffic and takes what is inbound to its end; resolves with the connections that were cut. */
  leave(): Promise<number>;
  /** Makes a check of the application: null is well, a text says what is not; undefined: there is none of that name. */
  probe(name: string): Promise<string | null> | undefined;
}

/** See the head of this file. */
export interface AdminViews {
  readonly server: ServerView;
  readonly stats: StatsRegistry;
  readonly runtime: RuntimeView;
  /** The bootstrap has an admin layer: values may be changed while the process runs. */
  readonly runtimeMayChange: boolean;
  readonly actions: AdminActions;
  clusters(): readonly ClusterView[];
  listeners(): readonly ListenerView[];
  /** What TLS names, by key: for `/certs`. */
  secrets(): Secrets;
  /** Listeners that speak HTTP, with their routes in use. */
  httpListeners(): readonly AskedListener[];
  configDump(): ConfigDumpView;
  /** The latest first, and the clock that their times are of. */
  flights(): { readonly flights: readonly FlightView[]; readonly wallTimeOf: (ms: number) => Date };
}
