/**
 * What a client without a sidecar is told of a service: PURE, and the same text for the same contents.
 */
import { type Instance, isPublished, isSuspect } from '../registry/instance.ts';
import type { RegistryView } from '../registry/registry.ts';
import { ENDPOINT_WEIGHT } from '../translate/defaults.ts';

/** Of one endpoint. `draining` and `unhealthy` ones take no new requests, `suspect` ones have not been heard for a while. */
export type EndpointHealth = 'healthy' | 'suspect' | 'unhealthy' | 'draining';

/** How an instance stands, for those who want to call it. */
export function endpointHealth(instance: Instance, preserving: boolean): EndpointHealth {
  if (instance.state === 'draining') return 'draining';
  if (!isPublished(instance)) return 'unhealthy';
  return isSuspect(instance, preserving) ? 'suspect' : 'healthy';
}

/** The endpoints of `service` as JSON, sorted by id; only healthy ones where that is asked for. */
export function endpointsJson(service: string, { instances, preserving }: RegistryView, healthyOnly: boolean): string {
  const endpoints = instances
    .filter(({ identity }) => identity.services.includes(service))
    .map((instance) => endpointView(instance, endpointHealth(instance, preserving)))
    .filter(({ health }) => !healthyOnly || health === 'healthy');
  return JSON.stringify({ service, endpoints });
}

function endpointView({ identity, renewal }: Instance, health: EndpointHealth) {
  const { id, address, port, protocol, version, region, zone, subZone, weight, metadata } = identity;
  return {
    id,
    address,
    port,
    protocol,
    version,
    weight: weight === 0 ? ENDPOINT_WEIGHT : weight,
    region,
    zone,
    subZone,
    metadata: Object.fromEntries(Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1))),
    sidecar: renewal === null,
    health,
  };
}

/** Everything of all services that a change of the list is told by. */
export function servicesJson(services: readonly string[], view: RegistryView): string {
  return JSON.stringify(services.map((service) => endpointsJson(service, view, false)));
}
