/**
 * Every limit of the HTTP/1.1 codec in one place. Sizes are bytes, counts are counts.
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
