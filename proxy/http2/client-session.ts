/**
 * One HTTP/2 connection to an endpoint, shared by the requests that are on it.
 *
 *   connecting ──► open ──GOAWAY, worn, close──► leaving: no more streams ──none left──► closed
 *       └─refused, timeout──► closed
 *
 * Requests are sent as soon as it stands, without waiting for the endpoint's SETTINGS (RFC 9113 section 3.4): all but
 * extended CONNECT, which only SETTINGS can allow.
 */

import { hostPortText } from '../../kernel/host-port.ts';
import { nodeCrypto } from '../../kernel/lazy-crypto.ts';
import { Deadline, type DeadlineOwner } from '../../kernel/timer-wheel.ts';
import type { SocketAddress } from '../config/model/common.ts';
import type { BodyConverter } from '../http/body-converter.ts';
import { CONNECT_FAILURE, CONNECT_TIMEOUT, connectRefusal, type Failure } from '../http/failure.ts';
import { HeaderName } from '../http/header-name.ts';
import type { Http2Stats } from '../http/http2-stats.ts';
import type { Dialer } from '../net/dial.ts';
import type { DialHandler } from '../net/transport.ts';
import { type ClientStreamOwner, Http2ClientStream } from './client-stream.ts';
import { ERROR, SETTING } from './frames/frames.ts';
import type { FieldCollector } from './message/field-collector.ts';
import type { Http2Outgoing } from './message/outgoing.ts';
import { validTrailers } from './message/request-rules.ts';
import type { Http2ResponseHead } from './message/response-head.ts';
import { Http2Session, type SessionOptions } from './session.ts';
import type { Http2Shared } from './shared.ts';

/** Whom a connection tells about its life: the pool. */
export interface ClientSessionOwner {
  onConnected(session: Http2ClientSession): void;
  /** The endpoint's settings have come. */
  onSettled(session: Http2ClientSession): void;
  /** A stream has ended: there may be room for another. HOT. */
  onStreamEnded(session: Http2ClientSession): void;
  /** It takes no more streams. */
  onLeaving(session: Http2ClientSession): void;
  /** It is gone; `failure` says why when it never stood. */
  onClosed(session: Http2ClientSession, failure: Failure | null): void;
  /** The endpoint sent what is not HTTP/2. */
  onProtocolError(): void;
  /** Frames an answer, or unframes a request, for HTTP/1.1. */
  chunker(): BodyConverter;
  dechunker(): BodyConverter;
}

/** What a connection is made with. */
export interface ClientSessionParts {
  readonly shared: Http2Shared;
  readonly dialer: Dialer;
  readonly address: SocketAddress;
  readonly connectTimeoutMs: number;
  readonly stats: Http2Stats;
  readonly options: SessionOptions;
  readonly scheme: string;
  /** Streams that it is taken to allow until its SETTINGS say so. */
  readonly expectedStreams: number;
}

const WEBSOCKET_ACCEPT = new HeaderName('sec-websocket-accept');
const WEBSOCKET_KEY = new HeaderName('sec-websocket-key');
/** RFC 6455 section 1.3. */
const WEBSOCKET_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** Streams have 31-bit numbers, every second one is ours: another connection takes over long before they are used up. */
const LAST_STREAM = 0x7fff_fff0;

