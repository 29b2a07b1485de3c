/**
 * One complete, consistent configuration: immutable, plain values. `activate/` turns it into running code. Resources that
 * have not changed are the same objects from one snapshot to the next, so that nothing has to be compared by its contents.
 */
import type { ClusterConfig, EndpointSetConfig } from './model/cluster.ts';
import type { ListenerConfig } from './model/listener.ts';
import type { RouteTableConfig } from './model/route.ts';
import type { Secrets } from './resolve-tls.ts';

export interface Snapshot {
  readonly listeners: ReadonlyMap<string, ListenerConfig>;
  /** Route tables that listeners name (RDS). Inline tables are part of their listener. */
  readonly routes: ReadonlyMap<string, RouteTableConfig>;
  readonly clusters: ReadonlyMap<string, ClusterConfig>;
  /** Endpoint sets of EDS clusters, by EDS service name. Those of static clusters are part of the cluster. */
  readonly endpoints: ReadonlyMap<string, EndpointSetConfig>;
  /** What TLS of listeners and clusters names, by the key of its reference. */
  readonly secrets: Secrets;
}

/** Nothing configured. */
export const EMPTY_SNAPSHOT: Snapshot = {
  listeners: new Map(),
  routes: new Map(),
  clusters: new Map(),
  endpoints: new Map(),
  secrets: new Map(),
};

/** Whether both are made of the very same resources. */
export function sameSnapshot(a: Snapshot, b: Snapshot): boolean {
  return PARTS.every((part) => sameEntries(a[part], b[part]));
}

const PARTS = ['listeners', 'routes', 'clusters', 'endpoints', 'secrets'] as const;

function sameEntries(a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): boolean {
  if (a.size !== b.size) return false;
  for (const [name, each] of a) if (b.get(name) !== each) return false;
  return true;
}

/** Both together; on equal names the second wins (dynamic resources over static ones). */
export function mergeSnapshots(first: Snapshot, second: Snapshot): Snapshot {
  return {
    listeners: new Map([...first.listeners, ...second.listeners]),
    routes: new Map([...first.routes, ...second.routes]),
    clusters: new Map([...first.clusters, ...second.clusters]),
    endpoints: new Map([...first.endpoints, ...second.endpoints]),
    secrets: new Map([...first.secrets, ...second.secrets]),
  };
}
