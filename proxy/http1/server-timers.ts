/**
 * The deadlines of one connection from a client (HttpConnectionManager and HttpProtocolOptions of Envoy).
 *
 *   deadline    armed                                          what it means
 *   idle        always; checked when it comes, never moved     idle_timeout without, stream_idle_timeout with an exchange
 *   headers     while a head is incomplete                     request_headers_timeout, or stream_idle_timeout if shorter
 *   request     while a request is incomplete                  request_timeout
 *   response    by the router                                  the route's timeout
 *   lifetime    once, when configured; again while retiring    max_connection_duration, drain_timeout
 *   idle again  after the last byte was written                delayed_close_timeout, renewed while the client takes bytes
 *
 * A request that comes and goes in one read arms nothing here: it only stores when it happened.
 */
import { Deadline, type DeadlineOwner } from '../../kernel/timer-wheel.ts';
import type { HttpConnectionManagerConfig } from '../config/model/listener.ts';
import type { ManagerStats } from '../http/manager-stats.ts';
import type { Loop } from '../net/loop.ts';

const IDLE = 0;
const HEADERS = 1;
const REQUEST = 2;
const RESPONSE = 3;
const LIFETIME = 4;

/** What is over: see the table above. `lifetime` comes a second time when it was armed again; `linger` is the last. */
export type TimeoutKind =
  | 'idle'
  | 'stream-idle'
  | 'headers'
  | 'head-idle'
  | 'request'
  | 'response'
  | 'lifetime'
  | 'linger';

/** The connection that is timed. */
export interface TimedConnection {
  /** An exchange is running. */
  readonly busy: boolean;
  /** Bytes the client has not taken. */
  readonly queuedBytes: number;
  onTimeout(kind: TimeoutKind): void;
}

export class ServerTimers implements DeadlineOwner {
  readonly #loop: Loop;
  readonly #config: HttpConnectionManagerConfig;
  readonly #connection: TimedConnection;
  readonly #idle = new Deadline(this, IDLE);
  readonly #response = new Deadline(this, RESPONSE);
  #headers: Deadline | null = null;
  #request: Deadline | null = null;
  #lifetime: Deadline | null = null;
  #lingering = false;
  /** What the client had not taken when lingering was last looked at. */
  #queuedBytes = 0;
  /** When bytes last went either way. HOT: a plain store. */
  lastActivityMs = 0;

  constructor(loop: Loop, config: HttpConnectionManagerConfig, connection: TimedConnection) {
    this.#loop = loop;
    this.#config = config;
    this.#connection = connection;
    this.lastActivityMs = loop.nowMs;
  }

  start(): void {
    const { maxConnectionDurationMs } = this.#config;
    this.#armIdle(Infinity);
    if (maxConnectionDurationMs > 0) this.armLifetime(maxConnectionDurationMs);
  }

