/** Routes. envoy.config.route.v3. See README.md beside this file. */
import type { SafeRegex } from '../../../protos/contract/regex/safe-regex.ts';
import type { HeaderEdits } from './header-edits.ts';
import type { PerFilterConfigs, RateLimitConfig } from './http-filter.ts';
import type { HeaderMatch, RouteMatch, RuntimeFraction } from './match.ts';
import type { RoutePolicyConfig } from './policy.ts';

/** envoy.config.route.v3.RouteConfiguration. */
export interface RouteTableConfig {
  readonly name: string;
  readonly virtualHosts: readonly VirtualHostConfig[];
  readonly edits: HeaderEdits;
  /** most_specific_header_mutations_wins: when false (the default) the most general level is applied last. */
  readonly mostSpecificEditsWin: boolean;
  readonly ignorePortInHostMatching: boolean;
  /** internal_only_headers, lower case. */
  readonly internalOnlyHeaders: readonly string[];
  /** validate_clusters: refuse routes to clusters that do not exist. Default true for inline tables, false for RDS. */
  readonly validateClusters: boolean;
  /** The least specific level: virtual host, route and weighted cluster have their own, in that order. */
  readonly perFilter: PerFilterConfigs;
}

/** envoy.config.route.v3.VirtualHost. Domains are lower case: exact, `*.suffix`, `prefix.*` or `*`. */
export interface VirtualHostConfig {
  readonly name: string;
  readonly domains: readonly string[];
  readonly routes: readonly RouteConfig[];
  readonly edits: HeaderEdits;
  readonly requireTls: 'none' | 'external-only' | 'all';
  readonly retryPolicy: RetryPolicyConfig | null;
  /** hedge_policy.hedge_on_per_try_timeout; null without a hedge policy. */
  readonly hedgesOnPerTryTimeout: boolean | null;
  readonly includeRequestAttemptCount: boolean;
  readonly includeAttemptCountInResponse: boolean;
  /** Bytes of a request kept for retries and mirrors (per_request_buffer_limit_bytes); null takes the listener's buffer limit. */
  readonly bodyLimitBytes: number | null;
  readonly perFilter: PerFilterConfigs;
  readonly rateLimits: readonly RateLimitConfig[];
}

/** envoy.config.route.v3.Route. `name` may be empty. */
export interface RouteConfig {
  readonly name: string;
  readonly match: RouteMatch;
  readonly action: RouteActionConfig;
  readonly edits: HeaderEdits;
  readonly perFilter: PerFilterConfigs;
  /** Outrider's own, out of typed metadata. */
  readonly policy: RoutePolicyConfig;
  /** See the virtual host's; null takes it from there. */
  readonly bodyLimitBytes: number | null;
}

/** What a matched route does. */
export type RouteActionConfig =
  | ForwardAction
  | RedirectAction
  | { readonly kind: 'direct-response'; readonly status: number; readonly body: string }
  | { readonly kind: 'non-forwarding' };

/** envoy.config.route.v3.RedirectAction. */
export interface RedirectAction {
  readonly kind: 'redirect';
  readonly scheme: 'http' | 'https' | string | null;
  readonly host: string | null;
  readonly port: number | null;
  readonly path:
    | { readonly kind: 'replace'; readonly value: string }
    | { readonly kind: 'prefix'; readonly value: string }
    | { readonly kind: 'regex'; readonly regex: SafeRegex; readonly substitution: string }
    | null;
  readonly stripQuery: boolean;
  readonly status: 301 | 302 | 303 | 307 | 308;
}

/** Which cluster a request goes to. Weighted clusters carry edits of their own; total is the sum of weights. */
export type ClusterChoice =
  | { readonly kind: 'cluster'; readonly name: string }
  | { readonly kind: 'header'; readonly header: string }
  | { readonly kind: 'weighted'; readonly clusters: readonly WeightedCluster[]; readonly totalWeight: number };

/** One entry of envoy.config.route.v3.WeightedCluster. */
export interface WeightedCluster {
  readonly name: string;
  readonly weight: number;
  readonly edits: HeaderEdits;
  /** metadata_match of filter_metadata["envoy.lb"], flattened; null when absent. */
  readonly subset: SubsetKeys | null;
  readonly hostRewrite: string | null;
  readonly perFilter: PerFilterConfigs;
}

/** Label values an endpoint must have: envoy.lb metadata, canonical JSON text of each value. */
export type SubsetKeys = Readonly<Record<string, string>>;

