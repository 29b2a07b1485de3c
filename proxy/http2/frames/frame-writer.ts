/**
 * Writes the frames of one connection. They collect in one buffer, which goes to the kernel once at the end of the turn,
 * or when it is full. HOT.
 */

import type { Transport } from '../../net/transport.ts';
import type { TurnTask } from '../../net/turn-end.ts';
import { HpackEncoder } from '../hpack/encoder.ts';
import type { Field } from '../hpack/field.ts';
import { HTTP2_LIMITS } from '../limits.ts';
import type { Http2Shared } from '../shared.ts';
import { ERROR, FLAG_ACK, FLAG_END_HEADERS, FLAG_END_STREAM, FRAME, FRAME_HEADER_BYTES, PREFACE } from './frames.ts';

/** Bytes of a field beside its text, at most, and of size updates in front of them. */
const FIELD_ROOM = 16;
/** Up to this length a loop is faster than a call that copies. */
const LOOP_MAX = 48;

export class FrameWriter implements TurnTask {
  readonly #shared: Http2Shared;
  readonly #transport: Transport;
  readonly encoder: HpackEncoder = new HpackEncoder();
  /** Null while nothing is collected. */
  #out: Buffer | null = null;
  #length = 0;
  #scheduled = false;
  /** Bytes of control frames since the peer stopped to read. */
  #controlBytes = 0;
  /** Nothing more is written. */
  stopped = false;
  txBytes = 0;

  constructor(shared: Http2Shared, transport: Transport) {
    this.#shared = shared;
    this.#transport = transport;
  }

  /** The peer does not read: what it asks for by control frames collects without end. */
  get flooded(): boolean {
    return this.#controlBytes > HTTP2_LIMITS.queuedControlBytes;
  }

  get congested(): boolean {
    return this.#transport.congested;
  }

  /** The peer has read everything. */
  drained(): void {
    this.#controlBytes = 0;
  }

  preface(): void {
    const at = this.#room(PREFACE.length);
    this.#length += PREFACE.copy(this.#out!, at);
  }

  /** `settings` are pairs of number and value. */
  settings(settings: readonly (readonly [number, number])[]): void {
    const length = settings.length * 6;
    const at = this.#header(length, FRAME.settings, 0, 0);
    for (const [i, [id, value]] of settings.entries()) {
      this.#out!.writeUInt16BE(id, at + i * 6);
      this.#out!.writeUInt32BE(value, at + i * 6 + 2);
    }
    this.#length += length;
  }

  settingsAck(): void {
    this.#header(0, FRAME.settings, FLAG_ACK, 0);
    this.#countControl(FRAME_HEADER_BYTES);
  }

  /** Eight bytes of `payload`. */
  ping(payload: Buffer, start: number, ack: boolean): void {
    const at = this.#header(8, FRAME.ping, ack ? FLAG_ACK : 0, 0);
    this.#length += payload.copy(this.#out!, at, start, start + 8);
    if (ack) this.#countControl(FRAME_HEADER_BYTES + 8);
  }

  reset(streamId: number, code: number): void {
    this.#number(FRAME.rstStream, streamId, code);
    this.#countControl(FRAME_HEADER_BYTES + 4);
  }

  windowUpdate(streamId: number, bytes: number): void {
    this.#number(FRAME.windowUpdate, streamId, bytes);
  }

  /** `reason` is for the people at the other end. */
  goaway(lastStreamId: number, code: number, reason: string): void {
    const at = this.#header(8 + reason.length, FRAME.goaway, 0, 0);
    this.#out!.writeUInt32BE(lastStreamId, at);
    this.#out!.writeUInt32BE(code, at + 4);
    this.#out!.latin1Write(reason, at + 8);
    this.#length += 8 + reason.length;
    if (code !== ERROR.none) this.flush();
  }

