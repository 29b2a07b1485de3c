/**
 * The connections to one endpoint that have the address of a client (listener filter original_src): a pool for each client,
 * since a connection that carries one client's address must not carry another's requests. As in Envoy.
 *
 *   of ──► the client's pool ──► else a new one, within client_pools of the cluster ──► else one that nobody uses is given up for it
 *
 * A client that has left leaves its connections behind: they close sooner than others, and its pool goes behind them.
 */
import { Deadline, type DeadlineOwner } from '../../../kernel/timer-wheel.ts';
import type { ClusterConfig } from '../../config/model/cluster.ts';
import type { SocketAddress } from '../../config/model/common.ts';
import type { ClientSource } from '../../net/client-source.ts';
import type { Dialer } from '../../net/dial.ts';
import type { Loop } from '../../net/loop.ts';
import type { EndpointUse } from '../guard/in-use.ts';
import { CLIENT_POOLS_MAX } from '../guard/limits.ts';
import { createPool } from './create-pool.ts';
import { dialerFor } from './dialer-for.ts';
import { HostView } from './host-view.ts';
import type { PoolHost, UpstreamPool } from './pool.ts';

/** Idle for as long, a connection is closed, unless the cluster says sooner. */
const IDLE_MS = 10_000;

export class ClientPools implements DeadlineOwner {
  readonly #loop: Loop;
  readonly #address: SocketAddress;
  readonly #use: EndpointUse;
  /** By the share of the cluster that they belong to, and by the client. */
  readonly #pools = new Map<PoolHost, Map<string, UpstreamPool>>();
  readonly #sweep = new Deadline(this);
  readonly #early = new EarlyIdle();
  #closed = false;
  /** Of pools that are gone. */
  #cxTotal = 0;
  #cxConnectFail = 0;

  constructor(loop: Loop, address: SocketAddress, use: EndpointUse) {
    this.#loop = loop;
    this.#address = address;
    this.#use = use;
  }

  get size(): number {
    return this.#sum((pool) => pool.size);
  }

  get cxTotal(): number {
    return this.#cxTotal + this.#sum((pool) => pool.cxTotal);
  }

  get cxConnectFail(): number {
    return this.#cxConnectFail + this.#sum((pool) => pool.cxConnectFail);
  }

  /** The client's pool, or null, which is counted, when there are too many that are in use. */
  of(share: PoolHost, source: ClientSource): UpstreamPool | null {
    let pools = this.#pools.get(share);
    if (pools === undefined) {
      pools = new Map();
      this.#pools.set(share, pools);
    }
    const known = pools.get(source.key);
    if (known !== undefined) return known;
    if (share.inUse.clientPools >= CLIENT_POOLS_MAX && !this.#giveUpOne(share, pools)) {
      share.stats.cxPoolOverflow++;
      return null;
    }
    const pool = createPool(new ClientHost(share, source, this.#early), this.#address, this.#use);
    share.inUse.clientPools++;
    pools.set(source.key, pool);
    // Whoever was picked before the endpoint went may still come.
    if (this.#closed) pool.close();
    if (!this.#sweep.armed) this.#loop.wheel.arm(this.#sweep, IDLE_MS);
    return pool;
  }

  #giveUpOne(share: PoolHost, pools: Map<string, UpstreamPool>): boolean {
    for (const [key, pool] of pools)
      if (!pool.busy) {
        this.#drop(share, pools, key, pool);
        return true;
      }
    return false;
  }

  #drop({ inUse }: PoolHost, pools: Map<string, UpstreamPool>, key: string, pool: UpstreamPool): void {
    pools.delete(key);
    inUse.clientPools--;
    this.#cxTotal += pool.cxTotal;
    this.#cxConnectFail += pool.cxConnectFail;
    pool.close();
  }

  /** Pools without a connection go. */
  onDeadline(): void {
    this.#loop.refresh();
    let left = 0;
    for (const [share, pools] of this.#pools) {
      for (const [key, pool] of pools) if (pool.size === 0 && !pool.busy) this.#drop(share, pools, key, pool);
      left += pools.size;
    }
    if (left > 0) this.#loop.wheel.arm(this.#sweep, IDLE_MS);
  }

  /** Takes no connection back from now on. Pools go once they are empty. */
  close(): void {
    this.#closed = true;
    for (const pools of this.#pools.values()) for (const pool of pools.values()) pool.close();
  }

  destroy(): void {
    this.#closed = true;
    for (const [share, pools] of this.#pools)
      for (const [key, pool] of pools) {
        this.#drop(share, pools, key, pool);
        pool.destroy();
      }
    this.#loop.wheel.disarm(this.#sweep);
  }

  #sum(of: (pool: UpstreamPool) => number): number {
    let sum = 0;
    for (const pools of this.#pools.values()) for (const pool of pools.values()) sum += of(pool);
    return sum;
  }
}

/** A cluster's configuration with connections that close sooner, made once for all clients. */
class EarlyIdle {
  #of: ClusterConfig | null = null;
  #early: ClusterConfig | null = null;

  config(of: ClusterConfig): ClusterConfig {
    if (this.#of !== of || this.#early === null) {
      const { poolIdleTimeoutMs } = of;
      // 0 is no limit, as in Envoy.
      const early = poolIdleTimeoutMs > 0 ? Math.min(poolIdleTimeoutMs, IDLE_MS) : IDLE_MS;
      this.#of = of;
      this.#early = { ...of, poolIdleTimeoutMs: early };
    }
    return this.#early;
  }
}

/** The cluster as the pool of one client sees it. */
class ClientHost extends HostView {
  readonly #source: ClientSource;
  readonly #early: EarlyIdle;

  constructor(host: PoolHost, source: ClientSource, early: EarlyIdle) {
    super(host);
    this.#source = source;
    this.#early = early;
  }

  override get dialer(): Dialer {
    return { ...this.host.dialer, dial: dialerFor(this.host, this.#source).dial };
  }

  override get config(): ClusterConfig {
    return this.#early.config(this.host.config);
  }
}
