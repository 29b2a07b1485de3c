/**
 * Frames a request's body anew where it goes out in another way than it came: each piece in turn, in order.
 *
 *   came as                        goes out as      what is done
 *   chunks (HTTP/1.1)              HTTP/2           the chunks are taken off
 *   without a length (HTTP/2)      HTTP/1.1         chunks are put around it
 *   anything else                  -                nothing: there is no converter
 */
export interface BodyConverter {
  /** What the last piece became: valid until the next one, and in the same turn. */
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
  /** Takes one piece. `trailers` are whole lines that the last one carries along, where they have a place in the body. */
  convert(buffer: Buffer, start: number, end: number, done: boolean, trailers: string): void;
}
