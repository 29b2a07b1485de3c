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

import type { Upstream } from '../../http/exchange.ts';
import { DEADLINE_PASSED, type Failure, PER_TRY_TIMEOUT, REQUEST_TIMEOUT } from '../../http/failure.ts';
import { isGrpcRequest } from '../../http/grpc-request.ts';
import type { Trailers } from '../../http/header-field.ts';
import type { ResponseHead } from '../../http/message.ts';
import type { OutgoingRequest } from '../../http/outgoing-request.ts';
import type { Cluster } from '../cluster.ts';
import type { Endpoint } from '../endpoint.ts';
import { Attempt, type AttemptOwner } from './attempt.ts';
import { CarriedRequest } from './carried-request.ts';
import { editAnswer, limitFailure, localLines } from './client-answer.ts';
import { recomposeRequest } from './compose-request.ts';
import { answeredFailure, type Fallbacks } from './fallbacks.ts';
import { type HedgeOwner, HedgeTimer, type Hedging, mayHedge } from './hedging.ts';
import type { Recording } from './last-good.ts';
import { Race } from './race.ts';
import { editRepeated, limitsOf } from './request-edits.ts';
import type { RetryOwner } from './retries.ts';
import { RetryCourse } from './retry-course.ts';
import type { RetryPolicy } from './retry-policy.ts';
import { comesAgain, countAttempt, repeatedAbove } from './safe-retries.ts';
import { type LimitedStream, StreamDeadlines, type StreamLimit } from './stream-deadlines.ts';

