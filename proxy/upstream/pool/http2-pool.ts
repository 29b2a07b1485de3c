/**
 * The HTTP/2 connections to one endpoint: as few as carry what is in flight, since requests that share a connection share
 * its system calls.
 *
 *   acquire ──► a connection with room (the one that was made first)
 *          └──► else dial, unless enough are being made for everyone who waits, and wait in line
 *   a connection that stands, or a stream that ends, serves the line first
 *   one that leaves (GOAWAY, worn out) finishes what it has, and is replaced when somebody needs it
 *
 * Upgrades need a connection whose endpoint has allowed them by its SETTINGS: they wait for those.
 */
import { Deadline, type DeadlineOwner } from '../../../kernel/timer-wheel.ts';
import type { SocketAddress } from '../../config/model/common.ts';
import type { BodyConverter } from '../../http/body-converter.ts';
import {
  CONNECT_FAILURE,
  CONNECT_TIMEOUT,
  type Failure,
  PROXY_HEADER_POOLED,
  UPGRADE_UNSUPPORTED,
} from '../../http/failure.ts';
import { ChunkFramer } from '../../http1/chunk-framer.ts';
import { Dechunker } from '../../http1/dechunker.ts';
import { type ClientSessionOwner, Http2ClientSession } from '../../http2/client-session.ts';
import type { EndpointUse } from '../guard/in-use.ts';
import { connectionsFull, countConnection } from '../guard/limits.ts';
import type { PoolHost, StreamWaiter, UpstreamPool } from './pool.ts';
import { WaitingLine } from './waiting-line.ts';

/** No endpoint should take fewer (RFC 9113 section 6.5.2): more before its SETTINGS could be refused. */
const EXPECTED_STREAMS = 100;

export class Http2Pool implements UpstreamPool, ClientSessionOwner, DeadlineOwner {
  readonly #host: PoolHost;
  readonly #address: SocketAddress;
  readonly use: EndpointUse;
  /** Those that stand and take requests, the oldest first. */
  readonly #open: Http2ClientSession[] = [];
  readonly #all = new Set<Http2ClientSession>();
  readonly #waiting: WaitingLine;
  readonly #idleDeadline = new Deadline(this);
  #connecting = 0;
  /** Streams that the endpoint takes on a connection, as it said last. */
  #streamsMax = EXPECTED_STREAMS;
  #closing = false;
  cxTotal = 0;
  cxConnectFail = 0;

  constructor(host: PoolHost, address: SocketAddress, use: EndpointUse) {
    this.#host = host;
    this.#address = address;
    this.use = use;
    this.#waiting = new WaitingLine(host, use);
  }

  get size(): number {
    return this.#all.size;
  }

