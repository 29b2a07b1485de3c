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

import type { BodyConverter } from '../../http/body-converter.ts';
import type { Upstream } from '../../http/exchange.ts';
import { DEADLINE_PASSED, type Failure, PER_TRY_TIMEOUT, REQUEST_TIMEOUT } from '../../http/failure.ts';
import { isGrpcRequest } from '../../http/grpc-request.ts';
import type { Trailers } from '../../http/header-field.ts';
import type { ResponseHead } from '../../http/message.ts';
import type { OutgoingRequest } from '../../http/outgoing-request.ts';
import type { UpstreamStream } from '../../http/upstream-stream.ts';
import type { Endpoint } from '../endpoint.ts';
import { wireProtocol } from '../wire-protocol.ts';
import { Attempt, type AttemptOwner } from './attempt.ts';
import { editAnswer, limitFailure, localLines } from './client-answer.ts';
import { composeRequest, frameBody } from './compose-request.ts';
import { type HedgeOwner, HedgeTimer, type Hedging, mayHedge } from './hedging.ts';
import { type Mirroring, sendMirrors } from './mirror.ts';
import { Race } from './race.ts';
import { editRepeated, editRequest, limitsOf } from './request-edits.ts';
import type { RetryOwner } from './retries.ts';
import { RetryCourse } from './retry-course.ts';
import type { RetryPolicy } from './retry-policy.ts';
import { comesAgain, countAttempt, repeatedAbove } from './safe-retries.ts';
import { type LimitedStream, StreamDeadlines, type StreamLimit } from './stream-deadlines.ts';
import { TimedForwarding } from './timed-forwarding.ts';

