/**
 * A cluster: endpoints that are interchangeable, the picker over them, and the limits all requests to them share.
 * Long-lived: a configuration push changes it in place and endpoints keep their identity, counters and connections.
 */
import type {
  ClusterConfig,
  ClusterLimits,
  EndpointConfig,
  EndpointSetConfig,
  LocalityConfig,
} from '../config/model.ts';
import { DEFAULT_HTTP1_LIMITS, type Http1Limits } from '../http1/limits.ts';
import type { MessageHead } from '../http1/message-head.ts';
import type { Loop } from '../net/loop.ts';
import { ClusterStats } from './cluster-stats.ts';
import { Endpoint, endpointKey } from './endpoint.ts';
import { type Outcome, OutlierDetector } from './guard/outlier-detector.ts';
import { createPicker } from './picker/create-picker.ts';
import { EMPTY_PICKER, type Picker } from './picker/picker.ts';
import { Http1Pool, type PoolHost } from './pool/http1-pool.ts';

export class Cluster implements PoolHost {
  readonly loop: Loop;
  readonly responseHead: MessageHead;
  readonly http1Limits: Http1Limits = DEFAULT_HTTP1_LIMITS;
  readonly stats = new ClusterStats();
  config: ClusterConfig;
  limits: ClusterLimits;
  /** By address. */
  #endpoints = new Map<string, Endpoint>();
  #list: readonly Endpoint[] = [];
  #picker: Picker = EMPTY_PICKER;
  #outlier: OutlierDetector | null = null;
  /** Endpoints are known: the cluster may be used, even when the list is empty. */
  warm = false;

  constructor(config: ClusterConfig, loop: Loop, responseHead: MessageHead) {
    this.loop = loop;
    this.responseHead = responseHead;
    this.config = config;
    this.limits = config.limits.default;
    this.#createOutlierDetector();
  }

  get name(): string {
    return this.config.name;
  }

  get endpoints(): readonly Endpoint[] {
    return this.#list;
  }

  get healthyCount(): number {
    let count = 0;
    for (const each of this.#list) if (each.available) count++;
    return count;
  }

  /** Takes another configuration of the same cluster. Endpoints stay until `setEndpoints`. */
  update(config: ClusterConfig): void {
    const outlierChanged = JSON.stringify(config.outlier) !== JSON.stringify(this.config.outlier);
    this.config = config;
    this.limits = config.limits.default;
    if (outlierChanged) this.#createOutlierDetector();
    this.#rebuildPicker();
  }

  /** Replaces the membership. An endpoint that stays keeps its identity; one that goes finishes what it has. */
  setEndpoints(set: EndpointSetConfig): void {
    const next = new Map<string, Endpoint>();
    for (const locality of set.localities) {
      for (const config of locality.endpoints) {
        const key = endpointKey(config);
        if (!next.has(key)) next.set(key, this.#keepOrCreate(key, config, locality));
      }
    }
    const before = this.#endpoints;
    this.#endpoints = next;
    this.#list = [...next.values()];
    let changed = next.size !== before.size;
    for (const [key, endpoint] of before) {
      if (next.has(key)) continue;
      changed = true;
      endpoint.removed = true;
      this.#outlier?.forget(endpoint);
      endpoint.pool.close();
    }
    if (changed || !this.warm) this.stats.membershipChange++;
    this.stats.updateSuccess++;
    this.warm = true;
    this.#rebuildPicker();
  }

  /** An endpoint for one attempt, or null. HOT. */
  pick(): Endpoint | null {
    return this.#picker.pick();
  }

  /** An endpoint that is not among `tried`, as far as a few draws find one. */
  pickOther(tried: Endpoint, draws: number): Endpoint | null {
    let endpoint = this.#picker.pick();
    for (let i = 0; i < draws && endpoint === tried; i++) endpoint = this.#picker.pick();
    return endpoint;
  }

  /** Reports how one attempt ended. HOT. */
  record(endpoint: Endpoint, outcome: Outcome): void {
    if (this.#outlier !== null && !endpoint.removed) this.#outlier.record(endpoint, outcome);
  }

  /** The cluster has left the configuration: requests in flight finish, idle connections close. */
  close(): void {
    this.#outlier?.destroy();
    for (const endpoint of this.#list) endpoint.pool.close();
  }

  destroy(): void {
    this.#outlier?.destroy();
    for (const endpoint of this.#list) endpoint.pool.destroy();
  }

  #keepOrCreate(key: string, config: EndpointConfig, locality: LocalityConfig): Endpoint {
    const existing = this.#endpoints.get(key);
    if (existing === undefined) return new Endpoint(key, config, locality, new Http1Pool(this, config.address));
    existing.config = config;
    existing.locality = locality;
    existing.health = config.health;
    return existing;
  }

  #createOutlierDetector(): void {
    this.#outlier?.destroy();
    const { outlier } = this.config;
    this.#outlier =
      outlier === null
        ? null
        : new OutlierDetector(
            outlier,
            this.loop,
            this.stats,
            () => this.#list,
            () => this.#rebuildPicker(),
          );
  }

  /**
   * The picker sees the available endpoints of the best priority that has any; below the panic threshold it sees all,
   * since traffic to a few survivors would only take them down too (envoyproxy.io, "Panic threshold").
   */
  #rebuildPicker(): void {
    const { lbPolicy, panicThresholdPercent } = this.config;
    const byPriority = new Map<number, Endpoint[]>();
    for (const endpoint of this.#list) {
      if (endpoint.health === 'draining') continue;
      const { priority } = endpoint.locality;
      const group = byPriority.get(priority);
      if (group === undefined) byPriority.set(priority, [endpoint]);
      else group.push(endpoint);
    }
    const priorities = [...byPriority.keys()].sort((a, b) => a - b);
    const available = priorities.map((each) => byPriority.get(each)!.filter((endpoint) => endpoint.available));
    let chosen = available.find((each) => each.length > 0) ?? [];
    const first = byPriority.get(priorities[0] ?? 0) ?? [];
    const healthy = available.reduce((sum, each) => sum + each.length, 0);
    const total = [...byPriority.values()].reduce((sum, each) => sum + each.length, 0);
    if (total > 0 && (100 * healthy) / total < panicThresholdPercent) {
      this.stats.lbHealthyPanic++;
      chosen = first;
    }
    this.#picker = createPicker(lbPolicy, chosen, this.loop.random);
  }
}
