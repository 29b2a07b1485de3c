/** HTTP filters of a chain, and what routes say about them. See README.md beside this file. */
import type { HeaderAdd } from './header-edits.ts';
import type { HeaderMatch, QueryMatch, RuntimeFraction, StringMatch } from './match.ts';
import type { RbacConfig } from './rbac.ts';

/** A filter of the chain with the name by which routes address it. */
export interface NamedHttpFilter {
  readonly name: string;
  readonly config: HttpFilterConfig;
  /** It runs only where a route says so. */
  readonly disabled: boolean;
}

/** HTTP filters this proxy has. */
export type HttpFilterConfig =
  | RouterFilterConfig
  | RbacConfig
  | FaultConfig
  | ExpiringFaultConfig
  | LocalRateLimitConfig
  | CorsConfig
  | StatefulSessionConfig
  | HealthCheckFilterConfig
  | AdaptiveLimitConfig
  | DeadlineConfig
  | QuotaConfig
  | OnDemandConfig;

/** What a level of a route table says about the filters of that name: settings in place of its own, or a switch. */
export type PerFilterConfig =
  | RbacConfig
  | FaultConfig
  | ExpiringFaultConfig
  | LocalRateLimitConfig
  | CorsPolicyConfig
  | StatefulSessionConfig
  | QuotaConfig
  /** envoy.config.route.v3.FilterConfig: `disabled`, or present with an empty config. */
  | { readonly kind: 'disabled' }
  | { readonly kind: 'enabled' };

/** typed_per_filter_config: by the name of the filter. */
export type PerFilterConfigs = Readonly<Record<string, PerFilterConfig>>;

/** envoy.extensions.filters.http.router.v3.Router. */
export interface RouterFilterConfig {
  readonly kind: 'router';
  readonly suppressEnvoyHeaders: boolean;
}

/** envoy.extensions.filters.http.fault.v3.HTTPFault. Runtime keys are those that count, Envoy's where none is set. */
export interface FaultConfig {
  readonly kind: 'fault';
  readonly delay: {
    /** Null: from x-envoy-fault-delay-request, which may lower the percentage as well. */
    readonly fixedMs: number | null;
    readonly percentage: RuntimeFraction;
    readonly durationRuntimeKey: string;
  } | null;
  readonly abort: {
    /** `header`: from x-envoy-fault-abort-request or -grpc-request, which may lower the percentage as well. */
    readonly status: { readonly kind: 'http' | 'grpc'; readonly code: number } | { readonly kind: 'header' };
    readonly percentage: RuntimeFraction;
    readonly httpRuntimeKey: string;
    readonly grpcRuntimeKey: string;
  } | null;
  /** Only requests to this cluster; empty for all. */
  readonly upstreamCluster: string;
  readonly headers: readonly HeaderMatch[];
  /** Only requests from these nodes, by x-envoy-downstream-service-node; empty for all. */
  readonly downstreamNodes: readonly string[];
  /** Null: no limit. */
  readonly maxActiveFaults: number | null;
  readonly maxActiveFaultsRuntimeKey: string;
}

/** outrider.filters.http.v1.ExpiringFault. */
export interface ExpiringFaultConfig {
  readonly kind: 'expiring-fault';
  readonly fault: FaultConfig;
  /** Milliseconds since 1970. */
  readonly expiresAtMs: number;
}

/** envoy.type.v3.TokenBucket. */
export interface TokenBucketConfig {
  readonly maxTokens: number;
  readonly tokensPerFill: number;
  readonly fillIntervalMs: number;
}

/** envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit. */
export interface LocalRateLimitConfig {
  readonly kind: 'local-rate-limit';
  readonly statPrefix: string;
  /** 400 or above; default 429. */
  readonly status: number;
  /** Null: only descriptors limit. */
  readonly bucket: TokenBucketConfig | null;
  readonly descriptors: readonly LimitedDescriptor[];
  /** A request that has a descriptor of its own counts in the bucket as well; default true. */
  readonly alwaysConsumeDefault: boolean;
  /** Null: never. */
  readonly enabled: RuntimeFraction | null;
  readonly enforced: RuntimeFraction | null;
  readonly requestAddWhenNotEnforced: readonly HeaderAdd[];
  readonly responseAdd: readonly HeaderAdd[];
  /** A bucket for every connection of a client. */
  readonly perConnection: boolean;
  /** X-RateLimit-Limit, -Remaining and -Reset on every answer. */
  readonly limitHeaders: boolean;
  /** gRPC callers are told RESOURCE_EXHAUSTED instead of UNAVAILABLE. */
  readonly resourceExhausted: boolean;
  /** Rate limits of routes with this number make descriptors for this filter. */
  readonly stage: number;
  readonly virtualHostLimits: 'override' | 'include' | 'ignore';
}

/** envoy.extensions.common.ratelimit.v3.LocalRateLimitDescriptor: requests with exactly these entries have a bucket. */
export interface LimitedDescriptor {
  readonly entries: readonly { readonly key: string; readonly value: string }[];
  readonly bucket: TokenBucketConfig;
}

