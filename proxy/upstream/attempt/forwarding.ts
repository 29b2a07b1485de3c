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
import { DEADLINE_PASSED, type Failure, REQUEST_TIMEOUT } from '../../http/failure.ts';
import { isGrpcRequest } from '../../http/grpc-request.ts';
import type { Trailers } from '../../http/header-field.ts';
import type { RequestHead, ResponseHead } from '../../http/message.ts';
import type { RequestHash } from '../../http/request-hash.ts';
import type { UpstreamStream } from '../../http/upstream-stream.ts';
import type { Cluster } from '../cluster.ts';
import type { Endpoint } from '../endpoint.ts';
import type { PickContext } from '../picker/picker.ts';
import { wireProtocol } from '../wire-protocol.ts';
import { Attempt, type AttemptOwner } from './attempt.ts';
import { editAnswer, limitFailure, localLines } from './client-answer.ts';
import { composeRequest, frameBody } from './compose-request.ts';
import { isEndless } from './endless.ts';
import type { ForwardOptions } from './forward-options.ts';
import { announcedMs, tellDeadline, tellDeadlineAgain } from './hop-deadline.ts';
import { type Mirroring, sendMirrors } from './mirror.ts';
import { editRepeated, editRequest, limitsOf } from './request-edits.ts';
import type { RetryOwner } from './retries.ts';
import { RetryCourse } from './retry-course.ts';
import type { RetryPolicy } from './retry-policy.ts';
import { comesAgain } from './safe-retries.ts';
import { type LimitedStream, StreamDeadlines, type StreamLimit } from './stream-deadlines.ts';

export class Forwarding implements Upstream, AttemptOwner, RetryOwner, LimitedStream, PickContext {
  readonly hash: RequestHash | null;
  readonly subset: SubsetKeys | null;
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
  /** When the deadline is that came with the request, and when the route's timeout; Infinity for none. */
  #deadlineMs = Number.POSITIVE_INFINITY;
  #timeoutMs = Number.POSITIVE_INFINITY;
  /** Null where the body goes out as it comes. */
  #converter: BodyConverter | null = null;
  /** Bytes of the body that are kept for another attempt. */
  #keptBytes = 0;
  #retries: RetryCourse | null = null;
  #deadlines: StreamDeadlines | null = null;

  constructor(exchange: Exchange, cluster: Cluster, options: ForwardOptions) {
    this.hash = exchange.hash;
    this.subset = exchange.subset;
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
    exchange.grpc = isGrpcRequest(head);
    if (options.propagatesDeadline && !this.#takeDeadline(head)) return;
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

  /** Takes over the deadline of the request and tells what is left of it. False when nothing is. */
  #takeDeadline(head: RequestHead): boolean {
    const { grpc, requestDone, downstream } = this.#exchange;
    const { timeoutMs, sparesStreams } = this.#options;
    const { loop, deadlineLines } = this.#cluster;
    const ms = announcedMs(head, grpc);
    // Any call may be a stream: its server would end it by what is told here.
    const ownMs = timeoutMs > 0 && requestDone && !(grpc && sparesStreams) ? timeoutMs : Number.POSITIVE_INFINITY;
    const leftMs = Math.min(ms, ownMs);
    if (leftMs < 1) {
      this.#failLate();
      return false;
    }
    if (leftMs === Number.POSITIVE_INFINITY) return true;
    tellDeadline(head, leftMs, grpc, deadlineLines);
    this.#deadlineMs = loop.nowMs + ms;
    if (ms === Number.POSITIVE_INFINITY || requestDone) return true;
    this.#timeoutArmed = true;
    downstream.armTimeout(ms);
    return true;
  }

  #failLate(): void {
    this.#cluster.stats.rqDeadlinePassed++;
    this.#fail(DEADLINE_PASSED);
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
    const { nowMs } = this.#cluster.loop;
    if (timeoutMs > 0) this.#timeoutMs = nowMs + timeoutMs;
    const dueMs = Math.min(this.#timeoutMs, this.#deadlineMs);
    if (dueMs === Number.POSITIVE_INFINITY) return;
    this.#timeoutArmed = true;
    this.#exchange.downstream.armTimeout(Math.max(1, dueMs - nowMs));
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
    if (this.#deadlineMs < this.#timeoutMs) {
      // The endpoint may have got it a moment ago: that is not held against it.
      this.#attempt?.cancel(null);
      this.#attempt = null;
      this.#failLate();
      return;
    }
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
    else if (this.#options.sparesStreams && this.#timeoutArmed && isEndless(head)) this.#disarmTimeout();
    editAnswer(head, this.#exchange, this.#cluster, this.#options, attempt, this.#retries);
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
    const wanted = !this.#exchange.responseStarted && retry?.retriesFailure(failure, sent);
    if (wanted && this.#course(retry!).afterFailure(failure, sent)) {
      this.#retryLater(attempt);
      return;
    }
    this.#fail(failure);
  }

  /** Ends the exchange. */
  #fail(failure: Failure): void {
    const exchange = this.#exchange;
    const headers = localLines(exchange, this.#cluster, this.#options, failure, this.#retries);
    this.#disarm();
    exchange.fail(failure, headers);
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Retries and deadlines

  /** Whether an answer is not the last word: then another attempt follows. */
  #triesAgain(retry: RetryPolicy, attempt: Attempt, head: ResponseHead, done: boolean): boolean {
    const wanted = retry.retriesAnswer(head);
    this.#retries?.settle(!wanted);
    if (!wanted || !this.#course(retry).afterAnswer(head, this.#leftMs())) return false;
    if (!done) attempt.cancel(null);
    this.#retryLater(attempt);
    return true;
  }

  #course(retry: RetryPolicy): RetryCourse {
    this.#retries ??= new RetryCourse(this.#exchange, this.#cluster, this.#options, retry, this);
    return this.#retries;
  }

  #retryLater(failed: Attempt): void {
    this.#attempt = null;
    this.#deadlines?.endTry();
    if (!this.#exchange.requestDone) this.#exchange.downstream.pauseRequest();
    this.#retries!.schedule(failed.endpoint);
  }

  onRetryDue(): void {
    const exchange = this.#exchange;
    const endpoint = this.#retries!.pick(this);
    exchange.attempts++;
    editRepeated(exchange, this.#options, endpoint, this.#cluster.loop.nowMs);
    if (this.#options.propagatesDeadline && !this.#tellDeadlineAgain(exchange)) return;
    this.#try(endpoint);
  }

  #tellDeadlineAgain({ sent, grpc }: Exchange): boolean {
    const spared = grpc && this.#options.sparesStreams;
    const leftMs = spared ? this.#deadlineMs - this.#cluster.loop.nowMs : this.#leftMs();
    if (leftMs === Number.POSITIVE_INFINITY) return true;
    if (leftMs >= 1) tellDeadlineAgain(sent!, leftMs, grpc);
    else this.#failLate();
    return leftMs >= 1;
  }

  /** Milliseconds in which the client has to be answered; Infinity without a limit. */
  #leftMs(): number {
    return Math.min(this.#timeoutMs, this.#deadlineMs) - this.#cluster.loop.nowMs;
  }

  onLimit(limit: StreamLimit): void {
    const failure = limitFailure(limit, this.#exchange, this.#cluster.stats);
    if (limit === 'per-try' || limit === 'per-try-idle') this.#tryIsOver(failure);
    else {
      this.#disarm();
      this.#exchange.fail(failure);
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