export class Forwarding
  extends TimedForwarding
  implements Upstream, AttemptOwner, RetryOwner, HedgeOwner, LimitedStream
{
  /** Null as well when this request may not be repeated, or is too large to be kept. */
  #retry: RetryPolicy | null = null;
  /** The mirrors this request was drawn for, until it has been sent to them. */
  #mirrors: readonly Mirroring[] | null = null;
  #attempt: Attempt | null = null;
  /** Null where the body goes out as it comes. */
  #converter: BodyConverter | null = null;
  /** Bytes of the body that are kept for another attempt. */
  #keptBytes = 0;
  #retries: RetryCourse | null = null;
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
    if (refusal !== null) {
      this.#fail(refusal);
      return;
    }
    if (options.retry?.appliesTo(head)) this.#retry = options.retry;
    const { retryBudget, loop } = this.cluster;
    // What a layer above repeats earns nothing, or every layer would add its share to that of the others.
    if (retryBudget !== null && !comesAgain(head)) retryBudget.deposit(loop.nowMs);
    if (options.limits !== null || options.grpcTimeout !== null)
      this.deadlines = new StreamDeadlines(loop, limitsOf(head, options), this);
    const endpoint = this.cluster.pick(this);
    if (options.countUpstream || options.endpointHost) editRequest(exchange, options, endpoint);
    const wire = wireProtocol(this.cluster.config, exchange);
    this.#converter = frameBody(this.cluster, wire, exchange);
    const sent = composeRequest(this.cluster, wire, exchange);
    exchange.sent = sent;
    if (options.mirrors !== null && exchange.upgrade === '')
      this.#mirrors = options.mirrors.filter((each) => each.draw());
    this.#keptBytes = exchange.bodyEnd - exchange.bodyStart;
    if (this.#keptBytes > options.bodyLimitBytes) this.#forgetBody();
    if (exchange.requestDone) this.#requestComplete();
    this.#try(endpoint);
    if (exchange.ended) return;
    exchange.upstream = this;
    if (this.#retry !== null || !this.#attempt?.sent) sent.detach();
    if (options.hedging !== null && mayHedge(exchange)) this.#watch(options.hedging);
  }

  #try(endpoint: Endpoint | null, sent: OutgoingRequest = this.exchange.sent!): void {
    const exchange = this.exchange;
    if (endpoint !== null) exchange.upstreamHost = endpoint.key;
    const attempt = new Attempt(this, exchange, this.cluster, endpoint, sent);
    this.#attempt = attempt;
    attempt.start();
  }

  // -------------------------------------------------------------------------------------------------------------------
  // From the client

  sendBody(buffer: Buffer, start: number, end: number, done: boolean): void {
    const { trailers, sent } = this.exchange;
    if (done && trailers !== '') sent!.trailers = trailers;
    const converter = this.#converter;
    if (converter === null) {
      this.#sendBody(buffer, start, end, done);
      return;
    }
    converter.convert(buffer, start, end, done, trailers);
    this.#sendBody(converter.buffer, converter.start, converter.end, done);
  }

  #sendBody(buffer: Buffer, start: number, end: number, done: boolean): void {
    if (this.#retry !== null || this.#mirrors !== null) this.#keepBody(buffer, start, end);
    this.#attempt?.sendBody(buffer, start, end, done);
    this.deadlines?.requestActive();
    if (!done) return;
    if (this.#attempt?.sent) this.deadlines?.startTry();
    this.#requestComplete();
  }

  /** Keeps the body for another attempt. What came between two attempts is kept whatever its size, or it would be lost. */
  #keepBody(buffer: Buffer, start: number, end: number): void {
    this.#keptBytes += end - start;
    if (this.#attempt !== null && this.#keptBytes > this.options.bodyLimitBytes) this.#forgetBody();
    else this.exchange.sent!.keep(buffer, start, end);
  }

  /** The request is too large to be kept: it passes, but is neither repeated nor mirrored. */
  #forgetBody(): void {
    this.#retry = null;
    this.#mirrors = null;
  }

  /** The route timeout runs from the moment the request is complete, so that a slow upload does not spend it. */
  #requestComplete(): void {
    const { timeoutMs } = this.options;
    if (this.#mirrors !== null) {
      sendMirrors(this.#mirrors, this.exchange, timeoutMs);
      this.#mirrors = null;
    }
    this.armTimeout();
  }

  cancel(): void {
    this.disarm();
    this.#retries?.cancel();
    this.#hedge?.stop();
    this.#race?.end(false);
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
    if (this.isLate()) {
      // The endpoint may have got it a moment ago: that is not held against it.
      this.#attempt?.cancel(null);
      this.#attempt = null;
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

  onAttemptSent(stream: UpstreamStream): void {
    const { record } = this.exchange;
    this.exchange.upstreamProtocol = stream.protocol;
    if (record !== null) record.upstreamLocalAddress = stream.localAddress;
    if (this.deadlines !== null && this.exchange.requestDone) this.deadlines.startTry();
  }

  onAttemptHead(attempt: Attempt, head: ResponseHead, buffer: Buffer, start: number, end: number, done: boolean): void {
    this.deadlines?.answerActive();
    if (this.options.hedging !== null) this.cluster.recentLatency.record(attempt.elapsedMs());
    if (this.#race !== null) {
      if (!this.#leads(this.#race, attempt, head, done)) return;
    } else if (this.#retry !== null && this.#triesAgain(this.#retry, attempt, head, done)) return;
    this.deadlines?.answered();
    if (done) {
      this.#attempt = null;
      this.disarm();
    } else if (head.tunnel) this.#onTunnel();
    else if (this.options.sparesStreams) this.spare(head);
    editAnswer(head, this.exchange, this.cluster, this.options, attempt, this.#retries);
    this.exchange.respond(head, buffer, start, end, done);
  }

  /** What follows has no end that could be waited for, and is not kept for anybody. */
  #onTunnel(): void {
    this.#forgetBody();
    this.disarmTimeout();
  }

  onAttemptBody(buffer: Buffer, start: number, end: number, done: boolean): void {
    this.deadlines?.answerActive();
    this.exchange.respondBody(buffer, start, end, done);
  }

  onAttemptTrailers(trailers: Trailers): void {
    this.#attempt = null;
    this.disarm();
    this.exchange.respondTrailers(trailers);
  }

  onAttemptFailed(attempt: Attempt, failure: Failure, sent: boolean): void {
    if (this.#race === null || !this.#race.leave(attempt)) {
      this.#attempt = null;
      this.deadlines?.endTry();
      this.#retries?.settle(false);
      const retry = this.#retry;
      const wanted = !this.exchange.responseStarted && retry?.retriesFailure(failure, sent);
      if (wanted && this.#course(retry!).afterFailure(failure, sent)) {
        this.#retryLater(attempt);
        return;
      }
    }
    if (!this.#othersRun()) this.#fail(failure);
  }

  #failLate(): void {
    this.cluster.stats.rqDeadlinePassed++;
    this.#fail(DEADLINE_PASSED);
  }

  /** Ends the exchange. */
  #fail(failure: Failure): void {
    const exchange = this.exchange;
    const headers = localLines(exchange, this.cluster, this.options, failure, this.#retries);
    this.disarm();
    exchange.fail(failure, headers);
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
    this.#attempt = null;
    this.deadlines?.endTry();
    if (!this.exchange.requestDone) this.exchange.downstream.pauseRequest();
    this.#retryPending = true;
    this.#retries!.schedule(failed.endpoint);
  }

  onRetryDue(): void {
    const exchange = this.exchange;
    const endpoint = this.#retries!.pick(this);
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
    if (delayMs > 0 && this.#attempt !== null && !repeatedAbove(this.exchange))
      this.#hedge = new HedgeTimer(hedging, this.exchange, this.cluster, this, delayMs);
  }

  get slowAttempt(): Attempt | null {
    const { responseStarted, attempts } = this.exchange;
    return responseStarted || attempts > 1 ? null : this.#attempt;
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
    const attempt = this.#attempt;
    if (attempt === null) return;
    attempt.blame();
    const retry = this.#retry;
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
    return this.#race !== null && (this.#race.size > 0 || this.#attempt !== null || this.#retryPending);
  }

  /** Whether an answer in a race is the one for the client: then the other attempts end. */
  #leads(race: Race, attempt: Attempt, head: ResponseHead, done: boolean): boolean {
    const retry = this.#retry;
    const older = race.leave(attempt);
    if (!older) {
      if (retry !== null && this.#triesAgain(retry, attempt, head, done)) return false;
      this.#attempt = null;
    }
    const bad = retry === null ? head.status >= 500 : retry.retriesAnswer(head);
    if (bad && this.#othersRun()) {
      if (!done) attempt.cancel(null);
      return false;
    }
    if (!older && this.#hedge !== null && !bad) this.cluster.stats.rqHedgeWon++;
    if (this.#retryPending) this.#retries!.cancel();
    this.#retryPending = false;
    if (this.#attempt !== null) race.join(this.#attempt);
    // What they have taken so far is the least that they would have taken.
    for (const ms of race.end(false)) if (this.options.hedging !== null) this.cluster.recentLatency.record(ms);
    this.#race = null;
    this.#attempt = attempt;
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
    const attempt = this.#attempt;
    this.#attempt = null;
    if (attempt === null) return null;
    if (attempt.endpoint !== null) attempt.endpoint.rqTimeout++;
    attempt.cancel('timeout');
    return attempt;
  }
}
