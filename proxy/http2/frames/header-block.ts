/**
 * Puts header blocks together from HEADERS and CONTINUATION frames (RFC 9113 sections 4.3 and 6.2): most come in one.
 * What is wrong with a frame is a breach, which ends the connection: the peer's and our dynamic tables would differ.
 */
import type { Http2Stats } from '../../http/http2-stats.ts';
import { HTTP2_LIMITS } from '../limits.ts';
import { ERROR, FLAG_END_HEADERS, FLAG_END_STREAM, FLAG_PADDED, FLAG_PRIORITY, readUint31 } from './frames.ts';
import type { Breach } from './peer-settings.ts';

const BAD_PADDING: Breach = { code: ERROR.protocol, reason: 'padding or priority is longer than its frame' };
const SELF_DEPENDENT: Breach = { code: ERROR.protocol, reason: 'a stream depends on itself' };
const STRAY: Breach = { code: ERROR.protocol, reason: 'CONTINUATION without its header block' };
const TOO_MANY: Breach = { code: ERROR.enhanceYourCalm, reason: 'too many CONTINUATION frames' };
const TOO_LARGE: Breach = { code: ERROR.enhanceYourCalm, reason: 'a header block is too large' };

const EMPTY = Buffer.alloc(0);

export class HeaderBlock {
  readonly #stats: Http2Stats;
  /** More of it is to come, and nothing else may. */
  open = false;
  streamId = 0;
  endStream = false;
  /** The whole block is `buffer[start, end)`, valid within the turn, when `open` is false. */
  buffer: Buffer = EMPTY;
  start = 0;
  end = 0;
  #pieces: Buffer[] = [];
  #length = 0;
  #frames = 0;

  constructor(stats: Http2Stats) {
    this.#stats = stats;
  }

  /** The payload of a HEADERS frame. Null when it is in order: the block is complete unless it is `open`. HOT. */
  begin(streamId: number, flags: number, buffer: Buffer, start: number, end: number): Breach | null {
    let from = start;
    let to = end;
    if ((flags & FLAG_PADDED) !== 0) {
      to -= from < end ? buffer[from]! : 0;
      from++;
    }
    if ((flags & FLAG_PRIORITY) !== 0) {
      if (to - from >= 4 && readUint31(buffer, from) === streamId) return SELF_DEPENDENT;
      from += 5;
    }
    if (from > to) return BAD_PADDING;
    this.streamId = streamId;
    this.endStream = (flags & FLAG_END_STREAM) !== 0;
    this.buffer = buffer;
    this.start = from;
    this.end = to;
    if ((flags & FLAG_END_HEADERS) !== 0) return null;
    this.open = true;
    this.#pieces = [];
    this.#length = 0;
    this.#frames = 0;
    this.#add(buffer, from, to);
    return null;
  }

  /** The payload of a CONTINUATION frame, likewise. */
  add(streamId: number, flags: number, buffer: Buffer, start: number, end: number): Breach | null {
    if (!this.open || this.streamId !== streamId) return STRAY;
    this.#add(buffer, start, end);
    if (this.#frames > HTTP2_LIMITS.continuations) {
      this.#stats.continuationFlood++;
      return TOO_MANY;
    }
    if (this.#length > HTTP2_LIMITS.headerBlockBytes) {
      this.#stats.headerBlockTooLarge++;
      return TOO_LARGE;
    }
    if ((flags & FLAG_END_HEADERS) !== 0) this.#complete();
    return null;
  }

  #add(buffer: Buffer, start: number, end: number): void {
    this.#frames++;
    this.#length += end - start;
    if (end > start) this.#pieces.push(Buffer.from(buffer.subarray(start, end)));
  }

  #complete(): void {
    this.open = false;
    this.buffer = Buffer.concat(this.#pieces, this.#length);
    this.start = 0;
    this.end = this.#length;
    this.#pieces = [];
  }
}
