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

import type { SubsetKeys } from '../../config/model/route.ts';
import type { BodyConverter } from '../../http/body-converter.ts';
import type { Exchange, Upstream } from '../../http/exchange.ts';
import {
  DURATION_EXCEEDED,
  DURATION_EXCEEDED_UPSTREAM,
  type Failure,
  PER_TRY_IDLE_TIMEOUT,
  PER_TRY_TIMEOUT,
  REQUEST_TIMEOUT,
  STREAM_IDLE,
  STREAM_IDLE_UPSTREAM,
} from '../../http/failure.ts';
import { isGrpcRequest } from '../../http/grpc-request.ts';
import type { Trailers } from '../../http/header-field.ts';
import type { ResponseHead } from '../../http/message.ts';
import type { UpstreamStream } from '../../http/upstream-stream.ts';
import type { Cluster } from '../cluster.ts';
import type { Endpoint } from '../endpoint.ts';
import type { PickContext } from '../picker/picker.ts';
import { wireProtocol } from '../wire-protocol.ts';
import { Attempt, type AttemptOwner } from './attempt.ts';
import { editAnswer, localLines, type Refusal } from './client-answer.ts';
import { composeRequest, frameBody } from './compose-request.ts';
import type { ForwardOptions } from './forward-options.ts';
import { type Mirroring, sendMirrors } from './mirror.ts';
import { editRepeated, editRequest, limitsOf } from './request-edits.ts';
import { Retries, type RetryOwner } from './retries.ts';
import type { RetryPolicy } from './retry-policy.ts';
import { comesAgain } from './safe-retries.ts';
import { type LimitedStream, StreamDeadlines, type StreamLimit } from './stream-deadlines.ts';

/** What stands against another attempt, for people. */
const REFUSALS: Readonly<Record<NonNullable<Refusal>, string>> = {
  exhausted: 'num_retries is used up',
  overflow: 'the circuit breakers of the cluster allow no more retries at once',
  budget: 'the retry budget of the cluster is used up',
};

export class Forwarding implements Upstream, AttemptOwner, RetryOwner, LimitedStream, PickContext {
  readonly hash: number | null = null;
  readonly subset: SubsetKeys | null = null;
  tried: Endpoint[] | null = null;
  readonly #exchange: Exchange;
  readonly #cluster: Cluster;
  readonly #options: ForwardOptions;
  /** Null as well when this request may not be repeated, or is too large to be kept. */
  #retry: RetryPolicy | null = null;
  /** The mirrors this request was drawn for, until it has been sent to them. */
  #mirrors: readonly Mirroring[] | null = null;
  #attempt: Attempt | null = null;
  #timeoutArmed = false;
  /** Null where the body goes out as it comes. */
  #converter: BodyConverter | null = null;
  /** Bytes of the body that are kept for another attempt. */
  #keptBytes = 0;
  #retries: Retries | null = null;
  #refusal: Refusal = null;
  #deadlines: StreamDeadlines | null = null;

  constructor(exchange: Exchange, cluster: Cluster, options: ForwardOptions) {
    this.#exchange = exchange;
    this.#cluster = cluster;
    this.#options = options;
  }

