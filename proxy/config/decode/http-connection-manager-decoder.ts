/** envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager with Envoy's defaults. */
import { HttpProtocolOptions_HeadersWithUnderscoresAction as Underscores } from '../../../protos/gen/envoy/config/core/v3/protocol.ts';
import {
  HttpConnectionManager_CodecType as Codec,
  type HttpConnectionManager,
  HttpConnectionManager_ServerHeaderTransformation as ServerHeader,
  HttpConnectionManager_PathWithEscapedSlashesAction as Slashes,
} from '../../../protos/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.ts';
import type { Path } from '../../../protos/json/issue.ts';
import { nameOfSource } from '../model/file-source.ts';
import type { HttpConnectionManagerConfig } from '../model/listener.ts';
import { decodeAccessLogs } from './access-log-decoder.ts';
import { decodeSource, fetchTimeoutOf } from './config-source-decoder.ts';
import type { Decoding } from './decoding.ts';
import { decodeHttpFilters } from './http-filters/http-filter-decoder.ts';
import { decodeHttp2Options, IDLE_TIMEOUT_MS } from './http-options-decoder.ts';
import { decodeRouteTable } from './route-decoder.ts';
import { cidrText, durationMs } from './values.ts';

const CODECS: Readonly<Record<number, HttpConnectionManagerConfig['codec']>> = {
  [Codec.AUTO]: 'auto',
  [Codec.HTTP1]: 'http1',
  [Codec.HTTP2]: 'http2',
};

const SERVER_HEADERS = {
  [ServerHeader.OVERWRITE]: 'overwrite',
  [ServerHeader.APPEND_IF_ABSENT]: 'append-if-absent',
  [ServerHeader.PASS_THROUGH]: 'pass-through',
} as const;

const ESCAPED_SLASHES = {
  [Slashes.IMPLEMENTATION_SPECIFIC_DEFAULT]: 'keep',
  [Slashes.KEEP_UNCHANGED]: 'keep',
  [Slashes.REJECT_REQUEST]: 'reject',
  [Slashes.UNESCAPE_AND_REDIRECT]: 'unescape-and-redirect',
  [Slashes.UNESCAPE_AND_FORWARD]: 'unescape-and-forward',
} as const;

const UNDERSCORES = {
  [Underscores.ALLOW]: 'allow',
  [Underscores.REJECT_REQUEST]: 'reject',
  [Underscores.DROP_HEADER]: 'drop',
} as const;

/** Decodes a connection manager; its HTTP filters must end in the router. */
export function decodeHttpConnectionManager(
  message: HttpConnectionManager,
  path: Path,
  decoding: Decoding,
): HttpConnectionManagerConfig {
  const common = message.commonHttpProtocolOptions;
  const http1 = message.httpProtocolOptions;
  return {
    kind: 'http-connection-manager',
    statPrefix: message.statPrefix,
    codec: CODECS[message.codecType] ?? 'auto',
    routes: decodeRoutes(message, path, decoding),
    httpFilters: decodeHttpFilters(message.httpFilters, [...path, 'http_filters'], decoding),
    useRemoteAddress: message.useRemoteAddress ?? false,
    xffNumTrustedHops: message.xffNumTrustedHops,
    internalRanges: (message.internalAddressConfig?.cidrRanges ?? []).map((range, i) =>
      cidrText(range, [...path, 'internal_address_config', 'cidr_ranges', i], decoding),
    ),
    skipXffAppend: message.skipXffAppend,
    via: message.via,
    generateRequestId: message.generateRequestId ?? true,
    preserveExternalRequestId: message.preserveExternalRequestId,
    alwaysSetRequestIdInResponse: message.alwaysSetRequestIdInResponse,
    serverName: message.serverName || 'envoy',
    serverHeader: SERVER_HEADERS[message.serverHeaderTransformation],
    schemeToOverwrite: message.schemeHeaderTransformation?.transformation?.value ?? null,
    stripPort: decodeStripPort(message, path, decoding),
    stripTrailingHostDot: message.stripTrailingHostDot,
    normalizePath: message.normalizePath ?? false,
    mergeSlashes: message.mergeSlashes,
    escapedSlashes: ESCAPED_SLASHES[message.pathWithEscapedSlashesAction],
    headersWithUnderscores: UNDERSCORES[common?.headersWithUnderscoresAction ?? Underscores.ALLOW],
    requestTimeoutMs: durationMs(message.requestTimeout, 0),
    requestHeadersTimeoutMs: durationMs(message.requestHeadersTimeout, 0),
    streamIdleTimeoutMs: durationMs(message.streamIdleTimeout, 300_000),
    idleTimeoutMs: durationMs(common?.idleTimeout, IDLE_TIMEOUT_MS),
    maxConnectionDurationMs: durationMs(common?.maxConnectionDuration, 0),
    maxRequestsPerConnection: common?.maxRequestsPerConnection ?? 0,
    maxStreamDurationMs: durationMs(common?.maxStreamDuration, 0),
    drainTimeoutMs: durationMs(message.drainTimeout, 5_000),
    delayedCloseTimeoutMs: durationMs(message.delayedCloseTimeout, 1_000),
    maxRequestHeadersBytes: (message.maxRequestHeadersKb ?? 60) * 1_024,
    maxHeadersCount: common?.maxHeadersCount ?? 100,
    http1: {
      acceptHttp10: http1?.acceptHttp10 ?? false,
      defaultHostForHttp10: http1?.defaultHostForHttp10 ?? '',
      allowAbsoluteUrl: http1?.allowAbsoluteUrl ?? true,
      allowChunkedLength: http1?.allowChunkedLength ?? false,
      enableTrailers: http1?.enableTrailers ?? false,
    },
    http2: decodeHttp2Options(message.http2ProtocolOptions),
    upgrades: Object.fromEntries(
      message.upgradeConfigs.map((each) => [each.upgradeType.toLowerCase(), each.enabled ?? true]),
    ),
    proxy100Continue: message.proxy100Continue,
    accessLogs: decodeAccessLogs(message.accessLog, [...path, 'access_log'], decoding),
  };
}

function decodeRoutes(
  message: HttpConnectionManager,
  path: Path,
  decoding: Decoding,
): HttpConnectionManagerConfig['routes'] {
  const specifier = message.routeSpecifier;
  if (specifier?.$case === 'routeConfig') {
    return { kind: 'inline', table: decodeRouteTable(specifier.value, true, [...path, 'route_config'], decoding) };
  }
  const name = specifier?.value.routeConfigName ?? '';
  if (name === '') decoding.report([...path, 'rds', 'route_config_name'], 'route_config_name is required');
  const source = specifier?.value.configSource;
  const file = decodeSource(source, [...path, 'rds', 'config_source'], decoding);
  return { kind: 'rds', name: nameOfSource(name, file), file, fetchTimeoutMs: fetchTimeoutOf(source) };
}

function decodeStripPort(
  message: HttpConnectionManager,
  path: Path,
  decoding: Decoding,
): HttpConnectionManagerConfig['stripPort'] {
  const any = message.stripPortMode?.value === true;
  if (any && message.stripMatchingHostPort) {
    decoding.report(
      [...path, 'strip_any_host_port'],
      'strip_any_host_port and strip_matching_host_port exclude each other',
    );
  }
  return any ? 'any' : message.stripMatchingHostPort ? 'matching' : 'none';
}
