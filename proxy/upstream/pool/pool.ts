/** The connections to one endpoint, and who wants one: the same for every protocol. */
import type { ClusterConfig } from '../../config/model/cluster.ts';
import type { Failure } from '../../http/failure.ts';
import type { UpstreamStream } from '../../http/upstream-stream.ts';
import type { Http1Limits } from '../../http1/limits.ts';
import type { MessageHead } from '../../http1/message-head.ts';
import type { Http2Shared } from '../../http2/shared.ts';
import type { Dialer } from '../../net/dial.ts';
import type { Loop } from '../../net/loop.ts';
import type { EndpointUse } from '../guard/in-use.ts';
import type { Share } from '../guard/limits.ts';
import type { WireProtocol } from '../wire-protocol.ts';

/** A request that wants a connection. Exactly one of the two is called, perhaps within `acquire`. */
export interface StreamWaiter {
  /** In which form the request is. */
  readonly wire: WireProtocol;
  /** It wants to go on with another protocol. */
  readonly upgrades: boolean;
  readonly connects: boolean;
  onStream(stream: UpstreamStream): void;
  onUnavailable(failure: Failure): void;
}

/** What a pool needs of its cluster, for requests of one priority. */
export interface PoolHost extends Share {
  readonly loop: Loop;
  readonly config: ClusterConfig;
  readonly dialer: Dialer;
  readonly http1Limits: Http1Limits;
  /** Parsing storage shared by all connections of the loop. */
  readonly responseHead: MessageHead;
  readonly http2: Http2Shared;
}

export interface UpstreamPool {
  /** Connections that stand or are being made. */
  readonly size: number;
  /** Somebody uses it, or waits for a connection. */
  readonly busy: boolean;
  readonly cxTotal: number;
  readonly cxConnectFail: number;
  /** Of the endpoint, over all of its pools. */
  readonly use: EndpointUse;
  /** Hands a stream to the waiter, now or later, or says why there is none. HOT. */
  acquire(waiter: StreamWaiter): void;
  /** The waiter no longer wants one. */
  forget(waiter: StreamWaiter): void;
  /** Takes no more requests; those in flight finish. */
  close(): void;
  /** Ends everything now. */
  destroy(): void;
}
