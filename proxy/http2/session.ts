/**
 * One HTTP/2 connection: frames in and out, settings, flow control on both levels, and the streams (RFC 9113). What the
 * streams mean is left to the two kinds of session, for clients and for endpoints.
 *
 *   transport ─► FrameReader ─► onData, onFrame ─► stream            stream ─► Outbound ─► FrameWriter ─► transport
 *
 * Flow control. What comes is given back to the connection's window at once, and to the stream's window when half of it is
 * used, unless the stream is paused: so that a slow reader stalls its own sender and nobody else, and at most one window
 * of each stream is held here. What goes out waits at its stream; its source is paused meanwhile.
 *
 * A breach of the protocol ends the connection with GOAWAY and a sentence; one that concerns a single stream resets that.
 */
import type { Http2Options } from '../config/model/common.ts';
import type { Http2Stats } from '../http/http2-stats.ts';
import type { Transport, TransportHandler } from '../net/transport.ts';
import { FRAME_UNITS, listUnits } from './fair-share.ts';
import { FloodGuard } from './flood-guard.ts';
import { FrameReader, type FrameSink } from './frames/frame-reader.ts';
import { frameFault } from './frames/frame-rules.ts';
import { FrameWriter } from './frames/frame-writer.ts';
import { DEFAULT_WINDOW_BYTES, ERROR, FLAG_ACK, FRAME, readUint31, readUint32 } from './frames/frames.ts';
import { HeaderBlock } from './frames/header-block.ts';
import { type Breach, PeerSettings } from './frames/peer-settings.ts';
import { HpackDecoder } from './hpack/decoder.ts';
import { Inbound } from './inbound.ts';
import { OpenStreams } from './open-streams.ts';
import { Outbound, type OutboundOwner } from './outbound.ts';
import { RecentStreams } from './recent-streams.ts';
import type { Http2Shared } from './shared.ts';
import type { Http2Stream } from './stream.ts';

/** What a session is told by its owner. */
export interface SessionOptions {
  readonly http2: Http2Options;
  /** Of what the peer sends: bytes of a header list, each field 32 more than its text, and fields. */
  readonly headerListBytes: number;
  readonly headerCount: number;
}

