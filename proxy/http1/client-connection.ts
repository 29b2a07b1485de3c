/**
 * One HTTP/1.1 connection to an endpoint, one request at a time.
 *
 *   state        next            bytes that come
 *   connecting   idle, closed    none
 *   idle         busy, closed    nobody asked: the connection is closed
 *   busy         idle, tunnel,   head, then body by its framing (RFC 9112 section 6.3)
 *                closed
 *   tunnel       closed          another protocol, after a 101 that was asked for; each side ends for itself
 *   closed       -               none
 *
 * A hostile or broken endpoint can end its own connection, never confuse two answers: bytes behind an answer, an answer
 * nobody asked for, or an unreadable one close the connection.
 */
import { hostPortText } from '../../kernel/host-port.ts';
import { NOWHERE, type Rostered } from '../../kernel/roster.ts';
import { Deadline, type DeadlineOwner } from '../../kernel/timer-wheel.ts';
import type { SocketAddress } from '../config/model/common.ts';
import { LF } from '../http/bytes.ts';
import {
  CONNECT_FAILURE,
  CONNECT_TIMEOUT,
  connectRefusal,
  type Failure,
  UPSTREAM_PROTOCOL,
  UPSTREAM_RESET,
  UPSTREAM_TRUNCATED,
} from '../http/failure.ts';
import { HeaderName } from '../http/header-name.ts';
import type { LimitCounters } from '../http/limit-counters.ts';
import type { OutgoingRequest } from '../http/outgoing-request.ts';
import type { ResponseReceiver, UpstreamStream } from '../http/upstream-stream.ts';
import type { Dialer } from '../net/dial.ts';
import type { Loop } from '../net/loop.ts';
import type { DialHandler, Transport } from '../net/transport.ts';
import { BodyRelay } from './body-relay.ts';
import { countBodyLimit, countHeadLimit } from './count-limits.ts';
import { parseResponseHead } from './head-parser.ts';
import { keepAliveSeconds } from './keep-alive-field.ts';
import { type AnswerWaiter, hearOut, LAST_WORDS_MS } from './last-words.ts';
import { FIXED_LIMITS, type Http1Limits } from './limits.ts';
import type { MessageHead } from './message-head.ts';
import { COMPLETE, INCOMPLETE } from './parse-result.ts';
import { PendingBytes } from './pending-bytes.ts';
import { trailerFields } from './trailers.ts';

/** Whom a connection tells about its life: the pool. */
export interface ClientConnectionOwner {
  onConnected(connection: Http1ClientConnection): void;
  /** The answer is complete and the connection can take another request. */
  onIdle(connection: Http1ClientConnection): void;
  /** Where limits that an answer goes over are counted. */
  readonly counters: LimitCounters;
  /** The endpoint sent what is not HTTP. */
  onProtocolError(): void;
  /** The endpoint keeps idle connections for that many seconds. HOT. */
  onKeepAlive(seconds: number): void;
  /** It is gone; `failure` says why when it never stood. */
  onClosed(connection: Http1ClientConnection, failure: Failure | null): void;
}

type State = 'connecting' | 'idle' | 'busy' | 'tunnel' | 'closed';

export class Http1ClientConnection implements DialHandler, DeadlineOwner, UpstreamStream, AnswerWaiter, Rostered {
  place = NOWHERE;
  readonly protocol = 'HTTP/1.1';
  readonly #loop: Loop;
  readonly #owner: ClientConnectionOwner;
  readonly #limits: Http1Limits;
  readonly #transport: Transport;
  readonly #head: MessageHead;
  readonly #body: BodyRelay;
  readonly #connectDeadline: Deadline;
  #state: State = 'connecting';
  #receiver: ResponseReceiver | null = null;
  /** Bytes of a head that has not arrived completely. */
  #partial: PendingBytes | null = null;
  #headSeen = false;
  #requestDone = true;
  #keepAlive = true;
  #interims = 0;
  /** Why it never stood, should it come to that. */
  #refusal: Failure = CONNECT_FAILURE;
  #readPaused = false;
  /** The endpoint takes no more of this request. */
  #writeFailed = false;
  /** Since when nothing was asked of it, for the pool's idle timeout. */
  idleSinceMs = 0;
  readonly dialledMs: number;
  requests = 0;
  rxBytes = 0;
  txBytes = 0;

