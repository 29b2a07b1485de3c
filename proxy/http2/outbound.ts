/**
 * What a connection sends on its streams, as far as the peer's windows and the socket allow (RFC 9113 section 5.2).
 *
 *   headers, data, trailers ──► frames
 *                       └─ no window, or the peer does not read ─► queue of the stream ──window, drained─► frames
 *
 * Queued streams are served in turn, a frame each, and in a turn of the loop only so many bytes leave the queues: a hundred
 * of them can hold ten megabytes, which a peer that suddenly reads takes as fast as they are written.
 */
import { TurnBudget } from '../net/turn-budget.ts';
import type { TurnEnd, TurnTask } from '../net/turn-end.ts';
import type { FrameWriter } from './frames/frame-writer.ts';
import { DEFAULT_WINDOW_BYTES, WINDOW_BYTES_MAX } from './frames/frames.ts';
import type { Field } from './hpack/field.ts';
import { HTTP2_LIMITS } from './limits.ts';
import type { Http2Stream } from './stream.ts';

/** The session, as far as its sending side needs it. */
export interface OutboundOwner<Stream extends Http2Stream> {
  /** Something useful was sent. HOT. */
  onDataSent(): void;
  /** The end of this side of a stream has been written. */
  onLocalEnd(stream: Stream): void;
}

/** A tenth of a millisecond. */
const TURN_BYTES = 131_072;

export class Outbound<Stream extends Http2Stream> implements TurnTask {
  readonly #writer: FrameWriter;
  readonly #owner: OutboundOwner<Stream>;
  /** Streams that have data for when there is a window. */
  readonly #waiting = new Set<Stream>();
  #window = DEFAULT_WINDOW_BYTES;
  /** With which a stream begins. */
  streamWindow = DEFAULT_WINDOW_BYTES;
  /** Bytes of all streams that wait. */
  queuedBytes = 0;
  readonly #turnEnd: TurnEnd;
  /** Bytes that leave the queues. */
  readonly #budget: TurnBudget;
  /** More would have left in this turn. */
  #more = false;

  constructor(writer: FrameWriter, owner: OutboundOwner<Stream>, turnEnd: TurnEnd) {
    this.#writer = writer;
    this.#owner = owner;
    this.#turnEnd = turnEnd;
    this.#budget = new TurnBudget(turnEnd, TURN_BYTES);
  }

  /** A header block. With `endStream` the stream has ended on this side. HOT. */
  headers(stream: Stream, fields: readonly Field[], count: number, endStream: boolean): void {
    if (stream.closed) return;
    this.#writer.headers(stream.id, fields, count, endStream);
    if (endStream) this.#owner.onLocalEnd(stream);
  }