  /** Begins the first attempt. HOT. */
  start(): void {
    const exchange = this.#exchange;
    const options = this.#options;
    const { head } = exchange;
    exchange.attempts = 1;
    exchange.highPriority = options.highPriority;
    const refusal = this.#cluster.admit(options.highPriority);
    if (refusal !== null) {
      this.#fail(refusal);
      return;
    }
    if (options.retry?.appliesTo(head)) this.#retry = options.retry;
    const { retryBudget, loop } = this.#cluster;
    // What a layer above repeats earns nothing, or every layer would add its share to that of the others.
    if (retryBudget !== null && !comesAgain(head)) retryBudget.deposit(loop.nowMs);
    if (options.limits !== null || options.grpcTimeout !== null)
      this.#deadlines = new StreamDeadlines(loop, limitsOf(head, options), this);
    const endpoint = this.#cluster.pick(this);
    if (options.countUpstream || options.endpointHost) editRequest(exchange, options, endpoint);
    exchange.grpc = isGrpcRequest(head);
    const wire = wireProtocol(this.#cluster.config, exchange);
    this.#converter = frameBody(this.#cluster, wire, exchange);
    const sent = composeRequest(this.#cluster, wire, exchange);
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
  }

  #try(endpoint: Endpoint | null): void {
    const exchange = this.#exchange;
    if (endpoint !== null) exchange.upstreamHost = endpoint.key;
    const attempt = new Attempt(this, exchange, this.#cluster, endpoint, exchange.sent!);
    this.#attempt = attempt;
    attempt.start();
  }

  // -------------------------------------------------------------------------------------------------------------------
  // From the client

  sendBody(buffer: Buffer, start: number, end: number, done: boolean): void {
    const { trailers, sent } = this.#exchange;
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
    this.#deadlines?.requestActive();
    if (!done) return;
    if (this.#attempt?.sent) this.#deadlines?.startTry();
    this.#requestComplete();
  }

  /** Keeps the body for another attempt. What came between two attempts is kept whatever its size, or it would be lost. */
  #keepBody(buffer: Buffer, start: number, end: number): void {
    this.#keptBytes += end - start;
    if (this.#attempt !== null && this.#keptBytes > this.#options.bodyLimitBytes) this.#forgetBody();
    else this.#exchange.sent!.keep(buffer, start, end);
  }

  /** The request is too large to be kept: it passes, but is neither repeated nor mirrored. */
  #forgetBody(): void {
    this.#retry = null;
    this.#mirrors = null;
  }

  /** The route timeout runs from the moment the request is complete, so that a slow upload does not spend it. */
  #requestComplete(): void {
    const { timeoutMs } = this.#options;
    if (this.#mirrors !== null) {
      sendMirrors(this.#mirrors, this.#exchange, timeoutMs);
      this.#mirrors = null;
    }
    if (timeoutMs === 0) return;
    this.#timeoutArmed = true;
    this.#exchange.downstream.armTimeout(timeoutMs);
  }

  cancel(): void {
    this.#disarm();
    this.#retries?.cancel();
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
    this.#cluster.stats.rqTimeout++;
    this.#blame();
    const { timeoutStatus } = this.#options;
    this.#fail(timeoutStatus === 504 ? REQUEST_TIMEOUT : { ...REQUEST_TIMEOUT, status: timeoutStatus });
  }

  // -------------------------------------------------------------------------------------------------------------------
  // From the attempt

  onAttemptSent(stream: UpstreamStream): void {
    const { record } = this.#exchange;
    this.#exchange.upstreamProtocol = stream.protocol;
    if (record !== null) record.upstreamLocalAddress = stream.localAddress;
    if (this.#deadlines !== null && this.#exchange.requestDone) this.#deadlines.startTry();
  }

  onAttemptHead(attempt: Attempt, head: ResponseHead, buffer: Buffer, start: number, end: number, done: boolean): void {
    if (this.#deadlines !== null) {
      this.#deadlines.answered();
      this.#deadlines.answerActive();
    }
    if (this.#retry !== null && this.#triesAgain(this.#retry, attempt, head, done)) return;
    if (done) {
      this.#attempt = null;
      this.#disarm();
    } else if (head.tunnel) this.#onTunnel();
    editAnswer(head, this.#exchange, this.#cluster, this.#options, attempt, this.#refusal);
    this.#exchange.respond(head, buffer, start, end, done);
  }

  /** What follows has no end that could be waited for, and is not kept for anybody. */
  #onTunnel(): void {
    this.#forgetBody();
    this.#disarmTimeout();
  }

  onAttemptBody(buffer: Buffer, start: number, end: number, done: boolean): void {
    this.#deadlines?.answerActive();
    this.#exchange.respondBody(buffer, start, end, done);
  }

  onAttemptTrailers(trailers: Trailers): void {
    this.#attempt = null;
    this.#disarm();
    this.#exchange.respondTrailers(trailers);
  }

  onAttemptFailed(attempt: Attempt, failure: Failure, sent: boolean): void {
    this.#attempt = null;
    this.#deadlines?.endTry();
    this.#retries?.settle(false);
    const retry = this.#retry;
    if (retry?.retriesFailure(failure, sent) && !this.#exchange.responseStarted && this.#isSafe(sent)) {
      if (this.#mayRetry(retry, failure.details)) {
        this.#retryLater(attempt, null);
        return;
      }
    }
    this.#fail(failure);
  }

  /** Ends the exchange. */
  #fail(failure: Failure): void {
    const exchange = this.#exchange;
    const headers = localLines(exchange, this.#cluster, this.#options, failure, this.#refusal);
    this.#disarm();
    exchange.fail(failure, headers);
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Retries and deadlines

  /** Whether an answer is not the last word: then another attempt follows. */
  #triesAgain(retry: RetryPolicy, attempt: Attempt, head: ResponseHead, done: boolean): boolean {
    const wanted = retry.retriesAnswer(head);
    this.#retries?.settle(!wanted);
    if (!wanted) return false;
    const { safe } = this.#options;
    const wallMs = this.#cluster.loop.clock.wallMs();
    let waitMs = retry.resetAfterMs(head, wallMs);
    if (safe !== null) {
      if (!safe.allowsAnswer(this.#exchange, head)) return this.#refuseUnsafe();
      waitMs ??= safe.waitMs(head, wallMs);
      if (waitMs === Number.POSITIVE_INFINITY) return false;
    }
    if (!this.#mayRetry(retry, `status ${head.status}`)) return false;
    if (!done) attempt.cancel(null);
    this.#retryLater(attempt, waitMs);
    return true;
  }

  #isSafe(sent: boolean): boolean {
    const { safe } = this.#options;
    return safe === null || safe.allowsFailure(this.#exchange, sent) || this.#refuseUnsafe();
  }

  #refuseUnsafe(): false {
    this.#cluster.stats.rqRetryUnsafe++;
    this.#exchange.note('not tried again: it may have been done already, or was tried again by another layer');
    return false;
  }

  #mayRetry(retry: RetryPolicy, why: string): boolean {
    const exchange = this.#exchange;
    this.#retries ??= new Retries(this.#cluster, retry, this, this.#options.highPriority);
    const grant = this.#retries.take(exchange.attempts);
    this.#refusal = grant === 'granted' ? null : grant;
    if (grant === 'exhausted') exchange.addFlag('URX');
    exchange.note(
      grant === 'granted'
        ? `tried again after ${why} of ${exchange.upstreamHost}`
        : `not tried again after ${why} of ${exchange.upstreamHost}: ${REFUSALS[grant]}`,
    );
    return grant === 'granted';
  }

  #retryLater(failed: Attempt, resetMs: number | null): void {
    this.#attempt = null;
    this.#deadlines?.endTry();
    if (!this.#exchange.requestDone) this.#exchange.downstream.pauseRequest();
    this.#retries!.schedule(failed.endpoint, this.#exchange.attempts, resetMs);
  }

  onRetryDue(): void {
    const exchange = this.#exchange;
    const endpoint = this.#retries!.pick(this);
    exchange.attempts++;
    editRepeated(exchange, this.#options, endpoint, this.#cluster.loop.nowMs);
    this.#try(endpoint);
  }

  onLimit(limit: StreamLimit): void {
    const exchange = this.#exchange;
    const { stats } = this.#cluster;
    switch (limit) {
      case 'per-try':
        stats.rqPerTryTimeout++;
        this.#tryIsOver(PER_TRY_TIMEOUT);
        return;
      case 'per-try-idle':
        stats.rqPerTryIdleTimeout++;
        this.#tryIsOver(PER_TRY_IDLE_TIMEOUT);
        return;
      case 'idle':
        exchange.manager.stats.rqIdleTimeout++;
        this.#disarm();
        exchange.fail(exchange.requestDone ? STREAM_IDLE_UPSTREAM : STREAM_IDLE);
        return;
      case 'duration':
        exchange.manager.stats.rqMaxDurationReached++;
        this.#disarm();
        exchange.fail(exchange.requestDone ? DURATION_EXCEEDED_UPSTREAM : DURATION_EXCEEDED);
        return;
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

  #disarm(): void {
    this.#disarmTimeout();
    this.#deadlines?.stop();
  }

  #disarmTimeout(): void {
    if (!this.#timeoutArmed) return;
    this.#timeoutArmed = false;
    this.#exchange.downstream.armTimeout(0);
  }
}
