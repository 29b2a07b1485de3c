/**
 * Everything accepted so far, of all types, and the question whether it makes a complete configuration. No I/O: updates
 * go in, out come outcomes, what to subscribe to next, and the tree.
 */
import { ok } from '../../kernel/result.ts';
import { RESOURCE_TYPES, type ResourceKind, type ResourceType } from '../../protos/contract/resource-types.ts';
import type { Cluster } from '../../protos/gen/envoy/config/cluster/v3/cluster.ts';
import type { ClusterLoadAssignment } from '../../protos/gen/envoy/config/endpoint/v3/endpoint.ts';
import type { Listener } from '../../protos/gen/envoy/config/listener/v3/listener.ts';
import type { RouteConfiguration } from '../../protos/gen/envoy/config/route/v3/route.ts';
import type { Secret } from '../../protos/gen/envoy/extensions/transport_sockets/tls/v3/secret.ts';
import type { DynamicSource } from '../bootstrap/bootstrap.ts';
import type { ClusterConfig, EndpointSetConfig } from '../config/model/cluster.ts';
import type { ListenerConfig } from '../config/model/listener.ts';
import type { RouteTableConfig } from '../config/model/route.ts';
import type { SecretConfig } from '../config/model/secret.ts';
import { secretKey } from '../config/model/secret-reference.ts';
import type { Snapshot } from '../config/snapshot.ts';
import type { Decoders } from './decoders.ts';
import {
  type KnownResources,
  type NeededNames,
  neededNames,
  type TrackedScope,
  treeOf,
  treeWaitsFor,
} from './dependency-tracker.ts';
import { type DumpedXdsResource, dumpOf } from './dumped-resource.ts';
import type { ExtraSubscription } from './extra-subscription.ts';
import type { KeptResource } from './last-known-good/kept-text.ts';
import {
  type AcceptedResource,
  type IncomingResource,
  ResourceSet,
  type ResourceUpdate,
  type UpdateOutcome,
} from './resource-set.ts';

/** Kinds of which each resource is asked for by its name. */
const BY_NAME: ReadonlySet<ResourceKind> = new Set<ResourceKind>(['EDS', 'RDS', 'SDS']);

/** They stay past their ttl as long as they are named. */
const STAYING: ReadonlySet<string> = new Set([...BY_NAME].map((kind) => RESOURCE_TYPES[kind].typeUrl));

const ADS = { kind: 'ads' } as const;

const NOTHING_ELSE: KnownResources = {
  clusters: null,
  listeners: null,
  endpoints: new Map(),
  routes: new Map(),
  secrets: new Map(),
};

function joined<T>(a: ReadonlyMap<string, T>, b: ReadonlyMap<string, T>): ReadonlyMap<string, T> {
  return a.size === 0 ? b : new Map([...a, ...b]);
}

/** See the head of this file. */
export class ResourceTree {
  readonly #scope: TrackedScope;
  readonly #clusters: ResourceSet<ClusterConfig>;
  readonly #endpoints: ResourceSet<EndpointSetConfig>;
  readonly #listeners: ResourceSet<ListenerConfig>;
  readonly #routes: ResourceSet<RouteTableConfig>;
  readonly #secrets: ResourceSet<SecretConfig>;
  readonly #extras: readonly { readonly subscription: ExtraSubscription; readonly set: ResourceSet<unknown> }[];
  readonly #elsewhere: () => KnownResources;
  readonly #answered = new Set<ResourceKind>();

  /** `elsewhere` is what does not come over the stream. */
  constructor(
    scope: TrackedScope,
    decoders: Decoders,
    extras: readonly ExtraSubscription[],
    elsewhere: () => KnownResources = () => NOTHING_ELSE,
  ) {
    this.#elsewhere = elsewhere;
    const { CDS, EDS, SDS, LDS, RDS } = RESOURCE_TYPES;
    this.#scope = scope;
    this.#clusters = new ResourceSet(CDS, (message) => decoders.cluster(message as Cluster));
    this.#endpoints = new ResourceSet(EDS, (message) => decoders.endpointSet(message as ClusterLoadAssignment));
    this.#listeners = new ResourceSet(LDS, (message) => decoders.listener(message as Listener));
    this.#routes = new ResourceSet(RDS, (message) => decoders.routeTable(message as RouteConfiguration));
    this.#secrets = new ResourceSet(SDS, (message) => decoders.secret(message as Secret));
    this.#extras = extras.map((subscription) => ({ subscription, set: new ResourceSet(subscription.type, ok) }));
  }

