/**
 * What belongs together, as pure functions over what is known so far: which endpoint sets, route tables
 * and secrets the clusters and listeners name, what is still missing for a complete tree, and the tree itself.
 *
 *   listener ──► route table          cluster ──► endpoint set          TLS of either ──► secrets
 */
import { filterChainsOf } from '../config/filter-chains.ts';
import type { ClusterConfig, EndpointSetConfig } from '../config/model/cluster.ts';
import type { ListenerConfig } from '../config/model/listener.ts';
import type { RouteTableConfig } from '../config/model/route.ts';
import { type SecretReference, secretLabel } from '../config/model/secret-reference.ts';
import { type Secrets, secretsOf } from '../config/resolve-tls.ts';
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
  /** By key. */
  readonly secrets: Secrets;
}

/** Names to subscribe to. */
export interface NeededNames {
  readonly endpointSets: ReadonlySet<string>;
  readonly routeTables: ReadonlySet<string>;
  /** Of the stream that this is about; those of other sources are not among them. */
  readonly secrets: ReadonlySet<string>;
}

/** What the clusters and listeners known so far name. */
export function neededNames(scope: TrackedScope, known: KnownResources): NeededNames {
  const { fixed } = scope;
  const endpointSets = new Set<string>();
  for (const { discovery } of both(fixed.clusters, known.clusters)) {
    if (discovery.kind === 'eds') endpointSets.add(discovery.serviceName);
  }
  const routeTables = new Set<string>();
  for (const listener of both(fixed.listeners, known.listeners)) {
    for (const name of routeTablesOf(listener)) routeTables.add(name);
  }
  const references = namedSecrets(scope, known);
  const secrets = new Set(references.filter(({ source }) => source.kind === 'ads').map(({ name }) => name));
  return { endpointSets, routeTables, secrets };
}

/** Every secret that is named, whatever its source. */
export function namedSecrets({ fixed }: TrackedScope, known: KnownResources): readonly SecretReference[] {
  return [...clusterSecrets(fixed, known), ...listenerSecrets(fixed, known)];
}

function clusterSecrets(fixed: SnapshotParts, known: KnownResources): readonly SecretReference[] {
  return [...both(fixed.clusters, known.clusters)].flatMap(({ tls }) => secretsOf(tls));
}

function listenerSecrets(fixed: SnapshotParts, known: KnownResources): readonly SecretReference[] {
  const listeners = [...both(fixed.listeners, known.listeners)];
  return listeners.flatMap(filterChainsOf).flatMap(({ tls }) => secretsOf(tls));
}

/** The words for one missing resource. */
export function waitFor(kind: 'EDS' | 'RDS' | 'SDS', name: string): string {
  if (kind === 'SDS') return `secret "${name}" (SDS)`;
  return kind === 'EDS' ? `endpoints of "${name}" (EDS)` : `routes "${name}" (RDS)`;
}

/** What clusters lack, in words; nothing when they are complete. Listeners are asked for after that. */
export function clustersWaitFor(scope: TrackedScope, known: KnownResources): string[] {
  const waits = scope.clusters && known.clusters === null ? ['clusters (CDS)'] : [];
  const { endpointSets } = neededNames(scope, known);
  for (const name of endpointSets) if (!known.endpoints.has(name)) waits.push(waitFor('EDS', name));
  waits.push(...secretWaits(clusterSecrets(scope.fixed, known), scope, known));
  return waits;
}

/** Those that are not there, once each; static ones are a matter of their own. */
function secretWaits(references: readonly SecretReference[], { fixed }: TrackedScope, known: KnownResources): string[] {
  const missing = references.filter(({ key }) => !known.secrets.has(key) && !fixed.secrets.has(key));
  return [...new Set(missing.map((each) => `secret ${secretLabel(each)}`))];
}

/** What is missing for a complete tree, in words that complete "waiting for"; nothing when it stands. */
export function treeWaitsFor(scope: TrackedScope, known: KnownResources): string[] {
  const waits = clustersWaitFor(scope, known);
  if (scope.listeners && known.listeners === null) waits.push('listeners (LDS)');
  const { routeTables } = neededNames(scope, known);
  for (const name of routeTables) if (!known.routes.has(name)) waits.push(waitFor('RDS', name));
  waits.push(...secretWaits(listenerSecrets(scope.fixed, known), scope, known));
  return [...new Set(waits)];
}

/** The tree, static resources included. What is missing is left out. */
export function treeOf({ fixed }: TrackedScope, known: KnownResources): SnapshotParts {
  return mergeParts(fixed, {
    clusters: known.clusters ?? new Map(),
    listeners: known.listeners ?? new Map(),
    endpoints: known.endpoints,
    routes: known.routes,
    secrets: known.secrets,
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

/** The entries of `before`, each as new as it is known; null when nothing differs. */
export function newest<T>(before: ReadonlyMap<string, T>, known: ReadonlyMap<string, T>): Map<string, T> | null {
  const next = new Map([...before].map(([name, each]) => [name, known.get(name) ?? each]));
  return [...next].some(([name, each]) => each !== before.get(name)) ? next : null;
}
