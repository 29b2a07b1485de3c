/**
 * Which failures may be tried again so that nothing is done twice, and retries do not multiply over layers of retrying
 * proxies (outrider.resilience.v1.SafeRetries). It only takes away from what the retry policy wants.
 *
 *   never sent, or refused unseen      always
 *   the instance may have seen it      method idempotent (RFC 9110 section 9.2.2), or a field that says so; and this is
 *                                      no attempt that a layer above has repeated already
 *   an answer                          likewise; and it is not marked as retried below. A gRPC call also when UNAVAILABLE is
 *                                      all that is answered, where the policy names that word: gRPC's own for "try again"
 *
 * A layer that has retried, or had no budget left for it, marks the failure, so that the layers above pass it on.
 */
import { ATTEMPT_HEADER, RETRIED_HEADER } from '../../../protos/contract/hop-headers.ts';
import type { RoutePolicyConfig } from '../../config/model/policy.ts';
import type { Exchange } from '../../http/exchange.ts';
import { HeaderName } from '../../http/header-name.ts';
import type { RequestHead, ResponseHead } from '../../http/message.ts';
import type { OutgoingRequest } from '../../http/outgoing-request.ts';
import { TRAIT_ENVOY_HEADER } from '../../http/request-traits.ts';
import { RETRY_AFTER, retryAfterMs } from '../../http/retry-after.ts';

const ATTEMPT = new HeaderName(ATTEMPT_HEADER);
export const RETRIED = new HeaderName(RETRIED_HEADER);
const GRPC_STATUS = new HeaderName('grpc-status');
const UNAVAILABLE = '14';

/** RFC 9110 section 9.2.2. */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

export class SafeRetries {
  readonly #keys: readonly HeaderName[];
  readonly #maxRetryAfterMs: number;

  constructor({ idempotencyHeaders, maxRetryAfterMs }: NonNullable<RoutePolicyConfig['safeRetries']>) {
    this.#keys = idempotencyHeaders.map((name) => new HeaderName(name));
    this.#maxRetryAfterMs = maxRetryAfterMs;
  }

  /** Whether an attempt that ended without an answer may be repeated. `sent`: the instance may have seen the request. */
  allowsFailure(exchange: Exchange, sent: boolean): boolean {
    return !sent || (!repeatedAbove(exchange) && this.#repeatable(exchange.sent!));
  }

  /** Whether a request that was answered so may be repeated. */
  allowsAnswer(exchange: Exchange, head: ResponseHead): boolean {
    if (repeatedAbove(exchange) || head.first(RETRIED) !== null) return false;
    return this.#repeatable(exchange.sent!) || (exchange.grpc && head.first(GRPC_STATUS) === UNAVAILABLE);
  }

  /**
   * How long the instance asks to be left alone, in milliseconds: null when it does not say, Infinity when it asks for
   * longer than is waited for.
   */
  waitMs(head: ResponseHead, wallMs: number): number | null {
    const text = head.first(RETRY_AFTER);
    const ms = text === null ? null : retryAfterMs(text, wallMs);
    if (ms === null || ms === 0) return null;
    return ms > this.#maxRetryAfterMs ? Number.POSITIVE_INFINITY : ms;
  }

  #repeatable(request: OutgoingRequest): boolean {
    return IDEMPOTENT.has(request.method) || this.#keys.some((key) => request.first(key) !== null);
  }
}

/** A layer above has tried this request before. What came with it is in front of what was added here. */
export function repeatedAbove({ sent, attempts }: Exchange): boolean {
  return sent !== null && attemptOf(sent) > attempts;
}

/** Whether a request that has just come is another attempt of a layer above. HOT. */
export function comesAgain(head: RequestHead): boolean {
  return (head.traits & TRAIT_ENVOY_HEADER) !== 0 && attemptOf(head) > 1;
}

/** Tells the endpoint that this is another attempt. */
export function countAttempt(sent: OutgoingRequest): void {
  sent.set(ATTEMPT.name, String(attemptOf(sent) + 1));
}

/** The number that a request carries; what is no small number counts for nothing. */
function attemptOf(request: { first(name: HeaderName): string | null }): number {
  const text = request.first(ATTEMPT);
  return text !== null && /^[1-9][0-9]{0,2}$/.test(text) ? Number(text) : 1;
}
