/**
 * Requests of high priority (RouteAction.priority HIGH) in a cluster: limits of their own, and connections of their own,
 * so that they never wait behind those of default priority. As in Envoy. Made when the first of them comes.
 */
import type { ClusterConfig, ClusterLimits } from '../../config/model/cluster.ts';
import type { Http1Limits } from '../../http1/limits.ts';
import type { MessageHead } from '../../http1/message-head.ts';
import type { Http2Shared } from '../../http2/shared.ts';
import type { Dialer } from '../../net/dial.ts';
import type { Loop } from '../../net/loop.ts';
import type { ClusterStats } from '../cluster-stats.ts';
import type { PoolHost } from '../pool/pool.ts';
import type { InUse } from './in-use.ts';
import { LimitRefusals } from './limits.ts';

export class HighPriority implements PoolHost {
  readonly #cluster: PoolHost;
  /** With the configuration that they were made for. */
  #refusals: { readonly config: ClusterConfig; readonly of: LimitRefusals } | null = null;

  constructor(cluster: PoolHost) {
    this.#cluster = cluster;
  }

  get limits(): ClusterLimits {
    return this.#cluster.config.limits.high;
  }

  get connectionsPerEndpoint(): number {
    return this.config.maxConnectionsPerHost.high;
  }

  get inUse(): InUse {
    return this.stats.highInUse;
  }

  get refusals(): LimitRefusals {
    const { config } = this;
    if (this.#refusals?.config !== config) this.#refusals = { config, of: new LimitRefusals(config, 'high') };
    return this.#refusals.of;
  }

  get loop(): Loop {
    return this.#cluster.loop;
  }

  get config(): ClusterConfig {
    return this.#cluster.config;
  }

  get stats(): ClusterStats {
    return this.#cluster.stats;
  }

  get dialer(): Dialer {
    return this.#cluster.dialer;
  }

  get http1Limits(): Http1Limits {
    return this.#cluster.http1Limits;
  }

  get responseHead(): MessageHead {
    return this.#cluster.responseHead;
  }

  get http2(): Http2Shared {
    return this.#cluster.http2;
  }
}
