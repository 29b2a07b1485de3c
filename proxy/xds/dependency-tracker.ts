/**
 * What belongs together, as pure functions over what is known so far: which endpoint sets, route tables
 * and secrets the clusters and listeners name, what is still missing for a complete tree, and the tree itself.
 *
 *   listener ──► route table          cluster ──► endpoint set          TLS of either ──► secrets
 */
import type { Bootstrap, DynamicSource } from '../bootstrap/bootstrap.ts';
import { filterChainsOf } from '../config/filter-chains.ts';
import type { ClusterConfig, EndpointSetConfig } from '../config/model/cluster.ts';
import type { FileSource } from '../config/model/file-source.ts';
import type { HttpConnectionManagerConfig, ListenerConfig } from '../config/model/listener.ts';
import type { ClusterChoice, RouteTableConfig } from '../config/model/route.ts';
import { type SecretReference, secretLabel } from '../config/model/secret-reference.ts';
import { type Secrets, secretsOf } from '../config/resolve-tls.ts';
import { mergeSnapshots, type Snapshot } from '../config/snapshot.ts';

/** What this client is there for. */
export interface TrackedScope {
  /** Static resources: they may name endpoint sets and route tables too. */
  readonly fixed: Snapshot;
  /** Null: there are no others than static ones. */
  readonly clusters: DynamicSource | null;
  readonly listeners: DynamicSource | null;
  /** Clusters that were asked for on demand: then no others are than those and what cannot wait. Null: all that there are. */
  readonly demanded: ReadonlySet<string> | null;
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
  readonly clusters: 'all' | ReadonlySet<string>;
  readonly endpointSets: ReadonlySet<string>;
  readonly routeTables: ReadonlySet<string>;
  /** Of the stream that this is about; those of other sources are not among them. */
  readonly secrets: ReadonlySet<string>;
}

/** What the clusters and listeners known so far name. */
export function neededNames(scope: TrackedScope, known: KnownResources): NeededNames {
  const streamed = ({ file }: { readonly file: FileSource | null }) => file === null;
  const endpointSets = new Set(
    endpointSetsOf(scope, known)
      .filter(streamed)
      .map((each) => each.serviceName),
  );
  const routeTables = new Set(
    tablesOf(scope, known)
      .filter(streamed)
      .map(({ name }) => name),
  );
  const references = namedSecrets(scope, known);
  const secrets = new Set(references.filter(({ source }) => source.kind === 'ads').map(({ name }) => name));
  return { clusters: wantedClusters(scope, known) ?? 'all', endpointSets, routeTables, secrets };
}

/** A file of resources of one kind. */
export interface FileReference {
  readonly kind: 'CDS' | 'EDS' | 'LDS' | 'RDS' | 'SDS';
  readonly file: FileSource;
}

/** Every file that is named. */
export function namedFiles(scope: TrackedScope, known: KnownResources): readonly FileReference[] {
  const secrets = namedSecrets(scope, known).map(({ source }) => (source.kind === 'file' ? source.file : null));
  const all = [
    { kind: 'CDS', file: scope.clusters?.file ?? null } as const,
    { kind: 'LDS', file: scope.listeners?.file ?? null } as const,
    ...endpointSetsOf(scope, known).map(({ file }) => ({ kind: 'EDS', file }) as const),
    ...tablesOf(scope, known).map(({ file }) => ({ kind: 'RDS', file }) as const),
    ...secrets.map((file) => ({ kind: 'SDS', file }) as const),
  ];
  return all.flatMap(({ kind, file }) => (file === null ? [] : [{ kind, file }]));
}

/** Whether a bootstrap has something come out of a file. */
export function readsFiles({ dynamic, statics }: Pick<Bootstrap, 'dynamic' | 'statics'>): boolean {
  return (
    namedFiles({ ...dynamic, fixed: statics, demanded: null }, { ...statics, clusters: null, listeners: null }).length >
    0
  );
}

function endpointSetsOf({ fixed }: TrackedScope, known: KnownResources) {
  return [...both(fixed.clusters, known.clusters)].flatMap(({ discovery }) =>
    discovery.kind === 'eds' ? [discovery] : [],
  );
}

