/**
 * The proxy's internal configuration model: what every decoder produces and what `activate/` turns into running code.
 *
 *   Envoy file ─┐
 *               ├─► proto messages ──(decoders in this folder)──► this model ──► Snapshot ──► activate/
 *   xDS stream ─┘
 *
 * Plain immutable values only: no methods, no buffers, no generated proto types. Every field is present; where an Envoy
 * field was absent the decoder has written Envoy's documented default. `null` means "not configured" where Envoy has
 * such a state. Durations are milliseconds; 0 means "disabled" for every timeout, as in Envoy, unless said otherwise.
 * Field semantics are those of the xDS v3 message named in each comment.
 */

/** An IP address and port. `host` is an IPv4 or IPv6 literal, or a name for DNS clusters. Port 0 to 65535. */
export interface SocketAddress {
  readonly host: string;
  readonly port: number;
}

// ---------------------------------------------------------------------------------------------------------------------
// Matching

/** envoy.type.matcher.v3.StringMatcher. Regular expressions are anchored: they match the whole value. */
export type StringMatch =
  | { readonly kind: 'exact'; readonly value: string; readonly ignoreCase: boolean }
  | { readonly kind: 'prefix'; readonly value: string; readonly ignoreCase: boolean }
  | { readonly kind: 'suffix'; readonly value: string; readonly ignoreCase: boolean }
  | { readonly kind: 'contains'; readonly value: string; readonly ignoreCase: boolean }
  | { readonly kind: 'regex'; readonly regex: SafeRegex };

/** A regular expression that was checked to be RE2 syntax, translated to JavaScript. `source` is unanchored. */
export interface SafeRegex {
  /** As the user wrote it. */
  readonly pattern: string;
  /** JavaScript source with the same meaning, without anchors. */
  readonly source: string;
  /** JavaScript flags, for instance `i` or `su`. */
  readonly flags: string;
}

/** envoy.config.route.v3.HeaderMatcher. `name` is lower case. `range` is half-open [start, end). */
export interface HeaderMatch {
  readonly name: string;
  readonly test:
    | { readonly kind: 'string'; readonly match: StringMatch }
    | { readonly kind: 'range'; readonly start: number; readonly end: number }
    | { readonly kind: 'present'; readonly present: boolean };
  readonly invert: boolean;
  /** treat_missing_header_as_empty. */
  readonly missingAsEmpty: boolean;
}

/** envoy.config.route.v3.QueryParameterMatcher. Names are case sensitive. */
export interface QueryMatch {
  readonly name: string;
  readonly test: { readonly kind: 'string'; readonly match: StringMatch } | { readonly kind: 'present' };
}

/** A share of requests: `numerator` of `denominator`, overridable at run time by `runtimeKey` (a percentage there). */
export interface RuntimeFraction {
  readonly numerator: number;
  readonly denominator: 100 | 10_000 | 1_000_000;
  readonly runtimeKey: string | null;
}

/** The path part of envoy.config.route.v3.RouteMatch. `value` has no query string. */
export type PathMatch =
  | { readonly kind: 'prefix'; readonly value: string; readonly caseSensitive: boolean }
  | { readonly kind: 'exact'; readonly value: string; readonly caseSensitive: boolean }
  | { readonly kind: 'separated-prefix'; readonly value: string; readonly caseSensitive: boolean }
  | { readonly kind: 'regex'; readonly regex: SafeRegex };

/** envoy.config.route.v3.RouteMatch. All parts must match. */
export interface RouteMatch {
  readonly path: PathMatch;
  readonly headers: readonly HeaderMatch[];
  readonly query: readonly QueryMatch[];
  readonly runtimeFraction: RuntimeFraction | null;
  /** Match gRPC requests only (content-type application/grpc*). */
  readonly grpcOnly: boolean;
}

// ---------------------------------------------------------------------------------------------------------------------
// Header edits

/** How envoy.config.core.v3.HeaderValueOption.append_action joins with what is there. */
export type AppendAction = 'append' | 'add-if-absent' | 'overwrite' | 'overwrite-if-exists';

/**
 * envoy.config.core.v3.HeaderValueOption. `name` in the writer's case. `value` is literal text and `%COMMAND%` parts
 * in order, so that nothing is parsed at run time.
 */
export interface HeaderAdd {
  readonly name: string;
  readonly value: readonly FormatPart[];
  readonly action: AppendAction;
  readonly keepEmptyValue: boolean;
}