export abstract class Http2Session<Stream extends Http2Stream>
  implements TransportHandler, FrameSink, OutboundOwner<Stream>
{
  protected readonly shared: Http2Shared;
  protected readonly transport: Transport;
  protected readonly writer: FrameWriter;
  protected readonly stats: Http2Stats;
  protected readonly options: SessionOptions;
  protected readonly decoder: HpackDecoder;
  protected readonly streams = new OpenStreams<Stream>();
  protected readonly recent = new RecentStreams();
  protected readonly peer: PeerSettings;
  readonly outbound: Outbound<Stream>;
  readonly #inbound: Inbound;
  readonly #reader: FrameReader;
  readonly #block: HeaderBlock;
  protected readonly guard: FloodGuard;
  /** No more frames are read: the connection is closing, or gone. */
  closed = false;
  /** Units that the peer has made in this turn, and how many it may (fair-share.ts). */
  work = 0;
  workMax = Infinity;
  rxBytes = 0;

  constructor(shared: Http2Shared, transport: Transport, stats: Http2Stats, options: SessionOptions) {
    this.shared = shared;
    this.transport = transport;
    this.stats = stats;
    this.options = options;
    this.writer = new FrameWriter(shared, transport);
    this.decoder = new HpackDecoder(shared.fields);
    this.peer = new PeerSettings(this.writer.encoder);
    this.outbound = new Outbound(this.writer, this, shared.loop.turnEnd);
    this.#inbound = new Inbound(this.writer, options.http2);
    this.#block = new HeaderBlock(stats);
    this.#reader = new FrameReader(this);
    this.guard = new FloodGuard(shared.loop, this.writer, stats);
  }

  get txBytes(): number {
    return this.writer.txBytes;
  }

  /** With which a stream of the peer begins: ours may be announced, but not known to it yet. */
  protected get receiveWindow(): number {
    return Math.max(this.options.http2.initialStreamWindowBytes, DEFAULT_WINDOW_BYTES);
  }

  // -------------------------------------------------------------------------------------------------------------------
  // What the two kinds of session do

  /** A header block is complete; its fields are in `decoder`. */
  protected abstract onHeaders(streamId: number, endStream: boolean): void;
  /** A stream that is not there any more, or is not yet. */
  protected abstract isIdle(streamId: number): boolean;
  /** The highest stream of the peer that is or was served, for GOAWAY. */
  protected abstract readonly lastPeerStream: number;
  protected abstract onGoaway(lastStreamId: number, code: number): void;
  /** The peer's settings have been applied. */
  protected abstract onSettings(): void;
  /** Our ping has come back. */
  protected abstract onPong(): void;
  /** The peer has reset a stream. */
  protected abstract onPeerReset(): void;
  /** A stream is gone with the connection. */
  protected abstract onLost(stream: Stream): void;
  /** A stream has left. */
  protected abstract onStreamClosed(stream: Stream): void;
  /** The connection ends because of a breach, with everything that is on it. */
  protected abstract onBreach(): void;

  // -------------------------------------------------------------------------------------------------------------------
  // Transport

  onBytes(buffer: Buffer, start: number, end: number): void {
    this.rxBytes += end - start;
    this.read(buffer, start, end);
  }

  /** Reads frames. Returns where it stopped: `end`, unless the peer has made all that it may. HOT. */
  protected read(buffer: Buffer, start: number, end: number): number {
    return this.closed ? end : this.#reader.feed(buffer, start, end);
  }

  abstract onEnd(): void;
  abstract onClose(error: Error | null): void;

  onWritable(): void {
    this.writer.drained();
    this.outbound.pump();
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Out

  /** The first frame of either side, and the window of the connection. */
  protected sendSettings(settings: readonly (readonly [number, number])[]): void {
    this.writer.settings(settings);
    const extra = this.options.http2.initialConnectionWindowBytes - DEFAULT_WINDOW_BYTES;
    if (extra > 0) this.writer.windowUpdate(0, extra);
  }

  /** Ends a stream with an error code. */
  reset(stream: Stream, code: number): void {
    if (stream.closed) return;
    this.stats.txReset++;
    this.writer.reset(stream.id, code);
    this.#close(stream, true);
  }

  onDataSent(): void {
    this.guard.usefulData();
  }

  onLocalEnd(stream: Stream): void {
    stream.localEnded = true;
    if (stream.remoteEnded) this.#close(stream, false);
    else stream.onLocalEnd();
  }

  #close(stream: Stream, resetByUs: boolean): void {
    if (stream.closed) return;
    stream.closed = true;
    this.outbound.forget(stream);
    this.streams.delete(stream.id);
    this.recent.add(stream.id, resetByUs);
    this.onStreamClosed(stream);
  }

  // -------------------------------------------------------------------------------------------------------------------
  // In

  onData(streamId: number, buffer: Buffer, start: number, end: number, windowBytes: number, last: boolean): void {
    this.work += FRAME_UNITS;
    if (this.#block.open) {
      this.breach(ERROR.protocol, 'a header block is not complete');
      return;
    }
    const stream = this.streams.get(streamId);
    this.#inbound.count(windowBytes);
    if (stream === undefined) this.#strayData(streamId, windowBytes);
    else if (stream.remoteEnded) this.#refuse(stream, ERROR.streamClosed);
    else if (windowBytes === 0 && !last) this.fault(this.guard.emptyData());
    else {
      this.guard.content();
      switch (this.#inbound.take(stream, end - start, windowBytes, last)) {
        case 'fine':
          if (last) stream.remoteEnded = true;
          else if (!stream.readPaused) this.#inbound.replenish(stream);
          stream.onData(buffer, start, end, last);
          if (last && stream.localEnded) this.#close(stream, false);
          return;
        case 'no-window':
          this.#refuse(stream, ERROR.flowControl);
          return;
        case 'other-length':
          this.malformed(stream);
          return;
      }
    }
  }

  /** Gives back to the window of a stream, once it is worth a frame. HOT. */
  replenish(stream: Stream): void {
    this.#inbound.replenish(stream);
  }

  #refuse(stream: Stream, code: number): void {
    this.reset(stream, code);
    stream.onMalformed();
    this.fault(this.guard.provoked());
  }

  /** A message breaks the rules of HTTP: its stream ends. */
  protected malformed(stream: Stream): void {
    this.stats.messagingError++;
    this.#refuse(stream, ERROR.protocol);
  }

  #strayData(streamId: number, windowBytes: number): void {
    if (this.isIdle(streamId) || streamId === 0) this.breach(ERROR.protocol, 'DATA on a stream that was not opened');
    else if (this.recent.find(streamId) !== 'reset') {
      this.writer.reset(streamId, ERROR.streamClosed);
      this.fault(this.guard.provoked());
    } else if (windowBytes === 0) this.#spend();
  }

  onOversized(): void {
    this.breach(ERROR.frameSize, 'a frame is larger than 16,384 bytes');
  }

  onBadPadding(): void {
    this.breach(ERROR.protocol, 'padding is longer than its frame');
  }

  onFrame(type: number, flags: number, streamId: number, buffer: Buffer, start: number, end: number): void {
    this.work += FRAME_UNITS;
    if (this.#block.open && type !== FRAME.continuation) {
      this.breach(ERROR.protocol, 'a header block is not complete');
      return;
    }
    const fault = frameFault(type, flags, streamId, end - start);
    if (fault !== null) {
      this.fault(fault);
      return;
    }
    switch (type) {
      case FRAME.headers:
        this.#onBlock(this.#block.begin(streamId, flags, buffer, start, end));
        return;
      case FRAME.continuation:
        this.#onBlock(this.#block.add(streamId, flags, buffer, start, end));
        return;
      case FRAME.windowUpdate:
        if (this.#spend()) this.#onWindowUpdate(streamId, readUint31(buffer, start));
        return;
      case FRAME.rstStream:
        this.#onRstStream(streamId, readUint32(buffer, start));
        return;
      case FRAME.settings:
        if (this.#spend() && (flags & FLAG_ACK) === 0) this.#onSettingsFrame(buffer, start, end);
        return;
      case FRAME.ping:
        if ((flags & FLAG_ACK) !== 0) this.onPong();
        else if (this.#spend()) this.writer.ping(buffer, start, true);
        return;
      case FRAME.priority:
        if (readUint31(buffer, start) === streamId) this.breach(ERROR.protocol, 'a stream depends on itself');
        else this.#spend();
        return;
      case FRAME.goaway:
        this.onGoaway(readUint31(buffer, start), readUint32(buffer, start + 4));
        return;
      default:
        // Frames of unknown types are ignored (RFC 9113 section 5.5).
        this.#spend();
    }
  }

  #onBlock(breach: Breach | null): void {
    const block = this.#block;
    if (breach !== null) this.fault(breach);
    else if (!block.open) this.#decode(block.streamId, block.endStream, block.buffer, block.start, block.end);
  }

  #decode(streamId: number, endStream: boolean, buffer: Buffer, start: number, end: number): void {
    const { headerListBytes, headerCount } = this.options;
    if (this.decoder.decode(buffer, start, end, headerListBytes, headerCount) !== 0) {
      this.breach(ERROR.compression, 'a header block cannot be decoded');
      return;
    }
    this.work += listUnits(this.decoder.listBytes, headerListBytes, end - start);
    if (this.decoder.overLimit) this.stats.headerOverflow++;
    this.onHeaders(streamId, endStream);
  }

  /** Trailers of a stream that is there. */
  protected onTrailerBlock(stream: Stream, endStream: boolean, valid: boolean): void {
    if (stream.remoteEnded) {
      this.#refuse(stream, ERROR.streamClosed);
      return;
    }
    if (!endStream || !valid || stream.bodyLeft > 0 || this.decoder.overLimit) {
      this.malformed(stream);
      return;
    }
    stream.remoteEnded = true;
    stream.onTrailers(this.decoder.fields, this.decoder.count);
    if (stream.localEnded) this.#close(stream, false);
  }

  /** The peer ended its side together with a header block. */
  protected endRemote(stream: Stream): void {
    stream.remoteEnded = true;
    if (stream.localEnded) this.#close(stream, false);
  }

  #onWindowUpdate(streamId: number, bytes: number): void {
    if (streamId === 0) {
      if (bytes === 0) this.breach(ERROR.protocol, 'WINDOW_UPDATE of 0');
      else if (!this.outbound.grow(bytes)) this.breach(ERROR.flowControl, 'the window is too large');
      return;
    }
    const stream = this.streams.get(streamId);
    if (stream === undefined) {
      if (this.isIdle(streamId)) this.breach(ERROR.protocol, 'WINDOW_UPDATE on a stream that was not opened');
      return;
    }
    if (bytes === 0) this.#refuse(stream, ERROR.protocol);
    else if (!this.outbound.growStream(stream, bytes)) this.#refuse(stream, ERROR.flowControl);
  }

  #onRstStream(streamId: number, code: number): void {
    const stream = this.streams.get(streamId);
    if (stream === undefined) {
      if (this.isIdle(streamId)) this.breach(ERROR.protocol, 'RST_STREAM on a stream that was not opened');
      else this.#spend();
      return;
    }
    this.stats.rxReset++;
    this.#close(stream, false);
    stream.onReset(code);
    this.onPeerReset();
  }

  #onSettingsFrame(buffer: Buffer, start: number, end: number): void {
    const breach = this.peer.read(buffer, start, end) ?? this.#takeSettings();
    if (breach !== null) {
      this.fault(breach);
      return;
    }
    this.writer.settingsAck();
    this.onSettings();
    this.outbound.pump();
  }

  /** Those that concern what we send. */
  #takeSettings(): Breach | null {
    const { peer, outbound } = this;
    const fits = peer.streamWindow < 0 || outbound.resize(peer.streamWindow, this.streams.values());
    peer.streamWindow = -1;
    return fits ? null : { code: ERROR.flowControl, reason: 'INITIAL_WINDOW_SIZE makes a window too large' };
  }

  /** A frame that carries nothing. False when it was one too many. */
  #spend(): boolean {
    return this.fault(this.guard.frameForNothing());
  }

  /** Ends the connection when something is wrong. True when nothing is. */
  protected fault(breach: Breach | null): boolean {
    if (breach !== null) this.breach(breach.code, breach.reason);
    return breach === null;
  }

  /** The peer broke the protocol: it is told why, and everything ends. */
  protected breach(code: number, reason: string): void {
    if (this.closed) return;
    this.stats.protocolError++;
    this.stats.goawaySent++;
    this.closed = true;
    this.writer.goaway(this.lastPeerStream, code, reason);
    this.writer.stopped = true;
    this.onBreach();
  }

  /** A stream that ends without a word to the peer. */
  protected release(stream: Stream): void {
    this.#close(stream, false);
  }

  /** All streams are gone with the connection: they learn it one by one. */
  protected abandon(): void {
    this.closed = true;
    this.writer.stopped = true;
    for (const stream of this.streams.values()) {
      this.#close(stream, false);
      this.onLost(stream);
    }
  }
}
