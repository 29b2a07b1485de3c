/**
 * Turns the bytes of one client into requests and their bodies, one at a time and in order.
 *
 *   state      bytes that come                        leads to
 *   head       a request head, perhaps in pieces      onRequest: body, or done when there is none
 *   body       the body by its framing                onBody; done behind its end
 *   done       the next request (pipelined): kept     head, by `next`
 *   tunnel     another protocol (after 101)           onBody, for ever
 *   stopped    thrown away
 *
 * A request waits until the one before it has been answered: answers are in order by construction, and an error in a
 * later request is found only then, and cannot overtake.
 */

import { CR, LF } from '../http/bytes.ts';
import { BODY_INVALID, BODY_LIMIT, type Failure } from '../http/failure.ts';
import type { LimitCounters } from '../http/limit-counters.ts';
import type { Loop } from '../net/loop.ts';
import { BodyRelay } from './body-relay.ts';
import { countBodyLimit, countHeadLimit } from './count-limits.ts';
import { parseRequestHead } from './head-parser.ts';
import { FIXED_LIMITS, type Http1Limits } from './limits.ts';
import type { MessageHead } from './message-head.ts';
import { COMPLETE, INCOMPLETE, ParseError } from './parse-result.ts';
import { PendingBytes } from './pending-bytes.ts';
import { refusal } from './refusals.ts';

/** Takes what was read. Heads and bodies are valid during the call only. */
export interface RequestSink {
  /** A head, with the bytes of the body that came with it in `body`. */
  onRequest(head: MessageHead, body: BodyRelay): void;
  /** More of the body. */
  onBody(body: BodyRelay): void;
  /** Part of a head has come. */
  onPartialHead(): void;
  /** What came is not HTTP; the reader has stopped. */
  onInvalid(failure: Failure): void;
  /** So many bytes of later requests wait that reading has to stop until `next`. */
  onFlood(): void;
}

type State = 'head' | 'body' | 'done' | 'tunnel' | 'stopped';

export class RequestReader {
  readonly #sink: RequestSink;
  readonly #limits: Http1Limits;
  /** Shared by all connections of the loop: valid within one turn. */
  readonly #head: MessageHead;
  readonly #body: BodyRelay;
  #state: State = 'head';
  /** Bytes that could not be consumed yet: part of a head, or pipelined requests. */
  #pending: PendingBytes | null = null;
  /** Empty lines seen in front of the next request. */
  #emptyLines = 0;

  readonly #keepTrailers: boolean;
  readonly #counters: LimitCounters;

  /** `counters` tell which limits are hit; `keepTrailers`: a body tells the trailers behind it that may go on. */
  constructor(
    loop: Loop,
    limits: Http1Limits,
    head: MessageHead,
    sink: RequestSink,
    counters: LimitCounters,
    keepTrailers = false,
  ) {
    this.#limits = limits;
    this.#counters = counters;
    this.#keepTrailers = keepTrailers;
    this.#head = head;
    this.#sink = sink;
    this.#body = new BodyRelay(loop.body);
  }

  /** The body of the current request has not arrived completely. */
  get inBody(): boolean {
    return this.#state === 'body';
  }

  /** Bytes wait that have not become a request. */
  get hasPending(): boolean {
    return this.#pending !== null;
  }

  get flooded(): boolean {
    return this.#pending !== null && this.#pending.length >= FIXED_LIMITS.pipelineBytes;
  }

  /** Consumes `buffer[start, end)`. HOT. */
  feed(buffer: Buffer, start: number, end: number): void {
    switch (this.#state) {
      case 'head':
        this.#onHeadBytes(buffer, start, end);
        return;
      case 'body':
        this.#onBodyBytes(buffer, start, end);
        return;
      case 'done':
        this.#keep(buffer, start, end);
        return;
      case 'tunnel':
        this.#onTunnelBytes(buffer, start, end);
        return;
      case 'stopped':
        return;
    }
  }

  /** The current request has been answered: the next one may come. HOT. */
  next(): void {
    this.#state = 'head';
  }

