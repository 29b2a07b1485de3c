/**
 * A snapshot: everything that one client may ask for, at one moment, as bytes and hashes. Immutable.
 */
import type { ResourceKind } from '../../protos/contract/resource-types.ts';
import type { EncodedResource } from './encoded-resource.ts';

/** Resources of one kind by name. */
export type ResourceMap = ReadonlyMap<string, EncodedResource>;

/** See the head of this file. */
export interface Snapshot {
  /** Grows with every refresh: a client that has taken in this number has seen everything up to it. */
  readonly generation: number;
  readonly kinds: ReadonlyMap<ResourceKind, ResourceMap>;
}

const NOTHING: ResourceMap = new Map();

/** The resources of one kind. */
export function resourcesOf(snapshot: Snapshot, kind: ResourceKind): ResourceMap {
  return snapshot.kinds.get(kind) ?? NOTHING;
}

/** Sorts resources into kinds; of two with the same name the later one counts. */
export function byKind(resources: Iterable<EncodedResource>): Map<ResourceKind, Map<string, EncodedResource>> {
  const kinds = new Map<ResourceKind, Map<string, EncodedResource>>();
  for (const resource of resources) {
    const kind = kinds.get(resource.kind);
    if (kind === undefined) kinds.set(resource.kind, new Map([[resource.name, resource]]));
    else kind.set(resource.name, resource);
  }
  return kinds;
}

/** Both together; what `own` has comes over `shared`. Kinds that only one of them has are taken as they are. */
export function joinKinds(
  shared: ReadonlyMap<ResourceKind, ResourceMap>,
  own: ReadonlyMap<ResourceKind, ResourceMap>,
): ReadonlyMap<ResourceKind, ResourceMap> {
  const kinds = new Map(shared);
  for (const [kind, resources] of own) {
    const others = shared.get(kind);
    kinds.set(kind, others === undefined ? resources : new Map([...others, ...resources]));
  }
  return kinds;
}
