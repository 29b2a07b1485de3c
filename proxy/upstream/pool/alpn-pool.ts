/**
 * Connections to one endpoint whose protocol TLS negotiates (auto_config). What the endpoint speaks is learned once, by a
 * connection that is made for that, and again when a later connection fails.
 *
 *   unknown ──acquire──► asking: requests wait ──ALPN──► known: http1 or http2 ──connection failed──► unknown
 */
import { Deadline, type DeadlineOwner } from '../../../kernel/timer-wheel.ts';
import type { SocketAddress } from '../../config/model/common.ts';
import { CONNECT_FAILURE, CONNECT_TIMEOUT, connectRefusal, type Failure } from '../../http/failure.ts';
import type { DialHandler, Transport } from '../../net/transport.ts';
import type { EndpointUse } from '../guard/in-use.ts';
import { Http1Pool } from './http1-pool.ts';
import { Http2Pool } from './http2-pool.ts';
import type { PoolHost, StreamWaiter, UpstreamPool } from './pool.ts';
import { WaitingLine } from './waiting-line.ts';

export class AlpnPool implements UpstreamPool, DialHandler, DeadlineOwner {
  readonly #host: PoolHost;
  readonly #http1: Http1Pool;
  readonly #http2: Http2Pool;
  readonly #waiting: WaitingLine;
  readonly #connectDeadline = new Deadline(this);
  #known: Http1Pool | Http2Pool | null = null;
  /** Connections of the known pool that had failed when it became known. */
  #failedBefore = 0;
  #probe: Transport | null = null;
  readonly #address: SocketAddress;
  readonly use: EndpointUse;

  constructor(host: PoolHost, address: SocketAddress, use: EndpointUse) {
    this.#host = host;
    this.#address = address;
    this.use = use;
    this.#http1 = new Http1Pool(host, address, use);
    this.#http2 = new Http2Pool(host, address, use);
    this.#waiting = new WaitingLine(host, use);
  }

  get size(): number {
    return this.#http1.size + this.#http2.size;
  }

  get busy(): boolean {
    return this.#probe !== null || this.#waiting.length > 0 || this.#http1.busy || this.#http2.busy;
  }

  get cxTotal(): number {
    return this.#http1.cxTotal + this.#http2.cxTotal;
  }

  get cxConnectFail(): number {
    return this.#http1.cxConnectFail + this.#http2.cxConnectFail;
  }

  acquire(waiter: StreamWaiter): void {
    const known = this.#known;
    if (known !== null && known.cxConnectFail === this.#failedBefore) {
      known.acquire(waiter);
      return;
    }
    this.#known = null;
    if (!this.#waiting.join(waiter) || this.#probe !== null) return;
    const { dialer, loop, config } = this.#host;
    loop.wheel.arm(this.#connectDeadline, config.connectTimeoutMs);
    this.#probe = dialer.dial(this.#address, this, null);
  }

  forget(waiter: StreamWaiter): void {
    this.#waiting.leave(waiter);
    this.#http1.forget(waiter);
    this.#http2.forget(waiter);
  }

  close(): void {
    this.#http1.close();
    this.#http2.close();
  }

  destroy(): void {
    this.#endProbe();
    this.#waiting.eject(CONNECT_FAILURE);
    this.#http1.destroy();
    this.#http2.destroy();
  }

  onConnected(): void {
    const known = this.#probe?.tls?.alpnProtocol === 'h2' ? this.#http2 : this.#http1;
    this.#endProbe();
    this.#known = known;
    this.#failedBefore = known.cxConnectFail;
    for (const waiter of this.#waiting.takeAll()) known.acquire(waiter);
  }

  onDeadline(): void {
    this.#host.loop.refresh();
    this.#fail(CONNECT_TIMEOUT);
  }

  onClose(error: Error | null): void {
    if (this.#probe !== null) this.#fail(error === null ? CONNECT_FAILURE : connectRefusal(error));
  }

  onBytes(): void {}
  onEnd(): void {}
  onWritable(): void {}

  #fail(failure: Failure): void {
    this.#endProbe();
    this.#host.stats.cxConnectFail++;
    this.#waiting.eject(failure);
  }

  #endProbe(): void {
    const probe = this.#probe;
    this.#probe = null;
    this.#host.loop.wheel.disarm(this.#connectDeadline);
    probe?.destroy();
  }
}
