/**
 * One request of an HTTP/2 client, and its answer. The side of the client for an exchange.
 *
 *   HEADERS ─► begin ─► Exchange ─► sendHead, sendBody, sendTrailers, sendLocal ─► frames
 *   DATA ─► receiveBody; held while the request is paused, at most one window of it
 */
import { countUpgrade } from '../http/connection-counters.ts';
import type { ConnectionManager } from '../http/connection-manager.ts';
import { type Downstream, Exchange } from '../http/exchange.ts';
import type { Failure } from '../http/failure.ts';
import { grpcAbortLines } from '../http/grpc-reply.ts';
import type { Trailers } from '../http/header-field.ts';
import { HeaderName } from '../http/header-name.ts';
import type { ResponseHead } from '../http/message.ts';
import { TRAIT_CONNECT, TRAIT_UPGRADE } from '../http/request-traits.ts';
import type { ConnectionInfo } from '../net/connection-info.ts';
import { ERROR } from './frames/frames.ts';
import { type Field, KIND } from './hpack/field.ts';
import type { Http2RequestHead } from './message/request-head.ts';
import type { Http2Session } from './session.ts';
import type { Http2Shared } from './shared.ts';
import { Http2Stream } from './stream.ts';

const EMPTY = Buffer.alloc(0);
const EXPECT = new HeaderName('expect');

/** The connection of the client. */
export interface ServerStreamOwner extends Http2Session<Http2ServerStream> {
  readonly connection: ConnectionInfo;
  readonly manager: ConnectionManager;
  readonly sharedByLoop: Http2Shared;
  /** Some stream has to be looked at by then, in monotonic milliseconds. HOT. */
  wakeBy(dueMs: number): void;
}

export class Http2ServerStream extends Http2Stream implements Downstream {
  readonly protocol = 'HTTP/2';
  readonly acceptsChunked = false;
  readonly acceptsTrailers = true;
  readonly #owner: ServerStreamOwner;
  #exchange: Exchange | null = null;
  /** Of a request that has not begun. */
  #head: Http2RequestHead | null = null;
  /** What came while the request was paused; null while it is not. */
  #held: Buffer[] | null = null;
  #paused = false;
  /** The end of the request came while it was paused. */
  #endHeld = false;
  /** It goes on with another protocol. */
  #upgraded = false;
  /** Answered here, without having been looked at. */
  refused = false;
  /** Monotonic milliseconds; Infinity where nothing is armed. */
  responseDueMs = Infinity;
  requestDueMs = Infinity;
  lastActivityMs = 0;
  /** It is a CONNECT of either kind: it has no trailers (RFC 9113 section 8.5). */
  connects = false;

  constructor(owner: ServerStreamOwner, id: number, sendWindow: number, receiveWindow: number, nowMs: number) {
    super(id, sendWindow, receiveWindow);
    this.#owner = owner;
    this.lastActivityMs = nowMs;
  }

  get connection(): ConnectionInfo {
    return this.#owner.connection;
  }

  get upgraded(): boolean {
    return this.#upgraded;
  }

  /** Its exchange; null when it has been answered. */
  get exchange(): Exchange | null {
    return this.#exchange;
  }

