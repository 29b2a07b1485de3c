/**
 * Turns the filter chains of a listener into running ones: TLS, and HTTP or TCP behind it.
 *
 * What did not change is kept: a chain whose configuration is the same stays the same object, and with it its
 * connections; where only routes differ its connection manager gets the new ones by one pointer write.
 */
import type { Logger } from '../../kernel/log.ts';
import { filterChainsOf } from '../config/filter-chains.ts';
import type { FilterChainConfig, HttpConnectionManagerConfig, ListenerConfig } from '../config/model/listener.ts';
import type { RouteTableConfig } from '../config/model/route.ts';
import { resolveTls, type Secrets, secretsOf } from '../config/resolve-tls.ts';
import type { Snapshot } from '../config/snapshot.ts';
import { ConnectionManager } from '../http/connection-manager.ts';
import { DateHeader } from '../http/date-header.ts';
import type { HttpActive } from '../http/exchange.ts';
import { FilterChain } from '../http/filter.ts';
import type { FilterStats } from '../http/filters/filter-stats.ts';
import type { SelfHealth } from '../http/filters/health-check/self-health.ts';
import type { ReadyReplicas } from '../http/filters/quota/ready-replicas.ts';
import type { ExchangeJournal } from '../http/journal.ts';
import { ManagerStats } from '../http/manager-stats.ts';
import { FIXED_LIMITS } from '../http1/limits.ts';
import { MessageHead } from '../http1/message-head.ts';
import type { Http2Shared } from '../http2/shared.ts';
import { HttpService } from '../listener/http-service.ts';
import type { ListenerStats } from '../listener/listener-stats.ts';
import { allChains, type RunningChain, type RunningChains } from '../listener/running-chain.ts';
import type { Loop } from '../net/loop.ts';
import { TlsAcceptor } from '../net/tls/tls-acceptor.ts';
import type { TlsServer } from '../net/tls/tls-server.ts';
import type { TlsStats } from '../net/tls/tls-stats.ts';
import { RouteTable } from '../routing/route-table.ts';
import type { Runtime } from '../routing/runtime.ts';
import { TcpProxy } from '../tcp/tcp-proxy.ts';
import { TcpStats } from '../tcp/tcp-stats.ts';
import { AccessLogs } from '../telemetry/access-log.ts';
import type { AccessLogFiles } from '../telemetry/access-log-file.ts';
import type { ClusterManager } from '../upstream/cluster-manager.ts';
import type { RequestBreakers } from '../upstream/guard/request-breakers.ts';
import { type FilterParts, HttpFilters } from './http-filters.ts';
import type { LazyTls } from './lazy-tls.ts';

/** What chains are built with. */
export interface ChainDeps {
  readonly loop: Loop;
  readonly http2: Http2Shared;
  readonly clusters: ClusterManager;
  readonly requestBreakers: RequestBreakers;
  readonly runtime: Runtime;
  readonly selfHealth: SelfHealth;
  readonly logFiles: AccessLogFiles;
  readonly lazyTls: LazyTls;
  readonly log: Logger;
  readonly replicas: ReadyReplicas;
  /** What remembers every exchange; null for nothing. */
  readonly journal: ExchangeJournal | null;
  /** Of the machine, for access logs. */
  readonly hostname: string;
}

/** A listener as it is to run, and the route tables of its chains that change meanwhile. */
interface Build {
  readonly listener: ListenerConfig;
  readonly stats: ListenerStats;
  readonly next: Snapshot;
  /** By content. */
  readonly reusable: ReadonlyMap<string, RunningChain>;
}

export class ChainBuilder {
  readonly #deps: ChainDeps;
  readonly #date = new DateHeader();
  readonly #head = new MessageHead(FIXED_LIMITS.headerCountMax);
  /** By stat_prefix: counters outlive what counts. */
  readonly #managerStats = new Map<string, ManagerStats>();
  readonly #tcpStats = new Map<string, TcpStats>();
  readonly #tables = new Map<string, { readonly config: RouteTableConfig; readonly table: RouteTable }>();
  readonly #contents = new WeakMap<RunningChain, string>();
  readonly #filters: HttpFilters;
  readonly #filterParts = new WeakMap<RunningChain, FilterParts>();
  /** What each runs with. */
  readonly #secrets = new WeakMap<RunningChain, Secrets>();

