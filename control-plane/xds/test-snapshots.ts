/** For tests: snapshots of names and hashes, without contents. */
import type { ResourceKind } from '../../protos/contract/resource-types.ts';
import type { EncodedResource } from '../snapshot/encoded-resource.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';

/** Hashes by kind and name. */
export type Contents = Partial<Record<ResourceKind, Readonly<Record<string, string>>>>;

let generations = 0;

/** A snapshot of names and hashes; a name that begins with `+` is given on demand only. */
export function snapshot(contents: Contents): Snapshot {
  const kinds = Object.entries(contents).map(([kind, resources]) => {
    const entries = Object.entries(resources).map(
      ([name, hash]) => [name, resource(kind as ResourceKind, name, hash)] as const,
    );
    return [kind as ResourceKind, new Map(entries)] as const;
  });
  return { generation: ++generations, kinds: new Map(kinds) };
}

function resource(kind: ResourceKind, name: string, hash: string): EncodedResource {
  const none = Buffer.alloc(0);
  const resource = { typeUrl: '', value: none };
  return { kind, name, hash, onDemand: name.startsWith('+'), resource, bytes: none, deltaBytes: none };
}

/** A mesh of services: routes name clusters, endpoints follow them. The hash of the routes is the list of services. */
export function mesh(...services: readonly string[]): Snapshot {
  const each = (hash: string) => Object.fromEntries(services.map((name) => [name, hash]));
  return snapshot({ CDS: each('c'), EDS: each('e'), LDS: { outbound: 'l' }, RDS: { outbound: services.join() } });
}