/** One part of a substitution format string: literal text, or a command operator such as `REQ(X-REQUEST-ID)`. */
export type FormatPart =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'command';
      /** The operator's name, upper case: `DOWNSTREAM_REMOTE_ADDRESS`, `REQ`, `RESPONSE_CODE`, `START_TIME`, ... */
      readonly command: string;
      /** What stands in parentheses, split at `?` for REQ/RESP alternatives; empty when there is none. */
      readonly args: readonly string[];
      /** Truncation `:N`, or null. */
      readonly maxLength: number | null;
    };

/** Header edits of one level (route, virtual host, route table, weighted cluster), applied most specific first. */
export interface HeaderEdits {
  readonly requestAdd: readonly HeaderAdd[];
  /** Lower case. */
  readonly requestRemove: readonly string[];
  readonly responseAdd: readonly HeaderAdd[];
  /** Lower case. */
  readonly responseRemove: readonly string[];
}

// ---------------------------------------------------------------------------------------------------------------------
// Routes

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
}

/** envoy.config.route.v3.VirtualHost. Domains are lower case: exact, `*.suffix`, `prefix.*` or `*`. */
export interface VirtualHostConfig {
  readonly name: string;
  readonly domains: readonly string[];
  readonly routes: readonly RouteConfig[];
  readonly edits: HeaderEdits;
  readonly requireTls: 'none' | 'external-only' | 'all';
  readonly retryPolicy: RetryPolicyConfig | null;
  readonly includeRequestAttemptCount: boolean;
  readonly includeAttemptCountInResponse: boolean;
  /** Bytes of a request kept for retries and mirrors (per_request_buffer_limit_bytes); null takes the listener's buffer limit. */
  readonly bodyLimitBytes: number | null;
  /** typed_per_filter_config by filter name. */
  readonly perFilter: Readonly<Record<string, HttpFilterConfig>>;
}

/** envoy.config.route.v3.Route. `name` may be empty. */
export interface RouteConfig {
  readonly name: string;
  readonly match: RouteMatch;
  readonly action: RouteActionConfig;
  readonly edits: HeaderEdits;
  /** typed_per_filter_config by filter name. */
  readonly perFilter: Readonly<Record<string, HttpFilterConfig>>;
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
  readonly hashPolicy: readonly HashPolicyConfig[];
  readonly mirrors: readonly MirrorConfig[];
  readonly priority: 'default' | 'high';
  /** Protocols that may be upgraded on this route, overriding the connection manager: name (lower case) to enabled. */
  readonly upgrades: Readonly<Record<string, boolean>>;
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
  /** retry_host_predicate previous_hosts. */
  readonly avoidPreviousHosts: boolean;
  /** host_selection_retry_max_attempts, default 1. */
  readonly hostSelectionMaxAttempts: number;
}