function tablesOf({ fixed }: TrackedScope, known: KnownResources) {
  return [...both(fixed.listeners, known.listeners)].flatMap(routeTablesOf);
}

/** The clusters that are asked for by their names; null when all are. */
export function wantedClusters(scope: TrackedScope, known: KnownResources): ReadonlySet<string> | null {
  const { demanded, fixed } = scope;
  if (demanded === null) return null;
  const names = [...demanded, ...eagerClusters(scope, known)];
  return new Set(names.filter((name) => !fixed.clusters.has(name)));
}

/** The clusters that are named where nobody asks for them on demand. */
export function eagerClusters({ fixed }: TrackedScope, known: KnownResources): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { network } of [...both(fixed.listeners, known.listeners)].flatMap(filterChainsOf)) {
    if (network.kind === 'tcp-proxy') addChoice(names, network.cluster);
    if (network.kind !== 'http-connection-manager') continue;
    const { routes, httpFilters } = network;
    const table = routes.kind === 'inline' ? routes.table : known.routes.get(routes.name);
    const isOnDemand = httpFilters.some(({ config, disabled }) => config.kind === 'on-demand' && !disabled);
    if (table !== undefined) addTable(names, table, isOnDemand);
  }
  return names;
}

/** Every secret that is named, whatever its source. */
export function namedSecrets({ fixed }: TrackedScope, known: KnownResources): readonly SecretReference[] {
  return [...clusterSecrets(fixed, known), ...listenerSecrets(fixed, known)];
}

function clusterSecrets(fixed: Snapshot, known: KnownResources): readonly SecretReference[] {
  return [...both(fixed.clusters, known.clusters)].flatMap(clusterSecretsOf);
}

function listenerSecrets(fixed: Snapshot, known: KnownResources): readonly SecretReference[] {
  return [...both(fixed.listeners, known.listeners)].flatMap(listenerSecretsOf);
}

/** The secrets that a cluster names. */
export function clusterSecretsOf({ tls }: ClusterConfig): readonly SecretReference[] {
  return secretsOf(tls);
}

/** The secrets that the filter chains of a listener name. */
export function listenerSecretsOf(listener: ListenerConfig): readonly SecretReference[] {
  return filterChainsOf(listener).flatMap(({ tls }) => secretsOf(tls));
}

/** The words for the first answer about clusters, and about listeners. */
export const CLUSTERS = 'clusters (CDS)';
export const LISTENERS = 'listeners (LDS)';

const WORDS = { CDS: 'cluster', EDS: 'endpoints of', RDS: 'routes', SDS: 'secret' } as const;

/** The words for one missing resource. */
export function waitFor(kind: keyof typeof WORDS, name: string): string {
  return `${WORDS[kind]} "${name}" (${kind})`;
}

/** The words for a secret that is missing, whatever its source. */
export function secretWait(reference: SecretReference): string {
  return `secret ${secretLabel(reference)}`;
}

/** The words for routes that name a cluster which was taken away. */
export function waitForRoutes(cluster: string): string {
  return `routes without "${cluster}" (RDS)`;
}

/** What clusters lack, in words; nothing when they are complete. Listeners are asked for after that. */
export function clustersWaitFor(scope: TrackedScope, known: KnownResources): string[] {
  const waits = scope.clusters !== null && known.clusters === null ? [CLUSTERS] : [];
  const endpointSets = new Set(endpointSetsOf(scope, known).map(({ serviceName }) => serviceName));
  for (const name of endpointSets) if (!known.endpoints.has(name)) waits.push(waitFor('EDS', name));
  waits.push(...secretWaits(clusterSecrets(scope.fixed, known), scope, known));
  return waits;
}

/** Those that are not there, once each; static ones are a matter of their own. */
function secretWaits(references: readonly SecretReference[], { fixed }: TrackedScope, known: KnownResources): string[] {
  const missing = references.filter(({ key }) => !known.secrets.has(key) && !fixed.secrets.has(key));
  return [...new Set(missing.map(secretWait))];
}

