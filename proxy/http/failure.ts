/**
 * The one table of failures: every answer that this proxy makes itself because something went wrong.
 *
 * `flag` is Envoy's response flag (envoyproxy.io, access log `%RESPONSE_FLAGS%`), `source` says whose fault it was,
 * `retry` whether another attempt is safe: `never`, `if-unsent` (only when no byte of the request can have been
 * processed), or `yes`. `sentence` is for people; it is sent in the body of the local reply.
 */
export interface Failure {
  readonly flag: string;
  readonly source: 'downstream' | 'upstream' | 'local';
  readonly retry: 'never' | 'if-unsent' | 'yes';
  /** 0 when nothing is answered because the client has gone or the response has begun. */
  readonly status: number;
  /** Envoy's response code details word. */
  readonly details: string;
  readonly sentence: string;
  /** The words that clients of Envoy know, sent in the place of the sentence; null where there are none. */
  readonly body: string | null;
  /** What gRPC callers are told; null follows from the status. */
  readonly grpcStatus: number | null;
  /** The HTTP/2 error code with which the endpoint ended its stream, which its client gets as well; 0 for none. */
  readonly resetCode: number;
}

/** An entry without a body of its own, a gRPC status of its own, or an HTTP/2 error code. */
export function failure(
  flag: string,
  source: Failure['source'],
  retry: Failure['retry'],
  status: number,
  details: string,
  sentence: string,
): Failure {
  return { flag, source, retry, status, details, sentence, body: null, grpcStatus: null, resetCode: 0 };
}

