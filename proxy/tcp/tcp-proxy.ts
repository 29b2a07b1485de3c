/** The TCP proxy of one filter chain: carries bytes to an endpoint of its cluster (envoy.filters.network.tcp_proxy). */
import type { Random } from '../../kernel/random.ts';
import type { TcpProxyConfig } from '../config/model/listener.ts';
import type { Loggable } from '../http/loggable.ts';
import type { ConnectionInfo } from '../net/connection-info.ts';
import type { Loop } from '../net/loop.ts';
import type { ConnectionOwner, ConnectionService, FirstWord, ServedConnection } from '../net/service.ts';
import type { Transport } from '../net/transport.ts';
import { drawWeighted } from '../routing/weighted-split.ts';
import type { ClusterManager } from '../upstream/cluster-manager.ts';
import { type SessionHost, TcpSession } from './tcp-session.ts';
import type { TcpStats } from './tcp-stats.ts';

/** What a TCP proxy is made with. */
export interface TcpProxyDeps {
  readonly loop: Loop;
  readonly clusters: ClusterManager;
  readonly random: Random;
  readonly hostname: string;
  /** Null when nothing is logged. */
  readonly log: { end(session: Loggable): void } | null;
}

export class TcpProxy implements ConnectionService, SessionHost {
  readonly config: TcpProxyConfig;
  readonly stats: TcpStats;
  readonly loop: Loop;
  readonly manager: Loggable['manager'];
  readonly #deps: TcpProxyDeps;

  constructor(config: TcpProxyConfig, stats: TcpStats, deps: TcpProxyDeps) {
    this.config = config;
    this.stats = stats;
    this.loop = deps.loop;
    this.#deps = deps;
    const { loop, hostname } = deps;
    this.manager = {
      nowMs: () => loop.nowMs,
      wallTimeOf: (ms) => new Date(loop.clock.wallMs() - (loop.nowMs - ms)),
      hostname,
      scheme: '',
      clientHop: -1,
    };
  }

  serve(
    transport: Transport,
    info: ConnectionInfo,
    owner: ConnectionOwner,
    firstWord: FirstWord | null,
  ): ServedConnection {
    const name = this.#clusterName();
    const cluster = { name, cluster: this.#deps.clusters.get(name) };
    const session = new TcpSession(this, owner, transport, info, cluster, firstWord);
    // A moment later: whoever asked has to know the session before it can end.
    queueMicrotask(() => session.start());
    return session;
  }

  log(session: Loggable): void {
    this.#deps.log?.end(session);
  }

  #clusterName(): string {
    const { cluster } = this.config;
    if (cluster.kind === 'cluster') return cluster.name;
    return drawWeighted(cluster.clusters, cluster.totalWeight, this.#deps.random).name;
  }
}
