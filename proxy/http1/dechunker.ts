/** Takes the chunks off a body that a codec has checked before. */
import type { BodyConverter } from '../http/body-converter.ts';
import { ChunkedDecoder, type DataSink } from './chunked-decoder.ts';

const EMPTY = Buffer.alloc(0);

export class Dechunker implements BodyConverter, DataSink {
  readonly #decoder = new ChunkedDecoder();
  #more: Buffer[] | null = null;
  buffer: Buffer = EMPTY;
  start = 0;
  end = 0;

  constructor() {
    this.#decoder.reset();
  }

  convert(buffer: Buffer, start: number, end: number): void {
    this.buffer = buffer;
    this.start = 0;
    this.end = 0;
    this.#more = null;
    this.#decoder.scan(buffer, start, end, this);
    if (this.#more !== null) this.#join(this.#more);
  }

  /** One stretch of data stays where it is; several are joined. */
  onData(buffer: Buffer, start: number, end: number): void {
    if (end === start) return;
    if (this.end === this.start) {
      this.start = start;
      this.end = end;
      return;
    }
    this.#more ??= [this.buffer.subarray(this.start, this.end)];
    this.#more.push(buffer.subarray(start, end));
  }

  #join(pieces: Buffer[]): void {
    this.buffer = Buffer.concat(pieces);
    this.start = 0;
    this.end = this.buffer.length;
  }
}
