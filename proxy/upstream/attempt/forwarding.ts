/**
 * Carries one exchange to a cluster: admission, attempts one after another, the timeouts over them, and the decision
 * what the client gets. Implements the exchange's upstream side.
 *
 *   start ─► admitted? ─► attempt ─► head ──► worth a retry? ─no─► respond
 *               │no                   │             │yes, after backoff: next attempt
 *               ▼                     └─ failure ───┤no
 *             fail                                  ▼
 *                                                 fail
 */
import { fullJitterMs } from '../../../kernel/backoff.ts';
import { Deadline, type DeadlineOwner } from '../../../kernel/timer-wheel.ts';
import type { Exchange, Upstream } from '../../http/exchange.ts';
import { type Failure, PER_TRY_TIMEOUT, REQUEST_TIMEOUT, UPSTREAM_OVERFLOW } from '../../http/failure.ts';
import type { ResponseHead } from '../../http/message.ts';
import { writeRequest } from '../../http1/request-writer.ts';
import type { Cluster } from '../cluster.ts';
import type { Endpoint } from '../endpoint.ts';
import { Attempt, type AttemptOwner } from './attempt.ts';
import type { RetryPolicy } from './retry-policy.ts';

const PER_TRY = 0;
const BACKOFF = 1;

/** What the route asks of a forwarded request. Compiled with the route. */
export interface ForwardOptions {
  /** 0: none. */
  readonly timeoutMs: number;
  readonly retry: RetryPolicy | null;
  /** auto_host_rewrite: the Host is the picked endpoint's hostname. */
  readonly endpointHost: boolean;
  /** Response headers of the router (x-envoy-upstream-service-time) are wanted. */
  readonly serviceTimeHeader: boolean;
}

export class Forwarding implements Upstream, AttemptOwner, DeadlineOwner {
  readonly #exchange: Exchange;
  readonly #cluster: Cluster;
  readonly #options: ForwardOptions;
  /** Everything the endpoint needs is in `wire`, so that another attempt can be made. */
  readonly #replayable: boolean;
  #attempt: Attempt | null = null;
  #admitted = false;
  #timeoutArmed = false;
  /** Where the attempt before the coming one failed. */
  #failed: Endpoint | null = null;
  #perTry: Deadline | null = null;
  #backoff: Deadline | null = null;

  constructor(exchange: Exchange, cluster: Cluster, options: ForwardOptions) {
    this.#exchange = exchange;
    this.#cluster = cluster;
    this.#options = options;
    this.#replayable = exchange.requestDone;
  }