  constructor(deps: ChainDeps) {
    this.#deps = deps;
    this.#filters = new HttpFilters(deps.loop, deps.runtime, deps.replicas, deps.selfHealth, deps.clusters.onDemand);
  }

  get filterStats(): FilterStats {
    return this.#filters.stats;
  }

  managerStats(): readonly ManagerStats[] {
    return [...this.#managerStats.values()];
  }

  tcpStats(): readonly TcpStats[] {
    return [...this.#tcpStats.values()];
  }

  /** The chains of a listener; `before` are those that run now. Throws with a sentence when TLS cannot be set up. */
  build(listener: ListenerConfig, stats: ListenerStats, before: RunningChains | null, next: Snapshot): RunningChains {
    const reusable = new Map(
      (before === null ? [] : allChains(before)).map((each) => [this.#contents.get(each)!, each]),
    );
    const build: Build = { listener, stats, next, reusable };
    return {
      chains: listener.filterChains.map((config) => this.#chain(config, build)),
      fallback: listener.defaultFilterChain === null ? null : this.#chain(listener.defaultFilterChain, build),
    };
  }

  /**
   * Makes chains use the secrets of `next`; those whose secrets are what they were are left alone. Returns a sentence for
   * each that goes on with what it has, since OpenSSL refuses what came.
   */
  renewSecrets(listener: ListenerConfig, running: RunningChains, stats: ListenerStats, next: Snapshot): string[] {
    const problems: string[] = [];
    for (const chain of allChains(running)) {
      const { tls } = chain.config;
      const before = this.#secrets.get(chain) ?? next.secrets;
      this.#secrets.set(chain, next.secrets);
      if (chain.tls === null || secretsOf(tls).every(({ key }) => before.get(key) === next.secrets.get(key))) continue;
      try {
        chain.tls.renew(this.#tlsServer(listener, chain.config, stats.tls, next.secrets));
      } catch (error) {
        problems.push(error instanceof Error ? error.message : String(error));
      }
    }
    return problems;
  }

  /** Forgets compiled tables of route configurations that are gone, and breakers of templates that no route names. */
  forgetRoutes(next: Snapshot): void {
    for (const name of this.#tables.keys()) {
      if (name.startsWith(RDS) && !next.routes.has(name.slice(RDS.length))) this.#tables.delete(name);
    }
    this.#deps.requestBreakers.retain(routeTablesOf(next));
  }

  #chain(config: FilterChainConfig, build: Build): RunningChain {
    const { network } = config;
    const content = contentOf(config, build.listener.bufferLimitBytes);
    const kept = build.reusable.get(content);
    if (kept !== undefined) {
      if (network.kind === 'http-connection-manager') this.#updateRoutes(kept, network, build);
      return kept;
    }
    const chain = this.#create(config, build);
    this.#secrets.set(chain, build.next.secrets);
    this.#contents.set(chain, content);
    return chain;
  }

  #updateRoutes(chain: RunningChain, http: HttpConnectionManagerConfig, { listener, next }: Build): void {
    const manager = chain.manager!;
    const table = this.#tableOf(http, next);
    if (manager.active.table === table) return;
    manager.active = this.#compile(listener, http, this.#filterParts.get(chain)!, table);
  }

  #create(config: FilterChainConfig, build: Build): RunningChain {
    const { loop } = this.#deps;
    const tls = this.#createTls(config, build);
    const { network } = config;
    if (network.kind === 'tcp-proxy') {
      const log = this.#logs(network);
      const { clusters, hostname } = this.#deps;
      const deps = { loop, clusters, random: loop.random, hostname, log };
      const service = new TcpProxy(network, statsOf(this.#tcpStats, network.statPrefix, TcpStats), deps);
      return { config, tls, service, manager: null };
    }
    const parts = this.#filters.create(network.httpFilters, network.statPrefix);
    const active = this.#compile(build.listener, network, parts, this.#tableOf(network, build.next));
    const stats = statsOf(this.#managerStats, network.statPrefix, ManagerStats);
    const { hostname, journal, selfHealth } = this.#deps;
    const own = { date: this.#date, tls: tls !== null, accessLog: this.#logs(network) };
    const deps = { ...own, loop, journal, hostname, selfHealth };
    const manager = new ConnectionManager(network, stats, active, deps);
    const chain = { config, tls, service: new HttpService(this.#deps.http2, manager, this.#head), manager };
    this.#filterParts.set(chain, parts);
    return chain;
  }

  #createTls(config: FilterChainConfig, { listener, stats, next }: Build): TlsAcceptor | null {
    if (config.tls === null) return null;
    return new TlsAcceptor(this.#tlsServer(listener, config, stats.tls, next.secrets), stats.tls);
  }

  /** Null while a secret is not there. */
  #tlsServer({ name }: ListenerConfig, config: FilterChainConfig, stats: TlsStats, secrets: Secrets): TlsServer | null {
    const { loop, lazyTls, log } = this.#deps;
    const place = `listener ${name}${config.name === '' ? '' : `, filter chain ${config.name}`}`;
    const tls = resolveTls(config.tls!, secrets);
    if (!tls.ok) {
      log.warn({ why: tls.error }, `${place}: connections are reset`);
      return null;
    }
    try {
      return lazyTls.module!.createTlsServer(loop, config, tls.value, stats);
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      throw new Error(`${place}: TLS cannot be set up: ${cause}`);
    }
  }

  #logs({ accessLogs }: { readonly accessLogs: HttpConnectionManagerConfig['accessLogs'] }): AccessLogs | null {
    const { loop, logFiles: files, runtime } = this.#deps;
    return accessLogs.length === 0 ? null : new AccessLogs(accessLogs, { files, runtime, random: loop.random });
  }

  /** The compiled table, the same object as long as its content is the same. */
  #tableOf(http: HttpConnectionManagerConfig, next: Snapshot): RouteTable | null {
    const config = http.routes.kind === 'inline' ? http.routes.table : next.routes.get(http.routes.name);
    if (config === undefined) return null;
    return this.#cachedTable(
      http.routes.kind === 'inline' ? `inline ${http.statPrefix} ${config.name}` : `${RDS}${config.name}`,
      config,
    );
  }

  #cachedTable(key: string, config: RouteTableConfig): RouteTable {
    const cached = this.#tables.get(key);
    const same = cached !== undefined && sameContent(cached.config, config);
    const { loop, runtime } = this.#deps;
    const table = same ? cached.table : new RouteTable(config, runtime, loop.random);
    if (cached?.config !== config) this.#tables.set(key, { config, table });
    return table;
  }

  #compile(
    listener: ListenerConfig,
    http: HttpConnectionManagerConfig,
    parts: FilterParts,
    table: RouteTable | null,
  ): HttpActive {
    if (table === null) return { chain: new FilterChain([]), table };
    const { clusters, requestBreakers, loop, runtime } = this.#deps;
    const { bufferLimitBytes } = listener;
    const { maxStreamDurationMs } = http;
    const deps = { clusters, requestBreakers, random: loop.random, runtime, bufferLimitBytes, maxStreamDurationMs };
    return { chain: this.#filters.bind(parts, table, deps), table };
  }
}

const RDS = 'rds ';

/** Every route table: those of listeners, and those that they name. */
function* routeTablesOf({ listeners, routes }: Snapshot): Iterable<RouteTableConfig> {
  yield* routes.values();
  for (const { network } of [...listeners.values()].flatMap(filterChainsOf)) {
    if (network.kind === 'http-connection-manager' && network.routes.kind === 'inline') yield network.routes.table;
  }
}

/** The counters of that prefix, made when they are first asked for. */
function statsOf<T>(all: Map<string, T>, prefix: string, Stats: new (prefix: string) => T): T {
  let stats = all.get(prefix);
  if (stats === undefined) {
    stats = new Stats(prefix);
    all.set(prefix, stats);
  }
  return stats;
}

/** Whether two configurations say the same. What was not sent again is the same object. */
export function sameContent(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/** Everything that makes a chain what it is, but the routes that can be swapped and the match that only leads to it. */
function contentOf(config: FilterChainConfig, bufferLimitBytes: number): string {
  return JSON.stringify({ ...withoutInlineRoutes(config), bufferLimitBytes });
}

/** A filter chain with its inline route table blanked, for comparing: a table changes without a new chain. */
export function withoutInlineRoutes(config: FilterChainConfig): object {
  const { network } = config;
  if (network.kind !== 'http-connection-manager' || network.routes.kind !== 'inline') return config;
  return { ...config, network: { ...network, routes: { kind: 'inline' } } };
}
