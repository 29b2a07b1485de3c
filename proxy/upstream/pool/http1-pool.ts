/**
 * The HTTP/1.1 connections to one endpoint, and the requests that wait for one.
 *
 *   acquire ──► an idle connection (the one used last, so that the others can grow old and close)
 *          └──► else dial, within the cluster's limit of connections, and wait in line
 *   a connection that stands or becomes idle serves the line first
 *   one that was idle for so long that the endpoint may be closing it is closed instead: see idle-lesson.ts
 *
 * `close` lets busy connections finish; `destroy` ends them now.
 */
import { Roster } from '../../../kernel/roster.ts';
import { Deadline, type DeadlineOwner } from '../../../kernel/timer-wheel.ts';
import type { SocketAddress } from '../../config/model/common.ts';
import { CONNECT_FAILURE, CONNECT_TIMEOUT, type Failure, PROXY_HEADER_POOLED } from '../../http/failure.ts';
import type { LimitCounters } from '../../http/limit-counters.ts';
import { type ClientConnectionOwner, Http1ClientConnection } from '../../http1/client-connection.ts';
import type { TurnTask } from '../../net/turn-end.ts';
import type { EndpointUse } from '../guard/in-use.ts';
import { connectionsFull, countConnection } from '../guard/limits.ts';
import { IdleLesson } from './idle-lesson.ts';
import type { PoolHost, StreamWaiter, UpstreamPool } from './pool.ts';
import { WaitingLine } from './waiting-line.ts';

export class Http1Pool implements UpstreamPool, ClientConnectionOwner, DeadlineOwner, TurnTask {
  readonly #host: PoolHost;
  readonly #address: SocketAddress;
  readonly use: EndpointUse;
  /** Used last at the end. */
  readonly #idle: Http1ClientConnection[] = [];
  readonly #all = new Roster<Http1ClientConnection>();
  readonly #waiting: WaitingLine;
  #connecting = 0;
  #dialsLater = false;
  #closing = false;
  readonly #idleDeadline: Deadline;
  readonly #lesson = new IdleLesson();
  cxTotal = 0;
  cxConnectFail = 0;

  constructor(host: PoolHost, address: SocketAddress, use: EndpointUse) {
    this.#host = host;
    this.#address = address;
    this.use = use;
    this.#waiting = new WaitingLine(host, use);
    this.#idleDeadline = new Deadline(this);
  }

  get size(): number {
    return this.#all.size;
  }

  get busy(): boolean {
    return this.#all.size > this.#idle.length || this.#waiting.length > 0;
  }

