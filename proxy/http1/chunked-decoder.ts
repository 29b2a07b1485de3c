/**
 * Incremental decoder of the chunked transfer coding (RFC 9112 section 7.1), strict about every CRLF.
 *
 * `scan` walks over the bytes of one read and hands out spans of data. A read that begins and ends between two chunks
 * and holds nothing but plain ones (no extension, no leading zero, no trailer) is `clean` and may be forwarded byte for
 * byte, which is how small bodies pass from HTTP/1.1 to HTTP/1.1. Otherwise the receiver takes the data spans and frames
 * them anew, which drops extensions; trailers are kept aside where they are wanted.
 *
 *   size ──CR──► sizeLF ──► data ──► dataCR ──► dataLF ──► size
 *    └─;─► extension ──CR─►┘  size 0 └► trailerStart ─┬─CR─► endLF ──► done
 *                                                     └─► trailerLine ──CR──► trailerLF ──► trailerStart
 */
import { CR, isTokenByte, isValueByte, LF } from '../http/bytes.ts';
import { EXTENSION_END, EXTENSION_INVALID, EXTENSION_START, extensionStep } from './chunk-extension.ts';
import { FIXED_LIMITS } from './limits.ts';

const SIZE = 0;
const EXTENSION = 1;
const SIZE_LF = 2;
const DATA = 3;
const DATA_CR = 4;
const DATA_LF = 5;
const TRAILER_START = 6;
const TRAILER_NAME = 7;
const TRAILER_VALUE = 8;
const TRAILER_LF = 9;
const END_LF = 10;
const DONE = 11;

/** Which limit of limits.ts a body went over. */
export type BodyLimit = 'chunk-line' | 'chunk-extensions' | 'trailers';

/** Receives decoded data. The span is valid during the call only. */
export interface DataSink {
  onData(buffer: Buffer, start: number, end: number): void;
}

export class ChunkedDecoder {
  #state = SIZE;
  #left = 0;
  #digits = 0;
  #lineBytes = 0;
  #extensionBytes = 0;
  #trailerBytes = 0;
  #extension = EXTENSION_START;
  #trailers = '';
  /** Why `scan` gave up, when it was a limit. */
  limit: BodyLimit | null = null;
  /** Whether the trailer section is kept, for `trailers`. */
  keepTrailers = false;
  /** Set by `scan`: what it consumed were whole plain chunks, so the bytes may be forwarded as they are. */
  clean = true;

  /** Whether the last chunk and the end of the trailer section have been seen. */
  get done(): boolean {
    return this.#state === DONE;
  }

  /** The trailer section as it came, whole lines; empty when it is not kept. */
  get trailers(): string {
    return this.#trailers;
  }

  reset(): void {
    this.limit = null;
    this.#trailers = '';
    this.#state = SIZE;
    this.#left = 0;
    this.#digits = 0;
    this.#lineBytes = 0;
    this.#extensionBytes = 0;
    this.#trailerBytes = 0;
    this.clean = true;
  }

  copyFrom(other: ChunkedDecoder): void {
    this.#state = other.#state;
    this.#left = other.#left;
    this.#digits = other.#digits;
    this.#lineBytes = other.#lineBytes;
    this.#extensionBytes = other.#extensionBytes;
    this.#trailerBytes = other.#trailerBytes;
    this.#extension = other.#extension;
    this.#trailers = other.#trailers;
  }

  /**
   * Walks over `buffer[start, end)` and returns how many bytes belong to the body, or -1 when they break the grammar or
   * a limit. Stops behind the body's end. With a sink, every span of data is handed to it. HOT.
   */
  scan(buffer: Buffer, start: number, end: number, sink: DataSink | null): number {
    let at = start;
    this.clean = this.#betweenChunks;
    while (at < end && this.#state !== DONE) {
      if (this.#state === DATA) {
        const length = Math.min(this.#left, end - at);
        if (sink !== null) sink.onData(buffer, at, at + length);
        at += length;
        this.#left -= length;
        if (this.#left === 0) this.#state = DATA_CR;
      } else if (!this.#step(buffer[at++]!)) return -1;
    }
    if (this.#state !== DONE && !this.#betweenChunks) this.clean = false;
    return at - start;
  }

  get #betweenChunks(): boolean {
    return this.#state === SIZE && this.#digits === 0;
  }

  /** One byte of framing. False when it may not stand there. */
  #step(byte: number): boolean {
    switch (this.#state) {
      case SIZE:
        return this.#sizeByte(byte);
      case EXTENSION:
        return this.#extensionByte(byte);
      case SIZE_LF:
        if (byte !== LF) return false;
        this.#digits = 0;
        this.#lineBytes = 0;
        this.#state = this.#left === 0 ? TRAILER_START : DATA;
        return true;
      case DATA_CR:
        this.#state = DATA_LF;
        return byte === CR;
      case DATA_LF:
        this.#state = SIZE;
        return byte === LF;
      case END_LF:
        this.#state = DONE;
        return byte === LF;
      default:
        return this.#trailerByte(byte);
    }
  }

  #sizeByte(byte: number): boolean {
    const digit = hexDigit(byte);
    if (digit >= 0) {
      if (this.#digits > 0 && this.#left === 0) this.clean = false;
      if (++this.#digits > FIXED_LIMITS.chunkSizeDigits) return this.#over('chunk-line');
      this.#left = this.#left * 16 + digit;
      return true;
    }
    if (this.#digits === 0) return false;
    if (byte === CR) this.#state = SIZE_LF;
    else if (byte === 59) {
      this.clean = false;
      this.#state = EXTENSION;
      this.#extension = EXTENSION_START;
    } else return false;
    return true;
  }

  #extensionByte(byte: number): boolean {
    this.clean = false;
    if (++this.#lineBytes > FIXED_LIMITS.chunkLineBytes) return this.#over('chunk-line');
    if (++this.#extensionBytes > FIXED_LIMITS.chunkExtensionBytes) return this.#over('chunk-extensions');
    this.#extension = extensionStep(this.#extension, byte);
    if (this.#extension === EXTENSION_END) this.#state = SIZE_LF;
    return this.#extension !== EXTENSION_INVALID;
  }

  #over(limit: BodyLimit): false {
    this.limit = limit;
    return false;
  }

  #trailerByte(byte: number): boolean {
    if (this.#state === TRAILER_START && byte === CR) {
      this.#state = END_LF;
      return true;
    }
    this.clean = false;
    if (++this.#trailerBytes > FIXED_LIMITS.trailerBytes) return this.#over('trailers');
    if (this.keepTrailers) this.#trailers += String.fromCharCode(byte);
    switch (this.#state) {
      case TRAILER_START:
        this.#state = TRAILER_NAME;
        return isTokenByte(byte);
      case TRAILER_NAME:
        if (byte === 58) this.#state = TRAILER_VALUE;
        else return isTokenByte(byte);
        return true;
      case TRAILER_VALUE:
        if (byte === CR) this.#state = TRAILER_LF;
        else return isValueByte(byte);
        return true;
      default:
        this.#state = TRAILER_START;
        return byte === LF;
    }
  }
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 0x20;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
