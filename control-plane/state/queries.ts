/**
 * Questions about the state that several rooms ask.
 */
import {
  type ConfigEntry,
  DOCUMENT_MAPS,
  type Document,
  type DocumentKind,
  type Documents,
  type Protocol,
  protocolOf,
  type State,
  type Workload,
} from './model.ts';
import type { GrpcRoute, HttpRoute, TcpRoute } from './routes.ts';
import type { TrafficPolicy } from './traffic-policy.ts';

/** Everything of one kind that users wrote, by name. */
export function resourcesOf(documents: Documents, kind: DocumentKind): ReadonlyMap<string, Document> {
  return documents[DOCUMENT_MAPS[kind]];
}

/** The kinds that users write. */
export const DOCUMENT_KINDS = Object.keys(DOCUMENT_MAPS) as readonly DocumentKind[];

/** Everything that users wrote, kind by kind. */
export function allDocuments(documents: Documents): Document[] {
  return DOCUMENT_KINDS.flatMap((kind) => [...resourcesOf(documents, kind).values()]);
}

const SERVICES = new WeakMap<State['workloads'], ReadonlyMap<string, readonly Workload[]>>();

/** Every service and the workloads behind it, both sorted by name. Looked for once, however many sidecars ask. */
export function servicesOf({ workloads }: Pick<State, 'workloads'>): ReadonlyMap<string, readonly Workload[]> {
  const known = SERVICES.get(workloads);
  if (known !== undefined) return known;
  const services = membersByService(workloads);
  SERVICES.set(workloads, services);
  return services;
}

function membersByService(workloads: State['workloads']): ReadonlyMap<string, readonly Workload[]> {
  const services = new Map<string, Workload[]>();
  for (const workload of sortedByName(workloads)) {
    for (const service of workload.services) {
      const members = services.get(service);
      if (members === undefined) services.set(service, [workload]);
      else members.push(workload);
    }
  }
  return new Map([...services].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Each service and what it speaks. */
export function protocolsOfServices(state: State): ReadonlyMap<string, Protocol> {
  return new Map([...servicesOf(state)].map(([name, members]) => [name, protocolOf(members)] as const));
}

/** Each service that `workloads` make, with its declared port or null. The first workload that declares one decides. */
export function portsOfServices(
  workloads: Iterable<Pick<Workload, 'services' | 'port'>>,
): ReadonlyMap<string, number | null> {
  const ports = new Map<string, number | null>();
  for (const { services, port } of workloads) {
    for (const service of services) ports.set(service, ports.get(service) ?? port);
  }
  return ports;
}

/** What a service's callers are routed by: routes of one kind, see route-conflicts.ts. */
export interface RoutesOfService {
  readonly http: readonly HttpRoute[];
  readonly grpc: readonly GrpcRoute[];
  readonly tcp: TcpRoute | null;
}

/** The routes whose parent `service` is. */
export function routesOf(service: string, { routes, grpcRoutes, tcpRoutes }: State): RoutesOfService {
  const isParent = ({ parents }: { readonly parents: readonly string[] }) => parents.includes(service);
  return {
    http: [...routes.values()].filter(isParent),
    grpc: [...grpcRoutes.values()].filter(isParent),
    tcp: [...tcpRoutes.values()].find(isParent) ?? null,
  };
}

/** The TrafficPolicies by the service that each is for. */
export function policiesByService({ trafficPolicies }: Pick<State, 'trafficPolicies'>): Map<string, TrafficPolicy> {
  return new Map([...trafficPolicies.values()].map((policy) => [policy.service, policy]));
}

/** How many replicas are wanted: none of what was stopped, else the decision made at run time, else what the user wrote. */
export function desiredReplicas(state: State, workload: Workload): number {
  if (state.runs.get(workload.name)?.stopped) return 0;
  return state.scale.get(workload.name)?.replicas ?? workload.replicas;
}

/** The configuration that one workload's application sees. */
export interface EffectiveConfig {
  /** Grows with every change of any entry. */
  readonly revision: number;
  /** By key, sorted. */
  readonly entries: Readonly<Record<string, ConfigEntry>>;
}

/** The workload's own configuration, with what was set at run time over it. */
export function effectiveConfig(state: State, workload: string): EffectiveConfig {
  const own = state.workloads.get(workload);
  const overlay = state.config.get(workload);
  const revision = Math.max(own?.revision ?? 0, overlay?.revision ?? 0);
  const merged = new Map<string, ConfigEntry>();
  for (const [key, value] of Object.entries(own?.config ?? {})) merged.set(key, { value, revision: own!.revision });
  for (const [key, entry] of Object.entries(overlay?.entries ?? {})) merged.set(key, entry);
  return { revision, entries: Object.fromEntries([...merged].sort(([a], [b]) => (a < b ? -1 : 1))) };
}

/** The values of a map in the order of their names, so that what is made from them is the same every time. */
export function sortedByName<T extends { readonly name: string }>(map: ReadonlyMap<string, T>): T[] {
  return [...map.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
