/** The clusters of one loop by name. `activate/` is its only writer. */

import type { ClusterConfig } from '../config/model/cluster.ts';
import { OnDemandClusters } from '../http/on-demand-clusters.ts';
import { FIXED_LIMITS } from '../http1/limits.ts';
import { MessageHead } from '../http1/message-head.ts';
import type { Http2Shared } from '../http2/shared.ts';
import { RetriedMarks } from './attempt/retried-marks.ts';
import { Cluster, type MakeDialer } from './cluster.ts';
import type { ClusterShared } from './cluster-shared.ts';
import type { LocalCluster } from './local-cluster.ts';

export class ClusterManager {
  readonly onDemand = new OnDemandClusters();
  readonly #shared: ClusterShared;
  readonly #makeDialer: MakeDialer;
  readonly #clusters = new Map<string, Cluster>();
  added = 0;
  removed = 0;
  modified = 0;

  /** `local` is the cluster of this proxy's own kind, or null. */
  constructor(http2: Http2Shared, makeDialer: MakeDialer, local: LocalCluster | null = null) {
    const { loop } = http2;
    const responseHead = new MessageHead(FIXED_LIMITS.headerCountMax);
    this.#shared = { loop, http2, responseHead, retriedMarks: new RetriedMarks(), local };
    local?.watch(() => {
      for (const each of this.#clusters.values()) if (each.name !== local.name) each.refreshPicker();
    });
    this.#makeDialer = makeDialer;
  }

  /** The cluster a route names, or undefined. HOT. */
  get(name: string): Cluster | undefined {
    return this.#clusters.get(name);
  }

  all(): readonly Cluster[] {
    return [...this.#clusters.values()];
  }

  /** Adds a cluster, or changes the one of that name in place. */
  put(config: ClusterConfig): Cluster {
    const existing = this.#clusters.get(config.name);
    if (existing !== undefined) {
      existing.update(config);
      this.modified++;
      return existing;
    }
    const cluster = new Cluster(config, this.#shared, this.#makeDialer);
    this.#clusters.set(config.name, cluster);
    this.added++;
    return cluster;
  }

  /** Takes a cluster out; what is in flight finishes. */
  remove(name: string): void {
    const cluster = this.#clusters.get(name);
    if (cluster === undefined) return;
    this.#clusters.delete(name);
    this.removed++;
    cluster.close();
    const { local } = this.#shared;
    if (name === local?.name) local.changed([]);
  }

  destroy(): void {
    for (const cluster of this.#clusters.values()) cluster.destroy();
    this.#clusters.clear();
  }
}
