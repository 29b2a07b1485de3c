/** Protocol options that listeners and clusters share, with Envoy's defaults. */
import type { Http2ProtocolOptions } from '../../../protos/gen/envoy/config/core/v3/protocol.ts';
import type { Http2Options } from '../model/common.ts';

/** Envoy's default for idle connections, in milliseconds. */
export const IDLE_TIMEOUT_MS = 3_600_000;

/** Envoy's default soft limit of a connection's buffer. */
export const BUFFER_LIMIT_BYTES = 1_048_576;

/** Why ALPN may not offer h2. */
export const NO_HTTP2 = 'would be negotiated, but requests are carried over HTTP/1.1 only; offer http/1.1';

const MIB = 1_048_576;

/** HTTP/2 options; the defaults are those of Envoy since 1.36. */
export function decodeHttp2Options(message: Http2ProtocolOptions | undefined): Http2Options {
  return {
    maxConcurrentStreams: message?.maxConcurrentStreams ?? 1_024,
    initialStreamWindowBytes: message?.initialStreamWindowSize ?? 16 * MIB,
    initialConnectionWindowBytes: message?.initialConnectionWindowSize ?? 24 * MIB,
    allowConnect: message?.allowConnect ?? false,
  };
}
