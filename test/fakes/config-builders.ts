/** Builders of the proxy's configuration model for tests: Envoy's defaults, and what a test changes. */

import type { ClusterConfig, EndpointConfig, EndpointSetConfig } from '../../proxy/config/model/cluster.ts';
import type { HeaderEdits } from '../../proxy/config/model/header-edits.ts';
import type { HealthCheckConfig, HttpProbeConfig } from '../../proxy/config/model/health-check.ts';
import type { NamedHttpFilter } from '../../proxy/config/model/http-filter.ts';
import type {
  FilterChainConfig,
  FilterChainMatch,
  HttpConnectionManagerConfig,
  ListenerConfig,
  NetworkFilterConfig,
  TcpProxyConfig,
} from '../../proxy/config/model/listener.ts';
import type { RouteMatch } from '../../proxy/config/model/match.ts';
import { type BreakerConfig, NO_CLUSTER_POLICY, NO_ROUTE_POLICY } from '../../proxy/config/model/policy.ts';
import type {
  ForwardAction,
  RouteActionConfig,
  RouteConfig,
  RouteTableConfig,
  VirtualHostConfig,
} from '../../proxy/config/model/route.ts';

export const NO_EDITS: HeaderEdits = { requestAdd: [], requestRemove: [], responseAdd: [], responseRemove: [] };

/** TLS that names no secrets. */
export const NO_SECRETS = { certificateSecrets: [], validationSecret: null } as const;

const HTTP2 = {
  maxConcurrentStreams: 1024,
  initialStreamWindowBytes: 65_536,
  initialConnectionWindowBytes: 1_048_576,
  allowConnect: false,
};

const LIMITS = {
  maxConnections: 1024,
  maxPendingRequests: 1024,
  maxRequests: 1024,
  maxRetries: 3,
  retryBudget: null,
  trackRemaining: false,
};

/** A breaker as one is of which nothing is said. */
export function breakerConfig(change: Partial<BreakerConfig> = {}): BreakerConfig {
  return {
    minimumRequests: 20,
    windowMs: 10_000,
    failurePercent: 50,
    slowAfterMs: 0,
    slowPercent: 50,
    consecutiveFailures: 0,
    openMs: 5_000,
    probes: 1,
    successesToClose: 3,
    ...change,
  };
}

export function endpoint(port: number, change: Partial<EndpointConfig> = {}): EndpointConfig {
  return {
    address: { host: '127.0.0.1', port },
    hostname: '',
    health: 'unknown',
    weight: 1,
    check: null,
    labels: {},
    metadata: {},
    ...change,
  };
}

export function endpointSet(name: string, endpoints: readonly EndpointConfig[]): EndpointSetConfig {
  const locality = { region: '', zone: '', subZone: '', weight: 0, priority: 0, endpoints };
  return { name, localities: [locality], overprovisioningFactor: 140 };
}

/** A static cluster on 127.0.0.1 at these ports. */
export function cluster(name: string, ports: readonly number[], change: Partial<ClusterConfig> = {}): ClusterConfig {
  return {
    name,
    statName: name,
    discovery: {
      kind: 'static',
      endpoints: endpointSet(
        name,
        ports.map((port) => endpoint(port)),
      ),
    },
    connectTimeoutMs: 1_000,
    lbPolicy: { kind: 'round-robin' },
    subsets: null,
    localities: { kind: 'zone-aware', percent: 100, minClusterSize: 6, failTrafficOnPanic: false },
    slowStart: null,
    panicThresholdPercent: 50,
    limits: { default: LIMITS, high: LIMITS },
    maxConnectionsPerHost: { default: Number.POSITIVE_INFINITY, high: Number.POSITIVE_INFINITY },
    outlier: null,
    healthCheck: null,
    ignoresNewHosts: false,
    protocol: 'http1',
    carriesProtocol: false,
    http2: HTTP2,
    poolIdleTimeoutMs: 3_600_000,
    learnsIdleTimeout: false,
    maxRequestsPerConnection: 0,
    enableTrailers: false,
    bufferLimitBytes: 1_048_576,
    tls: null,
    proxyProtocol: null,
    policy: NO_CLUSTER_POLICY,
    metadata: {},
    ...change,
  };
}

