/** Protocol options that listeners and clusters share, with Envoy's defaults. */
import type { Http2ProtocolOptions } from '../../../protos/gen/envoy/config/core/v3/protocol.ts';
import type { Http2Options } from '../model/common.ts';

/** Envoy's default for idle connections, in milliseconds. */
export const IDLE_TIMEOUT_MS = 3_600_000;

/** Envoy's default soft limit of a connection's buffer. */
export const BUFFER_LIMIT_BYTES = 1_048_576;

/**
 * HTTP/2 options. Streams by default as in Envoy since 1.36; windows are smaller than its 16 and 24 MiB, since a window is
 * what each stream of a hostile peer can make this proxy hold.
 */
export function decodeHttp2Options(message: Http2ProtocolOptions | undefined): Http2Options {
  return {
    maxConcurrentStreams: message?.maxConcurrentStreams ?? 1_024,
    initialStreamWindowBytes: message?.initialStreamWindowSize ?? 65_536,
    initialConnectionWindowBytes: message?.initialConnectionWindowSize ?? 1_048_576,
    allowConnect: message?.allowConnect ?? false,
  };
}
