/**
 * When a failed attempt may be repeated (envoy.config.route.v3.RetryPolicy, `retry_on` words as documented for
 * x-envoy-retry-on). Compiled once per route; the tests are bit tests. HOT.
 */
import type { RetryPolicyConfig } from '../../config/model.ts';
import type { Failure } from '../../http/failure.ts';
import type { ResponseHead } from '../../http/message.ts';
import { HeaderMatcher } from '../../routing/matchers.ts';

export class RetryPolicy {
  readonly config: RetryPolicyConfig;
  readonly #on: ReadonlySet<string>;
  readonly #codes: ReadonlySet<number>;
  readonly #headers: readonly HeaderMatcher[];

  constructor(config: RetryPolicyConfig) {
    this.config = config;
    this.#on = new Set(config.retryOn);
    this.#codes = new Set(config.retriableStatusCodes);
    this.#headers = config.retriableHeaders.map((each) => new HeaderMatcher(each));
  }

  /** Whether an answer with this head should be tried again. */
  retriesAnswer(head: ResponseHead): boolean {
    const { status } = head;
    const on = this.#on;
    if (status >= 500 && on.has('5xx')) return true;
    if ((status === 502 || status === 503 || status === 504) && on.has('gateway-error')) return true;
    if (status === 409 && on.has('retriable-4xx')) return true;
    if (on.has('retriable-status-codes') && this.#codes.has(status)) return true;
    return on.has('retriable-headers') && this.#headers.some((each) => each.matches(head));
  }

  /** Whether an attempt that ended without an answer should be repeated. `sent`: the endpoint may have seen the request. */
  retriesFailure(failure: Failure, sent: boolean): boolean {
    const on = this.#on;
    if (failure.flag === 'UO' || failure.flag === 'UH') return false;
    if (on.has('reset') || on.has('5xx') || on.has('gateway-error')) return true;
    if (failure.flag === 'UF' && on.has('connect-failure')) return true;
    return !sent && on.has('reset-before-request');
  }
}