  get busy(): boolean {
    if (this.#connecting > 0 || this.#waiting.length > 0) return true;
    for (const session of this.#all) if (session.active > 0) return true;
    return false;
  }

  acquire(waiter: StreamWaiter): void {
    const session = this.#roomFor(waiter);
    if (session !== null) {
      this.#give(session, waiter);
      return;
    }
    if (this.#host.config.proxyProtocol !== null) {
      waiter.onUnavailable(PROXY_HEADER_POOLED);
      return;
    }
    if (!this.#waiting.join(waiter) || this.#enoughComing()) return;
    // An endpoint without any connection gets one whatever the limit, or its requests could wait for ever.
    if (this.#all.size === 0 || !connectionsFull(this.#host, this.use)) this.#dial();
  }

  /** HOT. */
  #roomFor(waiter: StreamWaiter): Http2ClientSession | null {
    for (const session of this.#open) if (session.hasRoom && !(waiter.upgrades && !session.isSettled)) return session;
    return null;
  }

  /** The line is served by what is being made, or by SETTINGS that are on their way. */
  #enoughComing(): boolean {
    const each = Math.min(this.#host.config.http2.maxConcurrentStreams, Math.max(1, this.#streamsMax));
    if (this.#connecting * each >= this.#waiting.length) return true;
    // Who takes no streams at all for a while would take none on another connection either.
    if (this.#streamsMax === 0 && this.#open.length > 0) return true;
    return this.#open.some((session) => !session.isSettled);
  }

  #give(session: Http2ClientSession, waiter: StreamWaiter): void {
    if (waiter.upgrades && !session.takesUpgrades) {
      waiter.onUnavailable(UPGRADE_UNSUPPORTED);
      return;
    }
    const stream = session.open();
    const { maxRequestsPerConnection } = this.#host.config;
    if (maxRequestsPerConnection > 0 && session.requests >= maxRequestsPerConnection) {
      this.#host.stats.cxMaxRequests++;
      session.leave();
    }
    waiter.onStream(stream);
  }

  #serveLine(): void {
    for (let waiter = this.#waiting.peek(); waiter !== undefined; waiter = this.#waiting.peek()) {
      const session = this.#roomFor(waiter);
      if (session === null) break;
      this.#waiting.next();
      this.#give(session, waiter);
    }
    if (this.#waiting.length > 0 && !this.#closing && !this.#enoughComing()) {
      if (this.#all.size === 0 || !connectionsFull(this.#host, this.use)) this.#dial();
    }
  }

  forget(waiter: StreamWaiter): void {
    this.#waiting.leave(waiter);
  }

  close(): void {
    this.#closing = true;
    this.#host.loop.wheel.disarm(this.#idleDeadline);
    for (const session of [...this.#open]) session.leave();
  }

  destroy(): void {
    this.close();
    this.#waiting.eject(CONNECT_FAILURE);
    for (const session of [...this.#all]) session.destroy();
  }

  #dial(): void {
    const { config, dialer, stats, http1Limits, http2 } = this.#host;
    this.#connecting++;
    stats.cxTotal++;
    countConnection(this.#host, this.use, 1);
    stats.cxHttp2Total++;
    this.cxTotal++;
    const parts = {
      shared: http2,
      dialer,
      address: this.#address,
      connectTimeoutMs: config.connectTimeoutMs,
      stats: stats.http2,
      options: {
        http2: config.http2,
        headerListBytes: http1Limits.headBytes,
        headerCount: http1Limits.headerCount,
      },
      scheme: config.tls === null ? 'http' : 'https',
      expectedStreams: this.#streamsMax,
    };
    this.#all.add(Http2ClientSession.dial(parts, this));
  }

  onConnected(session: Http2ClientSession): void {
    const { stats, loop } = this.#host;
    this.#connecting--;
    stats.connectMs.record(loop.nowMs - session.dialledMs);
    this.#open.push(session);
    this.#serveLine();
    if (this.#closing) session.leave();
    else this.#armIdle();
  }

  onSettled(session: Http2ClientSession): void {
    this.#streamsMax = session.streamsMax;
    if (this.#waiting.length > 0) this.#serveLine();
  }

  onStreamEnded(session: Http2ClientSession): void {
    if (this.#waiting.length > 0) this.#serveLine();
    else if (session.active === 0 && !this.#idleDeadline.armed) this.#armIdle();
  }

  onLeaving(session: Http2ClientSession): void {
    const at = this.#open.indexOf(session);
    if (at >= 0) this.#open.splice(at, 1);
  }

  onClosed(session: Http2ClientSession, failure: Failure | null): void {
    const { stats } = this.#host;
    this.#all.delete(session);
    this.onLeaving(session);
    countConnection(this.#host, this.use, -1);
    stats.cxDestroy++;
    stats.cxRxBytes += session.rxBytes;
    stats.cxTxBytes += session.txBytes;
    if (failure === null) {
      if (this.#waiting.length > 0) this.#serveLine();
      return;
    }
    // Everyone who waits would meet the same refusal: all of them learn it now and may try elsewhere.
    this.#connecting--;
    stats.cxConnectFail++;
    if (failure === CONNECT_TIMEOUT) stats.cxConnectTimeout++;
    this.cxConnectFail++;
    this.#waiting.eject(failure);
  }

  onProtocolError(): void {
    this.#host.stats.cxProtocolError++;
  }

  chunker(): BodyConverter {
    return new ChunkFramer(this.#host.loop.body, false);
  }

  dechunker(): BodyConverter {
    return new Dechunker();
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Idle connections

  #armIdle(): void {
    const { config, loop } = this.#host;
    if (config.poolIdleTimeoutMs > 0) loop.wheel.arm(this.#idleDeadline, config.poolIdleTimeoutMs);
  }

  onDeadline(): void {
    const { config, loop, stats } = this.#host;
    const oldestMs = loop.refresh() - config.poolIdleTimeoutMs;
    let nextMs = Infinity;
    for (const session of [...this.#open]) {
      if (session.active > 0) continue;
      if (session.idleSinceMs <= oldestMs) {
        stats.cxIdleTimeout++;
        session.leave();
      } else nextMs = Math.min(nextMs, session.idleSinceMs - oldestMs);
    }
    if (nextMs < Infinity) loop.wheel.arm(this.#idleDeadline, nextMs);
  }
}
