/**
 * One proxied TCP connection.
 *
 *   connecting   an endpoint is picked and dialled; the first bytes of the client wait       spliced, over
 *   spliced      bytes go both ways                                                          over
 *   over         both transports are ending or gone; counted and logged. What is still queued gets time while it moves
 */
import { hostPortText } from '../../kernel/host-port.ts';
import { Deadline, type DeadlineOwner } from '../../kernel/timer-wheel.ts';
import type { TcpProxyConfig } from '../config/model/listener.ts';
import { ExchangeRecord } from '../http/exchange-record.ts';
import { CONNECT_FAILURE, CONNECT_TIMEOUT, type Failure, NO_CLUSTER, NO_HEALTHY_UPSTREAM } from '../http/failure.ts';
import type { Loggable } from '../http/loggable.ts';
import { NO_REQUEST } from '../http/no-request.ts';
import { type ConnectionInfo, restoredDestination } from '../net/connection-info.ts';
import type { ConnectionOwner, FirstWord, ServedConnection } from '../net/service.ts';
import { type DialHandler, type Transport, type TransportHandler, UNHANDLED } from '../net/transport.ts';
import type { Cluster } from '../upstream/cluster.ts';
import type { Endpoint } from '../upstream/endpoint.ts';
import type { EndpointLatency } from '../upstream/endpoint-latency.ts';
import { countConnection, refuseConnection } from '../upstream/guard/limits.ts';
import { PLAIN_PICK } from '../upstream/picker/picker.ts';
import { dialerFor } from '../upstream/pool/dialer-for.ts';
import { type Direction, Splice, type SpliceOwner } from './splice.ts';
import type { TcpStats } from './tcp-stats.ts';

const CONNECT = 0;
const IDLE = 1;
const LIFETIME = 2;
const LOG = 3;
const FLUSH = 4;

/** A peer that takes nothing for so long gets no more. */
const FLUSH_MS = 10_000;

/** How long a connection whose filter chain has gone may stay: Envoy's default for `--drain-time-s`. */
const DRAIN_MS = 600_000;

const NOTHING = Buffer.alloc(0);

/** The TCP proxy, as far as its sessions need it. */
export interface SessionHost {
  readonly config: TcpProxyConfig;
  readonly stats: TcpStats;
  readonly manager: Loggable['manager'];
  readonly loop: Cluster['loop'];
  /** Writes a line about it; called at the end, and earlier when configured. */
  log(session: Loggable): void;
}

export class TcpSession implements ServedConnection, TransportHandler, SpliceOwner, DeadlineOwner, Loggable {
  readonly #host: SessionHost;
  readonly #owner: ConnectionOwner;
  readonly #client: Transport;
  readonly #cluster: Cluster | undefined;
  readonly #firstWord: FirstWord | null;
  readonly #deadlines: Deadline[] = [];
  #state: 'connecting' | 'spliced' | 'over' = 'connecting';
  #endpoint: Endpoint | null = null;
  /** Until the endpoint is reached: how long it takes, and whether its return from ejection depends on that. */
  #latency: EndpointLatency | null = null;
  #probe = false;
  #upstream: Transport | null = null;
  #splice: Splice | null = null;
  /** What the client sent before the endpoint was reached. */
  #early: Buffer = NOTHING;
  #clientEnded = false;
  #lastActivityMs = 0;
  #queuedBytes = 0;
  #spoken = false;

  // What logs read.
  readonly manager: Loggable['manager'];
  readonly downstream: Loggable['downstream'];
  readonly startedMs: number;
  readonly head = NO_REQUEST;
  readonly unreadable = true;
  readonly sent = null;
  readonly upstreamProtocol = '';
  readonly route = null;
  readonly clusterName: string;
  readonly record = new ExchangeRecord([], false);
  readonly status = 0;
  readonly responseStarted = false;
  readonly flags = null;
  upstreamHost = '';
  attempts = 0;
  readonly healthCheck = false;
  failure: Failure | null = null;

  constructor(
    host: SessionHost,
    owner: ConnectionOwner,
    client: Transport,
    info: ConnectionInfo,
    cluster: { readonly name: string; readonly cluster: Cluster | undefined },
    firstWord: FirstWord | null,
  ) {
    this.#host = host;
    this.#owner = owner;
    this.#client = client;
    this.#cluster = cluster.cluster;
    this.#firstWord = firstWord;
    this.clusterName = cluster.name;
    this.manager = host.manager;
    this.downstream = { connection: info, protocol: null };
    this.startedMs = host.loop.nowMs;
    this.#lastActivityMs = this.startedMs;
    client.handler = this;
    host.stats.cxTotal++;
    host.stats.cxActive++;
  }