export const NO_ROUTE = failure('NR', 'local', 'never', 404, 'route_not_found', 'No route matches this host and path.');
export const NO_CLUSTER = failure(
  'NC',
  'local',
  'never',
  503,
  'cluster_not_found',
  'The route names a cluster that does not exist.',
);
export const NOT_FORWARDED = failure(
  'NC',
  'local',
  'never',
  503,
  'cluster_not_found',
  'The route has non_forwarding_action: it is meant for clients that route by themselves.',
);
export const NO_HEALTHY_UPSTREAM = failure(
  'UH',
  'local',
  'if-unsent',
  503,
  'no_healthy_upstream',
  'The cluster has no healthy endpoint.',
);
/** A limit of a cluster is reached; guard/limits.ts says which. */
export const UPSTREAM_OVERFLOW = failure(
  'UO',
  'local',
  'if-unsent',
  503,
  'upstream_overflow',
  'The cluster is at its limit of requests, pending requests or connections.',
);
export const CONNECT_FAILURE = failure(
  'UF',
  'upstream',
  'if-unsent',
  503,
  'upstream_reset_before_response_started{connection_failure}',
  'The connection to the endpoint could not be made.',
);
export const CONNECT_TIMEOUT = failure(
  'UF',
  'upstream',
  'if-unsent',
  503,
  'upstream_reset_before_response_started{connection_timeout}',
  'The connection to the endpoint was not made within the connect timeout.',
);
export const TLS_FAILURE = failure(
  'UF',
  'upstream',
  'if-unsent',
  503,
  'upstream_reset_before_response_started{remote_connection_failure|TLS_error}',
  'The TLS handshake with the endpoint failed.',
);
export const PROXY_HEADER_POOLED = failure(
  'UF',
  'local',
  'never',
  503,
  'upstream_reset_before_response_started{proxy_protocol}',
  'The cluster sends PROXY headers, which name one client per connection: it can carry TCP, but no requests.',
);
export const UPGRADE_REFUSED = failure(
  '-',
  'local',
  'never',
  403,
  'upgrade_failed',
  'The protocol that the request wants to upgrade to is not allowed here (upgrade_configs).',
);
export const UPGRADE_WITH_BODY = failure(
  'DPE',
  'downstream',
  'never',
  400,
  'http1.upgrade_with_body',
  'A request that wants to upgrade has a body: where the other protocol begins could be read in two ways.',
);
export const UPSTREAM_RESET = failure(
  'UC',
  'upstream',
  'never',
  503,
  'upstream_reset_before_response_started{connection_termination}',
  'The endpoint closed the connection before it answered.',
);
export const UPSTREAM_STREAM_RESET = failure(
  'UR',
  'upstream',
  'never',
  503,
  'upstream_reset_before_response_started{remote_reset}',
  'The endpoint reset the request before it answered.',
);
export const UPSTREAM_STREAM_CUT = failure(
  'UR',
  'upstream',
  'never',
  0,
  'upstream_reset_after_response_started{remote_reset}',
  'The endpoint reset the request in the middle of its answer.',
);
/** RFC 9113 section 8.7: what was refused has not been looked at. */
export const UPSTREAM_REFUSED = failure(
  'UR',
  'upstream',
  'yes',
  503,
  'upstream_reset_before_response_started{remote_refused_stream_reset}',
  'The endpoint refused the request without looking at it: it was at its limit of streams, or about to leave.',
);
export const UPGRADE_UNSUPPORTED = failure(
  'UF',
  'upstream',
  'never',
  503,
  'upstream_reset_before_response_started{extended_connect_unsupported}',
  'The endpoint speaks HTTP/2 and does not offer extended CONNECT (RFC 8441): nothing can be upgraded there.',
);
export const UPSTREAM_PROTOCOL = failure(
  'UPE',
  'upstream',
  'never',
  502,
  'upstream_reset_before_response_started{protocol_error}',
  'The endpoint sent an answer that is not valid HTTP.',
);
export const UPSTREAM_TRUNCATED = failure(
  'UC',
  'upstream',
  'never',
  0,
  'upstream_reset_after_response_started{connection_termination}',
  'The endpoint closed the connection in the middle of its answer.',
);
export const REQUEST_TIMEOUT = failure(
  'UT',
  'upstream',
  'never',
  504,
  'response_timeout',
  'The endpoint did not answer within the request timeout of the route.',
);
export const PER_TRY_TIMEOUT = failure(
  'UT',
  'upstream',
  'never',
  504,
  'upstream_per_try_timeout',
  'The endpoint did not answer within the timeout of one try.',
);
export const PER_TRY_IDLE_TIMEOUT = failure(
  'UT',
  'upstream',
  'never',
  504,
  'upstream_per_try_idle_timeout',
  'The endpoint was silent for longer than the idle timeout of one try.',
);
/** What a caller would not wait for any longer is not sent. */
export const DEADLINE_PASSED: Failure = {
  ...failure(
    'DT',
    'local',
    'never',
    504,
    'deadline_passed',
    'The deadline that came with the request, or was set for it here, passed before it was answered.',
  ),
  grpcStatus: 4,
};
/**
 * Envoy gives it no flag. For gRPC it is the caller's own limit, or one in its place: the call is not to be repeated as one
 * that was UNAVAILABLE is.
 */
