/** Listeners, and the connection manager behind them. envoy.config.listener.v3. See README.md beside this file. */
import type { AccessLogConfig } from './access-log.ts';
import type { Http2Options, SocketAddress } from './common.ts';
import type { NamedHttpFilter } from './http-filter.ts';
import type { ClusterChoice, RouteTableConfig } from './route.ts';

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

/** envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext: PEM text, read when the configuration is. */
export interface DownstreamTlsConfig {
  readonly certificates: readonly { readonly chainPem: string; readonly keyPem: string }[];
  readonly requireClientCertificate: boolean;
  readonly trustedCaPem: string | null;
  readonly alpnProtocols: readonly string[];
}
