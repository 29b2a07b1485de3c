/** Puts the trailers of a body in chunks into its trailer section; everything in front of it passes as it is. */
import type { BodyConverter } from '../http/body-converter.ts';
import { withTrailers } from './trailers.ts';

const EMPTY = Buffer.alloc(0);

export class TrailerAppender implements BodyConverter {
  buffer: Buffer = EMPTY;
  start = 0;
  end = 0;

  convert(buffer: Buffer, start: number, end: number, done: boolean, trailers: string): void {
    const append = done && trailers !== '';
    this.buffer = append ? withTrailers(buffer, start, end, trailers) : buffer;
    this.start = append ? 0 : start;
    this.end = append ? this.buffer.length : end;
  }
}
