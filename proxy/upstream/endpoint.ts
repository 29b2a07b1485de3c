/**
 * One endpoint of a cluster: where it is, what is known of its health, what is in flight. Keeps its identity over
 * configuration pushes, so that counters, connections and ejections survive them.
 */

import { hostPortText } from '../../kernel/host-port.ts';
import type { EndpointConfig, EndpointHealth, LocalityConfig } from '../config/model/cluster.ts';
import type { ClientSource } from '../net/client-source.ts';
import type { EndpointLatency } from './endpoint-latency.ts';
import type { CheckState } from './guard/health-check/check-state.ts';
import type { OutlierRecord } from './guard/outlier-record.ts';
import { type Standing, standingOf } from './guard/standing.ts';
import { ClientPools } from './pool/client-pools.ts';
import { createPool } from './pool/create-pool.ts';
import type { PoolHost, StreamWaiter, UpstreamPool } from './pool/pool.ts';

export class Endpoint {
  /** `host:port`, its key within the cluster. */
  readonly key: string;
  config: EndpointConfig;
  locality: LocalityConfig;
  health: EndpointHealth;
  /** What active checks say; null while it is not checked. */
  checked: CheckState | null = null;
  /** Taken out by the outlier detector. */
  ejected = false;
  /** In rotation for one request, whose outcome decides whether it stays: see OutlierDetector. */
  halfBack = false;
  /** Null while no picker asks for it. */
  latency: EndpointLatency | null = null;
  /** What the outlier detector remembers; null while nothing watches, or nothing has happened. */
  outlier: OutlierRecord | null = null;
  /** The configuration no longer holds it; what is in flight is finished. */
  removed = false;
  /** Requests in flight. HOT: the picker reads it. */
  active = 0;
  /** Replaced when connections are made in another way, such as with another certificate. */
  pool: UpstreamPool;
  /** Of requests of high priority; null before the first of them. */
  highPool: UpstreamPool | null = null;
  /** Of clients whose address its connections have; null before the first of them. */
  clientPools: ClientPools | null = null;
  /** Since when it is known, in monotonic milliseconds. */
  readonly addedMs: number;
  rqTotal = 0;
  rqSuccess = 0;
  rqError = 0;
  rqTimeout = 0;

  constructor(key: string, config: EndpointConfig, locality: LocalityConfig, pool: UpstreamPool, addedMs: number) {
    this.key = key;
    this.config = config;
    this.locality = locality;
    this.health = config.health;
    this.pool = pool;
    this.addedMs = addedMs;
  }

  get cxTotal(): number {
    return this.pool.cxTotal + (this.highPool?.cxTotal ?? 0) + (this.clientPools?.cxTotal ?? 0);
  }

  get cxActive(): number {
    return this.pool.size + (this.highPool?.size ?? 0) + (this.clientPools?.size ?? 0);
  }

  get cxConnectFail(): number {
    return this.pool.cxConnectFail + (this.highPool?.cxConnectFail ?? 0) + (this.clientPools?.cxConnectFail ?? 0);
  }

  /** The pool of requests of high priority; `share` is theirs. */
  poolOfHigh(share: PoolHost): UpstreamPool {
    if (this.highPool === null) {
      this.highPool = createPool(share, this.config.address, this.pool.use);
      // Whoever was picked before the endpoint went may still come.
      if (this.removed) this.highPool.close();
    }
    return this.highPool;
  }

  /** Asks the pool of one client for a connection. Answers it; null when there is none, which the waiter knows. */
  acquireFor(source: ClientSource, share: PoolHost, waiter: StreamWaiter): UpstreamPool | null {
    if (this.clientPools === null) {
      this.clientPools = new ClientPools(share.loop, this.config.address, this.pool.use);
      if (this.removed) this.clientPools.close();
    }
    const pool = this.clientPools.of(share, source);
    if (pool === null) waiter.onUnavailable(share.refusals.clientPools);
    else pool.acquire(waiter);
    return pool;
  }

  /** Requests in flight finish. */
  closePools(): void {
    this.pool.close();
    this.highPool?.close();
    this.clientPools?.close();
  }

  destroyPools(): void {
    this.pool.destroy();
    this.highPool?.destroy();
    this.clientPools?.destroy();
  }

  /** From discovery, active checks and the outlier detector together. */
  get standing(): Standing {
    return standingOf(this.health, this.checked, this.ejected);
  }

  /** May be picked. */
  get available(): boolean {
    const { standing } = this;
    return standing === 'in' || standing === 'degraded';
  }

  /** From the last known good configuration, and not heard of since: see guard/suspects.ts. */
  get suspect(): boolean {
    return this.health === 'suspect' && this.checked === null;
  }

  /** Not counted when it is asked how many are well: it is about to be checked, or has taken itself out. */
  get excluded(): boolean {
    return this.checked !== null && (this.checked.pending || this.checked.excluded);
  }
}

/** The key of an endpoint: its address. */
export function endpointKey(config: EndpointConfig): string {
  return hostPortText(config.address);
}
