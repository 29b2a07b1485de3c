/** envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy with Envoy's defaults. */
import type { TcpProxy } from '../../../protos/gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy.ts';
import type { Path } from '../../../protos/json/issue.ts';
import type { TcpProxyConfig } from '../model/listener.ts';
import { decodeAccessLogs } from './access-log-decoder.ts';
import { decodeTcpClusterChoice } from './cluster-choice-decoder.ts';
import type { Decoding } from './decoding.ts';
import { IDLE_TIMEOUT_MS } from './http-options-decoder.ts';
import { durationMs } from './values.ts';

/** Decodes a TCP proxy; undefined where a chain has none, which has been reported. */
export function decodeTcpProxy(message: TcpProxy | undefined, path: Path, decoding: Decoding): TcpProxyConfig {
  return {
    kind: 'tcp-proxy',
    statPrefix: message?.statPrefix ?? '',
    cluster: decodeTcpClusterChoice(message?.clusterSpecifier, path, decoding),
    idleTimeoutMs: durationMs(message?.idleTimeout, IDLE_TIMEOUT_MS),
    maxConnectAttempts: message?.maxConnectAttempts ?? 1,
    maxDurationMs: durationMs(message?.maxDownstreamConnectionDuration, 0),
    accessLogs: decodeAccessLogs(message?.accessLog ?? [], [...path, 'access_log'], decoding),
    logIntervalMs: durationMs(message?.accessLogOptions?.accessLogFlushInterval, 0),
    logOnConnected: message?.accessLogOptions?.flushAccessLogOnConnected ?? false,
  };
}