export const DURATION_EXCEEDED: Failure = {
  ...failure(
    '-',
    'local',
    'never',
    408,
    'max_duration_timeout',
    'The exchange took longer than the maximum duration of a stream.',
  ),
  grpcStatus: 4,
};
/** DURATION_EXCEEDED for a request that had arrived completely. */
export const DURATION_EXCEEDED_UPSTREAM: Failure = { ...DURATION_EXCEEDED, status: 504 };
export const STREAM_IDLE = failure(
  'SI',
  'local',
  'never',
  408,
  'stream_idle_timeout',
  'Nothing was sent or received for longer than the idle timeout of the stream.',
);
export const CLIENT_GONE = failure(
  'DC',
  'downstream',
  'never',
  0,
  'downstream_remote_disconnect',
  'The client closed the connection before it was answered.',
);
export const BAD_REQUEST = failure(
  'DPE',
  'downstream',
  'never',
  400,
  'http1.codec_error',
  'The request is not valid HTTP.',
);
export const HEADERS_TOO_LARGE = failure(
  'DPE',
  'downstream',
  'never',
  431,
  'request_headers_too_large',
  'The header section of the request is larger than the limit.',
);
export const CODING_UNKNOWN = failure(
  'DPE',
  'downstream',
  'never',
  501,
  'http1.invalid_transfer_encoding',
  'The transfer coding of the request is not understood.',
);
/** RFC 9112 section 3: longer than any that is implemented. */
export const METHOD_TOO_LONG = failure(
  'DPE',
  'downstream',
  'never',
  501,
  'http1.method_too_long',
  'The method of the request is not known.',
);
export const BODY_INVALID = failure(
  'DPE',
  'downstream',
  'never',
  400,
  'http1.invalid_chunks',
  'The chunks of the request body are not valid (RFC 9112 section 7.1).',
);
export const BODY_LIMIT = failure(
  'DPE',
  'downstream',
  'never',
  400,
  'http1.chunk_limit',
  'A chunk line, the chunk extensions or the trailers of the request are larger than the limit.',
);
export const VERSION_UNKNOWN = failure(
  'DPE',
  'downstream',
  'never',
  505,
  'http1.version',
  'Only HTTP/1.1 and HTTP/1.0 are understood here.',
);
export const VERSION_TOO_OLD = failure(
  'DPE',
  'downstream',
  'never',
  426,
  'low_version',
  'HTTP/1.0 is not accepted by this listener.',
);
export const MISSING_HOST = failure(
  'DPE',
  'downstream',
  'never',
  400,
  'missing_host_header',
  'The request has no host.',
);
export const CONNECT_REFUSED = failure(
  'NR',
  'local',
  'never',
  405,
  'connect_not_allowed',
  'CONNECT is not configured on this listener.',
);
export const CONNECT_WITHOUT_PORT = failure(
  'DPE',
  'downstream',
  'never',
  400,
  'http1.connect_target',
  'CONNECT names a host and a port.',
);
export const EXPECTATION_FAILED = failure(
  'DPE',
  'downstream',
  'never',
  417,
  'expectation_failed',
  'The only expectation understood is 100-continue.',
);
export const HEADERS_TIMEOUT = failure(
  'DPE',
  'downstream',
  'never',
  408,
  'request_header_timeout',
  'The request headers did not arrive within the time allowed.',
);
export const BODY_TIMEOUT = failure(
  'DPE',
  'downstream',
  'never',
  408,
  'request_overall_timeout',
  'The request did not arrive completely within the time allowed.',
);
export const PATH_REFUSED = failure(
  'DPE',
  'downstream',
  'never',
  400,
  'path_normalization_failed',
  'The path cannot be normalised, or holds an escaped slash.',
);
export const UNDERSCORE_REFUSED = failure(
  'DPE',
  'downstream',
  'never',
  400,
  'http1.unexpected_underscore',
  'A header name holds an underscore, which this listener refuses.',
);
export const TRACE_REFUSED = failure(
  'NR',
  'local',
  'never',
  405,
  'trace_not_allowed',
  'TRACE would hand the headers that were added on the way back to the client.',
);
export const MAX_FORWARDS_INVALID = failure(
  'DPE',
  'downstream',
  'never',
  400,
  'max_forwards_invalid',
  'Max-Forwards is not a decimal number.',
);
/** STREAM_IDLE for a request that had arrived completely: the endpoint was the silent one. */
export const STREAM_IDLE_UPSTREAM: Failure = { ...STREAM_IDLE, status: 504 };

/** Why a connection to an endpoint did not come about: the socket's errors have codes that are not OpenSSL's. */
export function connectRefusal(error: Error): Failure {
  const code = (error as NodeJS.ErrnoException).code ?? 'ERR_TLS';
  if (!code.startsWith('ERR_')) return CONNECT_FAILURE;
  return { ...TLS_FAILURE, sentence: `${TLS_FAILURE.sentence.slice(0, -1)}: ${error.message}.` };
}