  stop(): void {
    const { wheel } = this.#loop;
    wheel.disarm(this.#idle);
    wheel.disarm(this.#response);
    this.headComplete();
    this.requestComplete();
    if (this.#lifetime !== null) wheel.disarm(this.#lifetime);
  }

  /** Part of a head has come. */
  headIncomplete(): void {
    const { requestHeadersTimeoutMs, streamIdleTimeoutMs } = this.#config;
    // A stream begins with its first byte, as in Envoy, and is not active before its head is complete.
    const limitMs = Math.min(requestHeadersTimeoutMs || Infinity, streamIdleTimeoutMs || Infinity);
    if (limitMs < Infinity) {
      this.#headers ??= new Deadline(this, HEADERS);
      if (!this.#headers.armed) this.#loop.wheel.arm(this.#headers, limitMs);
    }
    this.requestIncomplete();
  }

  headComplete(): void {
    if (this.#headers !== null) this.#loop.wheel.disarm(this.#headers);
  }

  /** More of a request is to come. */
  requestIncomplete(): void {
    const { requestTimeoutMs } = this.#config;
    if (requestTimeoutMs === 0) return;
    this.#request ??= new Deadline(this, REQUEST);
    if (!this.#request.armed) this.#loop.wheel.arm(this.#request, requestTimeoutMs);
  }

  requestComplete(): void {
    if (this.#request !== null) this.#loop.wheel.disarm(this.#request);
  }

  /** Arms the deadline of the response; 0 disarms it. HOT. */
  armResponse(delayMs: number): void {
    if (delayMs === 0) this.#loop.wheel.disarm(this.#response);
    else this.#loop.wheel.arm(this.#response, delayMs, this.#loop.nowMs);
  }

  armLifetime(delayMs: number): void {
    this.#lifetime ??= new Deadline(this, LIFETIME);
    this.#loop.wheel.arm(this.#lifetime, delayMs);
  }

  /** Everything has been written; the client may take it, and is given up when it takes nothing for a while. */
  linger(): void {
    this.#lingering = true;
    this.#queuedBytes = this.#connection.queuedBytes;
    this.#loop.wheel.arm(this.#idle, this.#config.delayedCloseTimeoutMs);
  }

  onDeadline(deadline: Deadline): void {
    this.#loop.refresh();
    const connection = this.#connection;
    switch (deadline.kind) {
      case IDLE:
        if (this.#lingering) this.#onLinger();
        else this.#onIdle();
        return;
      case HEADERS:
        connection.onTimeout(this.#headersAreLate ? 'headers' : 'head-idle');
        return;
      case REQUEST:
        connection.onTimeout('request');
        return;
      case RESPONSE:
        connection.onTimeout('response');
        return;
      case LIFETIME:
        connection.onTimeout('lifetime');
        return;
    }
  }

  get #headersAreLate(): boolean {
    const { requestHeadersTimeoutMs, streamIdleTimeoutMs } = this.#config;
    return requestHeadersTimeoutMs > 0 && (streamIdleTimeoutMs === 0 || requestHeadersTimeoutMs <= streamIdleTimeoutMs);
  }

  #onIdle(): void {
    const { idleTimeoutMs, streamIdleTimeoutMs } = this.#config;
    const { busy } = this.#connection;
    const limitMs = busy ? streamIdleTimeoutMs : idleTimeoutMs;
    const leftMs = limitMs === 0 ? Infinity : this.lastActivityMs + limitMs - this.#loop.nowMs;
    if (leftMs > 0) this.#armIdle(leftMs);
    else this.#connection.onTimeout(busy ? 'stream-idle' : 'idle');
    if (!this.#idle.armed) this.#armIdle(Infinity);
  }

  /** At the latest when the shorter of both limits can be over: the connection may become busy or idle meanwhile. */
  #armIdle(leftMs: number): void {
    const { idleTimeoutMs, streamIdleTimeoutMs } = this.#config;
    const shorterMs = Math.min(idleTimeoutMs || Infinity, streamIdleTimeoutMs || Infinity, leftMs);
    if (shorterMs < Infinity) this.#loop.wheel.arm(this.#idle, shorterMs);
  }

  #onLinger(): void {
    const { queuedBytes } = this.#connection;
    if (queuedBytes > 0 && queuedBytes < this.#queuedBytes) this.linger();
    else this.#connection.onTimeout('linger');
  }
}

/** Counts what is over under Envoy's names; the route counts its own. */
export function countTimeout(stats: ManagerStats, kind: TimeoutKind): void {
  switch (kind) {
    case 'response':
      return;
    case 'headers':
      stats.rqHeaderTimeout++;
      return;
    case 'head-idle':
    case 'stream-idle':
      stats.rqIdleTimeout++;
      return;
    case 'request':
      stats.rqTimeout++;
      return;
    case 'idle':
      stats.cxIdleTimeout++;
      return;
    case 'lifetime':
      stats.cxMaxDurationReached++;
      return;
    case 'linger':
      stats.cxDelayedCloseTimeout++;
      return;
  }
}