export function forward(clusterName: string, change: Partial<ForwardAction> = {}): ForwardAction {
  return {
    kind: 'forward',
    cluster: { kind: 'cluster', name: clusterName },
    clusterNotFoundStatus: 503,
    subset: null,
    pathRewrite: null,
    hostRewrite: null,
    appendForwardedHost: false,
    timeoutMs: 15_000,
    idleTimeoutMs: null,
    maxStreamDuration: null,
    retryPolicy: null,
    hedgesOnPerTryTimeout: null,
    hashPolicy: [],
    mirrors: [],
    rateLimits: [],
    priority: 'default',
    upgrades: {},
    terminatesConnect: false,
    ...change,
  };
}

export function prefixMatch(value: string, change: Partial<RouteMatch> = {}): RouteMatch {
  const path = { kind: 'prefix', value, caseSensitive: true } as const;
  return { path, headers: [], query: [], runtimeFraction: null, grpcOnly: false, ...change };
}

export function route(match: RouteMatch, action: RouteActionConfig, change: Partial<RouteConfig> = {}): RouteConfig {
  return {
    name: '',
    match,
    action,
    edits: NO_EDITS,
    perFilter: {},
    policy: NO_ROUTE_POLICY,
    bodyLimitBytes: null,
    ...change,
  };
}

export function virtualHost(domains: readonly string[], routes: readonly RouteConfig[]): VirtualHostConfig {
  return {
    name: domains.join(),
    domains,
    routes,
    edits: NO_EDITS,
    requireTls: 'none',
    retryPolicy: null,
    hedgesOnPerTryTimeout: null,
    includeRequestAttemptCount: false,
    includeAttemptCountInResponse: false,
    bodyLimitBytes: null,
    perFilter: {},
    rateLimits: [],
  };
}

export function routeTable(name: string, virtualHosts: readonly VirtualHostConfig[]): RouteTableConfig {
  return {
    name,
    virtualHosts,
    edits: NO_EDITS,
    mostSpecificEditsWin: false,
    ignorePortInHostMatching: false,
    internalOnlyHeaders: [],
    validateClusters: false,
    perFilter: {},
  };
}

/** The router, which ends every chain. */
export const ROUTER: NamedHttpFilter = {
  name: 'envoy.filters.http.router',
  config: { kind: 'router', suppressEnvoyHeaders: false },
  disabled: false,
};

export function httpManager(
  table: RouteTableConfig,
  change: Partial<HttpConnectionManagerConfig> = {},
): HttpConnectionManagerConfig {
  return {
    kind: 'http-connection-manager',
    statPrefix: 'test',
    codec: 'auto',
    routes: { kind: 'inline', table },
    httpFilters: [ROUTER],
    useRemoteAddress: false,
    xffNumTrustedHops: 0,
    internalRanges: [],
    skipXffAppend: false,
    via: '',
    generateRequestId: true,
    preserveExternalRequestId: false,
    alwaysSetRequestIdInResponse: false,
    serverName: 'envoy',
    serverHeader: 'overwrite',
    schemeToOverwrite: null,
    stripPort: 'none',
    stripTrailingHostDot: false,
    normalizePath: false,
    mergeSlashes: false,
    escapedSlashes: 'keep',
    headersWithUnderscores: 'allow',
    requestTimeoutMs: 0,
    requestHeadersTimeoutMs: 0,
    streamIdleTimeoutMs: 300_000,
    idleTimeoutMs: 3_600_000,
    maxConnectionDurationMs: 0,
    maxRequestsPerConnection: 0,
    maxStreamDurationMs: 0,
    drainTimeoutMs: 5_000,
    delayedCloseTimeoutMs: 1_000,
    maxRequestHeadersBytes: 61_440,
    maxHeadersCount: 100,
    http1: {
      acceptHttp10: false,
      defaultHostForHttp10: '',
      allowAbsoluteUrl: true,
      allowChunkedLength: false,
      enableTrailers: false,
    },
    http2: HTTP2,
    upgrades: {},
    proxy100Continue: false,
    accessLogs: [],
    ...change,
  };
}

