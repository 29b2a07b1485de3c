/**
 * Questions about the state that several rooms ask.
 */
import { unreachable } from '../../kernel/assert.ts';
import type { ConfigEntry, DocumentKind, GrpcRoute, HttpRoute, State, Workload } from './model.ts';

/** Everything of one kind that users wrote, by name. */
export function resourcesOf(
  { workloads, routes, grpcRoutes }: Pick<State, 'workloads' | 'routes' | 'grpcRoutes'>,
  kind: DocumentKind,
): ReadonlyMap<string, Workload | HttpRoute | GrpcRoute> {
  switch (kind) {
    case 'workload':
      return workloads;
    case 'httproute':
      return routes;
    case 'grpcroute':
      return grpcRoutes;
    default:
      return unreachable(kind);
  }
}

/** Every service and the workloads behind it, both sorted by name. */
export function servicesOf(state: State): Map<string, Workload[]> {
  const services = new Map<string, Workload[]>();
  for (const workload of sortedByName(state.workloads)) {
    for (const service of workload.services) {
      const members = services.get(service);
      if (members === undefined) services.set(service, [workload]);
      else members.push(workload);
    }
  }
  return new Map([...services].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** How many replicas are wanted: the decision made at run time, else what the user wrote. */
export function desiredReplicas(state: State, workload: Workload): number {
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