  /** The request has not come completely. */
  get inRequest(): boolean {
    return this.#exchange !== null && !this.#exchange.requestDone;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // From the client

  /**
   * A request whose head is complete. It begins with the first piece of its body, or by `begin` when the read in which it
   * came has been looked at: one that is reset in the same read costs no endpoint anything. HOT.
   */
  open(head: Http2RequestHead): void {
    this.#head = head;
    this.bodyLeft = head.contentLength;
    // What follows a CONNECT of either kind belongs to what it opens, if it does.
    this.connects = (head.traits & (TRAIT_CONNECT | TRAIT_UPGRADE)) !== 0;
    if (!this.connects) return;
    this.pauseRequest();
    this.begin();
  }

  /** Begins the request if it has not begun. HOT. */
  begin(): void {
    if (this.#head !== null) this.#begin(this.#head, EMPTY, 0, 0);
  }

  #begin(head: Http2RequestHead, body: Buffer, start: number, end: number, trailers = ''): void {
    const { manager, sharedByLoop } = this.#owner;
    const { nowMs } = sharedByLoop.loop;
    this.#head = null;
    const exchange = new Exchange(manager, this, head, body, start, end, this.remoteEnded || this.connects, nowMs);
    exchange.trailers = trailers;
    this.#exchange = exchange;
    if (!exchange.requestDone) this.#startRequestTimer(nowMs);
    const expects = !this.remoteEnded && this.#takeExpectation(head);
    manager.begin(exchange);
    if (expects && this.#exchange === exchange) this.#sendStatus(100, false);
  }

  /** A request that cannot be served, answered as any other. */
  refuse(head: Http2RequestHead, failure: Failure, nowMs: number): void {
    const { manager } = this.#owner;
    const exchange = new Exchange(manager, this, head, EMPTY, 0, 0, true, nowMs);
    this.#exchange = exchange;
    this.refused = true;
    manager.refuse(exchange, failure);
  }

  /** Here, so that an endpoint's silence cannot stall the client; true when it is to be answered. */
  #takeExpectation(head: Http2RequestHead): boolean {
    if (this.#owner.manager.config.proxy100Continue) return false;
    const line = head.lines.findIndex((field) => field !== null && field.kind === KIND.expect);
    if (line < 0 || head.value(line).toLowerCase() !== '100-continue') return false;
    head.remove(EXPECT);
    return true;
  }

  onData(buffer: Buffer, start: number, end: number, last: boolean): void {
    this.lastActivityMs = this.#owner.sharedByLoop.loop.nowMs;
    if (this.#head !== null) {
      this.#begin(this.#head, buffer, start, end);
      return;
    }
    const exchange = this.#exchange;
    if (exchange === null) return;
    if (this.#paused) this.#hold(buffer, start, end, last);
    else {
      if (last) this.requestDueMs = Infinity;
      exchange.receiveBody(buffer, start, end, last);
    }
  }

  #hold(buffer: Buffer, start: number, end: number, last: boolean): void {
    if (end > start) {
      this.#held ??= [];
      this.#held.push(Buffer.from(buffer.subarray(start, end)));
    }
    this.#endHeld = last;
  }

  onTrailers(fields: readonly Field[], count: number): void {
    let lines = '';
    for (let i = 0; i < count; i++) lines += fields[i]!.line;
    if (this.#head !== null) this.#begin(this.#head, EMPTY, 0, 0, lines);
    else if (this.#exchange !== null) {
      this.#exchange.trailers = lines;
      this.onData(EMPTY, 0, 0, true);
    }
  }

  onMalformed(): void {
    this.#leave();
  }

  onReset(): void {
    this.#leave();
  }

  #leave(): void {
    const exchange = this.#exchange;
    this.#exchange = null;
    this.#head = null;
    this.#held = null;
    exchange?.clientGone();
  }

  onDrained(): void {
    this.lastActivityMs = this.#owner.sharedByLoop.loop.nowMs;
    this.#exchange?.upstream?.resumeResponse();
  }

  /** The answer is complete before the request is: the client may stop (RFC 9113 section 8.1). */
  onLocalEnd(): void {
    if (this.#exchange?.tunnel !== true) this.#owner.reset(this, ERROR.none);
  }

  pauseRequest(): void {
    this.#paused = true;
    this.readPaused = true;
  }

  resumeRequest(): void {
    if (!this.#paused) return;
    this.#paused = false;
    const held = this.#held;
    const ended = this.#endHeld;
    this.#held = null;
    this.#endHeld = false;
    if (held !== null) {
      for (let i = 0; i < held.length; i++) {
        const bytes = held[i]!;
        // What follows may pause it again, and is held anew then.
        this.onData(bytes, 0, bytes.length, ended && i === held.length - 1);
      }
    } else if (ended) this.onData(EMPTY, 0, 0, true);
    if (this.#paused) return;
    this.readPaused = false;
    this.#owner.replenish(this);
  }

  #startRequestTimer(nowMs: number): void {
    const { requestTimeoutMs } = this.#owner.manager.config;
    if (requestTimeoutMs === 0) return;
    this.requestDueMs = nowMs + requestTimeoutMs;
    this.#owner.wakeBy(this.requestDueMs);
  }

  armTimeout(delayMs: number): void {
    if (delayMs === 0) {
      this.responseDueMs = Infinity;
      return;
    }
    this.responseDueMs = this.#owner.sharedByLoop.loop.nowMs + delayMs;
    this.#owner.wakeBy(this.responseDueMs);
  }

  /** A tunnel has no end of its own: both its peers get what was sent, and a regular end. */
  finishTunnel(): void {
    const exchange = this.#exchange;
    if (exchange?.tunnel !== true) return;
    exchange.receiveBody(EMPTY, 0, 0, true);
    this.#owner.outbound.data(this, EMPTY, 0, 0, true);
  }

  // -------------------------------------------------------------------------------------------------------------------
  // To the client

  /** HOT. */
  sendHead(head: ResponseHead, buffer: Buffer, start: number, end: number, done: boolean): void {
    const { collector, loop } = this.#owner.sharedByLoop;
    this.lastActivityMs = loop.nowMs;
    this.requestDueMs = Infinity;
    collector.startAnswer(head.tunnel ? 200 : head.status);
    collector.head(head);
    const { tunnel } = this.#exchange!;
    if (tunnel) this.#upgrade();
    this.#owner.outbound.headers(this, collector.fields, collector.count, done && end === start);
    if (end > start) this.#owner.outbound.data(this, buffer, start, end, done);
    if (done) this.#finish();
    else this.#throttle();
    if (tunnel && this.#exchange !== null) this.resumeRequest();
  }

  #upgrade(): void {
    this.#upgraded = true;
    countUpgrade(this.#owner.manager.stats);
  }

  sendBody(buffer: Buffer, start: number, end: number, done: boolean): void {
    this.lastActivityMs = this.#owner.sharedByLoop.loop.nowMs;
    this.#owner.outbound.data(this, buffer, start, end, done);
    if (!done) this.#throttle();
    else if (!this.#exchange?.tunnel || this.#exchange.requestDone) this.#finish();
  }

  sendTrailers(trailers: Trailers): void {
    const { collector } = this.#owner.sharedByLoop;
    collector.start();
    collector.trailers(trailers);
    this.#owner.outbound.trailers(this, collector.fields, collector.count);
    this.#finish();
  }

  sendLocal(status: number, headers: string, body: string): void {
    const { collector } = this.#owner.sharedByLoop;
    const text = this.#exchange!.isHead || status === 204 || status === 304 ? '' : body;
    collector.startAnswer(status);
    collector.text(headers);
    if (body !== '') collector.push(collector.table.intern('content-length', String(Buffer.byteLength(body))));
    this.#owner.outbound.headers(this, collector.fields, collector.count, text === '');
    if (text !== '') {
      const bytes = Buffer.from(text, 'utf8');
      this.#owner.outbound.data(this, bytes, 0, bytes.length, true);
    }
    this.#finish();
  }

  sendInterim(head: ResponseHead): void {
    // The client has had its 100 from here already.
    if (head.status === 100 && !this.#owner.manager.config.proxy100Continue) return;
    const { collector } = this.#owner.sharedByLoop;
    collector.startAnswer(head.status);
    collector.head(head);
    this.#owner.outbound.headers(this, collector.fields, collector.count, false);
  }

  #sendStatus(status: number, endStream: boolean): void {
    const { collector } = this.#owner.sharedByLoop;
    collector.startAnswer(status);
    this.#owner.outbound.headers(this, collector.fields, collector.count, endStream);
  }

  abort(): void {
    const exchange = this.#exchange;
    const resetCode = exchange?.failure?.resetCode ?? 0;
    this.#finish();
    // What the endpoint has said by a code its caller understands (a cancelled call, a passed deadline) as well.
    if (resetCode > 0) this.#owner.reset(this, resetCode);
    else if (exchange?.grpc === true && !exchange.tunnel) this.#abortCall(exchange);
    else this.#owner.reset(this, ERROR.internal);
  }

  /** Callers of gRPC learn from trailers what a reset cannot tell them. */
  #abortCall({ failure }: Exchange): void {
    const { collector } = this.#owner.sharedByLoop;
    collector.start();
    collector.text(grpcAbortLines(failure));
    this.#owner.outbound.trailers(this, collector.fields, collector.count);
  }

  #throttle(): void {
    if (this.congested) this.#exchange?.upstream?.pauseResponse();
  }

  /** Everything of the answer is sent or queued. */
  #finish(): void {
    this.#exchange = null;
    this.#held = null;
    this.responseDueMs = Infinity;
    this.requestDueMs = Infinity;
  }
}