/** envoy.config.route.v3.RouteAction.HashPolicy. */
export interface HashPolicyConfig {
  readonly source:
    | { readonly kind: 'header'; readonly name: string }
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

// ---------------------------------------------------------------------------------------------------------------------
// Listeners

/** envoy.config.listener.v3.Listener. */
export interface ListenerConfig {
  readonly name: string;
  readonly address: SocketAddress;
  readonly additionalAddresses: readonly SocketAddress[];
  /** In order; the first whose match fits takes the connection. */
  readonly filterChains: readonly FilterChainConfig[];
  readonly defaultFilterChain: FilterChainConfig | null;
  /** Listener filters asked for. */
  readonly tlsInspector: boolean;
  readonly proxyProtocol: boolean;
  readonly originalDst: boolean;
  readonly listenerFiltersTimeoutMs: number;
  readonly continueOnListenerFiltersTimeout: boolean;
  readonly reusePort: boolean;
  readonly tcpBacklog: number;
  /** per_connection_buffer_limit_bytes, default 1 MiB. */
  readonly bufferLimitBytes: number;
  readonly statPrefix: string;
  readonly direction: 'unspecified' | 'inbound' | 'outbound';
}

/** envoy.config.listener.v3.FilterChain. */
export interface FilterChainConfig {
  readonly name: string;
  readonly match: FilterChainMatch;
  readonly network: NetworkFilterConfig;
  readonly tls: DownstreamTlsConfig | null;
  readonly transportSocketConnectTimeoutMs: number;
}

/** envoy.config.listener.v3.FilterChainMatch. Empty arrays and nulls match everything. */
export interface FilterChainMatch {
  readonly destinationPort: number | null;
  readonly prefixRanges: readonly string[];
  readonly sourcePrefixRanges: readonly string[];
  readonly sourcePorts: readonly number[];
  /** Lower case, `*.suffix` allowed. */
  readonly serverNames: readonly string[];
  /** `tls`, `raw_buffer` or empty. */
  readonly transportProtocol: string;
  readonly applicationProtocols: readonly string[];
}

/** The terminal network filter of a chain. */
export type NetworkFilterConfig = HttpConnectionManagerConfig | TcpProxyConfig;

/** envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy. */
export interface TcpProxyConfig {
  readonly kind: 'tcp-proxy';
  readonly statPrefix: string;
  readonly cluster: Exclude<ClusterChoice, { readonly kind: 'header' }>;
  /** Default 3,600,000. */
  readonly idleTimeoutMs: number;
  readonly maxConnectAttempts: number;
  readonly accessLogs: readonly AccessLogConfig[];
}

/** envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager. */
export interface HttpConnectionManagerConfig {
  readonly kind: 'http-connection-manager';
  readonly statPrefix: string;
  readonly codec: 'auto' | 'http1' | 'http2';
  readonly routes:
    | { readonly kind: 'inline'; readonly table: RouteTableConfig }
    | { readonly kind: 'rds'; readonly name: string };
  /** The last one is the router. */
  readonly httpFilters: readonly NamedHttpFilter[];
  readonly useRemoteAddress: boolean;
  readonly xffNumTrustedHops: number;
  readonly skipXffAppend: boolean;
  readonly via: string;
  readonly generateRequestId: boolean;
  readonly preserveExternalRequestId: boolean;
  readonly alwaysSetRequestIdInResponse: boolean;
  readonly serverName: string;
  readonly serverHeader: 'overwrite' | 'append-if-absent' | 'pass-through';
  /** scheme_to_overwrite, or null. */
  readonly schemeToOverwrite: string | null;
  readonly stripPort: 'none' | 'matching' | 'any';
  readonly stripTrailingHostDot: boolean;
  readonly normalizePath: boolean;
  readonly mergeSlashes: boolean;
  readonly escapedSlashes: 'keep' | 'reject' | 'unescape-and-redirect' | 'unescape-and-forward';
  readonly headersWithUnderscores: 'allow' | 'reject' | 'drop';
  /** Whole-request receive timeout; 0 (the default) disables. */
  readonly requestTimeoutMs: number;
  readonly requestHeadersTimeoutMs: number;
  /** Default 300,000. */
  readonly streamIdleTimeoutMs: number;
  /** Connection idle timeout, default 3,600,000. */
  readonly idleTimeoutMs: number;
  readonly maxConnectionDurationMs: number;
  readonly maxRequestsPerConnection: number;
  /** max_stream_duration of the connection manager's common protocol options; 0 disables. */
  readonly maxStreamDurationMs: number;
  /** Default 5,000. */
  readonly drainTimeoutMs: number;
  /** Default 1,000. */
  readonly delayedCloseTimeoutMs: number;
  /** Bytes; default 60 KiB. */
  readonly maxRequestHeadersBytes: number;
  /** Default 100. */
  readonly maxHeadersCount: number;
  readonly http1: {
    readonly acceptHttp10: boolean;
    readonly defaultHostForHttp10: string;
    readonly allowAbsoluteUrl: boolean;
    readonly allowChunkedLength: boolean;
    readonly enableTrailers: boolean;
  };
  readonly http2: Http2Options;
  /** Upgrade types (lower case) to enabled, such as `websocket`. */
  readonly upgrades: Readonly<Record<string, boolean>>;
  /** Whether 100-continue is passed upstream instead of being answered here. */
  readonly proxy100Continue: boolean;
  readonly accessLogs: readonly AccessLogConfig[];
}

/** envoy.config.core.v3.Http2ProtocolOptions, with Envoy's defaults filled in. Window sizes in bytes. */
export interface Http2Options {
  readonly maxConcurrentStreams: number;
  readonly initialStreamWindowBytes: number;
  readonly initialConnectionWindowBytes: number;
  readonly allowConnect: boolean;
}

/** A filter of the chain with the name by which routes address it. */
export interface NamedHttpFilter {
  readonly name: string;
  readonly config: HttpFilterConfig;
}

/** HTTP filters this proxy has. */
export type HttpFilterConfig = RouterFilterConfig;

/** envoy.extensions.filters.http.router.v3.Router. */
export interface RouterFilterConfig {
  readonly kind: 'router';
  readonly suppressEnvoyHeaders: boolean;
}

/** One access log of a listener, connection manager or TCP proxy. `path` is a file, or standard output or error. */
export interface AccessLogConfig {
  readonly sink: { readonly kind: 'file'; readonly path: string } | { readonly kind: 'stdout' | 'stderr' };
  readonly format:
    | { readonly kind: 'text'; readonly parts: readonly FormatPart[] }
    | { readonly kind: 'json'; readonly value: JsonFormat };
  /** Null logs everything. */
  readonly filter: AccessLogFilterConfig | null;
}

/** The shape of a JSON line: literal values, texts with commands, and lists and objects of them. */
export type JsonFormat =
  | { readonly kind: 'literal'; readonly value: number | boolean | null }
  | { readonly kind: 'format'; readonly parts: readonly FormatPart[] }
  | { readonly kind: 'list'; readonly items: readonly JsonFormat[] }
  | { readonly kind: 'object'; readonly members: readonly { readonly key: string; readonly value: JsonFormat }[] };

/** envoy.config.accesslog.v3.AccessLogFilter. No flags means any flag. */
export type AccessLogFilterConfig =
  | { readonly kind: 'status' | 'duration'; readonly comparison: LogComparison }
  | { readonly kind: 'not-health-check' }
  | { readonly kind: 'runtime'; readonly fraction: RuntimeFraction }
  | { readonly kind: 'and' | 'or'; readonly filters: readonly AccessLogFilterConfig[] }
  | { readonly kind: 'header'; readonly match: HeaderMatch }
  | { readonly kind: 'flags'; readonly flags: readonly string[] };

/** envoy.config.accesslog.v3.ComparisonFilter. Durations are milliseconds. */
export interface LogComparison {
  readonly op: 'equal' | 'at-least' | 'at-most';
  readonly value: number;
  readonly runtimeKey: string | null;
}

/** envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext: PEM text, read when the configuration is. */
export interface DownstreamTlsConfig {
  readonly certificates: readonly { readonly chainPem: string; readonly keyPem: string }[];
  readonly requireClientCertificate: boolean;
  readonly trustedCaPem: string | null;
  readonly alpnProtocols: readonly string[];
}

// ---------------------------------------------------------------------------------------------------------------------
// Clusters and endpoints

/** envoy.config.cluster.v3.Cluster. */
export interface ClusterConfig {
  readonly name: string;
  /** alt_stat_name, or the name. */
  readonly statName: string;
  readonly discovery:
    | { readonly kind: 'static'; readonly endpoints: EndpointSetConfig }
    | { readonly kind: 'eds'; readonly serviceName: string }
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
  readonly slowStart: {
    readonly windowMs: number;
    readonly aggression: number;
    readonly minWeightPercent: number;
  } | null;
  /** common_lb_config.healthy_panic_threshold, percent; default 50. 0 disables panic. */
  readonly panicThresholdPercent: number;
  readonly limits: { readonly default: ClusterLimits; readonly high: ClusterLimits };
  /** per_host_thresholds max_connections, or null. */
  readonly maxConnectionsPerHost: number | null;
  readonly outlier: OutlierConfig | null;
  readonly protocol: 'http1' | 'http2' | 'auto';
  readonly http2: Http2Options;
  /** common_http_protocol_options.idle_timeout, default 3,600,000; 0 disables. */
  readonly poolIdleTimeoutMs: number;
  readonly maxRequestsPerConnection: number;
  readonly bufferLimitBytes: number;
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
  | { readonly kind: 'random' };

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
export type EndpointHealth = 'unknown' | 'healthy' | 'unhealthy' | 'draining' | 'timeout' | 'degraded';

/** envoy.config.endpoint.v3.LbEndpoint. `weight` is at least 1, default 1. */
export interface EndpointConfig {
  readonly address: SocketAddress;
  readonly hostname: string;
  readonly health: EndpointHealth;
  readonly weight: number;
  /** All of the endpoint's metadata, namespace first; `envoy.lb` holds the subset labels. */
  readonly metadata: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}
