/**
 * Every limit of the HTTP/1.1 codec in one place. Sizes are bytes, counts are counts. Names of statistics stand below
 * `http.PREFIX.` for what clients send and below `cluster.NAME.` for what endpoints answer.
 *
 *   limit                  default        over it                    downstream_rq_*, or as named  upstream_rs_*
 *   headBytes              61,440         431, 502                   headers_too_large             headers_too_large
 *   headerCount            100            431, 502                   too_many_headers              too_many_headers
 *   startLineBytes         16,384         414, 502                   start_line_too_long           start_line_too_long
 *   methodBytes            24             501                        method_too_long
 *   emptyLines             4              400                        too_many_empty_lines
 *   chunkSizeDigits        12             400, answer cut            chunk_line_too_long           chunk_line_too_long
 *   chunkLineBytes         1,024          400, answer cut            chunk_line_too_long           chunk_line_too_long
 *   chunkExtensionBytes    16,384         400, answer cut            chunk_extensions_too_large    chunk_extensions_too_large
 *   trailerBytes           8,192          400, answer cut            trailers_too_large            trailers_too_large
 *   pipelineBytes          65,536         reading pauses             downstream_cx_pipeline_full
 *   interimResponses       16             502                                                      too_many_interim
 *
 * Limits of time and number that the configuration sets, 0 for none, with Envoy's defaults and statistics:
 *
 *   request_headers_timeout          0          408                  downstream_rq_header_timeout
 *   request_timeout                  0          408                  downstream_rq_timeout
 *   stream_idle_timeout              300 s      408 or 504, cut      downstream_rq_idle_timeout
 *   idle_timeout                     1 h        closed               downstream_cx_idle_timeout, upstream_cx_idle_timeout
 *   max_connection_duration          0          drained              downstream_cx_max_duration_reached
 *   max_requests_per_connection      0          closed               downstream_cx_max_requests_reached, upstream_cx_max_requests
 *   delayed_close_timeout            1 s        closed               downstream_cx_delayed_close_timeout
 *   connect_timeout                  5 s        503                  upstream_cx_connect_timeout
 *
 * Sources: Envoy's `max_request_headers_kb` (60) and `max_headers_count` (100); 16 KiB start lines as in HAProxy's and
 * NGINX's large header buffers; the chunk limits are ours, since chunk extensions are an amplification vector
 * (RFC 9112 section 7.1.1 lets a recipient bound them).
 */
export interface Http1Limits {
  /** Whole head, start line included. 1 to 65,536, since a head must fit the read buffer. */
  readonly headBytes: number;
  /** Header lines. */
  readonly headerCount: number;
  /** The start line alone. */
  readonly startLineBytes: number;
}

/** Limits that no configuration field changes. */
export const FIXED_LIMITS = {
  /** Method names longer than this are refused. The longest registered one has 17 characters. */
  methodBytes: 24,
  /** Empty lines in front of a request, which are ignored (RFC 9112 section 2.2). */
  emptyLines: 4,
  /** Hexadecimal digits of a chunk size, leading zeros included: 2^48 - 1 at most. */
  chunkSizeDigits: 12,
  /** One chunk line: size, extensions and CRLF. */
  chunkLineBytes: 1024,
  /** Chunk extensions of one body in all. */
  chunkExtensionBytes: 16_384,
  /** The trailer section of one body. */
  trailerBytes: 8_192,
  /** Bytes of later pipelined requests that wait while one is being answered; reading pauses past it. */
  pipelineBytes: 65_536,
  /** Interim (1xx) responses an upstream may send before its final one. */
  interimResponses: 16,
  /** Largest header count any configuration may ask for: the shared index is sized by it. */
  headerCountMax: 1024,
} as const;

/** Envoy's defaults. */
export const DEFAULT_HTTP1_LIMITS: Http1Limits = { headBytes: 61_440, headerCount: 100, startLineBytes: 16_384 };
