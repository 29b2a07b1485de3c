/**
 * Bytes of one connection that could not be consumed in the turn in which they came: part of a head, or pipelined
 * requests. They lie behind headroom, so that a head can be edited where it lies, and are consumed from the front without
 * being copied; appending costs amortised constant time.
 *
 *   buffer:  [ headroom and what was consumed | start ... end | room ]
 */
import { HEADROOM_BYTES } from '../net/loop.ts';

const LEAST_ROOM = 1_024;

export class PendingBytes {
  buffer: Buffer;
  start: number;
  end: number;

  constructor(source: Buffer, from: number, to: number) {
    this.buffer = Buffer.allocUnsafe(HEADROOM_BYTES + to - from + LEAST_ROOM);
    this.start = HEADROOM_BYTES;
    this.end = HEADROOM_BYTES;
    this.append(source, from, to);
  }

  get length(): number {
    return this.end - this.start;
  }

  append(source: Buffer, from: number, to: number): void {
    if (this.end + to - from > this.buffer.length) this.#move(to - from);
    source.copy(this.buffer, this.end, from, to);
    this.end += to - from;
  }

  /** Everything in front of `at` has been consumed. */
  consumeTo(at: number): void {
    this.start = at;
  }

  /** To the front, into a buffer twice as large if that is needed. */
  #move(extra: number): void {
    const kept = this.length;
    const needed = HEADROOM_BYTES + kept + extra;
    const target =
      needed * 2 <= this.buffer.length ? this.buffer : Buffer.allocUnsafe(HEADROOM_BYTES + (kept + extra) * 2);
    this.buffer.copy(target, HEADROOM_BYTES, this.start, this.end);
    this.buffer = target;
    this.start = HEADROOM_BYTES;
    this.end = HEADROOM_BYTES + kept;
  }
}