  /** A header block of the first `count` fields, in as many frames as it needs. */
  headers(streamId: number, fields: readonly Field[], count: number, endStream: boolean): void {
    let room = FRAME_HEADER_BYTES + FIELD_ROOM;
    for (let i = 0; i < count; i++) room += fields[i]!.size;
    const at = this.#room(room);
    const out = this.#out!;
    const { encoder } = this;
    let end = encoder.begin(out, at + FRAME_HEADER_BYTES);
    for (let i = 0; i < count; i++) end = encoder.put(fields[i]!, out, end);
    const length = end - at - FRAME_HEADER_BYTES;
    const flags = endStream ? FLAG_END_STREAM : 0;
    if (length > HTTP2_LIMITS.frameBytes) this.#splitHeaders(streamId, flags, at, length);
    else {
      writeHeader(out, at, length, FRAME.headers, flags | FLAG_END_HEADERS, streamId);
      this.#length = end;
    }
  }

  /** The block stands where one frame would have it: it is taken out, and written again in pieces. */
  #splitHeaders(streamId: number, flags: number, at: number, length: number): void {
    const from = at + FRAME_HEADER_BYTES;
    const block = Buffer.from(this.#out!.subarray(from, from + length));
    this.#length = at;
    for (let start = 0; start < length; start += HTTP2_LIMITS.frameBytes) {
      const end = Math.min(length, start + HTTP2_LIMITS.frameBytes);
      const type = start === 0 ? FRAME.headers : FRAME.continuation;
      const last = end === length ? FLAG_END_HEADERS : 0;
      const payload = this.#header(end - start, type, (start === 0 ? flags : 0) | last, streamId);
      this.#length += block.copy(this.#out!, payload, start, end);
    }
  }

  /** At most the bytes of one frame; see HTTP2_LIMITS.frameBytes. */
  data(streamId: number, buffer: Buffer, start: number, end: number, endStream: boolean): void {
    const length = end - start;
    let at = this.#header(length, FRAME.data, endStream ? FLAG_END_STREAM : 0, streamId);
    const out = this.#out!;
    if (length <= LOOP_MAX) for (let i = start; i < end; i++) out[at++] = buffer[i]!;
    else buffer.copy(out, at, start, end);
    this.#length += length;
  }

  onTurnEnd(): void {
    this.#scheduled = false;
    this.flush();
  }

  /** Hands over what was collected. */
  flush(): void {
    const out = this.#out;
    const length = this.#length;
    this.#out = null;
    this.#length = 0;
    if (out === null || length === 0 || this.stopped) return;
    this.txBytes += length;
    const free = this.#transport.writeShared(out.subarray(0, length));
    if (free) this.#shared.loop.outputs.give(out);
  }

  #number(type: number, streamId: number, value: number): void {
    const at = this.#header(4, type, 0, streamId);
    const out = this.#out!;
    out[at] = value >>> 24;
    out[at + 1] = (value >>> 16) & 0xff;
    out[at + 2] = (value >>> 8) & 0xff;
    out[at + 3] = value & 0xff;
    this.#length += 4;
  }

  /** Writes the header of a frame, and makes room for its payload. Returns where that goes. */
  #header(length: number, type: number, flags: number, streamId: number): number {
    const at = this.#room(FRAME_HEADER_BYTES + length);
    writeHeader(this.#out!, at, length, type, flags, streamId);
    this.#length = at + FRAME_HEADER_BYTES;
    return this.#length;
  }

  /** Makes room behind what was collected; returns where. */
  #room(bytes: number): number {
    if (this.#out !== null && this.#length + bytes > this.#out.length) this.flush();
    if (this.#out === null) {
      const usual = this.#shared.loop.outputs.take();
      this.#out = usual;
      if (bytes > usual.length) {
        this.#shared.loop.outputs.give(usual);
        this.#out = Buffer.allocUnsafeSlow(bytes);
      }
      this.#schedule();
    }
    return this.#length;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#shared.loop.turnEnd.add(this);
  }

  #countControl(bytes: number): void {
    if (this.congested) this.#controlBytes += bytes;
  }
}

function writeHeader(out: Buffer, at: number, length: number, type: number, flags: number, streamId: number): void {
  out[at] = length >>> 16;
  out[at + 1] = (length >>> 8) & 0xff;
  out[at + 2] = length & 0xff;
  out[at + 3] = type;
  out[at + 4] = flags;
  out[at + 5] = streamId >>> 24;
  out[at + 6] = (streamId >>> 16) & 0xff;
  out[at + 7] = (streamId >>> 8) & 0xff;
  out[at + 8] = streamId & 0xff;
}
