/**
 * The retries of one request, decided: what its policy wants, what is safe, what there is a budget and time for. Made when
 * the first attempt has failed, so that a request that succeeds pays nothing.
 */
import type { Exchange } from '../../http/exchange.ts';
import type { Failure } from '../../http/failure.ts';
import type { ResponseHead } from '../../http/message.ts';
import type { Cluster } from '../cluster.ts';
import type { Endpoint } from '../endpoint.ts';
import type { Refusal } from './client-answer.ts';
import type { ForwardOptions } from './forward-options.ts';
import { Retries, type RetryOwner } from './retries.ts';
import type { RetryPolicy } from './retry-policy.ts';

/** What stands against another attempt, for people. */
const REFUSALS: Readonly<Record<NonNullable<Refusal>, string>> = {
  exhausted: 'num_retries is used up',
  overflow: 'the circuit breakers of the cluster allow no more retries at once',
  budget: 'the retry budget of the cluster is used up',
};

export class RetryCourse {
  /** Why there was no further attempt, though one was wanted. */
  refusal: Refusal = null;
  readonly #exchange: Exchange;
  readonly #cluster: Cluster;
  readonly #options: ForwardOptions;
  readonly #policy: RetryPolicy;
  readonly #retries: Retries;
  /** What the endpoint has asked for before the next attempt; null for nothing. */
  #waitMs: number | null = null;

  constructor(exchange: Exchange, cluster: Cluster, options: ForwardOptions, policy: RetryPolicy, owner: RetryOwner) {
    this.#exchange = exchange;
    this.#cluster = cluster;
    this.#options = options;
    this.#policy = policy;
    this.#retries = new Retries(cluster, policy, owner, options.highPriority);
  }

  /** Whether an answer that the policy wants to try again is. `leftMs`: in which the client has to be answered. */
  afterAnswer(head: ResponseHead, leftMs: number): boolean {
    const { safe } = this.#options;
    const wallMs = this.#cluster.loop.clock.wallMs();
    let waitMs = this.#policy.resetAfterMs(head, wallMs);
    if (safe !== null) {
      if (!safe.allowsAnswer(this.#exchange, head)) return this.#refuseUnsafe();
      waitMs ??= safe.waitMs(head, wallMs);
      if (waitMs !== null && waitMs >= leftMs) {
        this.#exchange.note(`not tried again: the endpoint asks for more time than there is (Retry-After)`);
        return false;
      }
    }
    this.#waitMs = waitMs;
    return this.#take(`status ${head.status}`);
  }

  /** The same for an attempt that ended without an answer. `sent`: the endpoint may have seen the request. */
  afterFailure(failure: Failure, sent: boolean): boolean {
    const { safe } = this.#options;
    if (safe !== null && !safe.allowsFailure(this.#exchange, sent)) return this.#refuseUnsafe();
    this.#waitMs = null;
    return this.#take(failure.details);
  }

  #refuseUnsafe(): false {
    this.#cluster.stats.rqRetryUnsafe++;
    this.#exchange.note('not tried again: it may have been done already, or was tried again by another layer');
    return false;
  }

  #take(why: string): boolean {
    const exchange = this.#exchange;
    const grant = this.#retries.take(exchange.attempts);
    this.refusal = grant === 'granted' ? null : grant;
    if (grant === 'exhausted') exchange.addFlag('URX');
    const after = `tried again after ${why} of ${exchange.upstreamHost || 'no endpoint'}`;
    exchange.note(grant === 'granted' ? after : `not ${after}: ${REFUSALS[grant]}`);
    return grant === 'granted';
  }

  /** Starts the back-off behind `failed`, for what was granted. */
  schedule(failed: Endpoint | null): void {
    this.#retries.schedule(failed, this.#exchange.attempts, this.#waitMs);
  }

  /** Where the next attempt goes. */
  pick(): Endpoint | null {
    return this.#retries.pick();
  }

  /** The attempt that was granted is over. */
  settle(succeeded: boolean): void {
    this.#retries.settle(succeeded);
  }

  cancel(): void {
    this.#retries.cancel();
  }
}