export class Forwarding
  extends CarriedRequest
  implements Upstream, AttemptOwner, RetryOwner, HedgeOwner, LimitedStream
{
  #retries: RetryCourse | null = null;
  /** No endpoint has seen the request. */
  #unseen = false;
  /** Another forwarding stands in for this one. */
  #replaced = false;
  /** The answer is kept for later failures; null when it is not. */
  #recording: Recording | null = null;
  /** A retry waits for the end of its back-off. */
  #retryPending = false;
  /** Older attempts beside the newest one; null where there are none. */
  #race: Race | null = null;
  /** Null unless it is watched whether the first attempt is slow. */
  #hedge: HedgeTimer | null = null;

  /** Begins the first attempt. HOT. */
  start(): void {
    const exchange = this.exchange;
    const options = this.options;
    const { head } = exchange;
    exchange.attempts = 1;
    exchange.highPriority = options.highPriority;
    exchange.grpc = isGrpcRequest(head);
    if (options.propagatesDeadline && !this.takeDeadline(head)) {
      this.#failLate();
      return;
    }
    exchange.requestBreaker = options.requestBreaker;
    const refusal = this.cluster.admit(options.highPriority) ?? options.requestBreaker?.refuse() ?? null;
    if (options.retry?.appliesTo(head)) this.retry = options.retry;
    if (refusal !== null) {
      this.#unseen = true;
      if (options.fallbacks !== null) this.compose(null);
      this.#fail(refusal);
      return;
    }
    const { retryBudget, loop } = this.cluster;
    // What a layer above repeats earns nothing, or every layer would add its share to that of the others.
    if (retryBudget !== null && !comesAgain(head)) retryBudget.deposit(loop.nowMs);
    if (options.limits !== null || options.grpcTimeout !== null)
      this.deadlines = new StreamDeadlines(loop, limitsOf(head, options), this);
    const endpoint = this.cluster.pick(this);
    this.pinned = null;
    const sent = this.compose(endpoint);
    if (options.mirrors !== null && exchange.upgrade === '')
      this.mirrors = options.mirrors.filter((each) => each.draw());
    if (this.keptBytes > options.bodyLimitBytes) this.forgetBody();
    if (exchange.requestDone) this.requestComplete();
    this.#try(endpoint);
    if (exchange.ended || this.#replaced) return;
    exchange.upstream = this;
    if (this.retry !== null || !this.attempt?.sent) sent.detach();
    if (options.hedging !== null && mayHedge(exchange)) this.#watch(options.hedging);
  }

  #try(endpoint: Endpoint | null, sent: OutgoingRequest = this.exchange.sent!): void {
    const exchange = this.exchange;
    if (endpoint !== null) exchange.upstreamHost = endpoint.key;
    const attempt = new Attempt(this, exchange, this.cluster, endpoint, sent);
    this.attempt = attempt;
    attempt.start();
  }

  // -------------------------------------------------------------------------------------------------------------------
  // From the client

  cancel(): void {
    this.disarm();
    this.#retries?.cancel();
    this.#hedge?.stop();
    this.#race?.end(false);
    const attempt = this.attempt;
    this.attempt = null;
    attempt?.cancel(null);
  }

  onTimeout(): void {
    if (this.isLate()) {
      // The endpoint may have got it a moment ago: that is not held against it.
      this.attempt?.cancel(null);
      this.attempt = null;
      this.#race?.end(false);
      this.#failLate();
      return;
    }
    this.cluster.stats.rqTimeout++;
    this.#race?.end(true);
    this.#blame();
    const { timeoutStatus } = this.options;
    this.#fail(timeoutStatus === 504 ? REQUEST_TIMEOUT : { ...REQUEST_TIMEOUT, status: timeoutStatus });
  }

  // -------------------------------------------------------------------------------------------------------------------
  // From the attempt

  onAttemptHead(attempt: Attempt, head: ResponseHead, buffer: Buffer, start: number, end: number, done: boolean): void {
    this.deadlines?.answerActive();
    if (this.options.hedging !== null) this.cluster.recentLatency.record(attempt.elapsedMs());
    if (this.#race !== null) {
      if (!this.#leads(this.#race, attempt, head, done)) return;
    } else if (this.retry !== null && this.#triesAgain(this.retry, attempt, head, done)) return;
    this.deadlines?.answered();
    if (done) {
      this.attempt = null;
      this.disarm();
    } else if (head.tunnel) this.#onTunnel();
    else if (this.options.sparesStreams) this.spare(head);
    const { fallbacks } = this.options;
    if (
      fallbacks !== null &&
      head.status >= 500 &&
      !head.tunnel &&
      this.#fallsBack(fallbacks, answeredFailure(head.status))
    ) {
      if (!done) attempt.cancel(null);
      return;
    }
    if (fallbacks !== null) this.#recording = fallbacks.record(this.exchange, head, this.cluster);
    this.#recording?.add(buffer, start, end, done);
    editAnswer(head, this.exchange, this.cluster, this.options, attempt, this.#retries);
    this.exchange.respond(head, buffer, start, end, done);
  }

  /** What follows has no end that could be waited for, and is not kept for anybody. */
  #onTunnel(): void {
    this.forgetBody();
    this.disarmTimeout();
  }

  onAttemptBody(buffer: Buffer, start: number, end: number, done: boolean): void {
    this.deadlines?.answerActive();
    this.#recording?.add(buffer, start, end, done);
    this.exchange.respondBody(buffer, start, end, done);
  }

  onAttemptTrailers(trailers: Trailers): void {
    this.attempt = null;
    this.disarm();
    this.#recording?.keep();
    this.exchange.respondTrailers(trailers);
  }

  onAttemptFailed(attempt: Attempt, failure: Failure, sent: boolean): void {
    if (this.#race === null || !this.#race.leave(attempt)) {
      this.attempt = null;
      this.deadlines?.endTry();
      this.#retries?.settle(false);
      const retry = this.retry;
      const wanted = !this.exchange.responseStarted && retry?.retriesFailure(failure, sent);
      if (wanted && this.#course(retry!).afterFailure(failure, sent)) {
        this.#retryLater(attempt);
        return;
      }
    }
    this.#unseen = !sent && this.exchange.attempts === 1;
    if (!this.#othersRun()) this.#fail(failure);
  }

  #failLate(): void {
    this.cluster.stats.rqDeadlinePassed++;
    this.#fail(DEADLINE_PASSED);
  }

  /** Ends the exchange. */
  #fail(failure: Failure): void {
    const exchange = this.exchange;
    const { fallbacks } = this.options;
    if (fallbacks !== null && !exchange.responseStarted && this.#fallsBack(fallbacks, failure)) return;
    const headers = localLines(exchange, this.cluster, this.options, failure, this.#retries);
    this.disarm();
    exchange.fail(failure, headers);
  }

  /** Whether something else is answered than a failure. */
  #fallsBack(fallbacks: Fallbacks, failure: Failure): boolean {
    const { exchange } = this;
    const before = exchange.failure;
    exchange.failure ??= failure;
    const whole = exchange.sent !== null && exchange.requestDone && (this.retry !== null || this.bodyless);
    const forward = (other: Cluster, rest: Fallbacks | null) => this.#standIn(other, rest);
    this.disarm();
    const found = fallbacks.answer(exchange, this.cluster, this.#unseen, whole, forward);
    if (!found) exchange.failure = before;
    return found;
  }

  /** The request goes on to another cluster, without further attempts there. */
  #standIn(other: Cluster, fallbacks: Fallbacks | null): void {
    const off = { retry: null, hedging: null, mirrors: null, limits: null, grpcTimeout: null, standsIn: true };
    const next = new Forwarding(this.exchange, other, { ...this.options, ...off, fallbacks });
    this.#replaced = true;
    this.attempt = null;
    next.inheritDeadline(this);
    next.#takeOver();
  }

  #takeOver(): void {
    const { exchange, cluster, options } = this;
    const refusal = cluster.admit(options.highPriority);
    const sent = recomposeRequest(cluster, exchange);
    exchange.upstream = this;
    exchange.clusterName = cluster.name;
    exchange.attempts++;
    if (refusal !== null || sent === null) {
      this.#fail(refusal ?? exchange.failure!);
      return;
    }
    exchange.sent = sent;
    if (options.propagatesDeadline && !this.tellDeadlineAgain(sent)) {
      this.#failLate();
      return;
    }
    this.armTimeout();
    this.#try(cluster.pick(this));
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Retries and deadlines

  /** Whether an answer is not the last word: then another attempt follows. */
  #triesAgain(retry: RetryPolicy, attempt: Attempt, head: ResponseHead, done: boolean): boolean {
    const wanted = retry.retriesAnswer(head);
    this.#retries?.settle(!wanted);
    if (!wanted || !this.#course(retry).afterAnswer(head, this.leftMs())) return false;
    if (!done) attempt.cancel(null);
    this.#retryLater(attempt);
    return true;
  }

  #course(retry: RetryPolicy): RetryCourse {
    this.#retries ??= new RetryCourse(this.exchange, this.cluster, this.options, retry, this);
    return this.#retries;
  }

  #retryLater(failed: Attempt): void {
    this.attempt = null;
    this.deadlines?.endTry();
    if (!this.exchange.requestDone) this.exchange.downstream.pauseRequest();
    this.#retryPending = true;
    this.#retries!.schedule(failed.endpoint);
  }

  onRetryDue(): void {
    const exchange = this.exchange;
    const endpoint = this.#retries!.pick();
    this.#retryPending = false;
    exchange.attempts++;
    editRepeated(exchange, this.options, endpoint, this.cluster.loop.nowMs);
    if (this.options.propagatesDeadline && !this.tellDeadlineAgain(exchange.sent!)) this.#failLate();
    else this.#try(endpoint);
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Attempts beside each other

  #watch(hedging: Hedging): void {
    const { loop, recentLatency } = this.cluster;
    hedging.deposit(loop.nowMs);
    const delayMs = hedging.delayMs(recentLatency);
    if (delayMs > 0 && this.attempt !== null && !repeatedAbove(this.exchange))
      this.#hedge = new HedgeTimer(hedging, this.exchange, this.cluster, this, delayMs);
  }

  get slowAttempt(): Attempt | null {
    const { responseStarted, attempts } = this.exchange;
    return responseStarted || attempts > 1 ? null : this.attempt;
  }

  hedge(slow: Attempt, endpoint: Endpoint): void {
    const sent = this.exchange.sent!.copy();
    countAttempt(sent);
    if (this.options.propagatesDeadline) this.tellDeadlineAgain(sent);
    this.exchange.attempts++;
    this.#besideNext(slow);
    this.#try(endpoint, sent);
  }

  /** hedge_on_per_try_timeout: the attempt took too long, but may still answer beside the next one. */
  #hedgeTimedOut(): void {
    const attempt = this.attempt;
    if (attempt === null) return;
    attempt.blame();
    const retry = this.retry;
    if (retry === null || this.exchange.responseStarted) return;
    this.#retries?.settle(false);
    if (!this.#course(retry).afterFailure(PER_TRY_TIMEOUT, true)) return;
    this.#besideNext(attempt);
    this.#retryLater(attempt);
  }

  #besideNext(attempt: Attempt): void {
    this.#race ??= new Race();
    this.#race.join(attempt);
  }

  #othersRun(): boolean {
    return this.#race !== null && (this.#race.size > 0 || this.attempt !== null || this.#retryPending);
  }

  /** Whether an answer in a race is the one for the client: then the other attempts end. */
  #leads(race: Race, attempt: Attempt, head: ResponseHead, done: boolean): boolean {
    const retry = this.retry;
    const older = race.leave(attempt);
    if (!older) {
      if (retry !== null && this.#triesAgain(retry, attempt, head, done)) return false;
      this.attempt = null;
    }
    const bad = retry === null ? head.status >= 500 : retry.retriesAnswer(head);
    if (bad && this.#othersRun()) {
      if (!done) attempt.cancel(null);
      return false;
    }
    if (!older && this.#hedge !== null && !bad) this.cluster.stats.rqHedgeWon++;
    if (this.#retryPending) this.#retries!.cancel();
    this.#retryPending = false;
    if (this.attempt !== null) race.join(this.attempt);
    // What they have taken so far is the least that they would have taken.
    for (const ms of race.end(false)) if (this.options.hedging !== null) this.cluster.recentLatency.record(ms);
    this.#race = null;
    this.attempt = attempt;
    this.exchange.upstreamHost = attempt.endpoint!.key;
    return true;
  }

  onLimit(limit: StreamLimit): void {
    if (limit === 'per-try' && this.options.hedgesOnPerTry) {
      this.#hedgeTimedOut();
      return;
    }
    const failure = limitFailure(limit, this.exchange, this.cluster.stats);
    if (limit === 'per-try' || limit === 'per-try-idle') this.#tryIsOver(failure);
    else {
      this.disarm();
      this.exchange.fail(failure);
    }
  }

  #tryIsOver(failure: Failure): void {
    const attempt = this.#blame();
    if (attempt !== null) this.onAttemptFailed(attempt, failure, true);
  }

  /** The endpoint did not answer in time: it is told, and held against it. */
  #blame(): Attempt | null {
    const attempt = this.attempt;
    this.attempt = null;
    if (attempt === null) return null;
    if (attempt.endpoint !== null) attempt.endpoint.rqTimeout++;
    attempt.cancel('timeout');
    return attempt;
  }
}
