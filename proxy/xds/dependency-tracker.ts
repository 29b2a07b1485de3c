/**
 * What belongs together, as pure functions over what is known so far: which endpoint sets and route tables the clusters
 * and listeners name, what is still missing for a complete tree, and the tree itself.
 *
 *   listener ──► route table          cluster ──► endpoint set
 */
import { filterChainsOf } from '../config/filter-chains.ts';
import type { ClusterConfig, EndpointSetConfig } from '../config/model/cluster.ts';
import type { ListenerConfig } from '../config/model/listener.ts';
import type { RouteTableConfig } from '../config/model/route.ts';
import { mergeParts, type SnapshotParts } from '../config/snapshot.ts';

/** What this client is there for. */
export interface TrackedScope {
  /** Static resources: they may name endpoint sets and route tables too. */
  readonly fixed: SnapshotParts;
  /** Clusters are asked for. */
  readonly clusters: boolean;
  /** Listeners are asked for. */
  readonly listeners: boolean;
}

/** What has been accepted. Null: not answered yet. */
export interface KnownResources {
  readonly clusters: ReadonlyMap<string, ClusterConfig> | null;
  readonly listeners: ReadonlyMap<string, ListenerConfig> | null;
  readonly endpoints: ReadonlyMap<string, EndpointSetConfig>;
  readonly routes: ReadonlyMap<string, RouteTableConfig>;
}

/** Names to subscribe to. */
export interface NeededNames {
  readonly endpointSets: ReadonlySet<string>;
  readonly routeTables: ReadonlySet<string>;
}

/** What the clusters and listeners known so far name. */
export function neededNames({ fixed }: TrackedScope, known: KnownResources): NeededNames {
  const endpointSets = new Set<string>();
  for (const { discovery } of both(fixed.clusters, known.clusters)) {
    if (discovery.kind === 'eds') endpointSets.add(discovery.serviceName);
  }
  const routeTables = new Set<string>();
  for (const listener of both(fixed.listeners, known.listeners)) {
    for (const name of routeTablesOf(listener)) routeTables.add(name);
  }
  return { endpointSets, routeTables };
}

/** The words for one missing resource. */
export function waitFor(kind: 'EDS' | 'RDS', name: string): string {
  return kind === 'EDS' ? `endpoints of "${name}" (EDS)` : `routes "${name}" (RDS)`;
}

/** What clusters lack, in words; nothing when they are complete. Listeners are asked for after that. */
export function clustersWaitFor(scope: TrackedScope, known: KnownResources): string[] {
  const waits = scope.clusters && known.clusters === null ? ['clusters (CDS)'] : [];
  const { endpointSets } = neededNames(scope, known);
  for (const name of endpointSets) if (!known.endpoints.has(name)) waits.push(waitFor('EDS', name));
  return waits;
}

/** What is missing for a complete tree, in words that complete "waiting for"; nothing when it stands. */
export function treeWaitsFor(scope: TrackedScope, known: KnownResources): string[] {
  const waits = clustersWaitFor(scope, known);
  if (scope.listeners && known.listeners === null) waits.push('listeners (LDS)');
  const { routeTables } = neededNames(scope, known);
  for (const name of routeTables) if (!known.routes.has(name)) waits.push(waitFor('RDS', name));
  return waits;
}

/** The tree, static resources included. What is missing is left out. */
export function treeOf({ fixed }: TrackedScope, known: KnownResources): SnapshotParts {
  return mergeParts(fixed, {
    clusters: known.clusters ?? new Map(),
    listeners: known.listeners ?? new Map(),
    endpoints: known.endpoints,
    routes: known.routes,
  });
}

/** Dynamic resources take the place of static ones of the same name, as in `mergeParts`. */
function both<T>(fixed: ReadonlyMap<string, T>, dynamic: ReadonlyMap<string, T> | null): Iterable<T> {
  return new Map([...fixed, ...(dynamic ?? [])]).values();
}

function routeTablesOf(listener: ListenerConfig): string[] {
  return filterChainsOf(listener).flatMap(({ network }) =>
    network.kind === 'http-connection-manager' && network.routes.kind === 'rds' ? [network.routes.name] : [],
  );
}