/** envoy.config.route.v3.RateLimit: one descriptor of a request, unless an action has nothing to say. */
export interface RateLimitConfig {
  readonly stage: number;
  readonly actions: readonly RateLimitAction[];
}

/** envoy.config.route.v3.RateLimit.Action: one entry of a descriptor. */
export type RateLimitAction =
  | { readonly kind: 'destination-cluster' | 'remote-address' }
  | { readonly kind: 'request-header'; readonly name: string; readonly key: string; readonly skipIfAbsent: boolean }
  /** A name in the certificate that the client's TLS proved. */
  | {
      readonly kind: 'peer-certificate';
      readonly name: 'uri' | 'dns' | 'subject';
      readonly key: string;
      readonly skipIfAbsent: boolean;
    }
  | { readonly kind: 'generic-key'; readonly key: string; readonly value: string }
  | { readonly kind: 'masked-remote-address'; readonly v4Bits: number; readonly v6Bits: number }
  | {
      readonly kind: 'header-match';
      readonly key: string;
      readonly value: string;
      readonly expectMatch: boolean;
      readonly headers: readonly HeaderMatch[];
    }
  | {
      readonly kind: 'query-match';
      readonly key: string;
      readonly value: string;
      readonly expectMatch: boolean;
      readonly parameters: readonly QueryMatch[];
    };

/** envoy.extensions.filters.http.health_check.v3.HealthCheck. */
export interface HealthCheckFilterConfig {
  readonly kind: 'health-check';
  /** The application answers, unless this proxy is leaving. */
  readonly passThrough: boolean;
  /** How long its answer is given again; 0: never. Only with `passThrough`. */
  readonly cacheTimeMs: number;
  /** How many endpoints of each cluster must be well. Only without `passThrough`. */
  readonly clusters: readonly { readonly name: string; readonly minHealthyPercent: number }[];
  /** Requests that fit all of these are health checks. */
  readonly headers: readonly HeaderMatch[];
}

/** envoy.extensions.filters.http.cors.v3.Cors: marks the place where the policies of routes apply. */
export interface CorsConfig {
  readonly kind: 'cors';
}

/** envoy.extensions.filters.http.stateful_session.v3.StatefulSession. */
export interface StatefulSessionConfig {
  readonly kind: 'stateful-session';
  /** Where the endpoint of a session is written; null: nowhere, and then the filter does nothing. */
  readonly state:
    | { readonly kind: 'cookie'; readonly name: string; readonly ttlSeconds: number; readonly path: string }
    | { readonly kind: 'header'; readonly name: string }
    | null;
  readonly strict: boolean;
}

/** envoy.extensions.filters.http.cors.v3.CorsPolicy. Empty and null: what a less specific level says. */
export interface CorsPolicyConfig {
  readonly kind: 'cors-policy';
  readonly allowOrigins: readonly StringMatch[];
  readonly allowMethods: string;
  readonly allowHeaders: string;
  readonly exposeHeaders: string;
  readonly maxAge: string;
  readonly allowCredentials: boolean | null;
  readonly allowPrivateNetworkAccess: boolean | null;
  /** Default true. */
  readonly forwardNotMatchingPreflights: boolean | null;
  /** Null: all requests; and no request for the shadow. */
  readonly enabled: RuntimeFraction | null;
  readonly shadowEnabled: RuntimeFraction | null;
}

/** outrider.filters.http.v1.AdaptiveLimit. */
export interface AdaptiveLimitConfig {
  readonly kind: 'adaptive-limit';
  readonly initialLimit: number;
  readonly minLimit: number;
  readonly maxLimit: number;
  readonly tolerance: number;
  /** 0: nobody waits. */
  readonly maxQueue: number;
  readonly maxWaitMs: number;
  /** Lower case. */
  readonly priorityHeader: string;
  /** Requests that fit one of these are never refused. */
  readonly exempt: readonly HeaderMatch[];
}

/** envoy.extensions.filters.http.on_demand.v3.OnDemand. */
export interface OnDemandConfig {
  readonly kind: 'on-demand';
  /** How long a request waits for its cluster; default 5,000. */
  readonly timeoutMs: number;
}

/** outrider.filters.http.v1.Deadline. */
export interface DeadlineConfig {
  readonly kind: 'deadline';
}

/** outrider.filters.http.v1.Quota. */
export interface QuotaConfig {
  readonly kind: 'quota';
  readonly service: string;
  readonly limits: readonly QuotaLimitConfig[];
}

/** outrider.filters.http.v1.QuotaLimit. */
export interface QuotaLimitConfig {
  readonly name: string;
  readonly headers: readonly HeaderMatch[];
  /** What has a bucket of its own. */
  readonly per: { readonly kind: 'all' | 'caller' } | { readonly kind: 'header'; readonly name: string };
  readonly requestsPerSecond: number;
  readonly burst: number;
  readonly maxValues: number;
}