/** What is missing for a complete tree, in words that complete "waiting for"; nothing when it stands. */
export function treeWaitsFor(scope: TrackedScope, known: KnownResources): string[] {
  const waits = clustersWaitFor(scope, known);
  for (const name of wantedClusters(scope, known) ?? [])
    if (known.clusters?.has(name) !== true) waits.push(waitFor('CDS', name));
  if (scope.listeners !== null && known.listeners === null) waits.push(LISTENERS);
  for (const { name } of tablesOf(scope, known)) if (!known.routes.has(name)) waits.push(waitFor('RDS', name));
  waits.push(...secretWaits(listenerSecrets(scope.fixed, known), scope, known));
  return [...new Set(waits)];
}

/** The tree, static resources included. What is missing is left out. */
export function treeOf({ fixed }: TrackedScope, known: KnownResources): Snapshot {
  return mergeSnapshots(fixed, {
    clusters: known.clusters ?? new Map(),
    listeners: known.listeners ?? new Map(),
    endpoints: known.endpoints,
    routes: known.routes,
    secrets: known.secrets,
  });
}

/** Dynamic resources take the place of static ones of the same name, as in `mergeSnapshots`. */
function both<T>(fixed: ReadonlyMap<string, T>, dynamic: ReadonlyMap<string, T> | null): Iterable<T> {
  return new Map([...fixed, ...(dynamic ?? [])]).values();
}

/** The route tables that a listener names. */
export function routeTablesOf(
  listener: ListenerConfig,
): Extract<HttpConnectionManagerConfig['routes'], { kind: 'rds' }>[] {
  return filterChainsOf(listener).flatMap(({ network }) =>
    network.kind === 'http-connection-manager' && network.routes.kind === 'rds' ? [network.routes] : [],
  );
}

/** The clusters that routes and TCP proxies name; those that a header of the request names are not known. */
export function clustersNamedBy({ listeners, routes }: Pick<Snapshot, 'listeners' | 'routes'>): Set<string> {
  const names = new Set<string>();
  for (const table of routes.values()) addTable(names, table);
  for (const { network } of [...listeners.values()].flatMap(filterChainsOf)) {
    if (network.kind === 'tcp-proxy') addChoice(names, network.cluster);
    else if (network.routes.kind === 'inline') addTable(names, network.routes.table);
  }
  return names;
}

/** `mirrorsOnly`: nobody waits for a mirror. */
function addTable(names: Set<string>, { virtualHosts }: RouteTableConfig, mirrorsOnly = false): void {
  for (const { action } of virtualHosts.flatMap(({ routes }) => routes)) {
    if (action.kind !== 'forward') continue;
    if (!mirrorsOnly) addChoice(names, action.cluster);
    else for (const { cluster } of action.mirrors) names.add(cluster);
  }
}

function addChoice(names: Set<string>, choice: ClusterChoice): void {
  if (choice.kind === 'cluster') names.add(choice.name);
  else if (choice.kind === 'weighted') for (const { name } of choice.clusters) names.add(name);
}

/** How long each of what is waited for is, milliseconds by its words; Infinity has no end. Of several the shortest counts. */
export function fetchTimeouts(scope: TrackedScope, known: KnownResources): ReadonlyMap<string, number> {
  const { clusters, listeners } = scope;
  const limits = new Map<string, number>();
  const add = (what: string, limitMs: number) =>
    limits.set(what, Math.min(limits.get(what) ?? Infinity, limitMs || Infinity));
  if (clusters !== null) add(CLUSTERS, clusters.fetchTimeoutMs);
  if (listeners !== null) add(LISTENERS, listeners.fetchTimeoutMs);
  for (const { serviceName, fetchTimeoutMs } of endpointSetsOf(scope, known))
    add(waitFor('EDS', serviceName), fetchTimeoutMs);
  for (const { name, fetchTimeoutMs } of tablesOf(scope, known)) add(waitFor('RDS', name), fetchTimeoutMs);
  for (const each of namedSecrets(scope, known)) add(secretWait(each), each.fetchTimeoutMs);
  return limits;
}