/** A listener on 127.0.0.1 at a port of the kernel's choice. */
export function listener(
  name: string,
  network: NetworkFilterConfig,
  change: Partial<ListenerConfig> = {},
): ListenerConfig {
  return {
    name,
    address: { host: '127.0.0.1', port: 0 },
    ipv4Compat: false,
    transparent: false,
    additionalAddresses: [],
    filterChains: [filterChain(network)],
    defaultFilterChain: null,
    filters: {
      tlsInspector: false,
      httpInspector: false,
      originalDestination: false,
      originalSource: null,
      proxyProtocol: null,
      timeoutMs: 15_000,
      continueOnTimeout: false,
    },
    dns: null,
    reusePort: true,
    tcpBacklog: 511,
    bufferLimitBytes: 1_048_576,
    statPrefix: '',
    direction: 'unspecified',
    ...change,
  };
}

/** A match that asks for nothing but what is given. */
export function chainMatch(change: Partial<FilterChainMatch> = {}): FilterChainMatch {
  return {
    destinationPort: null,
    prefixRanges: [],
    directSourcePrefixRanges: [],
    sourcePrefixRanges: [],
    sourcePorts: [],
    sourceType: 'any',
    serverNames: [],
    transportProtocol: '',
    applicationProtocols: [],
    ...change,
  };
}

/** A filter chain in the clear that takes every connection. */
export function filterChain(network: NetworkFilterConfig, change: Partial<FilterChainConfig> = {}): FilterChainConfig {
  return { name: '', match: chainMatch(), network, tls: null, transportSocketConnectTimeoutMs: 0, ...change };
}

/** A TCP proxy to one cluster. */
export function tcpProxy(clusterName: string, change: Partial<TcpProxyConfig> = {}): TcpProxyConfig {
  return {
    kind: 'tcp-proxy',
    statPrefix: 'tcp',
    cluster: { kind: 'cluster', name: clusterName },
    idleTimeoutMs: 3_600_000,
    maxConnectAttempts: 1,
    maxDurationMs: 0,
    accessLogs: [],
    logIntervalMs: 0,
    logOnConnected: false,
    ...change,
  };
}

/** GET /healthz, which has to be answered with 200. */
export const HTTP_PROBE: HttpProbeConfig = {
  kind: 'http',
  codec: 'http1',
  host: '',
  method: 'GET',
  path: '/healthz',
  headers: [],
  removedHeaders: [],
  expectedStatuses: [{ start: 200, end: 201 }],
  retriableStatuses: [],
  serviceName: null,
  receive: [],
  bodyBytes: 1_024,
};

/** A check every 10 ms. */
export function healthCheck(change: Partial<HealthCheckConfig> = {}): HealthCheckConfig {
  return {
    probe: HTTP_PROBE,
    timeoutMs: 2_000,
    intervalMs: 10,
    initialJitterMs: 0,
    intervalJitterMs: 0,
    intervalJitterPercent: 0,
    unhealthyThreshold: 2,
    healthyThreshold: 2,
    altPort: null,
    reuseConnection: true,
    noTrafficIntervalMs: 10,
    noTrafficHealthyIntervalMs: 10,
    unhealthyIntervalMs: 10,
    unhealthyEdgeIntervalMs: 10,
    healthyEdgeIntervalMs: 10,
    alpnProtocols: [],
    ...change,
  };
}