  /** Dials. Called once; the client may be told the end at once. */
  start(): void {
    const { maxDurationMs, logIntervalMs } = this.#host.config;
    if (maxDurationMs > 0) this.#arm(LIFETIME, maxDurationMs);
    if (logIntervalMs > 0) this.#arm(LOG, logIntervalMs);
    if (this.#cluster === undefined) {
      this.#host.stats.cxNoRoute++;
      this.#fail(NO_CLUSTER);
      return;
    }
    this.#connect(this.#cluster);
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Connecting

  #connect(cluster: Cluster): void {
    const { stats, config } = cluster;
    const endpoint = cluster.pick({ ...PLAIN_PICK, destination: restoredDestination(this.downstream.connection) });
    if (endpoint === null) {
      stats.noneHealthy++;
      this.#fail(NO_HEALTHY_UPSTREAM);
      return;
    }
    const refusal = refuseConnection(cluster, endpoint.pool.use);
    if (refusal !== null) {
      this.#fail(refusal);
      return;
    }
    this.attempts++;
    this.#touch();
    this.#endpoint = endpoint;
    this.upstreamHost = endpoint.key;
    stats.cxTotal++;
    countConnection(cluster, endpoint.pool.use, 1);
    endpoint.active++;
    this.#probe = cluster.begin(endpoint);
    this.#latency = endpoint.latency;
    this.#latency?.begin();
    const dialled = new Dialled(this);
    const { connection } = this.downstream;
    this.#upstream = dialerFor(cluster, connection.source).dial(endpoint.config.address, dialled, connection);
    this.#arm(CONNECT, config.connectTimeoutMs);
  }

