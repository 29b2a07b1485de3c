/**
 * What of the tree can be in use now, as a pure function over what is known and what is in use. Each resource waits for
 * what it needs, and for nothing else:
 *
 *   cluster    its endpoints and secrets; until they are there the one in use goes on, and a new one is left out (warming)
 *   routes     the clusters they name: those that warm, and those that they alone name and nobody has told of yet
 *   listener   its routes, its secrets, and the clusters of its TCP proxies and inline routes
 *
 * Make before break: what waits has its predecessor go on in its place, with the newest endpoints and secrets; a cluster
 * that was taken away stays while something in use names it and the rest is still to come. Where there is no predecessor
 * clusters that warm are waited for only as long as something still comes (see Stall): nothing is served meanwhile.
 */
import type { ClusterConfig, EndpointSetConfig } from '../config/model/cluster.ts';
import type { ListenerConfig } from '../config/model/listener.ts';
import type { RouteTableConfig } from '../config/model/route.ts';
import type { SecretReference } from '../config/model/secret-reference.ts';
import type { Snapshot } from '../config/snapshot.ts';
import {
  CLUSTERS,
  clusterSecretsOf,
  clustersNamedBy,
  eagerClusters,
  type KnownResources,
  listenerSecretsOf,
  routeTablesOf,
  secretWait,
  type TrackedScope,
  waitFor,
  waitForRoutes,
} from './dependency-tracker.ts';

/** How patient it is. */
export interface Waiting {
  /** Whether what is not there is still worth waiting for. */
  readonly worth: (what: string) => boolean;
  /** Nothing that is missing has come for a while. */
  readonly stalled: boolean;
}

/** What can be in use. */
export interface ReadyTree {
  readonly parts: Snapshot;
  /** Something that is known is not in use, but its predecessor or nothing; new clusters that warm do not count. */
  readonly held: boolean;
}

/** See the head of this file. `before` is in use. */
export function readyTree(scope: TrackedScope, known: KnownResources, before: Snapshot, waiting: Waiting): ReadyTree {
  return new Reading(scope, known, before, waiting).tree();
}

/** Clusters that routes about to be used name and nobody has told of, in words: they may be about to come. */
export function unknownClusterWaits(scope: TrackedScope, known: KnownResources, before: Snapshot): string[] {
  if (scope.clusters === null || scope.demanded !== null || known.clusters === null) return [];
  const waits = new Set<string>();
  for (const [name, table] of known.routes) {
    const used = before.routes.get(name);
    if (used === undefined || used === table) continue;
    for (const cluster of newlyNamed(table, used)) {
      if (!known.clusters.has(cluster) && !scope.fixed.clusters.has(cluster)) waits.add(waitFor('CDS', cluster));
    }
  }
  return [...waits];
}

/** Clusters that were taken away though something in use names them, in words that say what is waited for. */
export function leavingClusterWaits(scope: TrackedScope, known: KnownResources, before: Snapshot): string[] {
  if (known.clusters === null) return [];
  const gone = [...before.clusters.keys()].filter(
    (name) => !known.clusters!.has(name) && !scope.fixed.clusters.has(name),
  );
  if (gone.length === 0) return [];
  const named = clustersNamedBy(before);
  return gone.filter((name) => named.has(name)).map(waitForRoutes);
}

const NO_NAMES: ReadonlySet<string> = new Set();

class Reading {
  readonly #scope: TrackedScope;
  readonly #known: KnownResources;
  readonly #before: Snapshot;
  readonly #waiting: Waiting;
  readonly #clusters = new Map<string, ClusterConfig>();
  readonly #warming = new Set<string>();
  readonly #routes = new Map<string, RouteTableConfig>();
  readonly #listeners = new Map<string, ListenerConfig>();
  readonly #eager: ReadonlySet<string>;
  #held = false;

