/**
 * The only place where configuration becomes running code.
 *
 *   snapshot ─► clusters and endpoints in place, new ones warm ─► route tables and chains compiled ─► swapped ─► listeners opened
 *                                                                                  └─► what is gone is retired last
 *
 * Make before break: nothing is removed before whatever used it has been replaced. What did not change is left alone,
 * compared by content, so that a push of everything costs only what is new.
 */
import type { ClusterConfig, EndpointSetConfig } from '../config/model/cluster.ts';
import type { ListenerConfig } from '../config/model/listener.ts';
import { secretsOf } from '../config/resolve-tls.ts';
import { EMPTY_SNAPSHOT, type Snapshot, sameSnapshot } from '../config/snapshot.ts';
import type { FilterStats } from '../http/filters/filter-stats.ts';
import type { ManagerStats } from '../http/manager-stats.ts';
import { ListenerStats } from '../listener/listener-stats.ts';
import type { TcpStats } from '../tcp/tcp-stats.ts';
import type { Cluster } from '../upstream/cluster.ts';
import { ChainBuilder, type ChainDeps, sameContent, withoutInlineRoutes } from './chain-builder.ts';
import type { DnsDiscovery } from './dns-discovery.ts';
import { isDnsListener, type LazyDns } from './lazy-dns.ts';
import type { ListenerSet } from './listener-set.ts';
import { WarmUp } from './warm-up.ts';

/** What an activator drives. */
export interface ActivatorDeps extends ChainDeps {
  readonly listeners: ListenerSet;
  readonly dns: DnsDiscovery;
  /** Listeners that answer names. */
  readonly names: LazyDns;
}

/** A resource that could not be put to work; the one that ran before goes on. */
export interface ActivationProblem {
  readonly kind: 'listener' | 'cluster' | 'secret';
  readonly name: string;
  readonly message: string;
}

/** Takes what could not be done. */
export type OnPlaced = (problems: readonly ActivationProblem[]) => void;

export class Activator {
  readonly #deps: ActivatorDeps;
  readonly #builder: ChainBuilder;
  readonly #warmUp: WarmUp;
  /** Of which clusters and endpoints are in use, and of which listeners and routes are: the older one while clusters warm up. */
  #snapshot: Snapshot = EMPTY_SNAPSHOT;
  #served: Snapshot = this.#snapshot;
  /** Snapshots that have not had their turn. */
  #queued = 0;
  #busy: Promise<unknown> = Promise.resolve();
  /** Clusters that a snapshot has not any more; removed once no listener can name them. */
  readonly #leaving = new Set<string>();
  /** Whoever waits for listeners and routes that a newer snapshot was to bring. */
  #overtaken: OnPlaced[] = [];

