/**
 * One HTTP/1.1 connection from a client: makes an exchange of every request, writes the answers in order, and ends.
 *
 *   RequestReader ──onRequest──► Exchange ──► sendHead, sendBody, sendLocal ──► AnswerWriter
 *        ▲                                                    │ complete
 *        └────────────────── next request ◄───────────────────┴──► or the connection closes
 *
 * It closes behind an answer when client or configuration want that, when the request could not be read to its end, and
 * when it drains: with a FIN, then a moment in which the client may take everything.
 */
import { countClosed, countHandedOver, countOpened, countUpgrade } from '../http/connection-counters.ts';
import type { ConnectionManager } from '../http/connection-manager.ts';
import { type Downstream, Exchange } from '../http/exchange.ts';
import {
  BODY_TIMEOUT,
  type Failure,
  HEADERS_TIMEOUT,
  STREAM_IDLE,
  STREAM_IDLE_UPSTREAM,
  VERSION_TOO_OLD,
} from '../http/failure.ts';
import type { Trailers } from '../http/header-field.ts';
import type { ResponseHead } from '../http/message.ts';
import type { ConnectionInfo } from '../net/connection-info.ts';
import type { Loop } from '../net/loop.ts';
import type { ConnectionOwner, ServedConnection } from '../net/service.ts';
import type { Transport, TransportHandler } from '../net/transport.ts';
import { AnswerWriter } from './answer-writer.ts';
import type { BodyRelay } from './body-relay.ts';
import type { Http1Limits } from './limits.ts';
import type { MessageHead } from './message-head.ts';
import { ReadGate } from './read-gate.ts';
import { RequestReader, type RequestSink } from './request-reader.ts';
import { countTimeout, ServerTimers, type TimedConnection, type TimeoutKind } from './server-timers.ts';