  constructor(scope: TrackedScope, known: KnownResources, before: Snapshot, waiting: Waiting) {
    this.#scope = scope;
    this.#known = known;
    this.#before = before;
    this.#waiting = waiting;
    this.#eager = scope.demanded === null ? NO_NAMES : eagerClusters(scope, known);
  }

  tree(): ReadyTree {
    this.#readClusters();
    this.#readRoutes();
    this.#readListeners();
    this.#keepNamed();
    const { endpoints, secrets } = this.#withOlder();
    const { fixed } = this.#scope;
    const parts = {
      clusters: this.#clusters,
      listeners: this.#listeners,
      routes: new Map([...fixed.routes, ...this.#routes]),
      endpoints: new Map([...fixed.endpoints, ...endpoints]),
      secrets: new Map([...fixed.secrets, ...secrets]),
    };
    return { parts, held: this.#held };
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Clusters

  #readClusters(): void {
    const { fixed } = this.#scope;
    const dynamic = this.#known.clusters ?? new Map<string, ClusterConfig>();
    for (const [name, config] of fixed.clusters) if (!dynamic.has(name)) this.#clusters.set(name, config);
    for (const [name, config] of dynamic) {
      const used = this.#before.clusters.get(name);
      if (used === config || this.#isWarm(config)) this.#clusters.set(name, config);
      else if (used === undefined) this.#warming.add(name);
      else this.#hold(this.#clusters, name, used);
    }
  }

  #isWarm(config: ClusterConfig): boolean {
    const { discovery } = config;
    if (discovery.kind === 'eds' && !this.#known.endpoints.has(discovery.serviceName)) {
      if (this.#waiting.worth(waitFor('EDS', discovery.serviceName))) return false;
    }
    return this.#haveSecrets(clusterSecretsOf(config));
  }

  #haveSecrets(references: readonly SecretReference[]): boolean {
    const { fixed } = this.#scope;
    return references.every(
      (each) =>
        this.#known.secrets.has(each.key) || fixed.secrets.has(each.key) || !this.#waiting.worth(secretWait(each)),
    );
  }

  #hold<T>(all: Map<string, T>, name: string, used: T | undefined): void {
    this.#held = true;
    if (used !== undefined) all.set(name, used);
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Routes and listeners

  #readRoutes(): void {
    for (const [name, table] of this.#known.routes) {
      const used = this.#before.routes.get(name);
      if (used === table || !this.#waitsForClusters(namedBy(table), used === undefined ? null : namedBy(used)))
        this.#routes.set(name, table);
      else this.#hold(this.#routes, name, used);
    }
  }

  /** `inUse` are the clusters that the predecessor names, null when there is none. */
  #waitsForClusters(names: ReadonlySet<string>, inUse: ReadonlySet<string> | null): boolean {
    const { fixed, clusters: asked } = this.#scope;
    const { clusters } = this.#known;
    for (const name of names) {
      if (this.#clusters.has(name) || this.#before.clusters.has(name)) continue;
      if (this.#warming.has(name)) {
        if (inUse !== null || !this.#waiting.stalled) return true;
      } else if (asked !== null && !fixed.clusters.has(name)) {
        if (clusters === null) {
          if (this.#waiting.worth(CLUSTERS)) return true;
        } else if (this.#isExpected(name, inUse) && this.#waiting.worth(waitFor('CDS', name))) return true;
      }
    }
    return false;
  }

  /** On demand, whoever needs it waits for it; but not what nobody demands. */
  #isExpected(name: string, inUse: ReadonlySet<string> | null): boolean {
    return this.#scope.demanded === null ? inUse?.has(name) === false : this.#eager.has(name);
  }

  #readListeners(): void {
    const { fixed } = this.#scope;
    const { listeners } = this.#known;
    const dynamic = listeners ?? new Map<string, ListenerConfig>();
    for (const [name, config] of fixed.listeners) {
      if (dynamic.has(name)) continue;
      // Static ones were opened at the start, those without their secrets alone were not.
      if (this.#haveSecrets(listenerSecretsOf(config))) this.#listeners.set(name, config);
      else this.#hold(this.#listeners, name, this.#before.listeners.get(name));
    }
    for (const [name, config] of dynamic) {
      const used = this.#before.listeners.get(name);
      if (used === config || this.#isReady(config, used)) this.#listeners.set(name, config);
      else this.#hold(this.#listeners, name, used);
    }
    // Not answered yet: those of the last known good configuration go on.
    if (listeners !== null) return;
    for (const [name, config] of this.#before.listeners)
      if (!this.#listeners.has(name)) this.#listeners.set(name, config);
  }

  #isReady(config: ListenerConfig, used: ListenerConfig | undefined): boolean {
    const hasRoutes = routeTablesOf(config).every(({ name }) => {
      if (this.#routes.has(name) || this.#scope.fixed.routes.has(name)) return true;
      return !this.#known.routes.has(name) && !this.#waiting.worth(waitFor('RDS', name));
    });
    if (!hasRoutes || !this.#haveSecrets(listenerSecretsOf(config))) return false;
    return !this.#waitsForClusters(inlineOf(config), used === undefined ? null : inlineOf(used));
  }

  // -------------------------------------------------------------------------------------------------------------------
  // What is still named

  /** Routes of listeners that were not replaced, and clusters that were taken away too early. */
  #keepNamed(): void {
    const { routes, clusters } = this.#before;
    for (const { name } of [...this.#listeners.values()].flatMap(routeTablesOf)) {
      const used = routes.get(name);
      if (!this.#routes.has(name) && used !== undefined) this.#hold(this.#routes, name, used);
    }
    if (this.#known.clusters === null) {
      for (const [name, config] of clusters) if (!this.#clusters.has(name)) this.#clusters.set(name, config);
      return;
    }
    const gone = [...clusters.keys()].filter((name) => !this.#clusters.has(name) && !this.#warming.has(name));
    if (gone.length === 0) return;
    const named = clustersNamedBy({ listeners: this.#listeners, routes: this.#routes });
    for (const name of gone)
      if ((named.has(name) && this.#waiting.worth(waitForRoutes(name))) || this.#isAsked(name))
        this.#hold(this.#clusters, name, clusters.get(name));
  }

  /** On demand, of the last known good configuration: the control plane has yet to say what became of it. */
  #isAsked(name: string): boolean {
    return this.#scope.demanded?.has(name) === true && this.#waiting.worth(waitFor('CDS', name));
  }

  /** Predecessors go on with what they had, as new as it is known. */
  #withOlder(): Pick<Snapshot, 'endpoints' | 'secrets'> {
    const endpoints = new Map<string, EndpointSetConfig>(this.#known.endpoints);
    for (const { discovery } of this.#clusters.values()) {
      if (discovery.kind !== 'eds' || endpoints.has(discovery.serviceName)) continue;
      const used = this.#before.endpoints.get(discovery.serviceName);
      if (used !== undefined) endpoints.set(discovery.serviceName, used);
    }
    const secrets = new Map(this.#known.secrets);
    const references = [
      ...[...this.#clusters.values()].flatMap(clusterSecretsOf),
      ...[...this.#listeners.values()].flatMap(listenerSecretsOf),
    ];
    for (const { key } of references) {
      const used = this.#before.secrets.get(key);
      if (!secrets.has(key) && used !== undefined) secrets.set(key, used);
    }
    return { endpoints, secrets };
  }
}

/** What the clusters of an inline table and of TCP proxies are called. */
function inlineOf(listener: ListenerConfig): ReadonlySet<string> {
  return clustersNamedBy({ listeners: new Map([['', listener]]), routes: new Map() });
}

function namedBy(table: RouteTableConfig): ReadonlySet<string> {
  return clustersNamedBy({ listeners: new Map(), routes: new Map([['', table]]) });
}

function newlyNamed(table: RouteTableConfig, used: RouteTableConfig): ReadonlySet<string> {
  return namedBy(table).difference(namedBy(used));
}
