/**
 * When a failed attempt may be repeated (envoy.config.route.v3.RetryPolicy, `retry_on` words as documented for
 * x-envoy-retry-on and x-envoy-retry-grpc-on). Compiled once per route; the tests are bit tests. HOT.
 */
import type { RetryPolicyConfig } from '../../config/model/route.ts';
import { type Failure, UPSTREAM_REFUSED } from '../../http/failure.ts';
import { HeaderName } from '../../http/header-name.ts';
import type { RequestHead, ResponseHead } from '../../http/message.ts';
import { HeaderMatcher } from '../../routing/matchers.ts';

const BITS: Readonly<Record<string, number>> = {
  '5xx': 1 << 0,
  'gateway-error': 1 << 1,
  reset: 1 << 2,
  'reset-before-request': 1 << 3,
  'connect-failure': 1 << 4,
  'envoy-ratelimited': 1 << 5,
  'retriable-4xx': 1 << 6,
  'refused-stream': 1 << 7,
  'retriable-status-codes': 1 << 8,
  'retriable-headers': 1 << 9,
  cancelled: 1 << 10,
  'deadline-exceeded': 1 << 11,
  internal: 1 << 12,
  'resource-exhausted': 1 << 13,
  unavailable: 1 << 14,
};

/** Every word there is for `retry_on`. */
export const RETRY_WORDS: ReadonlySet<string> = new Set(Object.keys(BITS));

/** Bits of the gRPC words by grpc-status. */
const GRPC_BITS: Readonly<Record<string, number>> = {
  1: BITS.cancelled!,
  4: BITS['deadline-exceeded']!,
  8: BITS['resource-exhausted']!,
  13: BITS.internal!,
  14: BITS.unavailable!,
};
const ANY_GRPC = Object.values(GRPC_BITS).reduce((all, bit) => all | bit, 0);

const RATE_LIMITED = new HeaderName('x-envoy-ratelimited');
const GRPC_STATUS = new HeaderName('grpc-status');

export class RetryPolicy {
  readonly config: RetryPolicyConfig;
  readonly #on: number;
  readonly #codes: ReadonlySet<number>;
  readonly #headers: readonly HeaderMatcher[];
  readonly #requestHeaders: readonly HeaderMatcher[];
  readonly #resets: readonly { readonly name: HeaderName; readonly isTimestamp: boolean }[];

  constructor(config: RetryPolicyConfig) {
    this.config = config;
    this.#on = config.retryOn.reduce((bits, word) => bits | (BITS[word] ?? 0), 0);
    this.#codes = new Set(config.retriableStatusCodes);
    this.#headers = config.retriableHeaders.map((each) => new HeaderMatcher(each));
    this.#requestHeaders = config.retriableRequestHeaders.map((each) => new HeaderMatcher(each));
    this.#resets = config.rateLimitedResetHeaders.map(({ name, format }) => ({
      name: new HeaderName(name),
      isTimestamp: format === 'unix-timestamp',
    }));
  }

  /** Whether this request may be repeated at all: retriable_request_headers. */
  appliesTo(head: RequestHead): boolean {
    return this.#requestHeaders.length === 0 || this.#requestHeaders.some((each) => each.matches(head));
  }

  /** Whether an answer with this head should be tried again. */
  retriesAnswer(head: ResponseHead): boolean {
    const { status } = head;
    const on = this.#on;
    // A rate limit says that trying at once is unwelcome, whatever the status.
    if (status >= 400 && head.first(RATE_LIMITED) !== null) return (on & BITS['envoy-ratelimited']!) !== 0;
    if (status >= 500 && (on & BITS['5xx']!) !== 0) return true;
    if (status >= 502 && status <= 504 && (on & BITS['gateway-error']!) !== 0) return true;
    if (status === 409 && (on & BITS['retriable-4xx']!) !== 0) return true;
    if ((on & BITS['retriable-status-codes']!) !== 0 && this.#codes.has(status)) return true;
    if ((on & BITS['retriable-headers']!) !== 0 && this.#headers.some((each) => each.matches(head))) return true;
    return (on & ANY_GRPC) !== 0 && (on & (GRPC_BITS[head.first(GRPC_STATUS) ?? ''] ?? 0)) !== 0;
  }

  /** Whether an attempt that ended without an answer should be repeated. `sent`: the endpoint may have seen the request. */
  retriesFailure(failure: Failure, sent: boolean): boolean {
    const on = this.#on;
    if (failure.flag === 'UO' || failure.flag === 'UH') return false;
    if ((on & (BITS.reset! | BITS['5xx']! | BITS['gateway-error']!)) !== 0) return true;
    if (failure === UPSTREAM_REFUSED && (on & BITS['refused-stream']!) !== 0) return true;
    if (failure.flag === 'UF' && (on & BITS['connect-failure']!) !== 0) return true;
    return !sent && (on & BITS['reset-before-request']!) !== 0;
  }

  /** How long the endpoint asks to be left alone (rate_limited_retry_back_off), in milliseconds; null when it does not say. */
  resetAfterMs(head: ResponseHead, wallMs: number): number | null {
    for (const { name, isTimestamp } of this.#resets) {
      const text = head.first(name);
      if (text === null || !/^[0-9]{1,12}$/.test(text)) continue;
      const ms = isTimestamp ? Number(text) * 1000 - wallMs : Number(text) * 1000;
      if (ms >= 0 && ms <= this.config.rateLimitedMaxMs) return ms;
    }
    return null;
  }
}
