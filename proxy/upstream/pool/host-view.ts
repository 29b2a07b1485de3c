/** A cluster as its pools see it, with something of it changed by whoever extends this. */
import type { ClusterConfig, ClusterLimits } from '../../config/model/cluster.ts';
import type { Http1Limits } from '../../http1/limits.ts';
import type { MessageHead } from '../../http1/message-head.ts';
import type { Http2Shared } from '../../http2/shared.ts';
import type { Dialer } from '../../net/dial.ts';
import type { Loop } from '../../net/loop.ts';
import type { ClusterStats } from '../cluster-stats.ts';
import type { InUse } from '../guard/in-use.ts';
import type { LimitRefusals } from '../guard/limits.ts';
import type { PoolHost } from './pool.ts';

export abstract class HostView implements PoolHost {
  protected readonly host: PoolHost;

  constructor(host: PoolHost) {
    this.host = host;
  }

  get limits(): ClusterLimits {
    return this.host.limits;
  }

  get connectionsPerEndpoint(): number {
    return this.host.connectionsPerEndpoint;
  }

  get inUse(): InUse {
    return this.host.inUse;
  }

  get refusals(): LimitRefusals {
    return this.host.refusals;
  }

  get loop(): Loop {
    return this.host.loop;
  }

  get config(): ClusterConfig {
    return this.host.config;
  }

  get stats(): ClusterStats {
    return this.host.stats;
  }

  get dialer(): Dialer {
    return this.host.dialer;
  }

  get http1Limits(): Http1Limits {
    return this.host.http1Limits;
  }

  get responseHead(): MessageHead {
    return this.host.responseHead;
  }

  get http2(): Http2Shared {
    return this.host.http2;
  }
}
