/**
 * A snapshot: everything that one client may ask for, at one moment, as bytes and hashes. Immutable.
 */
import type { ResourceKind } from '../../protos/contract/resource-types.ts';
import type { EncodedResource } from './encoded-resource.ts';

/** Resources of one kind by name. */
export type ResourceMap = ReadonlyMap<string, EncodedResource>;

/** Resources by kind and name. */
export type Kinds = ReadonlyMap<ResourceKind, ResourceMap>;

/** See the head of this file. */
export interface Snapshot {
  /** Grows with every refresh: a client that has taken in this number has seen everything up to it. */
  readonly generation: number;
  readonly kinds: Kinds;
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

/** `next`, where every kind that has the same resources as in `before` is the same map as in `before`. */
export function unchangedKept(next: Kinds, before: Kinds | undefined): Kinds {
  const kept = [...next].map(([kind, resources]) => {
    const old = before?.get(kind);
    return [kind, old !== undefined && isEqual(old, resources) ? old : resources] as const;
  });
  return new Map(kept);
}

/** Equal resources are the same objects: the encoder sees to that. */
function isEqual(a: ResourceMap, b: ResourceMap): boolean {
  if (a.size !== b.size) return false;
  for (const [name, resource] of a) if (b.get(name) !== resource) return false;
  return true;
}
