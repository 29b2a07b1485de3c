/**
 * The only place where configuration becomes running code.
 *
 *   snapshot ─► clusters and endpoints in place ─► route tables and chains compiled ─► swapped ─► listeners opened
 *                                                                                  └─► what is gone is retired last
 *
 * Make before break: nothing is removed before whatever used it has been replaced. What did not change is left alone,
 * compared by content, so that a push of everything costs only what is new.
 */
import type { Logger } from '../../kernel/log.ts';
import type { ClusterConfig, EndpointSetConfig } from '../config/model/cluster.ts';
import type { HttpConnectionManagerConfig, ListenerConfig } from '../config/model/listener.ts';
import type { RouteTableConfig } from '../config/model/route.ts';
import { createSnapshot, EMPTY_PARTS, type Snapshot } from '../config/snapshot.ts';
import { ConnectionManager } from '../http/connection-manager.ts';
import { DateHeader } from '../http/date-header.ts';
import type { HttpActive } from '../http/exchange.ts';
import { FilterChain } from '../http/filter.ts';
import { RouterFilter } from '../http/filters/router.ts';
import { ManagerStats } from '../http/manager-stats.ts';
import type { Loop } from '../net/loop.ts';
import { RouteTable } from '../routing/route-table.ts';
import type { Runtime } from '../routing/runtime.ts';
import { AccessLogs } from '../telemetry/access-log.ts';
import type { AccessLogFiles } from '../telemetry/access-log-file.ts';
import type { ClusterManager } from '../upstream/cluster-manager.ts';
import type { DnsDiscovery } from './dns-discovery.ts';
import type { ListenerSet } from './listener-set.ts';

/** What an activator drives. */
export interface ActivatorDeps {
  readonly loop: Loop;
  readonly clusters: ClusterManager;
  readonly listeners: ListenerSet;
  readonly dns: DnsDiscovery;
  readonly runtime: Runtime;
  readonly log: Logger;
  readonly logFiles: AccessLogFiles;
  /** Of the machine, for access logs. */
  readonly hostname: string;
}

/** A listener that could not be opened. */
export interface ActivationProblem {
  readonly listener: string;
  readonly message: string;
}

export class Activator {
  readonly #deps: ActivatorDeps;
  readonly #date = new DateHeader();
  /** By stat_prefix: counters outlive the managers that count. */
  readonly #managerStats = new Map<string, ManagerStats>();
  readonly #tables = new Map<string, { readonly text: string; readonly table: RouteTable }>();
  #snapshot: Snapshot = createSnapshot(EMPTY_PARTS);
  #busy: Promise<unknown> = Promise.resolve();

