/**
 * One request on an HTTP/2 connection to an endpoint, and its answer.
 *
 *   send ─► HEADERS, DATA … ─► interim* ─► head ─► DATA … ─► end or trailers
 *
 * An answer that breaks the rules of HTTP is a reset of its own stream; others on the connection go on.
 */

import type { BodyConverter } from '../http/body-converter.ts';
import {
  type Failure,
  UPSTREAM_PROTOCOL,
  UPSTREAM_REFUSED,
  UPSTREAM_RESET,
  UPSTREAM_STREAM_CUT,
  UPSTREAM_STREAM_RESET,
  UPSTREAM_TRUNCATED,
} from '../http/failure.ts';
import type { Framing } from '../http/message.ts';
import type { OutgoingRequest } from '../http/outgoing-request.ts';
import type { ResponseReceiver, UpstreamStream } from '../http/upstream-stream.ts';
import { ERROR } from './frames/frames.ts';
import type { Field } from './hpack/field.ts';
import { HTTP2_LIMITS } from './limits.ts';
import type { FieldCollector } from './message/field-collector.ts';
import { Http2Outgoing } from './message/outgoing.ts';
import { Http2ResponseHead } from './message/response-head.ts';
import { readResponse } from './message/response-rules.ts';
import type { Http2Session } from './session.ts';
import { Http2Stream } from './stream.ts';

const EMPTY = Buffer.alloc(0);

/** The connection to the endpoint. */
export interface ClientStreamOwner extends Http2Session<Http2ClientStream> {
  readonly localAddress: string;
  readonly collector: FieldCollector;
  /** Of requests that do not say it themselves. */
  readonly scheme: string;
  /** Frames an answer, or unframes a request, for HTTP/1.1. */
  chunker(): BodyConverter;
  dechunker(): BodyConverter;
  /** What an HTTP/1.1 client expects of a WebSocket and HTTP/2 does not have. */
  completeUpgrade(head: Http2ResponseHead, request: Http2Outgoing): void;
  countInterims(): void;
  malformedAnswer(stream: Http2ClientStream): void;
  /** Calls `releaseHead` when the current read has been looked at. */
  holdHead(stream: Http2ClientStream): void;
}

export class Http2ClientStream extends Http2Stream implements UpstreamStream {
  readonly protocol = 'HTTP/2';
  readonly #session: ClientStreamOwner;
  #receiver: ResponseReceiver | null = null;
  #outgoing: Http2Outgoing | null = null;
  /** Takes the chunks off a request that was put together for HTTP/1.1, or puts them around an answer for it. */
  #dechunker: BodyConverter | null = null;
  #chunker: BodyConverter | null = null;
  #headSeen = false;
  /** A head that waits for the body behind it, as long as the current read is looked at. */
  #heldHead: Http2ResponseHead | null = null;
  /** The endpoint agreed to another protocol: each side ends for itself. */
  #tunnel = false;
  #interims = 0;

  constructor(session: ClientStreamOwner, id: number, sendWindow: number, receiveWindow: number) {
    super(id, sendWindow, receiveWindow);
    this.#session = session;
  }

