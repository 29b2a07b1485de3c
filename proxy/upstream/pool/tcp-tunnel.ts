/**
 * A connection for a CONNECT that ends here: once it stands the answer is 200, and what the client sends from there on
 * goes to the endpoint as it is. It belongs to its request alone.
 *
 *   connecting ─► waiter.onStream ─► open: bytes both ways, each side ends for itself ─► closed
 *        └──────► waiter.onUnavailable
 */
import { hostPortText } from '../../../kernel/host-port.ts';
import { Deadline, type DeadlineOwner } from '../../../kernel/timer-wheel.ts';
import { CONNECT_FAILURE, CONNECT_TIMEOUT, type Failure, UPSTREAM_TRUNCATED } from '../../http/failure.ts';
import type { ResponseReceiver, UpstreamStream } from '../../http/upstream-stream.ts';
import { parseResponseHead } from '../../http1/head-parser.ts';
import type { ClientSource } from '../../net/client-source.ts';
import { HEADROOM_BYTES } from '../../net/loop.ts';
import type { DialHandler, Transport } from '../../net/transport.ts';
import type { Endpoint } from '../endpoint.ts';
import type { EndpointUse } from '../guard/in-use.ts';
import { countConnection, refuseConnection } from '../guard/limits.ts';
import { dialerFor } from './dialer-for.ts';
import type { PoolHost, StreamWaiter } from './pool.ts';

const EMPTY = Buffer.alloc(0);
const ESTABLISHED = Buffer.from('HTTP/1.1 200 OK\r\n\r\n', 'latin1');

export class TcpTunnel implements DialHandler, DeadlineOwner, UpstreamStream {
  readonly protocol = 'TCP';
  readonly #host: PoolHost;
  readonly #use: EndpointUse;
  readonly #transport: Transport;
  readonly #connectDeadline = new Deadline(this);
  #waiter: StreamWaiter | null;
  #receiver: ResponseReceiver | null = null;
  #requestDone = false;
  #answerDone = false;
  #closed = false;
  #failure: Failure = CONNECT_FAILURE;

  /** Dials, or tells the waiter why not; null then. */
  static open(host: PoolHost, endpoint: Endpoint, waiter: StreamWaiter, source: ClientSource | null): TcpTunnel | null {
    const refusal = refuseConnection(host, endpoint.pool.use);
    if (refusal === null) return new TcpTunnel(host, endpoint, waiter, source);
    waiter.onUnavailable(refusal);
    return null;
  }

  private constructor(host: PoolHost, { config, pool }: Endpoint, waiter: StreamWaiter, source: ClientSource | null) {
    this.#host = host;
    this.#use = pool.use;
    this.#waiter = waiter;
    host.stats.cxTotal++;
    countConnection(host, pool.use, 1);
    this.#transport = dialerFor(host, source).dial(config.address, this, null);
    host.loop.wheel.arm(this.#connectDeadline, host.config.connectTimeoutMs);
  }

  get congested(): boolean {
    return this.#transport.congested;
  }

  get localAddress(): string {
    const { localAddress, localPort } = this.#transport;
    return hostPortText({ host: localAddress, port: localPort });
  }

  /** The waiter no longer wants it. */
  forget(): void {
    this.#waiter = null;
    this.#end(null);
  }

  /** The request ends here; only its answer is made up. */
  send(receiver: ResponseReceiver): void {
    this.#receiver = receiver;
    const { responseHead, http1Limits } = this.#host;
    const bytes = Buffer.concat([Buffer.allocUnsafe(HEADROOM_BYTES), ESTABLISHED]);
    parseResponseHead(responseHead, bytes, HEADROOM_BYTES, bytes.length, http1Limits);
    responseHead.framing = 'none';
    responseHead.tunnel = true;
    receiver.onHead(responseHead, EMPTY, 0, 0, false);
  }

  sendBody(buffer: Buffer, start: number, end: number, done: boolean): void {
    if (end > start) this.#transport.writeBytes(buffer, start, end);
    this.#host.stats.cxTxBytes += end - start;
    if (!done) return;
    this.#requestDone = true;
    this.#transport.end();
  }

  cancel(): void {
    this.#receiver = null;
    this.#end(null);
  }

  pause(): void {
    this.#transport.pause();
  }

  resume(): void {
    this.#transport.resume();
  }

  onConnected(): void {
    this.#host.loop.wheel.disarm(this.#connectDeadline);
    const waiter = this.#waiter;
    this.#waiter = null;
    waiter?.onStream(this);
  }

  onBytes(buffer: Buffer, start: number, end: number): void {
    this.#host.stats.cxRxBytes += end - start;
    this.#receiver?.onBody(buffer, start, end, false);
  }

  onEnd(): void {
    this.#answerDone = true;
    this.#receiver?.onBody(EMPTY, 0, 0, true);
  }

  onWritable(): void {
    this.#receiver?.onWritable();
  }

  onClose(): void {
    this.#end(UPSTREAM_TRUNCATED);
  }

  onDeadline(): void {
    this.#host.loop.refresh();
    this.#host.stats.cxConnectTimeout++;
    this.#failure = CONNECT_TIMEOUT;
    this.#end(null);
  }

  #end(failure: Failure | null): void {
    if (this.#closed) return;
    this.#closed = true;
    const { stats, loop } = this.#host;
    loop.wheel.disarm(this.#connectDeadline);
    countConnection(this.#host, this.#use, -1);
    stats.cxDestroy++;
    // What was written last is still on its way when both sides have ended.
    if (this.#requestDone && this.#answerDone) this.#transport.destroyWhenWritten();
    else this.#transport.destroy();
    const waiter = this.#waiter;
    this.#waiter = null;
    if (waiter !== null) {
      stats.cxConnectFail++;
      waiter.onUnavailable(this.#failure);
    }
    const receiver = this.#receiver;
    this.#receiver = null;
    if (failure !== null) receiver?.onReset(failure);
  }
}