  /** Reads the request that waits, if `next` was called and there is one. */
  readPending(): void {
    const pending = this.#pending;
    if (pending !== null && this.#state === 'head') this.#parse(pending.buffer, pending.start, pending.end);
  }

  /** HTTP has ended with the current request: everything behind it belongs to another protocol. */
  openTunnel(): void {
    const pending = this.#pending;
    this.#pending = null;
    this.#state = 'tunnel';
    this.#body.begin('close', 0, false);
    if (pending !== null) this.#onTunnelBytes(pending.buffer, pending.start, pending.end);
  }

  /** Throws away everything that has come or comes. */
  stop(): void {
    this.#state = 'stopped';
    this.#pending = null;
  }

  #onHeadBytes(buffer: Buffer, start: number, end: number): void {
    const pending = this.#pending;
    if (pending === null) {
      this.#parse(buffer, start, end);
      return;
    }
    pending.append(buffer, start, end);
    // Only a line's end can complete a head: without this, a head sent byte by byte would be parsed as often.
    const worthIt = buffer.subarray(start, end).includes(LF) || pending.length > this.#limits.headBytes;
    if (!worthIt) return;
    if (endsHead(pending.buffer, pending.end)) pending.giveHeadroom();
    this.#parse(pending.buffer, pending.start, pending.end);
  }

  #parse(buffer: Buffer, from: number, end: number): void {
    const start = this.#skipEmptyLines(buffer, from, end);
    const head = this.#head;
    const result = this.#parseHead(buffer, start, end);
    if (result === COMPLETE) this.#begin(head, buffer, end);
    else if (result !== INCOMPLETE) this.#refuseHead(result);
    else {
      this.#keep(buffer, start, end);
      if (this.#pending !== null) this.#sink.onPartialHead();
    }
  }

  /** Empty lines in front of a request are a relic that RFC 9112 section 2.2 asks servers to ignore, within bounds. */
  #skipEmptyLines(buffer: Buffer, from: number, end: number): number {
    let start = from;
    while (start + 1 < end && buffer[start] === CR && buffer[start + 1] === LF) {
      if (this.#emptyLines >= FIXED_LIMITS.emptyLines) break;
      start += 2;
      this.#emptyLines++;
    }
    return start;
  }

  #parseHead(buffer: Buffer, start: number, end: number): number {
    if (start >= end) return INCOMPLETE;
    if (buffer[start] === CR) {
      if (this.#emptyLines >= FIXED_LIMITS.emptyLines) {
        // What was parsed last, perhaps of another client, has no part in the refusal.
        this.#head.reset(buffer, start);
        return ParseError.emptyLines;
      }
      if (start + 1 === end) return INCOMPLETE;
    }
    return parseRequestHead(this.#head, buffer, start, end, this.#limits);
  }

  #begin(head: MessageHead, buffer: Buffer, end: number): void {
    this.#emptyLines = 0;
    const body = this.#body;
    body.begin(head.framing, head.contentLength, true, this.#keepTrailers, head.nominated);
    const used = body.feed(buffer, head.end, end);
    if (used < 0) {
      this.#refuseBody(body);
      return;
    }
    this.#state = body.done ? 'done' : 'body';
    // What follows belongs to the next request. It is put aside first: the sink may answer, and go on with it.
    const next = head.end + used;
    if (next < end || this.#pending !== null) this.#keep(buffer, next, end);
    this.#sink.onRequest(head, body);
  }

  #onBodyBytes(buffer: Buffer, start: number, end: number): void {
    const body = this.#body;
    const used = body.feed(buffer, start, end);
    if (used < 0) {
      this.#refuseBody(body);
      return;
    }
    if (body.done) this.#state = 'done';
    if (start + used < end) this.#keep(buffer, start + used, end);
    this.#sink.onBody(body);
  }

  #refuseHead(error: number): void {
    countHeadLimit(this.#counters, error);
    this.#refuse(refusal(error));
  }

  #refuseBody({ limit }: BodyRelay): void {
    countBodyLimit(this.#counters, limit);
    this.#refuse(limit === null ? BODY_INVALID : BODY_LIMIT);
  }

  #onTunnelBytes(buffer: Buffer, start: number, end: number): void {
    this.#body.feed(buffer, start, end);
    this.#sink.onBody(this.#body);
  }

  #refuse(failure: Failure): void {
    this.stop();
    this.#sink.onInvalid(failure);
  }

  /** Puts bytes aside. They may lie in the pending bytes already. */
  #keep(buffer: Buffer, start: number, end: number): void {
    const pending = this.#pending;
    if (pending === null) {
      if (end > start) this.#pending = new PendingBytes(buffer, start, end);
    } else if (pending.buffer !== buffer) pending.append(buffer, start, end);
    else if (end > start) pending.consumeTo(start);
    else this.#pending = null;
    // The size of a head has a limit of its own.
    if (this.#state !== 'head' && this.flooded) this.#sink.onFlood();
  }
}

/** The empty line that ends a head stands in front of `end`. */
function endsHead(buffer: Buffer, end: number): boolean {
  return end >= 4 && buffer[end - 1] === LF && buffer[end - 2] === CR && buffer[end - 3] === LF;
}