  constructor(deps: ActivatorDeps) {
    this.#deps = deps;
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  managerStats(): readonly ManagerStats[] {
    return [...this.#managerStats.values()];
  }

  /** Makes the snapshot the running configuration. Calls queue; each resolves with what could not be done. */
  apply(snapshot: Snapshot): Promise<readonly ActivationProblem[]> {
    const next = this.#busy.then(() => this.#apply(snapshot));
    this.#busy = next;
    return next;
  }

  async #apply(next: Snapshot): Promise<readonly ActivationProblem[]> {
    const before = this.#snapshot;
    if (next.version === before.version) return [];
    this.#snapshot = next;
    for (const [name, config] of next.clusters) this.#putCluster(name, config, before, next);
    const problems = await this.#putListeners(before, next);
    for (const name of before.listeners.keys()) if (!next.listeners.has(name)) this.#deps.listeners.remove(name);
    for (const name of before.clusters.keys()) if (!next.clusters.has(name)) this.#removeCluster(name);
    for (const name of this.#tables.keys()) if (!next.routes.has(name)) this.#tables.delete(name);
    this.#deps.log.info(
      { version: next.version, clusters: next.clusters.size, listeners: next.listeners.size },
      'configuration active',
    );
    return problems;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Clusters

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
      else dns.watch(cluster, discovery);
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
        await this.#putListener(name, config, before, next);
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        this.#deps.log.error({ listener: name }, message);
        problems.push({ listener: name, message });
      }
    }
    return problems;
  }

  async #putListener(name: string, config: ListenerConfig, before: Snapshot, next: Snapshot): Promise<void> {
    const { listeners } = this.#deps;
    const http = httpOf(config);
    const old = before.listeners.get(name);
    const running = listeners.get(name);
    const table = this.#tableOf(http, next);
    if (running !== undefined && old !== undefined && sameContent(withoutRoutes(old), withoutRoutes(config))) {
      // Only routes differ: one pointer write, and every connection stays.
      if (running.manager.active.table !== table) running.manager.active = this.#compile(config, http, table);
      return;
    }
    await listeners.put(config, this.#createManager(config, http, table));
  }

  /** The compiled table, the same object as long as its content is the same. */
  #tableOf(http: HttpConnectionManagerConfig, next: Snapshot): RouteTable | null {
    const config = http.routes.kind === 'inline' ? http.routes.table : next.routes.get(http.routes.name);
    if (config === undefined) return null;
    const key = http.routes.kind === 'inline' ? `inline ${http.statPrefix} ${config.name}` : `rds ${config.name}`;
    return this.#cachedTable(key, config);
  }

  #cachedTable(key: string, config: RouteTableConfig): RouteTable {
    const text = JSON.stringify(config);
    const cached = this.#tables.get(key);
    if (cached?.text === text) return cached.table;
    const { loop, runtime } = this.#deps;
    const table = new RouteTable(config, runtime, loop.random);
    this.#tables.set(key, { text, table });
    return table;
  }

  #createManager(
    listener: ListenerConfig,
    http: HttpConnectionManagerConfig,
    table: RouteTable | null,
  ): ConnectionManager {
    const { loop, logFiles: files, runtime, hostname } = this.#deps;
    const { accessLogs } = http;
    const accessLog =
      accessLogs.length === 0 ? null : new AccessLogs(accessLogs, { files, runtime, random: loop.random });
    const deps = { loop, date: this.#date, tls: false, accessLog, hostname };
    return new ConnectionManager(http, this.#statsOf(http.statPrefix), this.#compile(listener, http, table), deps);
  }

  #statsOf(prefix: string): ManagerStats {
    let stats = this.#managerStats.get(prefix);
    if (stats === undefined) {
      stats = new ManagerStats(prefix);
      this.#managerStats.set(prefix, stats);
    }
    return stats;
  }

  #compile(listener: ListenerConfig, http: HttpConnectionManagerConfig, table: RouteTable | null): HttpActive {
    if (table === null) return { chain: new FilterChain([]), table };
    const { clusters, loop, runtime } = this.#deps;
    const { bufferLimitBytes } = listener;
    const { maxStreamDurationMs } = http;
    const deps = { clusters, random: loop.random, runtime, bufferLimitBytes, maxStreamDurationMs };
    const filters = http.httpFilters.map(({ config }) => new RouterFilter(config, table, deps));
    return { chain: new FilterChain(filters), table };
  }
}

function httpOf(config: ListenerConfig): HttpConnectionManagerConfig {
  const chain = config.filterChains[0] ?? config.defaultFilterChain;
  if (chain === null || chain.network.kind !== 'http-connection-manager') {
    throw new Error(`listener ${config.name}: only an HTTP connection manager can be served`);
  }
  return chain.network;
}

/** A listener's configuration with its inline route table blanked. */
function withoutRoutes(config: ListenerConfig): unknown {
  const http = httpOf(config);
  const routes = http.routes.kind === 'inline' ? { kind: 'inline' } : http.routes;
  return { ...config, filterChains: [{ ...config.filterChains[0], network: { ...http, routes } }] };
}

function emptySet(name: string): EndpointSetConfig {
  return { name, localities: [], overprovisioningFactor: 140 };
}

function sameContent(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
