/**
 * Bytes of one connection that could not be consumed in the turn in which they came: part of a head, or pipelined
 * requests. They are consumed from the front without being copied; appending costs amortised constant time.
 *
 *   buffer:  [ what was consumed | start ... end | room ]
 *
 * Very many slow clients may send part of a head each: a little is kept in a little memory, and nothing in front of it.
 * The headroom in which a head is edited where it lies comes when the head is complete (`giveHeadroom`); behind another
 * request what that one took is headroom enough.
 */
import { HEADROOM_BYTES } from '../net/loop.ts';

const LEAST_BYTES = 128;

export class PendingBytes {
  buffer: Buffer;
  start = 0;
  end = 0;

  constructor(source: Buffer, from: number, to: number) {
    // Memory of its own: a slice of Node's pool would keep a whole slab alive for one client.
    this.buffer = Buffer.allocUnsafeSlow(Math.max(LEAST_BYTES, to - from));
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

  /** Makes room for edits in front of what is there. */
  giveHeadroom(): void {
    if (this.start < HEADROOM_BYTES) this.#moveTo(Buffer.allocUnsafe(HEADROOM_BYTES + this.length), HEADROOM_BYTES);
  }

  /** To the front, into a buffer twice as large if that is needed. */
  #move(extra: number): void {
    const needed = this.length + extra;
    const fits = needed * 2 <= this.buffer.length;
    this.#moveTo(fits ? this.buffer : Buffer.allocUnsafeSlow(needed * 2), 0);
  }

  #moveTo(target: Buffer, start: number): void {
    this.buffer.copy(target, start, this.start, this.end);
    this.end = start + this.length;
    this.start = start;
    this.buffer = target;
  }
}