  get localAddress(): string {
    return this.#session.localAddress;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // The request

  /** HOT. */
  send(receiver: ResponseReceiver, request: OutgoingRequest, done: boolean): void {
    const session = this.#session;
    this.#receiver = receiver;
    const outgoing = request instanceof Http2Outgoing ? request : this.#convert(request);
    this.#outgoing = outgoing;
    outgoing.joinBody();
    const { list, body, bodyStart, bodyEnd, trailers } = outgoing;
    const opens = receiver.upgrades || receiver.connects;
    const ends = done && !opens;
    session.outbound.headers(this, list, list.length, ends && bodyEnd === bodyStart && trailers === '');
    if (bodyEnd > bodyStart) session.outbound.data(this, body, bodyStart, bodyEnd, ends && trailers === '');
    if (ends && trailers !== '') this.#sendTrailers(trailers);
  }

  /** Text for HTTP/1.1 where TLS has chosen HTTP/2 later. */
  #convert(request: OutgoingRequest): Http2Outgoing {
    const text = request.toHttp1();
    const outgoing = Http2Outgoing.ofText(this.#session.collector, request, this.#session.scheme);
    const bodyAt = text.indexOf('\r\n\r\n') + 4;
    const body = Buffer.from(text.slice(bodyAt), 'latin1');
    if (/\r\ntransfer-encoding:/i.test(text.slice(0, bodyAt))) this.#dechunker = this.#session.dechunker();
    const { buffer, start, end } = this.#unchunked(body, 0, body.length);
    outgoing.body = buffer;
    outgoing.bodyStart = start;
    outgoing.bodyEnd = end;
    return outgoing;
  }

  #unchunked(buffer: Buffer, start: number, end: number): { buffer: Buffer; start: number; end: number } {
    const dechunker = this.#dechunker;
    if (dechunker === null) return { buffer, start, end };
    dechunker.convert(buffer, start, end, false, '');
    return dechunker;
  }

  sendBody(buffer: Buffer, start: number, end: number, done: boolean): void {
    if (this.closed) return;
    if (this.#dechunker !== null) {
      const piece = this.#unchunked(buffer, start, end);
      this.#sendBody(piece.buffer, piece.start, piece.end, done);
    } else this.#sendBody(buffer, start, end, done);
  }