  /** The endpoint was reached. */
  onConnected(): void {
    const cluster = this.#cluster!;
    this.#disarm(CONNECT);
    const tookMs = this.#host.loop.nowMs - this.#lastActivityMs;
    cluster.stats.connectMs.record(tookMs);
    cluster.reached(this.#endpoint!);
    cluster.record(this.#endpoint!, 'success', this.#probe);
    this.#probe = false;
    this.#latency?.answered(this.#lastActivityMs);
    this.#latency?.observe(tookMs, true);
    this.#latency = null;
    const upstream = this.#upstream!;
    this.record.upstreamLocalAddress = hostPortText({ host: upstream.localAddress, port: upstream.localPort });
    this.#state = 'spliced';
    this.#touch();
    if (this.#host.config.idleTimeoutMs > 0) this.#arm(IDLE, this.#host.config.idleTimeoutMs);
    if (this.#host.config.logOnConnected) this.#host.log(this);
    const splice = new Splice(this.#client, upstream, this);
    this.#splice = splice;
    const early = this.#early;
    this.#early = NOTHING;
    if (early.length > 0) splice.feed(early);
    if (this.#clientEnded) splice.endClient();
    else if (!upstream.congested) this.#client.resume();
  }

  /** The endpoint was not reached. */
  onConnectFailed(failure: Failure): void {
    const cluster = this.#cluster!;
    this.#disarm(CONNECT);
    this.#upstream = null;
    cluster.stats.cxConnectFail++;
    cluster.record(this.#endpoint!, 'local-failure', this.#probe);
    this.#probe = false;
    this.#leaveEndpoint();
    if (this.attempts < this.#host.config.maxConnectAttempts) this.#connect(cluster);
    else this.#fail(failure);
  }

  onBytes(buffer: Buffer, start: number, end: number): void {
    this.#early = Buffer.concat([this.#early, buffer.subarray(start, end)]);
    this.#client.pause();
  }

  onEnd(): void {
    this.#clientEnded = true;
  }

  onWritable(): void {}

  /** The client left before the endpoint was reached. */
  onClose(): void {
    this.#end();
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Spliced

  onPassed(direction: Direction, bytes: number): void {
    const { stats, loop } = this.#host;
    const upstream = this.#cluster!.stats;
    this.#lastActivityMs = loop.nowMs;
    if (!this.#spoken) this.#firstSpoke(direction);
    if (direction === 'from-client') {
      stats.cxRxBytes += bytes;
      upstream.cxTxBytes += bytes;
      this.record.bytesReceived += bytes;
    } else {
      stats.cxTxBytes += bytes;
      upstream.cxRxBytes += bytes;
      this.record.bytesSent += bytes;
    }
  }

  #firstSpoke(direction: Direction): void {
    this.#spoken = true;
    this.#firstWord?.(direction === 'from-client' ? 'client' : 'server');
  }

  onPaused(_direction: Direction, paused: boolean): void {
    if (paused) this.#host.stats.pausedReading++;
    else this.#host.stats.resumedReading++;
  }

  onOver(): void {
    this.#end();
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Time

  onDeadline({ kind }: Deadline): void {
    const { loop, stats, config } = this.#host;
    const nowMs = loop.refresh();
    switch (kind) {
      case CONNECT: {
        const upstream = this.#upstream!;
        this.#cluster!.stats.cxConnectTimeout++;
        upstream.handler = UNHANDLED;
        upstream.destroy();
        this.onConnectFailed(CONNECT_TIMEOUT);
        return;
      }
      case IDLE: {
        const leftMs = this.#lastActivityMs + config.idleTimeoutMs - nowMs;
        if (leftMs > 0) {
          this.#arm(IDLE, leftMs);
          return;
        }
        stats.idleTimeout++;
        this.finish();
        return;
      }
      case LIFETIME:
        if (config.maxDurationMs > 0) stats.maxDurationReached++;
        this.finish();
        return;
      case FLUSH:
        if ((this.#splice?.queuedBytes ?? 0) < this.#queuedBytes) this.#flush();
        else this.#splice?.destroy();
        return;
      case LOG:
        this.#host.log(this);
        this.#arm(LOG, config.logIntervalMs);
        return;
    }
  }

  #touch(): void {
    this.#lastActivityMs = this.#host.loop.nowMs;
  }

  #arm(kind: number, delayMs: number): void {
    this.#deadlines[kind] ??= new Deadline(this, kind);
    this.#host.loop.wheel.arm(this.#deadlines[kind]!, delayMs);
  }

  #disarm(kind: number): void {
    const deadline = this.#deadlines[kind];
    if (deadline !== undefined) this.#host.loop.wheel.disarm(deadline);
  }

  // -------------------------------------------------------------------------------------------------------------------
  // The end

  /** A byte stream cannot be asked to leave: it may end by itself for a while. */
  retire(): void {
    if (this.#state !== 'over') this.#arm(LIFETIME, DRAIN_MS);
  }

  drain(): void {
    this.retire();
  }

  finish(): void {
    if (this.#splice !== null) this.#splice.finish(false);
    else {
      this.#client.destroyWhenWritten();
      this.#end();
    }
  }

  destroy(): void {
    this.#client.destroy();
    this.#upstream?.destroy();
    this.#end();
  }

  #fail(failure: Failure): void {
    this.failure = failure;
    this.#client.destroy();
    this.#end();
  }

  /** Waits for the peers to take what is queued, as long as they take something. */
  #flush(): void {
    const queued = this.#splice?.queuedBytes ?? 0;
    if (queued === 0) return;
    this.#queuedBytes = queued;
    this.#arm(FLUSH, FLUSH_MS);
  }

  #leaveEndpoint(): void {
    const { stats } = this.#cluster!;
    countConnection(this.#cluster!, this.#endpoint!.pool.use, -1);
    stats.cxDestroy++;
    this.#endpoint!.active--;
    if (this.#probe) this.#cluster!.probeLost(this.#endpoint!);
    this.#probe = false;
    this.#latency?.gaveUp(this.#lastActivityMs);
    this.#latency = null;
    this.#endpoint = null;
  }

  #end(): void {
    if (this.#state === 'over') return;
    if (this.#state === 'connecting' && this.#upstream !== null) {
      this.#upstream.handler = UNHANDLED;
      this.#upstream.destroy();
    }
    this.#state = 'over';
    if (this.#endpoint !== null) this.#leaveEndpoint();
    for (const kind of [CONNECT, IDLE, LIFETIME, LOG]) this.#disarm(kind);
    this.#flush();
    this.#host.stats.cxActive--;
    this.#host.log(this);
    this.#owner.onClosed(this);
  }
}

/** The endpoint's side until it is spliced: nothing but the outcome matters. */
class Dialled implements DialHandler {
  readonly #session: TcpSession;
  #closed = false;

  constructor(session: TcpSession) {
    this.#session = session;
  }

  onConnected(): void {
    this.#session.onConnected();
  }

  onBytes(): void {}
  onEnd(): void {}
  onWritable(): void {}

  onClose(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#session.onConnectFailed(CONNECT_FAILURE);
  }
}
