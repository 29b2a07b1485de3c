/**
 * One HTTP/2 connection from a client: makes an exchange of every request, many at a time, and ends politely.
 *
 *   serving ──retire, drain, worn──► leaving: GOAWAY, streams in flight are served ──none left──► closing: FIN ──► closed
 *      └──breach──► closing        ┌─ GOAWAY with the last stream, once the client has seen that one is coming
 */
import { Deadline, type DeadlineOwner } from '../../kernel/timer-wheel.ts';
import { countClosed, countOpened } from '../http/connection-counters.ts';
import type { ConnectionManager } from '../http/connection-manager.ts';
import { BODY_TIMEOUT, HEADERS_TOO_LARGE, STREAM_IDLE, STREAM_IDLE_UPSTREAM } from '../http/failure.ts';
import type { ConnectionInfo } from '../net/connection-info.ts';
import type { ConnectionOwner, ServedConnection } from '../net/service.ts';
import type { Transport } from '../net/transport.ts';
import { type FairlyRead, FairReader } from './fair-reader.ts';
import { REQUEST_UNITS } from './fair-share.ts';
import { ERROR, SETTING, WINDOW_BYTES_MAX } from './frames/frames.ts';
import { PrefaceReader } from './frames/preface.ts';
import { HTTP2_LIMITS } from './limits.ts';
import { NO_HEAD } from './message/no-head.ts';
import { readRequest, validTrailers } from './message/request-rules.ts';
import { Http2ServerStream, type ServerStreamOwner } from './server-stream.ts';
import { Http2Session } from './session.ts';
import type { Http2Shared } from './shared.ts';

const SWEEP = 0;
const LIFETIME = 1;
const LINGER = 2;

/** How long a client gets to learn that a GOAWAY is coming, when it does not answer the ping behind it. */
const LAST_REQUESTS_MS = 1_000;
const PING = Buffer.from('outrider', 'latin1');

