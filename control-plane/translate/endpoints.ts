/**
 * Endpoints: who stands behind a service now. What drains or is ill is left out; what has been silent for a while stays,
 * marked unhealthy, so that it is used only if too little else is left.
 */
import { type Instance, isPublished, isSuspect } from '../registry/instance.ts';
import { instanceLabel } from '../registry/instance-label.ts';
import type { RegistryView } from '../registry/registry.ts';
import type { TrafficPolicy } from '../state/traffic-policy.ts';
import { ENDPOINT_WEIGHT } from './defaults.ts';
import { checkOf, type Outside } from './outside.ts';
import { type JsonObject, resource, type XdsResource } from './resource.ts';

/**
 * The ClusterLoadAssignment of `service` with its published instances; empty when nobody is there. Endpoints carry only
 * those labels that subsets of `policy` are made of: every change of one endpoint sends all of them to everyone.
 */
export function serviceEndpoints(
  service: string,
  published: readonly Instance[],
  preserving: boolean,
  policy: TrafficPolicy | null,
  outside: Outside | null = null,
  named = true,
): XdsResource {
  const labels = new Set<string>(policy?.loadBalancing?.subsets.flatMap(({ keys }) => keys) ?? []);
  const localities = [...Map.groupBy(published, localityKey)].sort(([a], [b]) => (a < b ? -1 : 1));
  return resource('EDS', service, {
    cluster_name: service,
    endpoints: localities.map(([, members]) => ({
      locality: locality(members[0]!),
      lb_endpoints: members.map((member) => endpoint(member, preserving, labels, outside, named)),
      // gRPC ignores a locality without a weight.
      load_balancing_weight: members.reduce((sum, member) => sum + weightOf(member), 0),
      priority: 0,
    })),
  });
}

/** The instances of each service that take traffic, in the order of the view; services without any are left out. */
export function publishedByService(registry: RegistryView): ReadonlyMap<string, readonly Instance[]> {
  const published = new Map<string, Instance[]>();
  for (const instance of registry.instances) {
    if (!isPublished(instance)) continue;
    for (const service of new Set(instance.identity.services)) {
      const known = published.get(service);
      if (known === undefined) published.set(service, [instance]);
      else known.push(instance);
    }
  }
  return published;
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

function localityKey({ identity: { region, zone, subZone } }: Instance): string {
  return [region, zone, subZone].join('/');
}

/** What is empty is left out, but for the zone. */
function locality({ identity: { region, zone, subZone } }: Instance): JsonObject {
  return { ...(region === '' ? {} : { region }), zone, ...(subZone === '' ? {} : { sub_zone: subZone }) };
}

function endpoint(
  instance: Instance,
  preserving: boolean,
  labels: ReadonlySet<string>,
  outside: Outside | null,
  isNamed: boolean,
): JsonObject {
  const { address, port } = instance.identity;
  // By which a sidecar names it in DNS; to others it would say what to put into Host.
  const named = isNamed ? { hostname: instanceLabel(instance) } : {};
  return {
    endpoint: { address: { socket_address: { address, port_value: port } }, ...named, ...checkOf(instance, outside) },
    health_status: isSuspect(instance, preserving) ? 'UNHEALTHY' : 'HEALTHY',
    load_balancing_weight: weightOf(instance),
    ...(labels.size === 0 ? {} : { metadata: { filter_metadata: { 'envoy.lb': labelsOf(instance, labels) } } }),
  };
}

function labelsOf({ identity }: Instance, keys: ReadonlySet<string>): JsonObject {
  const { version, workload, zone } = identity;
  const own = Object.entries(identity.metadata).map(([key, value]) => [`metadata.${key}`, value] as const);
  const known: Readonly<Record<string, string>> = { ...Object.fromEntries(own), version, workload, zone };
  return Object.fromEntries([...keys].sort().flatMap((key) => (Object.hasOwn(known, key) ? [[key, known[key]!]] : [])));
}

function weightOf(instance: Instance): number {
  return instance.identity.weight === 0 ? ENDPOINT_WEIGHT : instance.identity.weight;
}
