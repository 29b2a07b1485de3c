/** Connections of either protocol to one endpoint, by the form that each request has (use_downstream_protocol_config). */
import type { SocketAddress } from '../../config/model/common.ts';
import type { EndpointUse } from '../guard/in-use.ts';
import { Http1Pool } from './http1-pool.ts';
import { Http2Pool } from './http2-pool.ts';
import type { PoolHost, StreamWaiter, UpstreamPool } from './pool.ts';

export class MixedPool implements UpstreamPool {
  readonly #http1: Http1Pool;
  readonly #http2: Http2Pool;
  readonly use: EndpointUse;

  constructor(host: PoolHost, address: SocketAddress, use: EndpointUse) {
    this.use = use;
    this.#http1 = new Http1Pool(host, address, use);
    this.#http2 = new Http2Pool(host, address, use);
  }

  get size(): number {
    return this.#http1.size + this.#http2.size;
  }

  get busy(): boolean {
    return this.#http1.busy || this.#http2.busy;
  }

  get cxTotal(): number {
    return this.#http1.cxTotal + this.#http2.cxTotal;
  }

  get cxConnectFail(): number {
    return this.#http1.cxConnectFail + this.#http2.cxConnectFail;
  }

  acquire(waiter: StreamWaiter): void {
    if (waiter.wire === 'http2') this.#http2.acquire(waiter);
    else this.#http1.acquire(waiter);
  }

  forget(waiter: StreamWaiter): void {
    if (waiter.wire === 'http2') this.#http2.forget(waiter);
    else this.#http1.forget(waiter);
  }

  close(): void {
    this.#http1.close();
    this.#http2.close();
  }

  destroy(): void {
    this.#http1.destroy();
    this.#http2.destroy();
  }
}