  /** Begins the first attempt. HOT. */
  start(): void {
    const { stats, limits } = this.#cluster;
    if (stats.rqActive >= limits.maxRequests) {
      stats.rqActiveOverflow++;
      stats.rqPendingOverflow++;
      this.#exchange.fail(UPSTREAM_OVERFLOW);
      return;
    }
    this.#admitted = true;
    if (this.#options.endpointHost) this.#exchange.detach();
    else this.#exchange.wire = writeRequest(this.#cluster.loop, this.#exchange);
    if (this.#exchange.requestDone) this.#armTimeout();
    this.#try(this.#cluster.pick());
    if (!this.#exchange.ended) this.#exchange.upstream = this;
  }

  #try(endpoint: Endpoint | null): void {
    const { retry } = this.#options;
    this.#exchange.attempts++;
    if (this.#options.endpointHost) this.#writeForEndpoint(endpoint);
    const attempt = new Attempt(this, this.#exchange, this.#cluster, endpoint, this.#exchange.wire);
    this.#attempt = attempt;
    if (retry !== null && retry.config.perTryTimeoutMs > 0) {
      this.#perTry ??= new Deadline(this, PER_TRY);
      this.#cluster.loop.wheel.arm(this.#perTry, retry.config.perTryTimeoutMs);
    }
    attempt.start();
  }

  #writeForEndpoint(endpoint: Endpoint | null): void {
    const hostname = endpoint?.config.hostname ?? '';
    if (hostname !== '') this.#exchange.head.setAuthority(hostname);
    this.#exchange.wire = writeRequest(this.#cluster.loop, this.#exchange);
  }

  // -------------------------------------------------------------------------------------------------------------------
  // From the client

  sendBody(buffer: Buffer, start: number, end: number, done: boolean): void {
    this.#attempt?.sendBody(buffer, start, end, done);
    // The route timeout runs from the moment the request is complete, so that a slow upload does not spend it.
    if (done) this.#armTimeout();
  }

  cancel(): void {
    this.#disarm();
    const attempt = this.#attempt;
    this.#attempt = null;
    attempt?.cancel(null);
  }

  pauseResponse(): void {
    this.#attempt?.pauseResponse();
  }

  resumeResponse(): void {
    this.#attempt?.resumeResponse();
  }

  onTimeout(): void {
    this.#timeoutArmed = false;
    const { stats } = this.#cluster;
    stats.rqTimeout++;
    this.#countLocal(504);
    const attempt = this.#attempt;
    this.#attempt = null;
    if (attempt !== null) {
      if (attempt.endpoint !== null) attempt.endpoint.rqTimeout++;
      attempt.cancel('gateway-error');
    }
    this.#exchange.fail(REQUEST_TIMEOUT);
  }

  // -------------------------------------------------------------------------------------------------------------------
  // From the attempt

  onAttemptHead(attempt: Attempt, head: ResponseHead, buffer: Buffer, start: number, end: number, done: boolean): void {
    const { retry, serviceTimeHeader } = this.#options;
    if (retry !== null) {
      if (retry.retriesAnswer(head) && this.#mayRetry(retry)) {
        this.#attempt = null;
        if (!done) attempt.cancel(null);
        this.#retryAfterBackoff(retry, attempt);
        return;
      }
      if (this.#exchange.attempts > 1 && head.status < 500) this.#cluster.stats.rqRetrySuccess++;
    }
    this.#disarm();
    if (done) this.#attempt = null;
    if (serviceTimeHeader) head.add('x-envoy-upstream-service-time', String(attempt.elapsedMs() | 0));
    this.#exchange.respond(head, buffer, start, end, done);
  }

  onAttemptFailed(attempt: Attempt, failure: Failure, sent: boolean): void {
    this.#attempt = null;
    const { retry } = this.#options;
    if (
      retry !== null &&
      !this.#exchange.responseStarted &&
      retry.retriesFailure(failure, sent) &&
      this.#mayRetry(retry)
    ) {
      this.#retryAfterBackoff(retry, attempt);
      return;
    }
    if (failure.status > 0) this.#countLocal(failure.status);
    this.#disarm();
    this.#exchange.fail(failure);
  }

  /** Answers made here for a cluster count among its statuses, as in Envoy. */
  #countLocal(status: number): void {
    const { byStatus } = this.#cluster.stats;
    byStatus[status] = byStatus[status]! + 1;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Retries and deadlines

  #mayRetry(retry: RetryPolicy): boolean {
    const { stats, limits } = this.#cluster;
    if (!this.#replayable || !this.#admitted) return false;
    if (this.#exchange.attempts > retry.config.numRetries) {
      stats.rqRetryLimitExceeded++;
      return false;
    }
    const budget = limits.retryBudget;
    const allowed =
      budget === null ? limits.maxRetries : Math.max(budget.minConcurrency, (stats.rqActive * budget.percent) / 100);
    if (stats.retriesActive >= allowed) {
      stats.rqRetryOverflow++;
      return false;
    }
    return true;
  }

  #retryAfterBackoff(retry: RetryPolicy, failed: Attempt): void {
    const { stats, loop } = this.#cluster;
    const { backoffBaseMs, backoffMaxMs } = retry.config;
    if (this.#perTry !== null) loop.wheel.disarm(this.#perTry);
    stats.rqRetry++;
    stats.rqRetryBackoffExponential++;
    stats.retriesActive++;
    this.#failed = failed.endpoint;
    this.#backoff ??= new Deadline(this, BACKOFF);
    const delayMs = fullJitterMs(
      { baseMs: backoffBaseMs, maxMs: backoffMaxMs },
      this.#exchange.attempts - 1,
      loop.random,
    );
    loop.wheel.arm(this.#backoff, delayMs);
  }

  onDeadline(deadline: Deadline): void {
    this.#cluster.loop.refresh();
    if (deadline.kind === PER_TRY) this.#onPerTryTimeout();
    else this.#onBackoffOver();
  }

  #onBackoffOver(): void {
    const { retry } = this.#options;
    this.#cluster.stats.retriesActive--;
    const { avoidPreviousHosts, hostSelectionMaxAttempts } = retry!.config;
    const failed = this.#failed;
    const other =
      avoidPreviousHosts && failed !== null
        ? this.#cluster.pickOther(failed, hostSelectionMaxAttempts)
        : this.#cluster.pick();
    this.#try(other);
  }

  #onPerTryTimeout(): void {
    const attempt = this.#attempt;
    if (attempt === null) return;
    this.#cluster.stats.rqPerTryTimeout++;
    this.#attempt = null;
    attempt.cancel('gateway-error');
    this.onAttemptFailed(attempt, PER_TRY_TIMEOUT, true);
  }

  #armTimeout(): void {
    if (this.#options.timeoutMs === 0) return;
    this.#timeoutArmed = true;
    this.#exchange.downstream.armTimeout(this.#options.timeoutMs);
  }

  #disarm(): void {
    if (this.#timeoutArmed) {
      this.#timeoutArmed = false;
      this.#exchange.downstream.armTimeout(0);
    }
    const { wheel } = this.#cluster.loop;
    if (this.#perTry !== null) wheel.disarm(this.#perTry);
    if (this.#backoff?.armed) {
      wheel.disarm(this.#backoff);
      this.#cluster.stats.retriesActive--;
    }
  }
}
