/** Active health checks of endpoints. envoy.config.core.v3.HealthCheck with Envoy's defaults filled in. */
import type { AppendAction } from './header-edits.ts';
import type { StringMatch } from './match.ts';

/** envoy.config.core.v3.HealthCheck. All times in milliseconds. */
export interface HealthCheckConfig {
  readonly probe: HttpProbeConfig | TcpProbeConfig | GrpcProbeConfig;
  /** For one check, from its connection to the end of its answer. */
  readonly timeoutMs: number;
  readonly intervalMs: number;
  /** The first check waits for a random time up to this. */
  readonly initialJitterMs: number;
  readonly intervalJitterMs: number;
  readonly intervalJitterPercent: number;
  /** Failures in a row that take an endpoint out; at least 1. */
  readonly unhealthyThreshold: number;
  /** Successes in a row that bring one back; at least 1. */
  readonly healthyThreshold: number;
  /** Checked in place of the endpoint's port; null for that. */
  readonly altPort: number | null;
  readonly reuseConnection: boolean;
  /** While the cluster has never had a connection; default 60,000. */
  readonly noTrafficIntervalMs: number;
  readonly noTrafficHealthyIntervalMs: number;
  readonly unhealthyIntervalMs: number;
  /** While failures, or successes, are counted towards a threshold. */
  readonly unhealthyEdgeIntervalMs: number;
  readonly healthyEdgeIntervalMs: number;
  /** tls_options: what checks offer; empty: what they will speak. */
  readonly alpnProtocols: readonly string[];
}

/** Statuses from `start` to below `end`. */
export interface StatusRange {
  readonly start: number;
  readonly end: number;
}

/** A header line that every check carries. */
export interface CheckHeader {
  readonly name: string;
  readonly value: string;
  readonly action: AppendAction;
}

/** envoy.config.core.v3.HealthCheck.HttpHealthCheck. */
export interface HttpProbeConfig {
  readonly kind: 'http';
  readonly codec: 'http1' | 'http2';
  /** Empty: the cluster's name. */
  readonly host: string;
  readonly method: string;
  readonly path: string;
  readonly headers: readonly CheckHeader[];
  /** Lower case. */
  readonly removedHeaders: readonly string[];
  readonly expectedStatuses: readonly StatusRange[];
  /** Counted towards the threshold; every other status takes an endpoint out at once. */
  readonly retriableStatuses: readonly StatusRange[];
  /** What the service calls itself in x-envoy-upstream-healthchecked-cluster; null: nobody asks. */
  readonly serviceName: StringMatch | null;
  /** Parts of the body in this order, latin1, a character for each byte; empty: any body. */
  readonly receive: readonly string[];
  /** How much of the body is kept to look for them. */
  readonly bodyBytes: number;
}

/** envoy.config.core.v3.HealthCheck.TcpHealthCheck. */
export interface TcpProbeConfig {
  readonly kind: 'tcp';
  /** Latin1, a character for each byte, as are those below; empty: nothing. */
  readonly send: string;
  /** Parts of the answer in this order; empty: a connection is enough. */
  readonly receive: readonly string[];
}

/** envoy.config.core.v3.HealthCheck.GrpcHealthCheck. */
export interface GrpcProbeConfig {
  readonly kind: 'grpc';
  /** Empty: the server as a whole. */
  readonly service: string;
  /** Empty: the cluster's name. */
  readonly authority: string;
  readonly metadata: readonly CheckHeader[];
}
