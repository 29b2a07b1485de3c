/**
 * The desired state of one mesh: what users wrote, as plain immutable values.
 *
 * Every object carries the revision that last changed it, and `manifest`, the document as the user wrote it, so that
 * what is read back can be written again. Who is alive is not here: that is the registry's.
 */

/** The whole desired state. A change makes a new one; maps are keyed by name and are never changed in place. */
export interface State {
  /** Grows by one with every change; 0 is the empty state. */
  readonly revision: number;
  readonly workloads: ReadonlyMap<string, Workload>;
  readonly routes: ReadonlyMap<string, HttpRoute>;
  /** Beside the HTTPRoutes, because each kind has names of its own. */
  readonly grpcRoutes: ReadonlyMap<string, GrpcRoute>;
  /** Application configuration set at run time, by workload; it lies over the workload's own `config`. */
  readonly config: ReadonlyMap<string, ConfigOverlay>;
  /** Replica counts decided at run time, by workload; absent: what the workload says. */
  readonly scale: ReadonlyMap<string, ScaleDecision>;
}

/** The kinds of resource that users write. */
export type DocumentKind = 'workload' | 'httproute' | 'grpcroute';

/** What every resource has. */
export interface Resource {
  /** A DNS label: lower-case letters, digits and dashes, at most 63. */
  readonly name: string;
  /** The file that it came from, or empty; a file applied again deletes what it no longer has. */
  readonly origin: string;
  /** The revision that last changed it. */
  readonly revision: number;
  /** When it was first applied, milliseconds since 1970: the older route wins a tie. */
  readonly createdAtMs: number;
  /** As the user wrote it, JSON. For a workload the Compose service, for a route the whole document. */
  readonly manifest: unknown;
}

/** A Compose service: one program, in some number of replicas. */
export interface Workload extends Resource {
  readonly kind: 'workload';
  /** The services it stands behind: its own name first, then the group service if it has one. */
  readonly services: readonly string[];
  /** `x-outrider.version`, or `v1`. */
  readonly version: string;
  /** Program and arguments; empty when the image decides (not runnable by the process driver). */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Absolute. */
  readonly workingDir: string;
  /** The port by which callers know it, or null when they need not say one. */
  readonly port: number | null;
  readonly protocol: Protocol;
  /** Null: it is healthy as soon as its port accepts connections. */
  readonly health: HealthCheck | null;
  /** How many replicas the user wrote. */
  readonly replicas: number;
  /** Ports open to the host, each leading to this workload's service. */
  readonly published: readonly PublishedPort[];
  /** Workloads that are started before and stopped after it. */
  readonly dependsOn: readonly string[];
  readonly limits: ResourceLimits;
  /** How long it has to exit after SIGTERM. */
  readonly stopGraceMs: number;
  readonly labels: Readonly<Record<string, string>>;
  /** Application configuration that comes with the workload. */
  readonly config: ConfigEntries;
}

/**
 * What the application speaks on its port; `http` is HTTP/1.1, `auto` is whatever the client speaks, HTTP or not. Between
 * sidecars all HTTP is HTTP/2.
 */
export type Protocol = 'auto' | 'http' | 'http2' | 'grpc' | 'tcp';

/** HTTP GET, where 200 to 399 is well; or grpc.health.v1.Health of a service, where an empty name means the server. */
export type HealthProbe =
  | { readonly kind: 'http'; readonly path: string }
  | { readonly kind: 'grpc'; readonly service: string };

/**
 * How the sidecar asks the application whether it is well. Nothing is restarted for being unhealthy, hence Compose's `retries` and `start_period` have no place here.
 */
