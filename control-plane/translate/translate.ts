/**
 * State and registry into xDS resources. Pure and deterministic: the same input in any order gives the same output.
 *
 *   sharedResources   what all clients of a dialect see: made once per change
 *   nodeResources     what one sidecar has to itself
 */
import { assert } from '../../kernel/assert.ts';
import type { RegistryView } from '../registry/registry.ts';
import { portsOfServices } from '../state/apply.ts';
import type { State } from '../state/model.ts';
import { servicesOf, sortedByName } from '../state/queries.ts';
import { inboundCluster, protocolOf, serviceCluster } from './clusters.ts';
import type { Dialect } from './dialect.ts';
import { serviceEndpoints } from './endpoints.ts';
import { apiListener, inboundListener, outboundListener, publishedListener } from './listeners.ts';
import type { SidecarNode } from './node.ts';
import { configSet, scalingDecision } from './outrider.ts';
import type { XdsResource } from './resource.ts';
import { outboundRoutes, type ServiceRoutes, serviceRoutes } from './routes/tables.ts';

/** Clusters, endpoints and routes of every service; for gRPC clients also the listeners that they resolve. */
export function sharedResources(state: State, registry: RegistryView, dialect: Dialect): XdsResource[] {
  const services = allServiceRoutes(state);
  const common = services.flatMap(({ service, members }) => [
    serviceCluster(service, members, dialect),
    serviceEndpoints(service, registry),
  ]);
  if (dialect === 'sidecar') return [...common, outboundRoutes(services)];
  const ports = portsOfServices(state.workloads.values());
  return [...common, ...services.flatMap((each) => grpcNames(each, ports.get(each.service) ?? null))];
}

/** Listeners, the application's cluster, its configuration, and the scale of its services. */
export function nodeResources(state: State, registry: RegistryView, node: SidecarNode): XdsResource[] {
  const workload = state.workloads.get(node.workload);
  const protocol = workload?.protocol ?? 'auto';
  const published = workload?.published.map((port) => publishedListener(workload.name, port, protocol)) ?? [];
  return [
    inboundCluster(node, protocol),
    outboundListener(node),
    inboundListener(node, protocol, isToldProtocol(state, node)),
    ...published,
    configSet(state, node.workload),
    ...node.services.map((service) => scalingDecision(state, registry, service)),
  ];
}

/** Whether callers of any of the node's services tell what their client spoke. */
function isToldProtocol(state: State, { services }: SidecarNode): boolean {
  const members = servicesOf(state);
  return services.some((service) => protocolOf(members.get(service) ?? []) === 'auto');
}

function allServiceRoutes(state: State): ServiceRoutes[] {
  const routes = sortedByName(state.routes);
  const grpcRoutes = sortedByName(state.grpcRoutes);
  return [...servicesOf(state)].map(([service, members]) => {
    assert(members.length > 0, `service ${service} has no workload: it must have at least one`);
    const isParent = ({ parents }: { readonly parents: readonly string[] }) => parents.includes(service);
    return { service, members, routes: routes.filter(isParent), grpcRoutes: grpcRoutes.filter(isParent) };
  });
}

function grpcNames(routes: ServiceRoutes, port: number | null): XdsResource[] {
  const { service } = routes;
  const withPort = port === null ? [] : [apiListener(`${service}:${port}`, service)];
  return [serviceRoutes(routes), apiListener(service, service), ...withPort];
}
