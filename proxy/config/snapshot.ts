/**
 * One complete, consistent configuration: immutable, plain values, with a version that is a hash of its contents.
 * `activate/` turns it into running code; equal versions mean equal behaviour.
 */
import { ContentHash } from '../../kernel/content-hash.ts';
import type { ClusterConfig, EndpointSetConfig } from './model/cluster.ts';
import type { ListenerConfig } from './model/listener.ts';
import type { RouteTableConfig } from './model/route.ts';
import type { Secrets } from './resolve-tls.ts';

export interface Snapshot {
  readonly version: string;
  readonly listeners: ReadonlyMap<string, ListenerConfig>;
  /** Route tables that listeners name (RDS). Inline tables are part of their listener. */
  readonly routes: ReadonlyMap<string, RouteTableConfig>;
  readonly clusters: ReadonlyMap<string, ClusterConfig>;
  /** Endpoint sets of EDS clusters, by EDS service name. Those of static clusters are part of the cluster. */
  readonly endpoints: ReadonlyMap<string, EndpointSetConfig>;
  /** What TLS of listeners and clusters names, by the key of its reference. */
  readonly secrets: Secrets;
}

/** The resources of a snapshot, before they have a version. */
export type SnapshotParts = Omit<Snapshot, 'version'>;

/** Nothing configured. */
export const EMPTY_PARTS: SnapshotParts = {
  listeners: new Map(),
  routes: new Map(),
  clusters: new Map(),
  endpoints: new Map(),
  secrets: new Map(),
};

/** Makes a snapshot: its version is a hash, 16 hexadecimal digits, of the resources, sorted by name. */
export function createSnapshot(parts: SnapshotParts): Snapshot {
  const hash = new ContentHash();
  for (const map of [parts.listeners, parts.routes, parts.clusters, parts.endpoints, parts.secrets]) {
    for (const name of [...map.keys()].sort()) hash.update(`${name}\n${JSON.stringify(map.get(name))}\n`);
    hash.update('\n');
  }
  return { ...parts, version: hash.digest() };
}

/** Whether both are made of the very same resources. */
export function sameParts(a: SnapshotParts, b: SnapshotParts): boolean {
  return PARTS.every((part) => sameEntries(a[part], b[part]));
}

const PARTS = ['listeners', 'routes', 'clusters', 'endpoints', 'secrets'] as const;

function sameEntries(a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): boolean {
  if (a.size !== b.size) return false;
  for (const [name, each] of a) if (b.get(name) !== each) return false;
  return true;
}

/** Both together; on equal names the second wins (dynamic resources over static ones). */
export function mergeParts(first: SnapshotParts, second: SnapshotParts): SnapshotParts {
  return {
    listeners: new Map([...first.listeners, ...second.listeners]),
    routes: new Map([...first.routes, ...second.routes]),
    clusters: new Map([...first.clusters, ...second.clusters]),
    endpoints: new Map([...first.endpoints, ...second.endpoints]),
    secrets: new Map([...first.secrets, ...second.secrets]),
  };
}