export interface HealthCheck {
  readonly probe: HealthProbe;
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

/** A port of the host that leads into the mesh. */
export interface PublishedPort {
  /** The address to listen on; Compose's default of all addresses is narrowed to loopback. */
  readonly hostIp: string;
  readonly hostPort: number;
}

/** `deploy.resources.limits`; null is unlimited. */
export interface ResourceLimits {
  readonly cpus: number | null;
  readonly memoryBytes: number | null;
}

/** Configuration values by key. */
export type ConfigEntries = Readonly<Record<string, string>>;

/** Configuration set at run time for one workload. */
export interface ConfigOverlay {
  /** The revision that last set or deleted one of its keys. */
  readonly revision: number;
  readonly entries: Readonly<Record<string, ConfigEntry>>;
}

/** One value and the revision that last changed it. */
export interface ConfigEntry {
  readonly value: string;
  readonly revision: number;
}

/** A replica count decided at run time. */
export interface ScaleDecision {
  readonly workload: string;
  readonly replicas: number;
  /** Why, in words. */
  readonly reason: string;
  readonly decidedAtMs: number;
  readonly revision: number;
}

/** A Gateway API HTTPRoute whose parents are Services (GAMMA). */
export interface HttpRoute extends Resource {
  readonly kind: 'httproute';
  /** The services whose callers it routes. */
  readonly parents: readonly string[];
  readonly rules: readonly HttpRouteRule[];
}

/** One rule: any of the matches, then the filters, then the backends by weight. */
export interface HttpRouteRule {
  /** At least one. */
  readonly matches: readonly HttpRouteMatch[];
  readonly filters: readonly HttpRouteFilter[];
  /** Empty only beside a redirect; all weights zero answers 500, as Gateway API says. */
  readonly backends: readonly Backend[];
  /** Null: the mesh's default; 0: none. */
  readonly requestTimeoutMs: number | null;
}

/** A backend of a rule, with its share of the sum of all weights. */
export interface Backend {
  readonly service: string;
  readonly port: number | null;
  /** 0 to 1,000,000. */
  readonly weight: number;
}

/** All parts must match. */
export interface HttpRouteMatch {
  readonly path: { readonly kind: 'exact' | 'prefix' | 'regex'; readonly value: string };
  readonly method: string | null;
  readonly headers: readonly ValueMatch[];
  readonly query: readonly ValueMatch[];
}

/** A header or query parameter and the value it must have. */
export interface ValueMatch {
  readonly name: string;
  readonly kind: 'exact' | 'regex';
  readonly value: string;
}

/** What is done to a request before it is forwarded, or to its response. */
export type HttpRouteFilter =
  | HeaderFilter
  | {
      readonly kind: 'redirect';
      readonly scheme: 'http' | 'https' | null;
      readonly hostname: string | null;
      readonly port: number | null;
      readonly path: PathChange | null;
      readonly status: 301 | 302 | 303 | 307 | 308;
    }
  | { readonly kind: 'rewrite'; readonly hostname: string | null; readonly path: PathChange | null };

/** Header edits of requests, or of their responses. */
export type HeaderFilter =
  | ({ readonly kind: 'request-headers' } & HeaderChanges)
  | ({ readonly kind: 'response-headers' } & HeaderChanges);

/** Header edits: `set` replaces, `add` appends. */
export interface HeaderChanges {
  readonly set: readonly HeaderValue[];
  readonly add: readonly HeaderValue[];
  readonly remove: readonly string[];
}

/** A header and its value. */
export interface HeaderValue {
  readonly name: string;
  readonly value: string;
}

/** The whole path, or only the matched prefix. */
export interface PathChange {
  readonly kind: 'full' | 'prefix';
  readonly value: string;
}

/** A Gateway API GRPCRoute whose parents are Services (GAMMA). It speaks of gRPC calls, and of nothing else. */
export interface GrpcRoute extends Resource {
  readonly kind: 'grpcroute';
  /** The services whose callers it routes; no HTTPRoute has them as well. */
  readonly parents: readonly string[];
  readonly rules: readonly GrpcRouteRule[];
}

/** One rule: any of the matches, then the filters, then the backends by weight. */
export interface GrpcRouteRule {
  /** At least one. */
  readonly matches: readonly GrpcRouteMatch[];
  readonly filters: readonly HeaderFilter[];
  /** At least one; all weights zero answers UNAVAILABLE, as Gateway API says. */
  readonly backends: readonly Backend[];
}

/** Both parts must match. */
export interface GrpcRouteMatch {
  /** Null: any. */
  readonly method: GrpcMethodMatch | null;
  readonly headers: readonly ValueMatch[];
}

/** The names in the path `/service/method`; null is any. One of the two is not null. */
export interface GrpcMethodMatch {
  readonly kind: 'exact' | 'regex';
  readonly service: string | null;
  readonly method: string | null;
}

/** A mesh with nothing in it. */
export const EMPTY_STATE: State = {
  revision: 0,
  workloads: new Map(),
  routes: new Map(),
  grpcRoutes: new Map(),
  config: new Map(),
  scale: new Map(),
};