  constructor(deps: ActivatorDeps) {
    this.#deps = deps;
    this.#builder = new ChainBuilder(deps);
    this.#warmUp = new WarmUp(deps.loop);
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  managerStats(): readonly ManagerStats[] {
    return this.#builder.managerStats();
  }

  get filterStats(): FilterStats {
    return this.#builder.filterStats;
  }

  tcpStats(): readonly TcpStats[] {
    return this.#builder.tcpStats();
  }

  /**
   * Makes the snapshot the running configuration. Calls queue; each resolves with what could not be done. `onPlaced` is told
   * that of the clusters as soon as they and their endpoints are in use. While new clusters warm up a newer snapshot goes
   * first: its endpoints must not wait, and its listeners and routes are put in place of this one's.
   */
  apply(snapshot: Snapshot, onPlaced: OnPlaced = () => {}): Promise<readonly ActivationProblem[]> {
    this.#queued++;
    this.#warmUp.interrupt();
    const { promise, resolve } = Promise.withResolvers<readonly ActivationProblem[]>();
    const turn = this.#busy.then(() => this.#apply(snapshot, onPlaced, resolve));
    this.#busy = turn;
    return turn.then(() => promise);
  }

  async #apply(next: Snapshot, onPlaced: OnPlaced, resolve: OnPlaced): Promise<void> {
    this.#queued--;
    const before = this.#snapshot;
    if (before === this.#served && sameSnapshot(next, before)) {
      onPlaced([]);
      resolve([]);
      return;
    }
    await this.#deps.lazyTls.loadFor(next);
    this.#snapshot = next;
    const problems = this.#putClusters(before, next);
    onPlaced(problems);
    for (const name of next.clusters.keys()) this.#leaving.delete(name);
    for (const name of before.clusters.keys()) if (!next.clusters.has(name)) this.#leaving.add(name);
    this.#warmUp.retain((name) => next.clusters.has(name));
    this.#warmUp.add(this.#newClusters(before, next));
    const isWarm = await this.#warmUp.over(() => this.#queued > 0);
    if (!isWarm) {
      this.#overtaken.push((more) => resolve([...problems, ...more]));
      return;
    }
    const more = await this.#putListeners(this.#served, next);
    for (const name of this.#served.listeners.keys()) if (!next.listeners.has(name)) this.#removeListener(name);
    for (const name of this.#leaving) this.#removeCluster(name);
    this.#leaving.clear();
    this.#served = next;
    this.#deps.clusters.onDemand.settle((name) => next.clusters.has(name));
    this.#builder.forgetRoutes(next);
    const { clusters, listeners } = next;
    this.#deps.log.info({ clusters: clusters.size, listeners: listeners.size }, 'configuration active');
    for (const tell of this.#overtaken.splice(0)) tell(more);
    resolve([...problems, ...more]);
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Clusters

  #putClusters(before: Snapshot, next: Snapshot): ActivationProblem[] {
    const problems: ActivationProblem[] = [];
    for (const [name, config] of next.clusters) {
      try {
        this.#putCluster(name, config, before, next);
      } catch (error) {
        problems.push(this.#problem('cluster', name, error));
      }
      const secret = this.#renewSecrets(name, config, before, next);
      if (secret !== null) problems.push(secret);
    }
    return problems;
  }

  /** Those that nothing has used so far. */
  #newClusters(before: Snapshot, next: Snapshot): Cluster[] {
    const names = [...next.clusters.keys()].filter((name) => !before.clusters.has(name));
    return names.map((name) => this.#deps.clusters.get(name)).filter((cluster) => cluster !== undefined);
  }

  #problem(kind: ActivationProblem['kind'], name: string, error: unknown): ActivationProblem {
    const message = error instanceof Error ? error.message : String(error);
    this.#deps.log.error({ [kind]: name }, message);
    return { kind, name, message };
  }

  #putCluster(name: string, config: ClusterConfig, before: Snapshot, next: Snapshot): void {
    const { clusters, dns } = this.#deps;
    const old = before.clusters.get(name);
    const changed = !sameContent(old, config);
    const cluster = changed ? clusters.put(config) : clusters.get(name)!;
    const { discovery } = config;
    if (discovery.kind === 'eds') {
      const endpoints = next.endpoints.get(discovery.serviceName) ?? emptySet(discovery.serviceName);
      const oldEndpoints = old?.discovery.kind === 'eds' ? before.endpoints.get(old.discovery.serviceName) : undefined;
      if (!cluster.warm || !sameContent(oldEndpoints, endpoints)) cluster.setEndpoints(endpoints);
    } else if (changed) {
      dns.forget(name);
      if (discovery.kind === 'static') cluster.setEndpoints(discovery.endpoints);
      else if (discovery.kind !== 'original-dst') dns.watch(cluster, discovery);
    }
  }

  /** New connections of a cluster that runs are made with the new secrets; those that there are stay. */
  #renewSecrets(name: string, { tls }: ClusterConfig, before: Snapshot, next: Snapshot): ActivationProblem | null {
    const same = secretsOf(tls).every(({ key }) => before.secrets.get(key) === next.secrets.get(key));
    const cluster = this.#deps.clusters.get(name);
    if (same || cluster === undefined || !before.clusters.has(name)) return null;
    try {
      cluster.renewDialer();
      cluster.stats.tls.updatesBySecrets++;
      return null;
    } catch (error) {
      return this.#problem('secret', name, error);
    }
  }

  #removeCluster(name: string): void {
    this.#deps.dns.forget(name);
    this.#deps.clusters.remove(name);
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Listeners and routes

  async #putListeners(before: Snapshot, next: Snapshot): Promise<readonly ActivationProblem[]> {
    const problems: ActivationProblem[] = [];
    for (const [name, config] of next.listeners) {
      try {
        problems.push(...(await this.#putListener(name, config, before, next)));
      } catch (error) {
        problems.push(this.#problem('listener', name, error));
      }
    }
    return problems;
  }

  #removeListener(name: string): void {
    this.#deps.listeners.remove(name);
    this.#deps.names.remove(name);
  }

  async #putListener(
    name: string,
    config: ListenerConfig,
    before: Snapshot,
    next: Snapshot,
  ): Promise<readonly ActivationProblem[]> {
    const { listeners, names } = this.#deps;
    if (isDnsListener(config)) {
      listeners.remove(name);
      await names.put(config);
      return [];
    }
    names.remove(name);
    const running = listeners.get(name);
    const stats = running?.stats ?? new ListenerStats();
    const chains = this.#builder.build(config, stats, running?.chains ?? null, next);
    // Only routes differ: the chains have them already, and nothing of the listener has to be touched.
    const old = before.listeners.get(name);
    const same = running !== undefined && (old === config || sameContent(withoutRoutes(old), withoutRoutes(config)));
    if (!same) await listeners.put(config, chains, stats);
    const secrets = this.#builder.renewSecrets(config, chains, stats, next);
    return secrets.map((message) => this.#problem('secret', name, new Error(message)));
  }
}

/** A listener's configuration with its inline route tables blanked. */
function withoutRoutes(config: ListenerConfig | undefined): unknown {
  if (config === undefined) return undefined;
  const { defaultFilterChain } = config;
  return {
    ...config,
    filterChains: config.filterChains.map(withoutInlineRoutes),
    defaultFilterChain: defaultFilterChain && withoutInlineRoutes(defaultFilterChain),
  };
}

function emptySet(name: string): EndpointSetConfig {
  return { name, localities: [], overprovisioningFactor: 140 };
}
