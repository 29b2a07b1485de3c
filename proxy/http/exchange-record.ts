/**
 * What an access log wants to know of an exchange besides what everyone knows: bytes, times, headers of the answer. Kept
 * only for exchanges that are logged; the others pay one null check.
 */

import type { Trailers } from './header-field.ts';
import type { HeaderName } from './header-name.ts';
import type { HeaderFields } from './message.ts';

/** The value of the first field of a name, or null. */
export interface HeaderValues {
  first(name: HeaderName): string | null;
}

export class ExchangeRecord {
  /** Bytes of the bodies, without the framing of chunks. */
  bytesReceived = 0;
  bytesSent = 0;
  /** Monotonic milliseconds; -1 while it has not happened. */
  requestDoneMs = -1;
  answerStartMs = -1;
  answerEndMs = -1;
  /** What is told of an answer made here that is no failure: Envoy's response code details word. */
  localDetails = 'direct_response';
  /** The fields of the answer that a format asks for, by lower-case name. */
  readonly answer: HeaderValues;
  /** `host:port` of our end of the connection to the endpoint; empty before. */
  upstreamLocalAddress = '';
  readonly #wanted: readonly HeaderName[];
  readonly #answerFields = new Map<string, string>();
  readonly #request: BodyMeter;
  readonly #response = new BodyMeter();

  /** `wanted` are the response headers to keep; `chunked` says how the request's body is framed. */
  constructor(wanted: readonly HeaderName[], chunked: boolean) {
    this.#wanted = wanted;
    this.#request = new BodyMeter(chunked);
    this.answer = { first: ({ name }) => this.#answerFields.get(name) ?? null };
  }

  requestBody(buffer: Buffer, start: number, end: number, done: boolean, nowMs: number): void {
    this.bytesReceived += this.#request.measure(buffer, start, end);
    if (done) this.requestDoneMs = nowMs;
  }

  /** The head of the endpoint's answer. `chunked`: its body goes out in chunks. */
  answerHead(head: HeaderFields, chunked: boolean, nowMs: number): void {
    this.answerStartMs = nowMs;
    this.#response.chunked = chunked;
    this.#keep(head);
  }

  answerBody(buffer: Buffer, start: number, end: number, done: boolean, nowMs: number): void {
    this.bytesSent += this.#response.measure(buffer, start, end);
    if (done) this.answerEndMs = nowMs;
  }

  /** Trailers of the endpoint's answer, and with them its end. */
  answerTrailers(_trailers: Trailers, nowMs: number): void {
    this.answerEndMs = nowMs;
  }

  /** An answer made here, with so many bytes of body. */
  localAnswer(head: HeaderFields, bytes: number): void {
    this.bytesSent += bytes;
    this.#keep(head);
  }

  #keep(head: HeaderFields): void {
    for (const name of this.#wanted) {
      const value = head.first(name);
      if (value !== null) this.#answerFields.set(name.name, value);
    }
  }
}

const SIZE = 0;
const DATA = 1;
const END = 2;
const TRAILERS = 3;

/** Counts the data in a body, chunk framing left out. What it reads has been checked by a codec before. */
class BodyMeter {
  chunked: boolean;
  #state = SIZE;
  /** Of the chunk size that is being read, then bytes of the chunk that are left. */
  #left = 0;

  constructor(chunked = false) {
    this.chunked = chunked;
  }

  /** How many of these bytes are data. */
  measure(buffer: Buffer, start: number, end: number): number {
    if (!this.chunked) return end - start;
    let data = 0;
    for (let at = start; at < end; ) {
      if (this.#state === DATA) {
        const taken = Math.min(this.#left, end - at);
        data += taken;
        this.#left -= taken;
        at += taken;
        if (this.#left === 0) this.#state = END;
      } else this.#readFraming(buffer[at++]!);
    }
    return data;
  }

  #readFraming(byte: number): void {
    if (this.#state === TRAILERS) return;
    const digit = this.#state === SIZE ? hexDigit(byte) : -1;
    if (digit >= 0) this.#left = this.#left * 16 + digit;
    else if (byte === LF) this.#state = this.#state === END ? SIZE : this.#left === 0 ? TRAILERS : DATA;
  }
}

const LF = 10;

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 0x20;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