export class Http1ServerConnection
  implements TransportHandler, ServedConnection, RequestSink, Downstream, TimedConnection
{
  readonly connection: ConnectionInfo;
  readonly #loop: Loop;
  readonly #manager: ConnectionManager;
  readonly #owner: ConnectionOwner;
  readonly #head: MessageHead;
  readonly #reader: RequestReader;
  #transport!: Transport;
  #exchange: Exchange | null = null;
  readonly #gate = new ReadGate();
  #peerEnded = false;
  #draining = false;
  /** An answer was 101: HTTP has ended on this connection. */
  #upgraded = false;
  readonly #timers: ServerTimers;
  readonly #answers: AnswerWriter;
  requests = 0;

  constructor(
    loop: Loop,
    manager: ConnectionManager,
    limits: Http1Limits,
    head: MessageHead,
    info: ConnectionInfo,
    owner: ConnectionOwner,
  ) {
    this.#loop = loop;
    this.#manager = manager;
    this.#head = head;
    this.#owner = owner;
    const { config, stats } = manager;
    this.#reader = new RequestReader(loop, limits, head, this, stats.limits, config.http1.enableTrailers);
    this.connection = info;
    this.#timers = new ServerTimers(loop, manager.config, this);
    this.#answers = new AnswerWriter(loop, manager.stats);
    countOpened(stats, 'http1');
  }

  attach(transport: Transport): void {
    this.#transport = transport;
    this.#answers.attach(transport);
    this.#gate.attach(transport);
    this.#timers.start();
  }

  /** Another codec takes the connection over before anything of it was read: it was never one of this kind. */
  handOver(): void {
    this.#timers.stop();
    countHandedOver(this.#manager.stats, 'http1');
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Transport

  onBytes(buffer: Buffer, start: number, end: number): void {
    this.#manager.stats.cxRxBytes += end - start;
    this.#reader.feed(buffer, start, end);
  }

  onEnd(): void {
    this.#peerEnded = true;
    const exchange = this.#exchange;
    if (exchange === null) {
      this.#reader.stop();
      this.#transport.end();
      return;
    }
    if (exchange.tunnel) {
      exchange.receiveBody(EMPTY, 0, 0, true);
      if (exchange.ended) this.#finish();
    } else {
      // A client that ends its side before it was answered has given up, as in Envoy: its endpoint need not go on.
      exchange.clientGone();
      this.#transport.destroy();
    }
  }

  onWritable(): void {
    this.#timers.lastActivityMs = this.#loop.nowMs;
    this.#exchange?.upstream?.resumeResponse();
  }

  onClose(): void {
    this.#timers.stop();
    this.#reader.stop();
    const exchange = this.#exchange;
    this.#exchange = null;
    exchange?.clientGone();
    if (this.#upgraded) this.#manager.stats.cxUpgradesActive--;
    countClosed(this.#manager.stats, 'http1');
    this.#owner.onClosed(this);
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Time

  get busy(): boolean {
    return this.#exchange !== null;
  }

  get acceptsChunked(): boolean {
    return this.#answers.acceptsChunked;
  }

  get acceptsTrailers(): boolean {
    return this.acceptsChunked && this.#manager.config.http1.enableTrailers;
  }

  get protocol(): string {
    return this.acceptsChunked ? 'HTTP/1.1' : 'HTTP/1.0';
  }

  get queuedBytes(): number {
    return this.#transport.queuedBytes;
  }

  armTimeout(delayMs: number): void {
    this.#timers.armResponse(delayMs);
  }

  onTimeout(kind: TimeoutKind): void {
    const exchange = this.#exchange;
    if (kind === 'stream-idle' && (exchange === null || exchange.ownIdleTimeout)) return;
    if (kind !== 'lifetime' || !this.#draining) countTimeout(this.#manager.stats, kind);
    switch (kind) {
      case 'response':
        exchange?.onTimeout();
        return;
      case 'headers':
        this.#giveUp(HEADERS_TIMEOUT);
        return;
      case 'head-idle':
        this.#giveUp(STREAM_IDLE);
        return;
      case 'request':
        if (exchange === null) this.#giveUp(BODY_TIMEOUT);
        else exchange.fail(BODY_TIMEOUT);
        return;
      case 'stream-idle':
        exchange?.fail(this.#reader.inBody ? STREAM_IDLE : STREAM_IDLE_UPSTREAM);
        return;
      case 'idle':
        this.#closePolitely();
        return;
      case 'lifetime':
        if (!this.#draining) this.retire();
        else if (exchange === null) this.#closePolitely();
        return;
      case 'linger':
        this.#transport.destroy();
    }
  }

  /** Closes behind the answer in flight or the next one; without any, after the drain timeout or `idleMs`, the later of both. */
  retire(idleMs = 0): void {
    if (this.#draining) return;
    this.#draining = true;
    this.#timers.armLifetime(Math.max(this.#manager.config.drainTimeoutMs, idleMs));
  }

  /** Closes after the answer in flight, or now when there is none. */
  drain(): void {
    this.#draining = true;
    if (this.#exchange === null && !this.#reader.hasPending) this.#closePolitely();
  }

  finish(): void {
    const exchange = this.#exchange;
    if (exchange !== null && !exchange.tunnel) return;
    // Both peers of a tunnel get what was sent and a regular end.
    exchange?.receiveBody(EMPTY, 0, 0, true);
    this.#closePolitely();
  }

  destroy(): void {
    this.#transport.destroy();
  }
  // -------------------------------------------------------------------------------------------------------------------
  // Requests

  onRequest(head: MessageHead, body: BodyRelay): void {
    const { config } = this.#manager;
    const { nowMs } = this.#loop;
    this.#timers.lastActivityMs = nowMs;
    this.#timers.headComplete();
    if (body.done) this.#timers.requestComplete();
    else this.#timers.requestIncomplete();
    this.requests++;
    this.#answers.acceptsChunked = head.minor === 1;
    const worn = config.maxRequestsPerConnection > 0 && this.requests >= config.maxRequestsPerConnection;
    if (worn) this.#manager.stats.cxMaxRequestsReached++;
    this.#answers.closeAfter = head.close || this.#draining || worn || this.#manager.leaving;
    const exchange = new Exchange(this.#manager, this, head, body.buffer, body.start, body.end, body.done, nowMs);
    exchange.trailers = body.trailers;
    this.#exchange = exchange;
    const expects = head.expectContinue && head.minor === 1 && !config.proxy100Continue;
    if (expects) head.drop(head.expectLine);
    if (head.minor === 0 && !config.http1.acceptHttp10) this.#manager.refuse(exchange, VERSION_TOO_OLD);
    else this.#manager.begin(exchange);
    // Here, so that an endpoint's silence cannot stall the client; not behind an answer (RFC 9110 section 10.1.1).
    if (expects && this.#exchange === exchange && this.#reader.inBody) this.#answers.continue();
  }

  onBody(body: BodyRelay): void {
    this.#timers.lastActivityMs = this.#loop.nowMs;
    if (body.done) this.#timers.requestComplete();
    if (this.#exchange === null) return;
    this.#exchange.trailers = body.trailers;
    this.#exchange.receiveBody(body.buffer, body.start, body.end, body.done);
  }

  onPartialHead(): void {
    this.#timers.headIncomplete();
  }

  onFlood(): void {
    if (this.#gate.flood()) this.#manager.stats.limits.pipelineFull++;
  }

  onInvalid(failure: Failure): void {
    this.#manager.stats.cxProtocolError++;
    // When its head has gone upstream already, the endpoint's connection is cut, too.
    if (this.#exchange === null) this.#refuse(failure);
    else {
      this.#answers.closeAfter = true;
      this.#exchange.fail(failure);
    }
  }

  /** A head that does not come. What was read last, perhaps of another client, has no part in the answer. */
  #giveUp(failure: Failure): void {
    this.#head.reset(EMPTY, 0);
    this.#refuse(failure);
  }

  /** A request that cannot be read: answered, and nothing more is read from this client. */
  #refuse(failure: Failure): void {
    this.#reader.stop();
    this.#answers.closeAfter = true;
    this.#timers.headComplete();
    const exchange = new Exchange(this.#manager, this, this.#head, EMPTY, 0, 0, true, this.#loop.nowMs);
    this.#exchange = exchange;
    this.#manager.refuse(exchange, failure);
  }

  pauseRequest(): void {
    this.#gate.pause();
  }

  resumeRequest(): void {
    this.#gate.resume();
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Answers

  sendHead(head: ResponseHead, buffer: Buffer, start: number, end: number, done: boolean): void {
    this.#timers.lastActivityMs = this.#loop.nowMs;
    this.#timers.requestComplete();
    // Whole answers to half a request: it will not be read to its end.
    if (this.#draining || (done && this.#reader.inBody)) this.#answers.closeAfter = true;
    const exchange = this.#exchange!;
    this.#answers.head(head, exchange.isHead, buffer, start, end);
    if (done) this.#finish();
    else this.#throttle();
    if (exchange.tunnel) this.#openTunnel();
  }

  /** The answer was 101: what the client sends from here on belongs to the other protocol. */
  #openTunnel(): void {
    countUpgrade(this.#manager.stats);
    this.#upgraded = true;
    this.#answers.closeAfter = true;
    this.#reader.openTunnel();
    this.#gate.open();
  }

  sendBody(buffer: Buffer, start: number, end: number, done: boolean): void {
    this.#timers.lastActivityMs = this.#loop.nowMs;
    this.#answers.body(buffer, start, end);
    if (!done) this.#throttle();
    else if (this.#exchange!.tunnel && !this.#exchange!.requestDone) this.#transport.end();
    else this.#finish();
  }

  sendTrailers(trailers: Trailers): void {
    this.#timers.lastActivityMs = this.#loop.nowMs;
    this.#answers.trailers(trailers, this.acceptsTrailers);
    this.#finish();
  }

  sendLocal(status: number, headers: string, body: string): void {
    this.#timers.requestComplete();
    if (this.#reader.inBody || this.#draining) this.#answers.closeAfter = true;
    this.#answers.local(status, headers, body, this.#exchange!.isHead);
    this.#finish();
  }

  sendInterim(head: ResponseHead): void {
    // The client has had its 100 from here already.
    if (head.status !== 100 || this.#manager.config.proxy100Continue) this.#answers.interim(head);
  }

  abort(): void {
    this.#reader.stop();
    this.#exchange = null;
    this.#gate.open();
    // A FIN in front of the announced length or the last chunk is a truncation. Towards HTTP/1.0 it would look like the
    // regular end of a body that runs to the close; a reset cannot be mistaken.
    if (this.#answers.acceptsChunked) this.#transport.end();
    else this.#transport.reset();
    this.#linger();
  }

  #throttle(): void {
    if (this.#transport.congested) this.#exchange?.upstream?.pauseResponse();
  }

  /** The answer is complete. Goes on with the next request, or closes. */
  #finish(): void {
    this.#exchange = null;
    this.#timers.lastActivityMs = this.#loop.nowMs;
    // A drain that came after the head went out has not been announced: a request that is here already is still served.
    const drained = this.#draining && !this.#reader.hasPending;
    if (this.#answers.closeAfter || this.#reader.inBody || drained) this.#closePolitely();
    else this.#goOn();
  }

  #goOn(): void {
    this.#reader.next();
    this.#gate.resume();
    if (!this.#reader.flooded) this.#gate.ebb();
    // In a turn of its own, so that a client that pipelines neither grows the stack nor starves others.
    if (this.#reader.hasPending) setImmediate(() => this.#readPending());
  }

  #readPending(): void {
    this.#loop.refresh();
    this.#reader.readPending();
    if (!this.#reader.flooded) this.#gate.ebb();
  }

  /**
   * Sends a FIN and reads on for a moment: closing with unread bytes would make the kernel send a reset, which can
   * destroy the answer on its way (RFC 9112 section 9.6).
   */
  #closePolitely(): void {
    this.#reader.stop();
    this.#gate.open();
    this.#transport.end();
    this.#linger();
  }

  /** Waits for the client to take what was written, and to close. */
  #linger(): void {
    const { delayedCloseTimeoutMs } = this.#manager.config;
    // Nobody is left who could close first, or nobody shall be waited for.
    if (this.#peerEnded || delayedCloseTimeoutMs === 0) this.#transport.destroyWhenWritten();
    if (delayedCloseTimeoutMs > 0) this.#timers.linger();
  }
}

const EMPTY = Buffer.alloc(0);