export class Http2ServerSession
  extends Http2Session<Http2ServerStream>
  implements ServedConnection, ServerStreamOwner, DeadlineOwner, FairlyRead
{
  readonly connection: ConnectionInfo;
  readonly manager: ConnectionManager;
  readonly #owner: ConnectionOwner;
  readonly #reads: FairReader;
  readonly #sweep = new Deadline(this, SWEEP);
  readonly #lifetime = new Deadline(this, LIFETIME);
  readonly #linger = new Deadline(this, LINGER);
  #sweepDueMs = Infinity;
  readonly #preface = new PrefaceReader();
  #lastStream = 0;
  #requests = 0;
  /** Streams that were opened in the current read. */
  #opened: Http2ServerStream[] = [];
  /** GOAWAY was sent: no further stream than this one is taken. */
  #lastTaken = WINDOW_BYTES_MAX;
  #leaving = false;
  /** A GOAWAY is announced: what is on its way is served until the client has heard of it. */
  #announced = false;
  #gone = false;
  #idleSinceMs = 0;

  constructor(
    shared: Http2Shared,
    manager: ConnectionManager,
    transport: Transport,
    info: ConnectionInfo,
    owner: ConnectionOwner,
  ) {
    const { http2, maxRequestHeadersBytes, maxHeadersCount, maxConnectionDurationMs } = manager.config;
    super(shared, transport, manager.stats.http2, {
      http2,
      headerListBytes: maxRequestHeadersBytes,
      headerCount: maxHeadersCount,
    });
    this.connection = info;
    this.manager = manager;
    this.#owner = owner;
    this.#reads = new FairReader(shared, transport, manager.stats.http2, this);
    this.#idleSinceMs = shared.loop.nowMs;
    countOpened(manager.stats, 'http2');
    const settings: (readonly [number, number])[] = [
      [SETTING.maxConcurrentStreams, http2.maxConcurrentStreams],
      [SETTING.initialWindowSize, http2.initialStreamWindowBytes],
      [SETTING.maxHeaderListSize, maxRequestHeadersBytes],
    ];
    if (http2.allowConnect) settings.push([SETTING.enableConnectProtocol, 1]);
    this.sendSettings(settings);
    if (maxConnectionDurationMs > 0) shared.loop.wheel.arm(this.#lifetime, maxConnectionDurationMs);
    this.#armIdle();
  }

  get sharedByLoop(): Http2Shared {
    return this.shared;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Transport

  override onBytes(buffer: Buffer, start: number, end: number): void {
    this.manager.stats.cxRxBytes += end - start;
    this.rxBytes += end - start;
    const from = this.#preface.complete ? start : this.#preface.read(buffer, start, end);
    if (from < 0) this.breach(ERROR.protocol, 'the connection does not begin with the HTTP/2 preface');
    else if (from < end) this.#reads.feed(buffer, from, end);
  }

  readShare(buffer: Buffer, start: number, end: number, units: number): number {
    this.work = 0;
    this.workMax = units;
    const at = this.read(buffer, start, end);
    if (this.#opened.length > 0) this.#beginOpened();
    return at;
  }

  #beginOpened(): void {
    const opened = this.#opened;
    this.#opened = [];
    for (const stream of opened) stream.begin();
  }

  onEnd(): void {
    // As in Envoy, a client that ends its side has given up.
    this.transport.destroyWhenWritten();
    this.abandon();
  }

  onClose(): void {
    this.abandon();
    if (this.#gone) return;
    this.#gone = true;
    const { wheel } = this.shared.loop;
    wheel.disarm(this.#sweep);
    wheel.disarm(this.#lifetime);
    wheel.disarm(this.#linger);
    const { stats } = this.manager;
    countClosed(stats, 'http2');
    stats.cxTxBytes += this.txBytes;
    this.#owner.onClosed(this);
  }

  /** Nobody is left to answer. */
  protected onLost(stream: Http2ServerStream): void {
    stream.onReset();
  }

  protected onBreach(): void {
    this.manager.stats.cxProtocolError++;
    this.abandon();
    this.#closePolitely();
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Requests

  protected onHeaders(streamId: number, endStream: boolean): void {
    const stream = this.streams.get(streamId);
    if (stream !== undefined) {
      const { fields, count } = this.decoder;
      this.onTrailerBlock(stream, endStream, !stream.connects && validTrailers(fields, count));
      return;
    }
    if ((streamId & 1) === 0) this.breach(ERROR.protocol, 'clients open streams of odd numbers');
    else if (streamId <= this.#lastStream) this.#onLateHeaders(streamId);
    else if (streamId <= this.#lastTaken) this.#open(streamId, endStream);
    else {
      // Behind our GOAWAY: what follows of it is ignored like that of a stream which we have reset.
      this.#lastStream = streamId;
      this.recent.add(streamId, true);
    }
  }

  /** RFC 9113 section 5.1: on a stream that we have reset it was still on its way. */
  #onLateHeaders(streamId: number): void {
    const end = this.recent.find(streamId);
    if (end === 'ended') this.breach(ERROR.streamClosed, 'HEADERS on a stream that has ended');
    else if (end === 'unknown') this.breach(ERROR.protocol, 'the numbers of streams go up');
  }

  #open(streamId: number, endStream: boolean): void {
    const { loop } = this.shared;
    const { nowMs } = loop;
    this.#lastStream = streamId;
    const { http2 } = this.options;
    if (this.streams.size >= http2.maxConcurrentStreams || this.outbound.queuedBytes > HTTP2_LIMITS.queuedBytes) {
      this.stats.streamsRefused++;
      this.writer.reset(streamId, ERROR.refusedStream);
      this.recent.add(streamId, true);
      return;
    }
    const { decoder } = this;
    const head = decoder.overLimit
      ? null
      : readRequest(this.shared.fields, decoder.fields, decoder.count, endStream, http2.allowConnect);
    if (head === null && !decoder.overLimit) {
      this.stats.messagingError++;
      this.manager.stats.cxProtocolError++;
      this.writer.reset(streamId, ERROR.protocol);
      this.recent.add(streamId, true);
      this.fault(this.guard.provoked());
      return;
    }
    const stream = new Http2ServerStream(this, streamId, this.outbound.streamWindow, this.receiveWindow, nowMs);
    this.work += REQUEST_UNITS;
    this.streams.add(stream);
    this.stats.streamsActive++;
    if (endStream) stream.remoteEnded = true;
    this.#countRequest();
    const { streamIdleTimeoutMs } = this.manager.config;
    if (streamIdleTimeoutMs > 0) this.wakeBy(nowMs + streamIdleTimeoutMs);
    if (head === null) {
      this.manager.stats.limits.headersTooLarge++;
      stream.refuse(NO_HEAD, HEADERS_TOO_LARGE, nowMs);
      this.fault(this.guard.oversized(decoder.listBytes));
    } else {
      stream.open(head);
      this.#opened.push(stream);
    }
  }

  #countRequest(): void {
    const { config, leaving, stats } = this.manager;
    this.#requests++;
    const worn = config.maxRequestsPerConnection > 0 && this.#requests >= config.maxRequestsPerConnection;
    if (this.#leaving || !(worn || leaving)) return;
    if (worn) stats.cxMaxRequestsReached++;
    this.#leaving = true;
    this.#sayGoaway(this.#lastStream);
  }

  protected onPeerReset(): void {
    this.fault(this.guard.reset());
  }

  protected onStreamClosed({ localEnded, remoteEnded, upgraded, refused }: Http2ServerStream): void {
    if (upgraded) this.manager.stats.cxUpgradesActive--;
    this.stats.streamsActive--;
    if (localEnded && remoteEnded && !refused) this.guard.usefulStream();
    if (this.streams.size > 0) return;
    this.#idleSinceMs = this.shared.loop.nowMs;
    if (!this.#leaving) this.#armIdle();
    else if (!this.#announced) this.#closePolitely();
  }

  protected isIdle(streamId: number): boolean {
    return streamId > this.#lastStream || (streamId & 1) === 0;
  }

  /** Never more than a GOAWAY has said (RFC 9113 section 6.8). */
  protected get lastPeerStream(): number {
    return Math.min(this.#lastStream, this.#lastTaken);
  }

  protected onGoaway(): void {
    this.#leaving = true;
    if (this.streams.size === 0) this.#closePolitely();
  }

  protected onSettings(): void {}

  // -------------------------------------------------------------------------------------------------------------------
  // Leaving

  /** Announces the end; what the client sends until it has heard of it is served. */
  retire(): void {
    if (this.#leaving) return;
    this.#leaving = true;
    this.#announced = true;
    this.writer.goaway(WINDOW_BYTES_MAX, ERROR.none, '');
    this.writer.ping(PING, 0, false);
    this.shared.loop.wheel.arm(this.#lifetime, Math.min(LAST_REQUESTS_MS, this.manager.config.drainTimeoutMs));
  }

  /** The client has read the announcement, or had time to. */
  protected onPong(): void {
    if (!this.#announced) return;
    this.#announced = false;
    this.#sayGoaway(this.#lastStream);
    if (this.streams.size === 0) this.#closePolitely();
  }

  drain(): void {
    this.retire();
  }

  finish(): void {
    this.retire();
    for (const stream of this.streams.values()) stream.finishTunnel();
    if (this.streams.size === 0) this.#closePolitely();
  }

  destroy(): void {
    this.transport.destroy();
  }

  #sayGoaway(lastStream: number): void {
    this.stats.goawaySent++;
    this.#lastTaken = lastStream;
    this.writer.goaway(lastStream, ERROR.none, '');
  }

  #closePolitely(): void {
    const { delayedCloseTimeoutMs } = this.manager.config;
    if (!this.closed && this.#lastTaken === WINDOW_BYTES_MAX) this.#sayGoaway(this.#lastStream);
    this.closed = true;
    this.writer.flush();
    this.transport.end();
    if (delayedCloseTimeoutMs === 0) this.transport.destroyWhenWritten();
    else this.shared.loop.wheel.arm(this.#linger, delayedCloseTimeoutMs);
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Time

  wakeBy(dueMs: number): void {
    if (dueMs >= this.#sweepDueMs) return;
    this.#sweepDueMs = dueMs;
    const { loop } = this.shared;
    loop.wheel.arm(this.#sweep, Math.max(0, dueMs - loop.nowMs), loop.nowMs);
  }

  #armIdle(): void {
    const { idleTimeoutMs } = this.manager.config;
    if (idleTimeoutMs > 0) this.wakeBy(this.#idleSinceMs + idleTimeoutMs);
  }

  onDeadline(deadline: Deadline): void {
    const nowMs = this.shared.loop.refresh();
    switch (deadline.kind) {
      case SWEEP:
        this.#sweepDueMs = Infinity;
        this.#lookAtStreams(nowMs);
        return;
      case LIFETIME:
        if (this.#leaving) this.onPong();
        else {
          this.manager.stats.cxMaxDurationReached++;
          this.retire();
        }
        return;
      case LINGER:
        this.manager.stats.cxDelayedCloseTimeout++;
        this.transport.destroy();
        return;
    }
  }

  /** One timer serves all streams: what is due is done, and the next one is looked for. */
  #lookAtStreams(nowMs: number): void {
    if (this.closed) return;
    if (this.streams.size === 0) {
      this.#lookAtIdle(nowMs);
      return;
    }
    const { streamIdleTimeoutMs } = this.manager.config;
    let nextMs = Infinity;
    for (const stream of this.streams.values()) {
      const idleDueMs = streamIdleTimeoutMs === 0 ? Infinity : stream.lastActivityMs + streamIdleTimeoutMs;
      if (stream.responseDueMs <= nowMs) {
        stream.responseDueMs = Infinity;
        stream.exchange?.onTimeout();
      } else if (stream.requestDueMs <= nowMs) {
        stream.requestDueMs = Infinity;
        this.manager.stats.rqTimeout++;
        stream.exchange?.fail(BODY_TIMEOUT);
      } else if (idleDueMs <= nowMs) this.#onIdleStream(stream);
      if (!stream.closed)
        nextMs = Math.min(
          nextMs,
          stream.responseDueMs,
          stream.requestDueMs,
          futureOf(idleDueMs, nowMs, streamIdleTimeoutMs),
        );
    }
    if (nextMs < Infinity) this.wakeBy(nextMs);
    if (this.streams.size === 0) this.#armIdle();
  }

  #onIdleStream(stream: Http2ServerStream): void {
    const { exchange } = stream;
    if (exchange?.ownIdleTimeout === true) return;
    this.manager.stats.rqIdleTimeout++;
    // Answered, but the client does not take it.
    if (exchange === null) this.reset(stream, ERROR.cancel);
    else exchange.fail(stream.inRequest ? STREAM_IDLE : STREAM_IDLE_UPSTREAM);
  }

  #lookAtIdle(nowMs: number): void {
    const { idleTimeoutMs } = this.manager.config;
    if (idleTimeoutMs === 0) return;
    if (nowMs < this.#idleSinceMs + idleTimeoutMs) {
      this.#armIdle();
      return;
    }
    this.manager.stats.cxIdleTimeout++;
    this.#leaving = true;
    this.#closePolitely();
  }
}

/** When to look again at a limit that has been dealt with. */
function futureOf(dueMs: number, nowMs: number, limitMs: number): number {
  return dueMs <= nowMs ? nowMs + limitMs : dueMs;
}
