/** Clusters and endpoints. envoy.config.cluster.v3 and envoy.config.endpoint.v3. See README.md beside this file. */
import type { Http2Options, SocketAddress } from './common.ts';
import type { FileSource } from './file-source.ts';
import type { HealthCheckConfig } from './health-check.ts';
import type { ClusterPolicyConfig } from './policy.ts';
import type { SubsetKeys } from './route.ts';
import type { UpstreamTlsConfig } from './tls.ts';

/** envoy.config.cluster.v3.Cluster. */
export interface ClusterConfig {
  readonly name: string;
  /** alt_stat_name, or the name. */
  readonly statName: string;
  readonly discovery:
    | { readonly kind: 'static'; readonly endpoints: EndpointSetConfig }
    | {
        readonly kind: 'eds';
        /** Its set of endpoints among all others, whatever their sources: see `nameOfSource`. */
        readonly serviceName: string;
        /** Null: they come from the stream. */
        readonly file: FileSource | null;
        /** Its endpoints are waited for so long; 0 has no end. initial_fetch_timeout, default 15,000. */
        readonly fetchTimeoutMs: number;
      }
    | {
        /** Where redirected clients were going. `portOverride` null: the port that they dialled. */
        readonly kind: 'original-dst';
        readonly portOverride: number | null;
        /** An address that nothing has used for so long is given up. Default 5,000. */
        readonly cleanupMs: number;
      }
    | {
        readonly kind: 'strict-dns' | 'logical-dns';
        readonly endpoints: EndpointSetConfig;
        /** Default 5,000. */
        readonly refreshMs: number;
        readonly respectTtl: boolean;
        readonly family: 'auto' | 'v4-only' | 'v6-only' | 'v4-preferred' | 'all';
      };
  /** Default 5,000. */
  readonly connectTimeoutMs: number;
  readonly lbPolicy: LbPolicyConfig;
  /** Null when endpoints are not divided. */
  readonly subsets: SubsetConfig | null;
  readonly localities: LocalityBalancing;
  readonly slowStart: {
    readonly windowMs: number;
    readonly aggression: number;
    readonly minWeightPercent: number;
  } | null;
  /** common_lb_config.healthy_panic_threshold, percent; default 50. 0 disables panic. */
  readonly panicThresholdPercent: number;
  readonly limits: { readonly default: ClusterLimits; readonly high: ClusterLimits };
  /** per_host_thresholds max_connections, by priority; Infinity for none. */
  readonly maxConnectionsPerHost: { readonly default: number; readonly high: number };
  readonly outlier: OutlierConfig | null;
  /** The active check of its endpoints; null for none. */
  readonly healthCheck: HealthCheckConfig | null;
  /** common_lb_config.ignore_new_hosts_until_first_hc: before its first check an endpoint does not count for panic. */
  readonly ignoresNewHosts: boolean;
  /**
   * What endpoints are spoken to with: explicit_http_config, `alpn` for auto_config, `downstream` for
   * use_downstream_protocol_config.
   */
  readonly protocol: 'http1' | 'http2' | 'alpn' | 'downstream';
  /** metadata `outrider.carry_protocol`: the client's protocol is told over HTTP/2, and taken from there. */
  readonly carriesProtocol: boolean;
  readonly http2: Http2Options;
  /** common_http_protocol_options.idle_timeout, default 3,600,000; 0 disables. */
  readonly poolIdleTimeoutMs: number;
  /** metadata `outrider.learn_idle_timeout`: begin with a short limit where nothing is known of an endpoint. */
  readonly learnsIdleTimeout: boolean;
  readonly maxRequestsPerConnection: number;
  /** enable_trailers of the explicit HTTP/1 options. */
  readonly enableTrailers: boolean;
  readonly bufferLimitBytes: number;
  /** Null: connections to endpoints are not encrypted. */
  readonly tls: UpstreamTlsConfig | null;
  /** The version of the PROXY header that a connection begins with, or null. */
  readonly proxyProtocol: 1 | 2 | null;
  /** Outrider's own, out of typed metadata. */
  readonly policy: ClusterPolicyConfig;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** envoy.config.cluster.v3.CircuitBreakers.Thresholds with Envoy's defaults: 1024, 1024, 1024, 3, unlimited pools. */
export interface ClusterLimits {
  readonly maxConnections: number;
  readonly maxPendingRequests: number;
  readonly maxRequests: number;
  readonly maxRetries: number;
  /** retry_budget: percent of active requests and the least allowed; null uses maxRetries. */
  readonly retryBudget: { readonly percent: number; readonly minConcurrency: number } | null;
  /** track_remaining: expose the remaining capacity as gauges. */
  readonly trackRemaining: boolean;
}

/** How endpoints are picked. `peak-ewma` is Outrider's own, asked for by a typed load-balancing policy. */
export type LbPolicyConfig =
  | { readonly kind: 'round-robin' }
  | { readonly kind: 'least-request'; readonly choices: number; readonly activeRequestBias: number }
  | { readonly kind: 'random' }
  | {
      readonly kind: 'peak-ewma';
      readonly decayMs: number;
      readonly initialLatencyMs: number;
      readonly overloadPenaltyMs: number;
      readonly maxOverloadPenaltyMs: number;
    }
  | HashingPolicyConfig;

/** By the hash of the request. `boundPercent` is hash_balance_factor, at least 100; 0 for none. */
export type HashingPolicyConfig = (
  | { readonly kind: 'ring-hash'; readonly minimumSize: number; readonly maximumSize: number }
  | { readonly kind: 'maglev'; readonly tableSize: number }
) & { readonly useHostname: boolean; readonly boundPercent: number };

/**
 * How traffic is shared among localities: by their weights, or so that it stays in this proxy's own one, which needs a
 * local cluster. envoy.config.cluster.v3.Cluster.CommonLbConfig.locality_config_specifier.
 */
export type LocalityBalancing =
  | { readonly kind: 'weighted' }
  | {
      readonly kind: 'zone-aware';
      /** Of the requests; default 100. */
      readonly percent: number;
      /** Fewer healthy endpoints are not divided; default 6. */
      readonly minClusterSize: number;
      readonly failTrafficOnPanic: boolean;
    };

/** envoy.config.cluster.v3.Cluster.LbSubsetConfig. */
export interface SubsetConfig {
  /** Where no subset fits: nobody, anybody, or those with the labels of `defaultSubset`. */
  readonly fallback: 'none' | 'any' | 'default';
  readonly defaultSubset: SubsetKeys;
  readonly selectors: readonly SubsetSelector[];
  readonly localityWeightAware: boolean;
  readonly scaleLocalityWeight: boolean;
  readonly panicModeAny: boolean;
  readonly listAsAny: boolean;
}

/** A selector of subsets. Keys come in the order of SubsetKeys; a null fallback is that of the cluster. */
export interface SubsetSelector {
  readonly keys: readonly string[];
  readonly singleHost: boolean;
  readonly fallback: 'none' | 'any' | 'default' | 'keys' | null;
  readonly fallbackKeys: readonly string[];
}

/** envoy.config.cluster.v3.OutlierDetection with Envoy's defaults filled in. Enforcing values are percents, 0 to 100. */
export interface OutlierConfig {
  readonly consecutive5xx: number;
  readonly enforcingConsecutive5xx: number;
  readonly consecutiveGatewayFailure: number;
  readonly enforcingConsecutiveGatewayFailure: number;
  readonly splitExternalLocalOriginErrors: boolean;
  readonly consecutiveLocalOriginFailure: number;
  readonly enforcingConsecutiveLocalOriginFailure: number;
  readonly intervalMs: number;
  readonly baseEjectionTimeMs: number;
  readonly maxEjectionTimeMs: number;
  readonly maxEjectionTimeJitterMs: number;
  readonly maxEjectionPercent: number;
  readonly alwaysEjectOneHost: boolean;
  readonly successRateMinimumHosts: number;
  readonly successRateRequestVolume: number;
  readonly successRateStdevFactor: number;
  readonly enforcingSuccessRate: number;
  readonly enforcingLocalOriginSuccessRate: number;
  readonly failurePercentageThreshold: number;
  readonly enforcingFailurePercentage: number;
  readonly enforcingFailurePercentageLocalOrigin: number;
  readonly failurePercentageMinimumHosts: number;
  readonly failurePercentageRequestVolume: number;
  readonly successfulActiveHealthCheckUnejects: boolean;
}

/** envoy.config.endpoint.v3.ClusterLoadAssignment. */
export interface EndpointSetConfig {
  readonly name: string;
  readonly localities: readonly LocalityConfig[];
  /** policy.overprovisioning_factor, default 140. */
  readonly overprovisioningFactor: number;
}

/** envoy.config.endpoint.v3.LocalityLbEndpoints. Priority 0 is the most wanted. */
export interface LocalityConfig {
  readonly region: string;
  readonly zone: string;
  readonly subZone: string;
  /** load_balancing_weight, or 0 when absent. */
  readonly weight: number;
  readonly priority: number;
  readonly endpoints: readonly EndpointConfig[];
}

/** Health as the configuration says it, envoy.config.core.v3.HealthStatus. */
export type EndpointHealth = 'unknown' | 'healthy' | 'unhealthy' | 'draining' | 'timeout' | 'degraded' | 'suspect';

/** envoy.config.endpoint.v3.LbEndpoint. `weight` is at least 1, default 1. */
export interface EndpointConfig {
  readonly address: SocketAddress;
  readonly hostname: string;
  readonly health: EndpointHealth;
  readonly weight: number;
  /** health_check_config: where and how it is checked in place of itself; null for nothing special. */
  readonly check: {
    /** Null: its own. */
    readonly address: SocketAddress | null;
    readonly port: number | null;
    /** Empty: what the check says. */
    readonly hostname: string;
    readonly disabled: boolean;
  } | null;
  /** Its metadata under `envoy.lb`, each value as canonical JSON text: what subsets are made of. */
  readonly labels: SubsetKeys;
  /** All of the endpoint's metadata, namespace first. */
  readonly metadata: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}