  /** Hands a connection to the waiter, now or later, or says why there is none. HOT. */
  acquire(waiter: StreamWaiter): void {
    const connection = this.#idle.pop();
    if (connection !== undefined) {
      if (this.#host.loop.nowMs - connection.idleSinceMs < this.#limitMs()) {
        waiter.onStream(connection);
        return;
      }
      // The others have been idle for longer.
      this.#closeIdle(connection);
      for (const each of this.#idle.splice(0)) this.#closeIdle(each);
    }
    if (this.#host.config.proxyProtocol !== null) {
      waiter.onUnavailable(PROXY_HEADER_POOLED);
      return;
    }
    if (!this.#waiting.join(waiter)) return;
    this.#dialForWaiting();
  }

  /** One connection for each that waits, as far as the cluster's limit and this turn allow. */
  #dialForWaiting(): void {
    const { loop } = this.#host;
    while (!this.#dialsLater && this.#connecting < this.#waiting.length) {
      // An endpoint without any connection gets one whatever the limit, or its requests could wait for ever.
      if (this.#all.size > 0 && connectionsFull(this.#host, this.use)) return;
      if (loop.dials.take()) this.#dial();
      else {
        this.#dialsLater = true;
        loop.turnEnd.add(this);
      }
    }
  }

  onTurnEnd(): void {
    this.#dialsLater = false;
    this.#dialForWaiting();
  }

  /** The waiter no longer wants a connection. */
  forget(waiter: StreamWaiter): void {
    this.#waiting.leave(waiter);
  }

  /** Takes no connection back from now on; busy ones end with their request. */
  close(): void {
    this.#closing = true;
    this.#host.loop.wheel.disarm(this.#idleDeadline);
    for (const connection of this.#idle.splice(0)) connection.close();
  }

  destroy(): void {
    this.close();
    this.#waiting.eject(CONNECT_FAILURE);
    for (const connection of this.#all.values()) connection.close();
  }

  #dial(): void {
    const { loop, config, dialer, stats, http1Limits, responseHead } = this.#host;
    this.#connecting++;
    stats.cxTotal++;
    countConnection(this.#host, this.use, 1);
    stats.cxHttp1Total++;
    this.cxTotal++;
    this.#all.add(
      new Http1ClientConnection(loop, dialer, this.#address, config.connectTimeoutMs, http1Limits, this, responseHead),
    );
  }

  onConnected(connection: Http1ClientConnection): void {
    this.#connecting--;
    this.#host.stats.connectMs.record(this.#host.loop.nowMs - connection.dialledMs);
    this.onIdle(connection);
  }

  onIdle(connection: Http1ClientConnection): void {
    const waiter = this.#waiting.next();
    if (waiter !== undefined) {
      waiter.onStream(connection);
      return;
    }
    const { maxRequestsPerConnection } = this.#host.config;
    const worn = maxRequestsPerConnection > 0 && connection.requests >= maxRequestsPerConnection;
    const limitMs = this.#limitMs();
    if (worn) this.#host.stats.cxMaxRequests++;
    if (this.#closing || worn || limitMs === 0) {
      connection.close();
      return;
    }
    this.#idle.push(connection);
    if (limitMs < Infinity && !this.#idleDeadline.armed) this.#host.loop.wheel.arm(this.#idleDeadline, limitMs);
  }

  get counters(): LimitCounters {
    return this.#host.stats.limits;
  }

  onProtocolError(): void {
    this.#host.stats.cxProtocolError++;
  }

  onKeepAlive(seconds: number): void {
    if (this.#lesson.announce(seconds)) this.#armIdle();
  }

  /** Idle for as long, a connection is closed. HOT. */
  #limitMs(): number {
    const { poolIdleTimeoutMs, learnsIdleTimeout } = this.#host.config;
    return this.#lesson.limitMs(poolIdleTimeoutMs, learnsIdleTimeout);
  }

  onClosed(connection: Http1ClientConnection, failure: Failure | null): void {
    const { stats } = this.#host;
    this.#all.delete(connection);
    countConnection(this.#host, this.use, -1);
    stats.cxDestroy++;
    stats.cxRxBytes += connection.rxBytes;
    stats.cxTxBytes += connection.txBytes;
    const at = this.#idle.indexOf(connection);
    if (at >= 0) {
      this.#idle.splice(at, 1);
      this.#learnFromClose(connection);
    }
    if (failure !== null) this.#onConnectFailed(failure);
    else this.#dialForWaiting();
  }

  /** The endpoint ended a connection that nobody used. */
  #learnFromClose(connection: Http1ClientConnection): void {
    const { loop, stats } = this.#host;
    stats.cxIdleRemoteClose++;
    if (this.#lesson.close(loop.nowMs - connection.idleSinceMs, loop.nowMs)) this.#armIdle();
  }

  /** Every waiting request would meet the same refusal: all of them learn it now and may try elsewhere. */
  #onConnectFailed(failure: Failure): void {
    const { stats } = this.#host;
    this.#connecting--;
    stats.cxConnectFail++;
    if (failure === CONNECT_TIMEOUT) stats.cxConnectTimeout++;
    this.cxConnectFail++;
    this.#waiting.eject(failure);
  }

  /** Closes what has been idle for too long; the oldest stand first. */
  onDeadline(): void {
    const { loop } = this.#host;
    const nowMs = loop.refresh();
    this.#lesson.forget(nowMs);
    const oldestAllowedMs = nowMs - this.#limitMs();
    while (this.#idle.length > 0 && this.#idle[0]!.idleSinceMs <= oldestAllowedMs) this.#closeIdle(this.#idle.shift()!);
    this.#armIdle();
  }

  #closeIdle(connection: Http1ClientConnection): void {
    this.#host.stats.cxIdleTimeout++;
    connection.close();
  }

  /** For the connection that has been idle for longest, which stands first. */
  #armIdle(): void {
    const { loop } = this.#host;
    const oldest = this.#idle[0];
    const limitMs = this.#limitMs();
    if (oldest === undefined || limitMs === Infinity) loop.wheel.disarm(this.#idleDeadline);
    else loop.wheel.arm(this.#idleDeadline, Math.max(0, oldest.idleSinceMs + limitMs - loop.nowMs));
  }
}
