/**
 * Cuts the bytes of a connection into frames (RFC 9113 section 4). HOT.
 *
 *   header ──DATA──► payload as it comes, piece by piece: bulk is not collected
 *      └────other──► whole frame, collected when it comes in several reads (at most 16 KiB)
 *
 * Padding is taken off here; a padded DATA frame is collected like any other frame.
 */

import { HTTP2_LIMITS } from '../limits.ts';
import { FLAG_END_STREAM, FLAG_PADDED, FRAME, FRAME_HEADER_BYTES, readUint31 } from './frames.ts';

/** Takes the frames. Bytes are valid during the call only. */
export interface FrameSink {
  /** Nothing more is wanted. */
  readonly closed: boolean;
  /** What was made of the frames so far, in units; nothing more is wanted now when it reaches `workMax`. */
  readonly work: number;
  readonly workMax: number;
  /** Part of a DATA frame. `windowBytes` count for flow control: padding is among them. `last`: it ends the stream. */
  onData(streamId: number, buffer: Buffer, start: number, end: number, windowBytes: number, last: boolean): void;
  /** Any other frame, its payload as it came. */
  onFrame(type: number, flags: number, streamId: number, buffer: Buffer, start: number, end: number): void;
  /** A frame is larger than any may be. */
  onOversized(): void;
  /** The padding of a DATA frame is longer than the frame (RFC 9113 section 6.1). */
  onBadPadding(): void;
}

const EMPTY = Buffer.alloc(0);

export class FrameReader {
  readonly #sink: FrameSink;
  /** The beginning of a frame whose rest has not come; its length once that is known. */
  #partial: Buffer = EMPTY;
  #have = 0;
  /** Of the DATA frame that is being read. */
  #dataLeft = 0;
  #dataStream = 0;
  #dataLast = false;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Consumes `buffer[start, end)`. Returns where it stopped: `end`, unless the sink has enough before. HOT. */
  feed(buffer: Buffer, start: number, end: number): number {
    const sink = this.#sink;
    let at = start;
    while (!sink.closed) {
      if (sink.work >= sink.workMax) return at;
      if (this.#dataLeft > 0) at = this.#continueData(buffer, at, end);
      else if (this.#have > 0) at = this.#collect(buffer, at, end);
      else {
        if (end - at < FRAME_HEADER_BYTES) break;
        at = this.#frame(buffer, at, end);
        if (at < 0) return end;
      }
      if (at === end) return end;
    }
    if (at < end && !sink.closed) this.#keep(buffer, at, end);
    return end;
  }

  /** A frame whose header is here. Returns where the next one begins; -1 when what came of this one was put aside. */
  #frame(buffer: Buffer, at: number, end: number): number {
    const length = lengthAt(buffer, at);
    if (length > HTTP2_LIMITS.frameBytes) {
      this.#sink.onOversized();
      return -1;
    }
    const type = buffer[at + 3]!;
    const flags = buffer[at + 4]!;
    const from = at + FRAME_HEADER_BYTES;
    if (type === FRAME.data && (flags & FLAG_PADDED) === 0) {
      this.#dataStream = readUint31(buffer, at + 5);
      this.#dataLast = (flags & FLAG_END_STREAM) !== 0;
      this.#dataLeft = length;
      return length === 0 || end > from ? this.#continueData(buffer, from, end) : from;
    }
    const next = from + length;
    if (next > end) {
      this.#keep(buffer, at, end);
      return -1;
    }
    this.#whole(buffer, at, next);
    return next;
  }

  #continueData(buffer: Buffer, at: number, end: number): number {
    const bytes = Math.min(this.#dataLeft, end - at);
    this.#dataLeft -= bytes;
    this.#sink.onData(this.#dataStream, buffer, at, at + bytes, bytes, this.#dataLast && this.#dataLeft === 0);
    return at + bytes;
  }

  #whole(buffer: Buffer, at: number, next: number): void {
    const type = buffer[at + 3]!;
    const flags = buffer[at + 4]!;
    const streamId = readUint31(buffer, at + 5);
    const from = at + FRAME_HEADER_BYTES;
    if (type !== FRAME.data) {
      this.#sink.onFrame(type, flags, streamId, buffer, from, next);
      return;
    }
    const dataEnd = next - (next > from ? buffer[from]! : 0);
    if (dataEnd <= from) this.#sink.onBadPadding();
    else this.#sink.onData(streamId, buffer, from + 1, dataEnd, next - from, (flags & FLAG_END_STREAM) !== 0);
  }

  #keep(buffer: Buffer, at: number, end: number): void {
    const known = end - at >= FRAME_HEADER_BYTES;
    this.#partial = Buffer.allocUnsafe(FRAME_HEADER_BYTES + (known ? lengthAt(buffer, at) : 0));
    this.#have = buffer.copy(this.#partial, 0, at, end);
  }

  /** Adds to the frame that was put aside, and hands it over when it is whole. Returns the first byte behind it. */
  #collect(buffer: Buffer, at: number, end: number): number {
    const bytes = Math.min(this.#partial.length - this.#have, end - at);
    buffer.copy(this.#partial, this.#have, at, at + bytes);
    this.#have += bytes;
    if (this.#have < this.#partial.length) return at + bytes;
    const frame = this.#partial;
    this.#have = 0;
    this.#partial = EMPTY;
    if (frame.length > FRAME_HEADER_BYTES) {
      this.#whole(frame, 0, frame.length);
      return at + bytes;
    }
    // Only the header was awaited: a frame that has a payload, and is not read piece by piece, is collected on.
    const isCollected = frame[3] !== FRAME.data || (frame[4]! & FLAG_PADDED) !== 0;
    const length = lengthAt(frame, 0);
    if (isCollected && length > 0 && length <= HTTP2_LIMITS.frameBytes) {
      this.#partial = Buffer.allocUnsafe(FRAME_HEADER_BYTES + length);
      this.#have = frame.copy(this.#partial);
    } else this.#frame(frame, 0, frame.length);
    return at + bytes;
  }
}

function lengthAt(buffer: Buffer, at: number): number {
  return (buffer[at]! << 16) | (buffer[at + 1]! << 8) | buffer[at + 2]!;
}
