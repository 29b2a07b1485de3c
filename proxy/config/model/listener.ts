/** Listeners, and the connection manager behind them. envoy.config.listener.v3. See README.md beside this file. */
import type { AccessLogConfig } from './access-log.ts';
import type { Http2Options, SocketAddress } from './common.ts';
import type { DnsConfig } from './dns.ts';
import type { FileSource } from './file-source.ts';
import type { NamedHttpFilter } from './http-filter.ts';
import type { ClusterChoice, RouteTableConfig } from './route.ts';
import type { DownstreamTlsConfig } from './tls.ts';

/** envoy.config.listener.v3.Listener. */
export interface ListenerConfig {
  readonly name: string;
  readonly address: SocketAddress;
  /** An IPv6 wildcard takes IPv4 clients as well (ipv4_compat). */
  readonly ipv4Compat: boolean;
  /** Takes connections to addresses that are not this machine's, as TPROXY hands them over. */
  readonly transparent: boolean;
  readonly additionalAddresses: readonly SocketAddress[];
  /** In order; the first whose match fits takes the connection. */
  readonly filterChains: readonly FilterChainConfig[];
  readonly defaultFilterChain: FilterChainConfig | null;
  readonly filters: ListenerFiltersConfig;
  /** A listener for datagrams, which answers DNS, over TCP on the same port as well; null: one for connections. */
  readonly dns: DnsConfig | null;
  readonly reusePort: boolean;
  readonly tcpBacklog: number;
  /** per_connection_buffer_limit_bytes, default 1 MiB. */
  readonly bufferLimitBytes: number;
  readonly statPrefix: string;
  readonly direction: 'unspecified' | 'inbound' | 'outbound';
}

/** What is done with the first bytes of a connection before its filter chain is chosen. */
export interface ListenerFiltersConfig {
  /** Read SNI and ALPN from a ClientHello. */
  readonly tlsInspector: boolean;
  /** Tell HTTP/1 and HTTP/2 from everything else. */
  readonly httpInspector: boolean;
  /** A redirected connection counts as one to where its client was going. */
  readonly originalDestination: boolean;
  /** Connections to endpoints come from the client's address; null: from this machine's. */
  readonly originalSource: OriginalSourceConfig | null;
  /** Null when no PROXY header is read. */
  readonly proxyProtocol: ProxyProtocolConfig | null;
  /** For all of them together; default 15,000, 0 for no limit. */
  readonly timeoutMs: number;
  /** When the time is over the connection goes on with what is known, instead of being closed. */
  readonly continueOnTimeout: boolean;
}

/** envoy.extensions.filters.listener.original_src.v3.OriginalSrc. `mark`: SO_MARK, 0 for none. */
export interface OriginalSourceConfig {
  readonly mark: number;
}

/** envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol. */
export interface ProxyProtocolConfig {
  /** A connection may come without the header. */
  readonly optional: boolean;
  /** Versions that are understood. */
  readonly versions: readonly (1 | 2)[];
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
  /** `10.0.0.0/8`, of this end's address. */
  readonly prefixRanges: readonly string[];
  /** Of the peer's address; `direct` is that of the socket even where a PROXY header names another. */
  readonly directSourcePrefixRanges: readonly string[];
  readonly sourcePrefixRanges: readonly string[];
  readonly sourcePorts: readonly number[];
  readonly sourceType: 'any' | 'same-ip-or-loopback' | 'external';
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
  /** max_downstream_connection_duration; 0 for none. */
  readonly maxDurationMs: number;
  readonly accessLogs: readonly AccessLogConfig[];
  /** access_log_options: a line every so often while it lasts, 0 for none; and one as soon as the endpoint is reached. */
  readonly logIntervalMs: number;
  readonly logOnConnected: boolean;
}

/** envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager. */
export interface HttpConnectionManagerConfig {
  readonly kind: 'http-connection-manager';
  readonly statPrefix: string;
  readonly codec: 'auto' | 'http1' | 'http2';
  readonly routes:
    | { readonly kind: 'inline'; readonly table: RouteTableConfig }
    | {
        readonly kind: 'rds';
        /** The table among all others, whatever their sources: see `nameOfSource`. */
        readonly name: string;
        /** Null: it comes from the stream. */
        readonly file: FileSource | null;
        /** The table is waited for so long; 0 has no end. initial_fetch_timeout, default 15,000. */
        readonly fetchTimeoutMs: number;
      };
  /** The last one is the router. */
  readonly httpFilters: readonly NamedHttpFilter[];
  readonly useRemoteAddress: boolean;
  readonly xffNumTrustedHops: number;
  /** internal_address_config: `10.0.0.0/8`. Empty: no client is an internal one. */
  readonly internalRanges: readonly string[];
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
