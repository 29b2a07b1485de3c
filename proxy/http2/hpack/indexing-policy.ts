/**
 * Which fields an encoder puts into its dynamic table, and which must never be there.
 *
 * A field is worth a place when the same value comes again soon: then the second time costs a byte or two. One that does
 * not come again pushes out those that do, on our side and on the peer's, so it is sent as a literal instead.
 */

/** Names whose values do not repeat, by why they do not. */
const ONE_OFF: ReadonlySet<string> = new Set([
  // Identity of one request or of one span.
  ...['x-request-id', 'x-correlation-id', 'traceparent', 'tracestate', 'baggage', 'b3', 'grpc-trace-bin'],
  ...['x-b3-traceid', 'x-b3-spanid', 'x-b3-parentspanid', 'uber-trace-id', 'x-ot-span-context', 'idempotency-key'],
  ...['x-cloud-trace-context', 'x-amzn-trace-id', 'x-datadog-trace-id', 'x-datadog-parent-id', 'sec-websocket-key'],
  // Sizes and ranges of one body.
  ...['content-length', 'content-range', 'range'],
  // Instants, ages and time that is left: other by the next second or the next millisecond.
  ...['date', 'expires', 'last-modified', 'age', 'if-modified-since', 'if-unmodified-since'],
  ...['grpc-timeout', 'x-envoy-expected-rq-timeout-ms'],
  // The version of one resource.
  ...['etag', 'if-match', 'if-none-match', 'if-range'],
  // What one answer says to one client.
  ...['set-cookie', 'location', 'grpc-message', 'grpc-status-details-bin'],
]);

/** Credentials by name; see `isSecret`. */
const SECRET: ReadonlySet<string> = new Set(['authorization', 'proxy-authorization']);
const SHORT_COOKIE = 20;

/** Larger fields are not indexed: one would take over a quarter of a table of the default size. */
const SIZE_MAX = 1024;

/** Whether a name alone rules out that its values repeat. */
export function isOneOff(name: string): boolean {
  return ONE_OFF.has(name);
}

/** Whether a field, known not to have a name of `isOneOff`, is worth a place. `size` is in the sense of RFC 7541 4.1. */
export function isWorthIndexing(name: string, value: string, size: number): boolean {
  if (size > SIZE_MAX) return false;
  // Few paths of gRPC, many of searches. A path without a query may be either, and is worth trying.
  if (name === ':path') return !value.includes('?');
  // Milliseconds: only those of one digit come often enough.
  if (name === 'x-envoy-upstream-service-time') return value.length === 1;
  return true;
}

/**
 * Whether a field must be a never-indexed literal whoever sent it (RFC 7541 section 7.1.3). A field in a compression
 * context can be guessed by whoever shares the connection and sees the length of what is sent (section 7.1): a guess is
 * right when it shrinks to an index. That takes as many tries as the secret has values, so it is short ones that are in
 * danger; nghttp2 draws the line for cookies at 20 bytes. Credentials are never risked, as section 7.1.3 suggests.
 */
export function isSecret(name: string, value: string): boolean {
  return SECRET.has(name) || (name === 'cookie' && value.length < SHORT_COOKIE);
}