  /** Sends what the windows allow, and queues the rest. HOT. */
  data(stream: Stream, buffer: Buffer, start: number, end: number, last: boolean): void {
    if (stream.closed) return;
    let at = start;
    if (stream.queue === null && !this.#writer.congested) {
      // It may be below zero; an end without bytes needs none.
      const window = Math.max(0, Math.min(stream.sendWindow, this.#window));
      if (window >= end - start) {
        this.#write(stream, buffer, start, end, last);
        return;
      }
      if (window > 0) {
        at += window;
        this.#write(stream, buffer, start, at, false);
      }
    }
    this.#enqueue(stream, Buffer.from(buffer.subarray(at, end)));
    if (last) stream.endQueued = true;
  }

  /** The trailers, and with them the end of this side. */
  trailers(stream: Stream, fields: readonly Field[], count: number): void {
    if (stream.queue === null) this.headers(stream, fields, count, true);
    else {
      stream.trailersQueued = fields.slice(0, count);
      stream.endQueued = true;
    }
  }

  /** The peer gives more room on the connection. False when that is more than there may be. */
  grow(bytes: number): boolean {
    this.#window += bytes;
    if (this.#window > WINDOW_BYTES_MAX) return false;
    this.pump();
    return true;
  }

  /** The peer gives more room on a stream, likewise. */
  growStream(stream: Stream, bytes: number): boolean {
    stream.sendWindow += bytes;
    if (stream.sendWindow > WINDOW_BYTES_MAX) return false;
    while (stream.queue !== null && !this.#writer.congested && this.#mayGoOn() && this.#sendQueued(stream)) {
      // A frame at a time.
    }
    return true;
  }

  /** SETTINGS_INITIAL_WINDOW_SIZE: the difference counts for every stream there is (RFC 9113 section 6.9.2). */
  resize(bytes: number, streams: Iterable<Stream>): boolean {
    const change = bytes - this.streamWindow;
    this.streamWindow = bytes;
    for (const stream of streams) {
      stream.sendWindow += change;
      if (stream.sendWindow > WINDOW_BYTES_MAX) return false;
    }
    return true;
  }

  /** The stream has ended: what waits of it goes nowhere. */
  forget(stream: Stream): void {
    this.queuedBytes -= stream.queuedBytes;
    stream.queuedBytes = 0;
    if (stream.queue !== null) this.#leaveQueue(stream);
  }

  /** Sends what waits, a frame of each stream in turn, as far as windows and socket allow. */
  pump(): void {
    for (let moved = this.#waiting.size > 0; moved; ) {
      moved = false;
      for (const stream of this.#waiting) {
        if (this.#writer.congested || this.#writer.stopped || !this.#mayGoOn()) return;
        if (this.#sendQueued(stream)) moved = true;
      }
    }
  }

  /** Whether more may leave the queues in this turn; where not, the next one goes on. */
  #mayGoOn(): boolean {
    if (this.#budget.left) return true;
    if (!this.#more) this.#turnEnd.add(this);
    this.#more = true;
    return false;
  }

  onTurnEnd(): void {
    this.#more = false;
    this.pump();
  }

  /** Frames within the limit of one; the windows have been looked at. */
  #write(stream: Stream, buffer: Buffer, start: number, end: number, last: boolean): void {
    stream.sendWindow -= end - start;
    this.#window -= end - start;
    let at = start;
    while (end - at > HTTP2_LIMITS.frameBytes) {
      this.#writer.data(stream.id, buffer, at, at + HTTP2_LIMITS.frameBytes, false);
      at += HTTP2_LIMITS.frameBytes;
    }
    if (end > at || last) this.#writer.data(stream.id, buffer, at, end, last);
    this.#owner.onDataSent();
    if (last) this.#owner.onLocalEnd(stream);
  }

  #enqueue(stream: Stream, bytes: Buffer): void {
    if (stream.queue === null) {
      stream.queue = [];
      this.#waiting.add(stream);
    }
    stream.queue.push(bytes);
    stream.queuedBytes += bytes.length;
    this.queuedBytes += bytes.length;
  }

  /** One frame from the queue of a stream. False when it has to wait. */
  #sendQueued(stream: Stream): boolean {
    const queue = stream.queue;
    if (queue === null) return false;
    const first = queue[0]!;
    // A window may be below zero: what is empty is sent all the same.
    const bytes = Math.min(first.length, Math.max(0, stream.sendWindow), this.#window, HTTP2_LIMITS.frameBytes);
    if (bytes === 0 && first.length > 0) return false;
    const whole = bytes === first.length;
    const emptied = whole && queue.length === 1;
    if (whole) queue.shift();
    else queue[0] = first.subarray(bytes);
    stream.queuedBytes -= bytes;
    this.queuedBytes -= bytes;
    this.#budget.spend(bytes);
    if (emptied) this.#leaveQueue(stream);
    const last = emptied && stream.endQueued;
    const trailers = stream.trailersQueued;
    this.#write(stream, first, 0, bytes, last && trailers === null);
    if (last && trailers !== null) this.headers(stream, trailers, trailers.length, true);
    if (emptied && !stream.closed) stream.onDrained();
    return true;
  }

  #leaveQueue(stream: Stream): void {
    stream.queue = null;
    this.#waiting.delete(stream);
  }
}
