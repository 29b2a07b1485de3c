/**
 * Follows the body of one message through its framing and yields what is to be forwarded, framed for the other side.
 *
 *   read off the wire as      forwarded as
 *   length                    the same bytes
 *   chunked                   the same bytes when clean, else framed anew (extensions dropped, trailers put aside);
 *                             decoded when the other side does not know chunks
 *   close                     chunks, so that the other connection can stay open; decoded likewise
 *
 * `feed` returns how many bytes belonged to the body and leaves the bytes to forward in `buffer[start, end)`, either the
 * buffer it was given or the loop's scratch buffer: valid until the next `feed` on the same loop.
 */
import type { Framing } from '../http/message.ts';
import type { ByteWriter } from '../net/byte-writer.ts';
import { type BodyLimit, ChunkedDecoder, type DataSink } from './chunked-decoder.ts';
import { safeTrailers, withTrailers } from './trailers.ts';

const LAST_CHUNK = '0\r\n\r\n';

export class BodyRelay implements DataSink {
  buffer: Buffer;
  start = 0;
  end = 0;
  /** The body is complete. */
  done = true;
  /** Trailer lines that may go on behind a body that is done; empty for none, or when they are not wanted. */
  trailers = '';
  readonly #scratch: ByteWriter;
  #framing: Framing = 'none';
  #left = 0;
  #keepChunks = true;
  #decoder: ChunkedDecoder | null = null;
  #retry: ChunkedDecoder | null = null;
  #keepTrailers = false;
  #nominated: readonly string[] | null = null;

  constructor(scratch: ByteWriter) {
    this.#scratch = scratch;
    this.buffer = scratch.buffer;
  }

  /** Which limit the chunks went over when `feed` refused them; null when they broke the grammar. */
  get limit(): BodyLimit | null {
    return this.#decoder?.limit ?? null;
  }

  /**
   * Begins a body. `keepChunks`: the other side takes chunks. `keepTrailers`: it may get trailers, besides those that the
   * message's Connection field `nominated`.
   */
  begin(
    framing: Framing,
    contentLength: number,
    keepChunks: boolean,
    keepTrailers = false,
    nominated: readonly string[] | null = null,
  ): void {
    this.trailers = '';
    this.#keepTrailers = keepTrailers;
    this.#nominated = nominated;
    this.#framing = framing;
    this.#left = contentLength;
    this.#keepChunks = keepChunks;
    this.done = framing === 'none';
    if (framing === 'chunked') {
      this.#decoder ??= new ChunkedDecoder();
      this.#decoder.reset();
      this.#decoder.keepTrailers = this.#keepTrailers;
    }
  }

  /** Consumes body bytes of `buffer[start, end)`. Returns how many, or -1 when the framing is broken. HOT. */
  feed(buffer: Buffer, start: number, end: number): number {
    switch (this.#framing) {
      case 'length': {
        const used = Math.min(this.#left, end - start);
        this.#left -= used;
        this.done = this.#left === 0;
        this.#forward(buffer, start, start + used);
        return used;
      }
      case 'chunked':
        return this.#feedChunks(buffer, start, end);
      case 'close':
        if (!this.#keepChunks) this.#forward(buffer, start, end);
        else {
          this.#scratch.reset();
          this.onData(buffer, start, end);
          this.#forwardScratch();
        }
        return end - start;
      case 'none':
        this.#forward(buffer, start, start);
        return 0;
    }
  }

  /** Puts the trailers into the trailer section of a body that is done. */
  appendTrailers(): void {
    const whole = withTrailers(this.buffer, this.start, this.end, this.trailers);
    this.#forward(whole, 0, whole.length);
  }

  /** The connection ended. True when that completes the body (RFC 9112 section 6.3, item 8); the last chunk is ready then. */
  finishAtClose(): boolean {
    if (this.#framing !== 'close') return false;
    this.done = true;
    this.#scratch.reset();
    if (this.#keepChunks) this.#scratch.latin1(LAST_CHUNK);
    this.#forwardScratch();
    return true;
  }

  #feedChunks(buffer: Buffer, start: number, end: number): number {
    const decoder = this.#decoder!;
    this.#retry ??= new ChunkedDecoder();
    this.#retry.copyFrom(decoder);
    const used = decoder.scan(buffer, start, end, null);
    if (used < 0) return -1;
    this.done = decoder.done;
    if (decoder.clean && this.#keepChunks) {
      this.#forward(buffer, start, start + used);
      return used;
    }
    decoder.copyFrom(this.#retry);
    this.#scratch.reset();
    decoder.scan(buffer, start, end, this);
    if (this.done && this.#keepChunks) this.#scratch.latin1(LAST_CHUNK);
    if (this.done && decoder.trailers !== '') this.trailers = safeTrailers(decoder.trailers, this.#nominated);
    this.#forwardScratch();
    return used;
  }

  /** Collects decoded data, framed as one chunk per span when the other side takes chunks. */
  onData(buffer: Buffer, start: number, end: number): void {
    if (end === start) return;
    if (this.#keepChunks) this.#scratch.latin1(`${(end - start).toString(16)}\r\n`);
    this.#scratch.copy(buffer, start, end);
    if (this.#keepChunks) this.#scratch.latin1('\r\n');
  }

  #forward(buffer: Buffer, start: number, end: number): void {
    this.buffer = buffer;
    this.start = start;
    this.end = end;
  }

  #forwardScratch(): void {
    this.buffer = this.#scratch.buffer;
    this.start = 0;
    this.end = this.#scratch.length;
  }
}