/** envoy.config.route.v3.RouteAction. */
export interface ForwardAction {
  readonly kind: 'forward';
  readonly cluster: ClusterChoice;
  /** cluster_not_found_response_code: 503 (default), 404 or 500. */
  readonly clusterNotFoundStatus: number;
  readonly subset: SubsetKeys | null;
  readonly pathRewrite:
    | { readonly kind: 'prefix'; readonly value: string }
    | { readonly kind: 'regex'; readonly regex: SafeRegex; readonly substitution: string }
    | null;
  readonly hostRewrite:
    | { readonly kind: 'literal'; readonly value: string }
    | { readonly kind: 'header'; readonly header: string }
    | { readonly kind: 'endpoint-hostname' }
    | { readonly kind: 'path-regex'; readonly regex: SafeRegex; readonly substitution: string }
    | null;
  /** append_x_forwarded_host. */
  readonly appendForwardedHost: boolean;
  /** Whole-request timeout; 0 disables. Envoy's default is 15,000. */
  readonly timeoutMs: number;
  /** Per-route stream idle timeout; null takes the connection manager's. */
  readonly idleTimeoutMs: number | null;
  /** max_stream_duration: grpc_timeout_header_max and friends; null when absent. */
  readonly maxStreamDuration: MaxStreamDuration | null;
  readonly retryPolicy: RetryPolicyConfig | null;
  /** See the virtual host's; null takes it from there. */
  readonly hedgesOnPerTryTimeout: boolean | null;
  readonly hashPolicy: readonly HashPolicyConfig[];
  readonly mirrors: readonly MirrorConfig[];
  readonly rateLimits: readonly RateLimitConfig[];
  readonly priority: 'default' | 'high';
  /** Protocols that may be upgraded on this route, overriding the connection manager: name (lower case) to enabled. */
  readonly upgrades: Readonly<Record<string, boolean>>;
  /** connect_config: CONNECT ends here, and the endpoint gets what comes through the tunnel; else it gets the request. */
  readonly terminatesConnect: boolean;
}

/** envoy.config.route.v3.RouteAction.MaxStreamDuration. Null where absent. */
export interface MaxStreamDuration {
  readonly maxStreamDurationMs: number | null;
  readonly grpcTimeoutHeaderMaxMs: number | null;
  readonly grpcTimeoutHeaderOffsetMs: number | null;
}

/** envoy.config.route.v3.RetryPolicy. */
export interface RetryPolicyConfig {
  /** Names of retry_on and retriable conditions, in Envoy's words: `5xx`, `connect-failure`, `reset`, ... */
  readonly retryOn: readonly string[];
  readonly numRetries: number;
  /** 0: no per try timeout. */
  readonly perTryTimeoutMs: number;
  readonly perTryIdleTimeoutMs: number;
  readonly retriableStatusCodes: readonly number[];
  readonly retriableHeaders: readonly HeaderMatch[];
  readonly retriableRequestHeaders: readonly HeaderMatch[];
  /** Default 25. */
  readonly backoffBaseMs: number;
  /** Default ten times the base. */
  readonly backoffMaxMs: number;
  /** Response headers that say when to come back, lower case, with how to read them; empty when absent. */
  readonly rateLimitedResetHeaders: readonly { readonly name: string; readonly format: 'seconds' | 'unix-timestamp' }[];
  readonly rateLimitedMaxMs: number;
  /** retry_host_predicate omit_canary_hosts and omit_host_metadata: endpoints with all of these labels are passed over. */
  readonly omittedHosts: readonly SubsetKeys[];
  /** retry_host_predicate previous_hosts. */
  readonly avoidPreviousHosts: boolean;
  /** host_selection_retry_max_attempts, default 1. */
  readonly hostSelectionMaxAttempts: number;
}

/** envoy.config.route.v3.RouteAction.HashPolicy. */
export interface HashPolicyConfig {
  readonly source:
    | {
        readonly kind: 'header';
        readonly name: string;
        /** Every match of the expression is replaced before the value is hashed; null hashes it as it is. */
        readonly rewrite: { readonly regex: SafeRegex; readonly substitution: string } | null;
      }
    | {
        readonly kind: 'cookie';
        readonly name: string;
        /** Generated when the cookie is missing and this is not null; 0 makes a session cookie. */
        readonly ttlSeconds: number | null;
        readonly path: string;
        readonly attributes: readonly { readonly name: string; readonly value: string }[];
      }
    | { readonly kind: 'source-ip' }
    | { readonly kind: 'query'; readonly name: string };
  readonly terminal: boolean;
}

/** envoy.config.route.v3.RouteAction.RequestMirrorPolicy. */
export interface MirrorConfig {
  readonly cluster: string;
  readonly fraction: RuntimeFraction | null;
}
