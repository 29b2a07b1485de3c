/**
 * One HTTP/1.1 connection from a client: parses requests, makes exchanges, writes their answers in order.
 *
 *   reading        bytes that come                        leads to
 *   head           a request head, perhaps in pieces      an exchange begins: body, or done when there is none
 *   body           the body by its framing                done
 *   done           the next request (pipelined): kept     head, when the answer is complete
 *   stopped        thrown away                            the connection closes
 *
 * One exchange at a time: a pipelined request waits until the one before it is answered, so that answers are in order
 * by construction. An error in a later request is found only then, and cannot overtake.
 */
import { Deadline, type DeadlineOwner } from '../../kernel/timer-wheel.ts';
import type { ConnectionManager } from '../http/connection-manager.ts';
import { type Downstream, Exchange } from '../http/exchange.ts';
import {
  BAD_REQUEST,
  CODING_UNKNOWN,
  CONNECT_REFUSED,
  type Failure,
  HEADERS_TIMEOUT,
  HEADERS_TOO_LARGE,
  VERSION_TOO_OLD,
  VERSION_UNKNOWN,
} from '../http/failure.ts';
import { HeaderName } from '../http/header-name.ts';
import type { ResponseHead } from '../http/message.ts';
import { copyWithHeadroom, HEADROOM_BYTES, type Loop } from '../net/loop.ts';
import { STRING_WRITE_BYTES, type Transport, type TransportHandler } from '../net/transport.ts';
import { BodyRelay } from './body-relay.ts';
import { parseRequestHead } from './head-parser.ts';
import { FIXED_LIMITS, type Http1Limits } from './limits.ts';
import type { MessageHead } from './message-head.ts';
import { COMPLETE, INCOMPLETE, PARSE_ERROR_TEXT, ParseError } from './parse-result.ts';
import { reasonPhrase } from './reason-phrase.ts';

type Reading = 'head' | 'body' | 'done' | 'stopped';

const IDLE = 0;
const HEADERS = 1;
const RESPONSE = 2;

/** How long a refused client may still send before the connection is cut: RFC 9112 section 9.6. */
const LINGER_MS = 1_000;

/** The listener, as far as its connections need it. */
export interface ServerConnectionOwner {
  onClosed(connection: Http1ServerConnection): void;
}

export class Http1ServerConnection implements TransportHandler, Downstream, DeadlineOwner {
  readonly remoteAddress: string;
  readonly remotePort: number;
  acceptsChunked = true;
  readonly #loop: Loop;
  readonly #manager: ConnectionManager;
  readonly #limits: Http1Limits;
  readonly #owner: ServerConnectionOwner;
  /** Shared by all connections of the loop: valid within one turn. */
  readonly #head: MessageHead;
  readonly #body: BodyRelay;
  #transport!: Transport;
  #reading: Reading = 'head';
  #exchange: Exchange | null = null;
  /** Bytes that could not be consumed yet: part of a head, or pipelined requests. */
  #kept: Buffer | null = null;
  #closeAfter = false;
  #readPaused = false;
  #peerEnded = false;
  #draining = false;
  #lastActivityMs: number;
  readonly #idle: Deadline;
  readonly #response: Deadline;
  #headers: Deadline | null = null;
  requests = 0;

  constructor(
    loop: Loop,
    manager: ConnectionManager,
    limits: Http1Limits,
    head: MessageHead,
    remote: { readonly address: string; readonly port: number },
    owner: ServerConnectionOwner,
  ) {
    this.#loop = loop;
    this.#manager = manager;
    this.#limits = limits;
    this.#head = head;
    this.#owner = owner;
    this.#body = new BodyRelay(loop.body);
    this.remoteAddress = remote.address;
    this.remotePort = remote.port;
    this.#idle = new Deadline(this, IDLE);
    this.#response = new Deadline(this, RESPONSE);
    this.#lastActivityMs = loop.nowMs;
    manager.stats.cxTotal++;
    manager.stats.cxActive++;
  }