  constructor(
    loop: Loop,
    dialer: Dialer,
    address: SocketAddress,
    connectTimeoutMs: number,
    limits: Http1Limits,
    owner: ClientConnectionOwner,
    head: MessageHead,
  ) {
    this.#loop = loop;
    this.#owner = owner;
    this.#limits = limits;
    this.#head = head;
    this.#body = new BodyRelay(loop.body);
    this.dialledMs = loop.nowMs;
    this.#connectDeadline = new Deadline(this);
    this.#transport = dialer.dial(address, this, null);
    hearOut(this.#transport, this);
    loop.wheel.arm(this.#connectDeadline, connectTimeoutMs);
  }

  get congested(): boolean {
    return this.#transport.congested;
  }

  /** This end of it, for logs. */
  get localAddress(): string {
    const { localAddress, localPort } = this.#transport;
    return hostPortText({ host: localAddress, port: localPort });
  }

  /** Sends a request. Only while idle. HOT. */
  send(receiver: ResponseReceiver, request: OutgoingRequest, done: boolean): void {
    const text = request.toHttp1();
    this.#state = 'busy';
    this.#receiver = receiver;
    this.#headSeen = false;
    this.#requestDone = done;
    this.#keepAlive = true;
    this.#interims = 0;
    this.requests++;
    this.txBytes += text.length;
    this.#transport.write(text);
  }

  sendBody(buffer: Buffer, start: number, end: number, done: boolean): void {
    this.#requestDone = done;
    this.txBytes += end - start;
    if (end > start && !this.#writeFailed) this.#transport.writeBytes(buffer, start, end);
    if (done && this.#state === 'tunnel') this.#transport.end();
  }

  cancel(): void {
    this.#receiver = null;
    // Both sides of a tunnel have ended: what was written last is still on its way.
    if (this.#state === 'tunnel' && this.#requestDone && this.#body.done) {
      this.#end(null, true);
      return;
    }
    // The rest of the answer would have to be read and thrown away; a new connection is cheaper and safer.
    this.#end(null);
  }

  pause(): void {
    this.#readPaused = true;
    this.#transport.pause();
  }

  resume(): void {
    if (!this.#readPaused) return;
    this.#readPaused = false;
    this.#transport.resume();
  }

  /** Ends it now. A request in flight is reset. */
  close(): void {
    this.#end(UPSTREAM_RESET);
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Transport

  onConnected(): void {
    this.#loop.wheel.disarm(this.#connectDeadline);
    this.#state = 'idle';
    this.idleSinceMs = this.#loop.nowMs;
    this.#owner.onConnected(this);
  }

  onDeadline(): void {
    if (this.#state !== 'connecting') {
      this.#end(this.#headSeen ? UPSTREAM_TRUNCATED : UPSTREAM_RESET);
      return;
    }
    this.#refusal = CONNECT_TIMEOUT;
    this.#end(null);
  }

  get awaitsAnswer(): boolean {
    return this.#receiver !== null && !this.#writeFailed;
  }

  onWriteFailed(): void {
    this.#writeFailed = true;
    this.#keepAlive = false;
    this.#loop.wheel.arm(this.#connectDeadline, LAST_WORDS_MS);
  }

  onBytes(buffer: Buffer, start: number, end: number): void {
    this.rxBytes += end - start;
    if (this.#receiver === null) this.#end(null);
    else if (this.#headSeen) this.#onBody(buffer, start, end);
    else this.#onHeadBytes(buffer, start, end);
  }

  onEnd(): void {
    const receiver = this.#receiver;
    if (this.#state === 'tunnel') {
      this.#body.finishAtClose();
      receiver?.onBody(EMPTY, 0, 0, true);
      return;
    }
    if (receiver !== null && this.#headSeen && this.#body.finishAtClose()) {
      const { buffer, start, end } = this.#body;
      this.#receiver = null;
      receiver.onBody(buffer, start, end, true);
    }
    this.#end(this.#headSeen ? UPSTREAM_TRUNCATED : UPSTREAM_RESET);
  }

  onWritable(): void {
    this.#receiver?.onWritable();
  }

  onClose(error: Error | null): void {
    if (this.#state === 'connecting' && error !== null) this.#refusal = connectRefusal(error);
    this.#end(this.#headSeen ? UPSTREAM_TRUNCATED : UPSTREAM_RESET);
  }

  /** It is over: the owner learns it now, not when the socket has closed, or it could hand out a dead connection. */
  #end(failure: Failure | null, whenWritten = false): void {
    if (this.#state === 'closed') return;
    const refusal = this.#state === 'connecting' ? this.#refusal : null;
    this.#state = 'closed';
    this.#loop.wheel.disarm(this.#connectDeadline);
    const receiver = this.#receiver;
    this.#receiver = null;
    this.#partial = null;
    if (whenWritten) this.#transport.destroyWhenWritten();
    else this.#loop.closings.close(this.#transport);
    this.#owner.onClosed(this, refusal);
    if (failure !== null) receiver?.onReset(failure);
  }

  /** What came is not HTTP. */
  #refuse(failure: Failure): void {
    this.#owner.onProtocolError();
    this.#end(failure);
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Answers

  #onHeadBytes(buffer: Buffer, start: number, end: number): void {
    const partial = this.#partial;
    if (partial === null) {
      this.#parse(buffer, start, end);
      return;
    }
    partial.append(buffer, start, end);
    // Only a line's end can complete a head: see the reader of requests.
    const worthIt = buffer.subarray(start, end).includes(LF) || partial.length > this.#limits.headBytes;
    if (worthIt) this.#parse(partial.buffer, partial.start, partial.end);
  }

  #parse(buffer: Buffer, start: number, end: number): void {
    const head = this.#head;
    const result = parseResponseHead(head, buffer, start, end, this.#limits);
    if (result === INCOMPLETE) {
      if (this.#partial === null) this.#partial = new PendingBytes(buffer, start, end);
      else this.#partial.consumeTo(start);
      return;
    }
    if (result !== COMPLETE) {
      countHeadLimit(this.#owner.counters, result);
      this.#refuse(UPSTREAM_PROTOCOL);
      return;
    }
    if (this.#receiver!.connects && head.status >= 200 && head.status < 300) this.#openTunnel(head, buffer, end);
    else if (head.status < 200) this.#onInterim(head, buffer, end);
    else {
      this.#partial = null;
      this.#onFinalHead(head, buffer, end);
    }
  }

  #onInterim(head: MessageHead, buffer: Buffer, end: number): void {
    const next = head.end;
    if (head.status === 101 && this.#receiver!.upgrades && head.upgrade) {
      this.#openTunnel(head, buffer, end);
      return;
    }
    // A 101 that nobody asked for would end HTTP here for one side only; interim answers without end are an attack.
    const endless = ++this.#interims > FIXED_LIMITS.interimResponses;
    if (head.status === 101 || endless) {
      if (endless) this.#owner.counters.tooManyInterim++;
      this.#refuse(UPSTREAM_PROTOCOL);
      return;
    }
    this.#receiver!.onInterim(head);
    if (this.#receiver === null) return;
    if (next < end) this.#parse(buffer, next, end);
    else this.#partial = null;
  }

  #openTunnel(head: MessageHead, buffer: Buffer, end: number): void {
    this.#state = 'tunnel';
    this.#headSeen = true;
    this.#requestDone = false;
    this.#keepAlive = false;
    this.#partial = null;
    this.#body.begin('close', 0, false);
    this.#body.feed(buffer, head.end, end);
    head.tunnel = true;
    if (head.status === 101) head.add('upgrade', head.upgradeValue);
    else {
      // What they say means nothing in an answer to CONNECT (RFC 9110 section 9.3.6).
      head.remove(CONTENT_LENGTH);
      head.remove(TRANSFER_ENCODING);
      head.framing = 'none';
    }
    this.#receiver!.onHead(head, this.#body.buffer, this.#body.start, this.#body.end, false);
  }

  #onFinalHead(head: MessageHead, buffer: Buffer, end: number): void {
    const receiver = this.#receiver!;
    const framing = receiver.isHead ? 'none' : head.framing;
    if (head.close || framing === 'close') this.#keepAlive = false;
    else if (head.keepAliveLine >= 0) this.#tellKeepAlive(head, head.keepAliveLine);
    this.#headSeen = true;
    const body = this.#body;
    const { acceptsTrailers } = receiver;
    if (acceptsTrailers) head.restore('trailer');
    body.begin(framing, head.contentLength, receiver.acceptsChunked, acceptsTrailers, head.nominated);
    const used = body.feed(buffer, head.end, end);
    if (used < 0) {
      countBodyLimit(this.#owner.counters, body.limit);
      this.#refuse(UPSTREAM_PROTOCOL);
      return;
    }
    // Bytes behind the answer belong to nothing: use the answer, not the connection.
    if (body.done && head.end + used < end) this.#keepAlive = false;
    const done = body.done;
    if (done) this.#receiver = null;
    const apart = this.#trailersApart(receiver);
    receiver.onHead(head, body.buffer, body.start, body.end, done && !apart);
    if (apart) receiver.onTrailers(trailerFields(body.trailers));
    if (done) this.#finish();
  }

  #tellKeepAlive(head: MessageHead, line: number): void {
    const seconds = keepAliveSeconds(head.buffer, head.valueStart(line), head.valueEnd(line));
    if (seconds >= 0) this.#owner.onKeepAlive(seconds);
  }

  #onBody(buffer: Buffer, start: number, end: number): void {
    const receiver = this.#receiver!;
    const body = this.#body;
    const used = body.feed(buffer, start, end);
    if (used < 0) {
      countBodyLimit(this.#owner.counters, body.limit);
      this.#refuse(UPSTREAM_TRUNCATED);
      return;
    }
    if (body.done && start + used < end) this.#keepAlive = false;
    const done = body.done;
    if (done) this.#receiver = null;
    const apart = this.#trailersApart(receiver);
    receiver.onBody(body.buffer, body.start, body.end, done && !apart);
    if (apart) receiver.onTrailers(trailerFields(body.trailers));
    if (done) this.#finish();
  }

  /** Trailers go where the receiver wants them: into the chunks, or true for by themselves. */
  #trailersApart({ acceptsChunked }: ResponseReceiver): boolean {
    if (this.#body.trailers === '') return false;
    if (acceptsChunked) this.#body.appendTrailers();
    return !acceptsChunked;
  }

  /** The answer is complete. The connection is kept only if the request was complete too. */
  #finish(): void {
    if (this.#state !== 'busy') return;
    if (!this.#keepAlive || !this.#requestDone) {
      this.#end(null);
      return;
    }
    if (this.#readPaused) this.resume();
    this.#state = 'idle';
    this.idleSinceMs = this.#loop.nowMs;
    this.#owner.onIdle(this);
  }
}

const CONTENT_LENGTH = new HeaderName('content-length');
const TRANSFER_ENCODING = new HeaderName('transfer-encoding');
const EMPTY = Buffer.alloc(0);
