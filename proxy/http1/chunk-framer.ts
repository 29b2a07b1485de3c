/** Puts chunks around a body that has no length (RFC 9112 section 7.1), one per piece. */
import type { BodyConverter } from '../http/body-converter.ts';
import type { ByteWriter } from '../net/byte-writer.ts';
import { safeTrailers } from './trailers.ts';

export class ChunkFramer implements BodyConverter {
  readonly #scratch: ByteWriter;
  readonly #passesTrailers: boolean;
  readonly start = 0;

  /** `scratch` holds the chunks until the next piece comes. Trailers are dropped where they may not be passed on. */
  constructor(scratch: ByteWriter, passesTrailers: boolean) {
    this.#scratch = scratch;
    this.#passesTrailers = passesTrailers;
  }

  get buffer(): Buffer {
    return this.#scratch.buffer;
  }

  get end(): number {
    return this.#scratch.length;
  }

  convert(buffer: Buffer, start: number, end: number, done: boolean, trailers: string): void {
    const scratch = this.#scratch;
    scratch.reset();
    if (end > start) {
      scratch.latin1(`${(end - start).toString(16)}\r\n`);
      scratch.copy(buffer, start, end);
      scratch.latin1('\r\n');
    }
    if (done) scratch.latin1(lastChunk(this.#passesTrailers ? trailers : ''));
  }
}

/** The last chunk, the trailer lines that may go on, and the empty line. */
export function lastChunk(trailers: string): string {
  return trailers === '' ? '0\r\n\r\n' : `0\r\n${safeTrailers(trailers, null)}\r\n`;
}