  /** Takes an update in; null when nobody here asks for that type. */
  apply(type: ResourceType, update: ResourceUpdate, wallMs: number): UpdateOutcome | null {
    const set = this.#setOf(type.kind);
    if (set === undefined) return null;
    // As in Envoy: what is named is still needed, and who would take it away takes away what names it.
    const removed = BY_NAME.has(type.kind) ? update.removed.filter((name) => !set.accepted.has(name)) : update.removed;
    const outcome = set.apply({ ...update, removed }, wallMs);
    // A wildcard type is known once it was answered, even if nothing in the answer was good.
    this.#answered.add(type.kind);
    if (outcome.changed) this.#tellExtra(type.kind);
    return outcome;
  }

  /** Forgets endpoint sets and route tables that nobody names any more, and says which are named. */
  prune(): NeededNames {
    const needed = neededNames(this.#scope, this.known());
    if (needed.clusters !== 'all') this.#clusters.retain(needed.clusters);
    this.#endpoints.retain(needed.endpointSets);
    this.#routes.retain(needed.routeTables);
    this.#secrets.retain(needed.secrets);
    return needed;
  }

  known(): KnownResources {
    const other = this.#elsewhere();
    const secrets = [...this.#secrets.values()].map(([name, each]) => [secretKey(ADS, name), each] as const);
    return {
      clusters: other.clusters ?? (this.#isKnown('CDS', this.#scope.clusters) ? this.#clusters.values() : null),
      listeners: other.listeners ?? (this.#isKnown('LDS', this.#scope.listeners) ? this.#listeners.values() : null),
      endpoints: joined(other.endpoints, this.#endpoints.values()),
      routes: joined(other.routes, this.#routes.values()),
      secrets: joined(other.secrets, new Map(secrets)),
    };
  }

  #isKnown(kind: ResourceKind, source: DynamicSource | null): boolean {
    if (kind === 'CDS' && this.#scope.demanded !== null) return true;
    return (source?.file ?? null) === null && this.#answered.has(kind);
  }

  /** The configuration as far as it is known, static resources included. */
  parts(): Snapshot {
    return treeOf(this.#scope, this.known());
  }

  #configuration() {
    return [this.#clusters, this.#endpoints, this.#secrets, this.#listeners, this.#routes];
  }

  #sets() {
    return [...this.#configuration(), ...this.#extras.map(({ set }) => set)];
  }

  /** Every accepted resource, for the disk; but neither secrets' keys go there nor what ends without a control plane. */
  kept(): KeptResource[] {
    const open = this.#sets().filter((set) => set !== this.#secrets);
    const trust = [...this.#secrets.accepted.values()].filter(({ value }) => value.kind === 'validation');
    const all = [...open.flatMap((set): AcceptedResource<unknown>[] => [...set.accepted.values()]), ...trust];
    const lasting = all.filter(({ ends, any }) => !ends || STAYING.has(any.typeUrl));
    return lasting.map(({ version, any }) => ({ version, any }));
  }

  /**
   * Takes resources from the disk in, as far as they are good, and says what is not or is missing: they were complete when
   * they were kept, but this may be another version of the program, or another bootstrap.
   */
  restore(resources: readonly KeptResource[], wallMs: number): string[] {
    const problems: string[] = [];
    for (const { type } of this.#sets()) {
      const own = resources.filter(({ any }) => any.typeUrl === type.typeUrl);
      const incoming = own.map(({ version, any }): IncomingResource => ({ name: '', version, any, ttlMs: null }));
      const outcome = this.apply(type, { resources: incoming, complete: true, version: null, removed: [] }, wallMs);
      if (typeof outcome?.rejection === 'string') problems.push(outcome.rejection);
    }
    return [...problems, ...treeWaitsFor(this.#scope, this.known()).map((each) => `missing: ${each}`)];
  }

  /** What is in use and what was refused. */
  dumped(): DumpedXdsResource[] {
    return this.#configuration().flatMap(dumpOf);
  }

  #setOf(kind: ResourceKind): ResourceSet<unknown> | undefined {
    const sets: readonly ResourceSet<unknown>[] = this.#configuration();
    return (
      sets.find(({ type }) => type.kind === kind) ??
      this.#extras.find(({ subscription }) => subscription.type.kind === kind)?.set
    );
  }

  #tellExtra(kind: ResourceKind): void {
    const extra = this.#extras.find(({ subscription }) => subscription.type.kind === kind);
    extra?.subscription.onChange(extra.set.values());
  }
}