  attach(transport: Transport): void {
    this.#transport = transport;
    const { idleTimeoutMs } = this.#manager.config;
    if (idleTimeoutMs > 0) this.#loop.wheel.arm(this.#idle, idleTimeoutMs);
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Transport

  onBytes(buffer: Buffer, start: number, end: number): void {
    this.#manager.stats.cxRxBytes += end - start;
    switch (this.#reading) {
      case 'head':
        this.#onHeadBytes(buffer, start, end);
        return;
      case 'body':
        this.#onBodyBytes(buffer, start, end);
        return;
      case 'done':
        this.#keep(buffer, start, end);
        return;
      case 'stopped':
        return;
    }
  }

  onEnd(): void {
    this.#peerEnded = true;
    const exchange = this.#exchange;
    if (exchange === null) {
      this.#transport.end();
      return;
    }
    // A client that ends its side before it was answered has given up, as in Envoy: the endpoint's work is cut short.
    exchange.clientGone();
    this.#transport.destroy();
  }

  onWritable(): void {
    this.#exchange?.upstream?.resumeResponse();
  }

  onClose(): void {
    const { wheel } = this.#loop;
    wheel.disarm(this.#idle);
    wheel.disarm(this.#response);
    if (this.#headers !== null) wheel.disarm(this.#headers);
    this.#reading = 'stopped';
    const exchange = this.#exchange;
    this.#exchange = null;
    exchange?.clientGone();
    this.#manager.stats.cxActive--;
    this.#manager.stats.cxDestroy++;
    this.#owner.onClosed(this);
  }

  onDeadline(deadline: Deadline): void {
    this.#loop.refresh();
    switch (deadline.kind) {
      case IDLE:
        this.#onIdleDeadline();
        return;
      case HEADERS:
        this.#manager.stats.rqHeaderTimeout++;
        this.#refuse(HEADERS_TIMEOUT);
        return;
      case RESPONSE:
        this.#exchange?.onTimeout();
        return;
    }
  }

  /** The idle deadline is not moved at every request: it is checked when it comes. */
  #onIdleDeadline(): void {
    const { idleTimeoutMs } = this.#manager.config;
    if (this.#reading === 'stopped') {
      this.#transport.destroy();
      return;
    }
    const leftMs = this.#lastActivityMs + idleTimeoutMs - this.#loop.refresh();
    if (this.#exchange !== null) this.#loop.wheel.arm(this.#idle, idleTimeoutMs);
    else if (leftMs > 0) this.#loop.wheel.arm(this.#idle, leftMs);
    else this.#transport.end();
  }

  /** Closes after the answer in flight, or now when there is none. */
  drain(): void {
    this.#draining = true;
    if (this.#exchange === null && this.#kept === null) this.#transport.end();
  }

  destroy(): void {
    this.#transport.destroy();
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Requests

  #onHeadBytes(chunk: Buffer, from: number, to: number): void {
    let buffer = chunk;
    let start = from;
    let end = to;
    if (this.#kept !== null) {
      buffer = copyWithHeadroom(this.#kept, chunk.subarray(from, to));
      start = HEADROOM_BYTES;
      end = buffer.length;
      this.#kept = null;
    }
    // An empty line in front of a request is a relic that RFC 9112 section 2.2 asks servers to ignore.
    if (end - start >= 2 && buffer[start] === 13 && buffer[start + 1] === 10) start += 2;
    if (start === end) return;
    const head = this.#head;
    const result = parseRequestHead(head, buffer, start, end, this.#limits);
    if (result === INCOMPLETE) {
      this.#kept = Buffer.from(buffer.subarray(start, end));
      this.#armHeadersTimeout();
      return;
    }
    if (this.#headers !== null) this.#loop.wheel.disarm(this.#headers);
    if (result === COMPLETE) this.#begin(head, buffer, end);
    else this.#refuse(refusal(result));
  }

  #armHeadersTimeout(): void {
    const { requestHeadersTimeoutMs } = this.#manager.config;
    if (requestHeadersTimeoutMs === 0) return;
    this.#headers ??= new Deadline(this, HEADERS);
    if (!this.#headers.armed) this.#loop.wheel.arm(this.#headers, requestHeadersTimeoutMs);
  }

  #begin(head: MessageHead, buffer: Buffer, end: number): void {
    const { nowMs } = this.#loop;
    const { config } = this.#manager;
    this.#lastActivityMs = nowMs;
    this.requests++;
    this.acceptsChunked = head.minor === 1;
    this.#closeAfter =
      head.close ||
      this.#draining ||
      (config.maxRequestsPerConnection > 0 && this.requests >= config.maxRequestsPerConnection);
    const body = this.#body;
    body.begin(head.framing, head.contentLength, true);
    const used = body.feed(buffer, head.end, end);
    if (used < 0) {
      this.#refuse(BAD_REQUEST);
      return;
    }
    const next = head.end + used;
    this.#reading = body.done ? 'done' : 'body';
    const exchange = new Exchange(this.#manager, this, head, body.buffer, body.start, body.end, body.done, nowMs);
    this.#exchange = exchange;
    // What follows belongs to the next request. It is put aside first: beginning may answer, which looks for it.
    if (next < end) this.#keep(buffer, next, end);
    if (head.expectLine >= 0) this.#expectContinue(head);
    if (head.minor === 0 && !config.http1.acceptHttp10) exchange.fail(VERSION_TOO_OLD);
    else if (head.method === 'CONNECT') exchange.fail(CONNECT_REFUSED);
    else this.#manager.begin(exchange);
  }

  /** Answers 100-continue here, so that an endpoint's silence cannot stall the client (RFC 9110 section 10.1.1). */
  #expectContinue(head: MessageHead): void {
    if (head.expectContinue && head.minor === 1 && this.#reading === 'body')
      this.#transport.write('HTTP/1.1 100 Continue\r\n\r\n');
    if (head.expectContinue) head.drop(head.expectLine);
  }

  #onBodyBytes(buffer: Buffer, start: number, end: number): void {
    const body = this.#body;
    const exchange = this.#exchange;
    this.#lastActivityMs = this.#loop.nowMs;
    const used = body.feed(buffer, start, end);
    if (used < 0) {
      // The head has gone upstream: the endpoint's connection is cut, the client is told.
      this.#reading = 'stopped';
      this.#closeAfter = true;
      exchange?.fail(BAD_REQUEST);
      return;
    }
    if (body.done) this.#reading = 'done';
    if (exchange !== null) exchange.receiveBody(body.buffer, body.start, body.end, body.done);
    if (start + used < end) this.#keep(buffer, start + used, end);
  }

  /** Puts bytes of later requests aside, and stops reading when there are many. */
  #keep(buffer: Buffer, start: number, end: number): void {
    const bytes = buffer.subarray(start, end);
    this.#kept = this.#kept === null ? Buffer.from(bytes) : Buffer.concat([this.#kept, bytes]);
    if (this.#kept.length >= FIXED_LIMITS.pipelineBytes) this.pauseRequest();
  }

  /** A request that cannot be read: answered, and nothing more is read from this client. */
  #refuse(failure: Failure): void {
    this.#reading = 'stopped';
    this.#closeAfter = true;
    this.#manager.stats.cxProtocolError++;
    const exchange = new Exchange(this.#manager, this, this.#head, EMPTY, 0, 0, true, this.#loop.nowMs);
    this.#exchange = exchange;
    this.#manager.refuse(exchange, failure);
  }

  pauseRequest(): void {
    if (this.#readPaused) return;
    this.#readPaused = true;
    this.#transport.pause();
  }

  resumeRequest(): void {
    if (!this.#readPaused) return;
    this.#readPaused = false;
    this.#transport.resume();
  }

  armTimeout(delayMs: number): void {
    if (delayMs === 0) this.#loop.wheel.disarm(this.#response);
    else this.#loop.wheel.arm(this.#response, delayMs, this.#loop.nowMs);
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Answers

  sendHead(head: ResponseHead, buffer: Buffer, start: number, end: number, done: boolean): void {
    const framing = this.#frameAnswer(head);
    const lines = this.#closeAfter ? `${framing}connection: close\r\n` : framing;
    const { out } = this.#loop;
    if (end - start <= STRING_WRITE_BYTES) this.#write(head.composeResponse(out, lines, buffer, start, end));
    else {
      this.#write(head.composeResponse(out, lines, buffer, start, start));
      this.#writeBytes(buffer, start, end);
    }
    if (done) this.#finish();
    else this.#throttle();
  }

  /** Decides how the body is delimited towards this client, as the body relay frames it; returns the line to add. */
  #frameAnswer(head: ResponseHead): string {
    if (this.acceptsChunked) {
      return head.framing === 'close' && !this.#exchange!.isHead ? 'transfer-encoding: chunked\r\n' : '';
    }
    if (head.framing === 'chunked') head.remove(TRANSFER_ENCODING);
    if (head.framing === 'chunked' || head.framing === 'close') this.#closeAfter = true;
    return '';
  }

  sendBody(buffer: Buffer, start: number, end: number, done: boolean): void {
    if (end > start) this.#writeBytes(buffer, start, end);
    if (done) this.#finish();
    else this.#throttle();
  }

  sendLocal(status: number, headers: string, body: string): void {
    if (this.#reading === 'body') this.#closeAfter = true;
    const close = this.#closeAfter ? 'connection: close\r\n' : '';
    const bodyless = status === 204 || status === 304;
    const length = bodyless ? '' : `content-length: ${Buffer.byteLength(body)}\r\n`;
    const head = `HTTP/1.1 ${status} ${reasonPhrase(status)}\r\n${headers}${length}${close}\r\n`;
    if (this.#exchange!.isHead || bodyless) this.#write(head);
    else this.#write(head + Buffer.from(body, 'utf8').toString('latin1'));
    this.#finish();
  }

  sendInterim(head: ResponseHead): void {
    if (!this.acceptsChunked) return;
    this.#write(head.composeResponse(this.#loop.out, '', EMPTY, 0, 0));
  }

  abort(): void {
    this.#closeAfter = true;
    this.#reading = 'stopped';
    this.#exchange = null;
    // A FIN in front of the announced length or the last chunk is a truncation. Towards HTTP/1.0 it would look like the
    // regular end of a body that runs to the close; a reset cannot be mistaken.
    if (this.acceptsChunked) this.#transport.end();
    else this.#transport.reset();
    this.#loop.wheel.arm(this.#idle, LINGER_MS);
  }

  #write(text: string): void {
    this.#manager.stats.cxTxBytes += text.length;
    this.#transport.write(text);
  }

  #writeBytes(buffer: Buffer, start: number, end: number): void {
    this.#manager.stats.cxTxBytes += end - start;
    this.#transport.writeBytes(buffer, start, end);
  }

  #throttle(): void {
    if (this.#transport.congested) this.#exchange?.upstream?.pauseResponse();
  }

  /** The answer is complete. Goes on with the next request, or closes. */
  #finish(): void {
    this.#exchange = null;
    this.#lastActivityMs = this.#loop.nowMs;
    if (this.#closeAfter || this.#reading === 'body' || this.#draining) {
      this.#closePolitely();
      return;
    }
    this.#reading = 'head';
    if (this.#readPaused) this.resumeRequest();
    // In a turn of its own, so that a client that pipelines cannot grow the stack or starve others.
    if (this.#kept !== null) setImmediate(() => this.#continueKept());
  }

  #continueKept(): void {
    if (this.#kept === null || this.#reading !== 'head') return;
    this.#onHeadBytes(EMPTY, 0, 0);
  }

  /**
   * Sends a FIN and reads on for a moment: closing with unread bytes would make the kernel send a reset, which can
   * destroy the answer on its way (RFC 9112 section 9.6).
   */
  #closePolitely(): void {
    this.#reading = 'stopped';
    this.#kept = null;
    this.resumeRequest();
    this.#transport.end();
    if (this.#peerEnded) this.#transport.destroy();
    else this.#loop.wheel.arm(this.#idle, LINGER_MS);
  }
}

const EMPTY = Buffer.alloc(0);
const TRANSFER_ENCODING = new HeaderName('transfer-encoding');

/** The failure for each ParseError: status by kind, sentence by the rule that was broken. */
const REFUSALS: ReadonlyMap<number, Failure> = new Map(
  Object.values(ParseError).map((error) => {
    const sentence = `The request is not valid: ${PARSE_ERROR_TEXT[error]}.`;
    return [error, { ...refusalKind(error), sentence }];
  }),
);

function refusal(error: number): Failure {
  return REFUSALS.get(error) ?? BAD_REQUEST;
}

function refusalKind(error: number): Failure {
  switch (error) {
    case ParseError.headTooLarge:
    case ParseError.tooManyHeaders:
      return HEADERS_TOO_LARGE;
    case ParseError.startLineTooLong:
      return { ...HEADERS_TOO_LARGE, status: 414 };
    case ParseError.transferEncoding:
      return CODING_UNKNOWN;
    case ParseError.version:
      return VERSION_UNKNOWN;
    default:
      return BAD_REQUEST;
  }
}