  #sendBody(buffer: Buffer, start: number, end: number, done: boolean): void {
    const trailers = done ? this.#outgoing!.trailers : '';
    const last = done && trailers === '';
    if (end > start || last) this.#session.outbound.data(this, buffer, start, end, last);
    if (trailers !== '') this.#sendTrailers(trailers);
  }

  #sendTrailers(lines: string): void {
    const { collector } = this.#session;
    collector.start();
    collector.text(lines);
    this.#session.outbound.trailers(this, collector.fields, collector.count);
  }

  cancel(): void {
    this.#receiver = null;
    // Both sides of a tunnel have ended: what was written last is still on its way.
    if (this.remoteEnded && (this.localEnded || this.endQueued)) return;
    this.#session.reset(this, ERROR.cancel);
  }

  pause(): void {
    this.readPaused = true;
  }

  resume(): void {
    if (!this.readPaused) return;
    this.readPaused = false;
    this.#session.replenish(this);
  }

  onDrained(): void {
    this.#receiver?.onWritable();
  }

  onLocalEnd(): void {}

  // -------------------------------------------------------------------------------------------------------------------
  // The answer

  /** A header block; true when it was in order. */
  onAnswer(fields: readonly Field[], count: number, endStream: boolean): boolean {
    const facts = readResponse(fields, count);
    if (facts === null) return false;
    const { status, lines, contentLength } = facts;
    const receiver = this.#receiver;
    const agreed = status >= 200 && status < 300;
    if (status < 200) return this.#onInterim(status, lines, endStream);
    this.#headSeen = true;
    if (receiver === null) return true;
    const tunnel = agreed && !endStream && (receiver.upgrades || receiver.connects);
    const lengthless = receiver.isHead || status === 204 || status === 304;
    // What has no body may tell the length that it would have (RFC 9110 section 8.6).
    if (endStream && contentLength > 0 && !lengthless) return false;
    if (!tunnel) this.bodyLeft = lengthless ? 0 : contentLength;
    const framing: Framing = endStream || tunnel || lengthless ? 'none' : contentLength >= 0 ? 'length' : 'close';
    const shown = tunnel && receiver.upgrades ? 101 : status;
    const head = new Http2ResponseHead(shown, lines, framing, contentLength, tunnel, lengthless);
    if (tunnel && receiver.upgrades) this.#session.completeUpgrade(head, this.#outgoing!);
    if (framing === 'close' && receiver.acceptsChunked) this.#chunker = this.#session.chunker();
    this.#tunnel = tunnel;
    // The body usually came with it: towards HTTP/1.1 both go out in one write.
    if (!endStream && !tunnel && receiver.acceptsChunked) {
      this.#heldHead = head;
      this.#session.holdHead(this);
      return true;
    }
    if (endStream) this.#receiver = null;
    receiver.onHead(head, EMPTY, 0, 0, endStream);
    if (endStream) this.#stopRequest();
    return true;
  }

  /** Everything that was read has been looked at: a head without a body yet goes on alone. */
  releaseHead(): void {
    const head = this.#heldHead;
    if (head === null) return;
    this.#heldHead = null;
    this.#receiver?.onHead(head, EMPTY, 0, 0, false);
  }

  #onInterim(status: number, lines: Field[], endStream: boolean): boolean {
    // RFC 9113 section 8.6: there is no upgrade by 101.
    if (status === 101 || endStream || this.#headSeen) return false;
    if (++this.#interims > HTTP2_LIMITS.interimResponses) {
      this.#session.countInterims();
      return false;
    }
    this.#receiver?.onInterim(new Http2ResponseHead(status, lines, 'none', -1, false, true));
    return true;
  }

  get headSeen(): boolean {
    return this.#headSeen;
  }

  /** What follows the head is not HTTP: there are no trailers (RFC 9113 section 8.5). */
  get tunnel(): boolean {
    return this.#tunnel;
  }

  onData(buffer: Buffer, start: number, end: number, last: boolean): void {
    const receiver = this.#receiver;
    if (receiver === null) return;
    if (!this.#headSeen) {
      this.#session.malformedAnswer(this);
      return;
    }
    // The other side of a tunnel goes on, and has to hear of its end.
    if (last && !this.#tunnel) this.#receiver = null;
    const chunker = this.#chunker;
    if (chunker === null) this.#handOver(receiver, buffer, start, end, last);
    else {
      chunker.convert(buffer, start, end, last, '');
      this.#handOver(receiver, chunker.buffer, chunker.start, chunker.end, last);
    }
    if (last) this.#stopRequest();
  }

  #handOver(receiver: ResponseReceiver, buffer: Buffer, start: number, end: number, last: boolean): void {
    const head = this.#heldHead;
    this.#heldHead = null;
    if (head === null) receiver.onBody(buffer, start, end, last);
    else receiver.onHead(head, buffer, start, end, last);
  }

  onTrailers(fields: readonly Field[], count: number): void {
    this.releaseHead();
    const receiver = this.#receiver;
    this.#receiver = null;
    receiver?.onTrailers(fields.slice(0, count));
    this.#stopRequest();
  }

  /** The answer is complete: where the request is not, nobody will send the rest of it. */
  #stopRequest(): void {
    if (!this.#tunnel && !this.localEnded && !this.endQueued) this.#session.reset(this, ERROR.cancel);
  }

  onMalformed(): void {
    this.#end(this.#answered ? UPSTREAM_TRUNCATED : UPSTREAM_PROTOCOL);
  }

  onReset(code: number): void {
    if (this.#answered) this.#end({ ...UPSTREAM_STREAM_CUT, resetCode: code });
    else if (code === ERROR.refusedStream) this.#end(UPSTREAM_REFUSED);
    else this.#end(UPSTREAM_STREAM_RESET);
  }

  /** The connection has gone; `processed` is false when the endpoint has said that it did not look at the request. */
  onConnectionLost(processed: boolean): void {
    if (this.#answered) this.#end(UPSTREAM_TRUNCATED);
    else this.#end(processed ? UPSTREAM_RESET : UPSTREAM_REFUSED);
  }

  /** A head that is still held has not been heard of. */
  get #answered(): boolean {
    return this.#headSeen && this.#heldHead === null;
  }

  #end(failure: Failure): void {
    const receiver = this.#receiver;
    this.#heldHead = null;
    this.#receiver = null;
    receiver?.onReset(failure);
  }
}