export class Http2ClientSession
  extends Http2Session<Http2ClientStream>
  implements ClientStreamOwner, DialHandler, DeadlineOwner
{
  readonly #owner: ClientSessionOwner;
  readonly #connectDeadline = new Deadline(this);
  readonly scheme: string;
  #state: 'connecting' | 'open' | 'leaving' | 'closed' = 'connecting';
  #nextStream = 1;
  #refusal: Failure = CONNECT_FAILURE;
  /** Of the endpoint's GOAWAY: requests above it were not looked at. */
  #lastProcessed = Infinity;
  readonly dialledMs: number;
  /** Since when there is no stream. */
  idleSinceMs = 0;
  requests = 0;
  /** Streams whose answer has begun in the current read. */
  #heldHeads: Http2ClientStream[] = [];
  readonly #expectedStreams: number;

  static dial(parts: ClientSessionParts, owner: ClientSessionOwner): Http2ClientSession {
    const { shared, dialer, address } = parts;
    // The transport needs its handler first, and the handler its transport.
    const relay = new DialRelay();
    const transport = dialer.dial(address, relay, null);
    const session = new Http2ClientSession(parts, transport, owner);
    relay.session = session;
    transport.handler = session;
    shared.loop.wheel.arm(session.#connectDeadline, parts.connectTimeoutMs);
    return session;
  }

  private constructor(parts: ClientSessionParts, transport: ReturnType<Dialer['dial']>, owner: ClientSessionOwner) {
    super(parts.shared, transport, parts.stats, parts.options);
    this.#owner = owner;
    this.scheme = parts.scheme;
    this.#expectedStreams = parts.expectedStreams;
    this.dialledMs = parts.shared.loop.nowMs;
    this.idleSinceMs = this.dialledMs;
  }

  get localAddress(): string {
    const { localAddress, localPort } = this.transport;
    return hostPortText({ host: localAddress, port: localPort });
  }

  get collector(): FieldCollector {
    return this.shared.collector;
  }

  /** Streams in flight. HOT. */
  get active(): number {
    return this.streams.size;
  }

  /** It can take another stream now. HOT. */
  get hasRoom(): boolean {
    const { maxConcurrentStreams } = this.options.http2;
    const size = this.streams.size;
    return this.#state === 'open' && size < maxConcurrentStreams && size < this.streamsMax;
  }

  /** Streams that the endpoint takes at a time, as far as is known. */
  get streamsMax(): number {
    return this.peer.known ? this.peer.streamsMax : this.#expectedStreams;
  }

  get isSettled(): boolean {
    return this.peer.known;
  }

  /** Extended CONNECT may be asked for. */
  get takesUpgrades(): boolean {
    return this.peer.takesConnect;
  }

  /** A stream for one request; only while there is room. HOT. */
  open(): Http2ClientStream {
    const id = this.#nextStream;
    this.#nextStream += 2;
    this.requests++;
    const stream = new Http2ClientStream(this, id, this.outbound.streamWindow, this.receiveWindow);
    this.streams.add(stream);
    this.stats.streamsActive++;
    if (id >= LAST_STREAM) this.leave();
    return stream;
  }

  /** Takes no more streams; closes behind the last one. */
  leave(): void {
    if (this.#state === 'connecting') {
      this.#end();
      return;
    }
    if (this.#state !== 'open') return;
    this.#state = 'leaving';
    this.#owner.onLeaving(this);
    if (this.streams.size === 0) this.#closePolitely();
  }

  /** Ends it now. Requests in flight are reset. */
  destroy(): void {
    this.#end();
  }

  chunker(): BodyConverter {
    return this.#owner.chunker();
  }

  dechunker(): BodyConverter {
    return this.#owner.dechunker();
  }

  countInterims(): void {
    this.stats.tooManyInterim++;
  }

  malformedAnswer(stream: Http2ClientStream): void {
    this.malformed(stream);
  }

  completeUpgrade(head: Http2ResponseHead, request: Http2Outgoing): void {
    const protocol = request.list.find(({ name }) => name === ':protocol')?.value ?? '';
    head.add('upgrade', protocol);
    if (protocol !== 'websocket' || head.first(WEBSOCKET_ACCEPT) !== null) return;
    const key = request.first(WEBSOCKET_KEY);
    if (key === null) return;
    head.add(
      WEBSOCKET_ACCEPT.name,
      nodeCrypto()
        .createHash('sha1')
        .update(key + WEBSOCKET_GUID)
        .digest('base64'),
    );
  }

  holdHead(stream: Http2ClientStream): void {
    this.#heldHeads.push(stream);
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Transport

  override onBytes(buffer: Buffer, start: number, end: number): void {
    super.onBytes(buffer, start, end);
    if (this.#heldHeads.length === 0) return;
    const held = this.#heldHeads;
    this.#heldHeads = [];
    for (const stream of held) stream.releaseHead();
  }

  onConnected(): void {
    const { shared, options } = this;
    shared.loop.wheel.disarm(this.#connectDeadline);
    this.#state = 'open';
    this.writer.preface();
    this.sendSettings([
      [SETTING.enablePush, 0],
      [SETTING.initialWindowSize, options.http2.initialStreamWindowBytes],
      [SETTING.maxHeaderListSize, options.headerListBytes],
    ]);
    this.#owner.onConnected(this);
  }

  onDeadline(): void {
    this.#refusal = CONNECT_TIMEOUT;
    this.#end();
  }

  onEnd(): void {
    this.#end();
  }

  onClose(error: Error | null): void {
    if (this.#state === 'connecting' && error !== null) this.#refusal = connectRefusal(error);
    this.#end();
  }

  /** It is over: the owner learns it now, so that it hands out no dead connection. */
  #end(): void {
    if (this.#state === 'closed') return;
    const refusal = this.#state === 'connecting' ? this.#refusal : null;
    this.#state = 'closed';
    this.shared.loop.wheel.disarm(this.#connectDeadline);
    this.transport.destroy();
    this.#owner.onClosed(this, refusal);
    this.abandon();
  }

  protected onLost(stream: Http2ClientStream): void {
    stream.onConnectionLost(stream.id <= this.#lastProcessed);
  }

  protected onBreach(): void {
    this.#owner.onProtocolError();
    this.#end();
  }

  #closePolitely(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.stats.goawaySent++;
    this.writer.goaway(0, ERROR.none, '');
    this.writer.flush();
    this.closed = true;
    this.#owner.onClosed(this, null);
    this.transport.destroyWhenWritten();
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Answers

  protected onHeaders(streamId: number, endStream: boolean): void {
    const stream = this.streams.get(streamId);
    const { fields, count, overLimit } = this.decoder;
    if (stream === undefined) {
      if (this.isIdle(streamId)) this.breach(ERROR.protocol, 'HEADERS on a stream that was not opened');
      return;
    }
    if (stream.headSeen) {
      this.onTrailerBlock(stream, endStream, !stream.tunnel && validTrailers(fields, count));
      return;
    }
    if (stream.remoteEnded || overLimit || !stream.onAnswer(fields, count, endStream)) {
      this.malformed(stream);
      return;
    }
    if (endStream) this.endRemote(stream);
  }

  protected isIdle(streamId: number): boolean {
    return streamId >= this.#nextStream || (streamId & 1) === 0;
  }

  protected get lastPeerStream(): number {
    return 0;
  }

  protected onPeerReset(): void {}

  protected onStreamClosed(): void {
    this.stats.streamsActive--;
    if (this.streams.size === 0) this.idleSinceMs = this.shared.loop.nowMs;
    if (this.#state === 'leaving' && this.streams.size === 0) this.#closePolitely();
    else if (this.#state === 'open') this.#owner.onStreamEnded(this);
  }

  /** Requests that the endpoint has not looked at may go elsewhere at once (RFC 9113 section 6.8). */
  protected onGoaway(lastStreamId: number): void {
    this.#lastProcessed = Math.min(this.#lastProcessed, lastStreamId);
    this.leave();
    for (const stream of this.streams.values()) {
      if (stream.id <= lastStreamId) continue;
      this.release(stream);
      stream.onConnectionLost(false);
    }
  }

  protected onSettings(): void {
    this.#owner.onSettled(this);
  }

  protected onPong(): void {}
}

/** Stands in for the session while its transport is being made. */
class DialRelay implements DialHandler {
  session: Http2ClientSession | null = null;
  onConnected(): void {
    this.session?.onConnected();
  }
  onBytes(): void {}
  onEnd(): void {}
  onWritable(): void {}
  onClose(): void {}
}
