/**
 * The desired state of one mesh: what users wrote, as plain immutable values.
 *
 * Every object carries the revision that last changed it, and `manifest`, the document as the user wrote it, so that
 * what is read back can be written again. Who is alive is not here: that is the registry's.
 */
import type { ApplicationProtocol } from '../../protos/contract/application-protocols.ts';
import type { FaultPolicy } from './fault-policy.ts';
import type { Resource } from './resource.ts';
import type { RouteTest } from './route-test.ts';
import type { GrpcRoute, HttpRoute, TcpRoute } from './routes.ts';
import type { RunDecision } from './run-decision.ts';
import type { TrafficPolicy } from './traffic-policy.ts';

/** The whole desired state. A change makes a new one; maps are keyed by name and are never changed in place. */
export interface State {
  /** Grows by one with every change; 0 is the empty state. */
  readonly revision: number;
  readonly workloads: ReadonlyMap<string, Workload>;
  readonly routes: ReadonlyMap<string, HttpRoute>;
  /** Beside the HTTPRoutes, because each kind has names of its own. */
  readonly grpcRoutes: ReadonlyMap<string, GrpcRoute>;
  readonly tcpRoutes: ReadonlyMap<string, TcpRoute>;
  readonly trafficPolicies: ReadonlyMap<string, TrafficPolicy>;
  /** Those that have ended are here, too, until somebody deletes them. */
  readonly faultPolicies: ReadonlyMap<string, FaultPolicy>;
  readonly routeTests: ReadonlyMap<string, RouteTest>;
  /** Application configuration set at run time, by workload; it lies over the workload's own `config`. */
  readonly config: ReadonlyMap<string, ConfigOverlay>;
  /** Replica counts decided at run time, by workload; absent: what the workload says. */
  readonly scale: ReadonlyMap<string, ScaleDecision>;
  /** What was started, stopped and restarted at run time, by workload; absent: it runs, as it was first started. */
  readonly runs: ReadonlyMap<string, RunDecision>;
  /** By service: 127.77.x.y, see virtual-addresses.ts. */
  readonly virtualAddresses: ReadonlyMap<string, string>;
}

/** What users write. */
export type Document = Workload | HttpRoute | GrpcRoute | TcpRoute | TrafficPolicy | FaultPolicy | RouteTest;

/** The kinds of it. */
export type DocumentKind = Document['kind'];

/** Where the state keeps each kind. */
export const DOCUMENT_MAPS = {
  workload: 'workloads',
  httproute: 'routes',
  grpcroute: 'grpcRoutes',
  tcproute: 'tcpRoutes',
  trafficpolicy: 'trafficPolicies',
  faultpolicy: 'faultPolicies',
  routetest: 'routeTests',
} as const satisfies Readonly<Record<DocumentKind, keyof State>>;

/** The part of the state that users write as documents. */
export type Documents = Pick<State, (typeof DOCUMENT_MAPS)[DocumentKind]>;

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
  /** What its sidecars subscribe to: what their application needs, when it does. Left out: all services. */
  readonly subscription?: 'on-demand';
  /** How many replicas the user wrote. */
  readonly replicas: number;
  /** `deploy.update_config`. */
  readonly update: UpdateOrder;
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
export type Protocol = ApplicationProtocol;

/** What a service speaks: its members agree, or nothing is known. */
export function protocolOf(members: readonly Workload[]): Protocol {
  const [first, ...others] = members.map((member) => member.protocol);
  return first !== undefined && others.every((protocol) => protocol === first) ? first : 'auto';
}

/**
 * HTTP GET, where 200 to 399 is well; grpc.health.v1.Health of a service, where an empty name means the server; or a
 * program with its arguments, where exit status 0 is well.
 */
export type HealthProbe =
  | { readonly kind: 'http'; readonly path: string }
  | { readonly kind: 'grpc'; readonly service: string }
  | { readonly kind: 'command'; readonly command: readonly string[] };

/** How the sidecar asks the application whether it is well. Nothing is restarted for being unhealthy. */
export interface HealthCheck {
  readonly probe: HealthProbe;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Failures in a row that make it unhealthy. */
  readonly retries: number;
  /** Failures this soon after the start do not count, until the first success. */
  readonly startPeriodMs: number;
  /** Between two checks until the first success; null leaves it to the sidecar. */
  readonly startIntervalMs: number | null;
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

/** How replicas are replaced: so many at a time, and whether the new one starts before the old one ends. */
export interface UpdateOrder {
  readonly parallelism: number;
  readonly order: 'start-first' | 'stop-first';
}

/** DEFAULT: one at a time, never fewer than before. Compose would stop first. */
export const DEFAULT_UPDATE: UpdateOrder = { parallelism: 1, order: 'start-first' };

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

/** A mesh with nothing in it. */
export const EMPTY_STATE: State = {
  revision: 0,
  workloads: new Map(),
  routes: new Map(),
  grpcRoutes: new Map(),
  tcpRoutes: new Map(),
  trafficPolicies: new Map(),
  faultPolicies: new Map(),
  routeTests: new Map(),
  config: new Map(),
  scale: new Map(),
  runs: new Map(),
  virtualAddresses: new Map(),
};
