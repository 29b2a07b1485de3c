/**
 * Endpoints: who stands behind a service now. What drains or is ill is left out; what has been silent for a while stays,
 * marked unhealthy, so that it is used only if too little else is left.
 */
import { type Instance, isPublished } from '../registry/instance.ts';
import type { RegistryView } from '../registry/registry.ts';
import { ENDPOINT_WEIGHT } from './defaults.ts';
import { type JsonObject, resource, type XdsResource } from './resource.ts';

/** The ClusterLoadAssignment of `service`; empty when nobody is there. */
export function serviceEndpoints(service: string, registry: RegistryView): XdsResource {
  const instances = registry.instances.filter((each) => each.identity.services.includes(service) && isPublished(each));
  const byZone = Map.groupBy(instances, (each) => each.identity.zone);
  const zones = [...byZone].sort(([a], [b]) => (a < b ? -1 : 1));
  return resource('EDS', service, {
    cluster_name: service,
    endpoints: zones.map(([zone, members]) => ({
      locality: { zone },
      lb_endpoints: members.map((member) => endpoint(member, registry.preserving)),
      // gRPC ignores a locality without a weight.
      load_balancing_weight: members.reduce((sum, member) => sum + weightOf(member), 0),
      priority: 0,
    })),
  });
}

/** How many instances of `service` take traffic. */
export function readyCount(service: string, registry: RegistryView): number {
  return registry.instances.filter((each) => each.identity.services.includes(service) && isPublished(each)).length;
}

/** How many instances of each service take traffic; services without any are left out. */
export function readyCounts(registry: RegistryView): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const instance of registry.instances) {
    if (!isPublished(instance)) continue;
    for (const service of instance.identity.services) counts.set(service, (counts.get(service) ?? 0) + 1);
  }
  return counts;
}

function endpoint(instance: Instance, preserving: boolean): JsonObject {
  const { address, port, version, workload, zone, id } = instance.identity;
  // In a mass silence nobody's silence is believed.
  const suspect = instance.state === 'suspect' && !preserving;
  return {
    endpoint: { address: { socket_address: { address, port_value: port } } },
    health_status: suspect ? 'UNHEALTHY' : 'HEALTHY',
    load_balancing_weight: weightOf(instance),
    metadata: { filter_metadata: { 'envoy.lb': { version, workload, zone }, outrider: { instance: id } } },
  };
}

function weightOf(instance: Instance): number {
  return instance.identity.weight === 0 ? ENDPOINT_WEIGHT : instance.identity.weight;
}
