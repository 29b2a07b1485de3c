/**
 * State and registry into xDS resources. Pure and deterministic: the same input in any order gives the same output.
 *
 *   sharedResources   what all clients of a dialect see: made once per change
 *   nodeResources     what one sidecar has to itself
 *   envoyResources    what one Envoy has to itself
 */
import { assert } from '../../kernel/assert.ts';
import type { OpenBreaker } from '../breakers/shared-breakers.ts';
import type { RegistryView } from '../registry/registry.ts';
import { type Protocol, protocolOf, type State, type Workload } from '../state/model.ts';
import { policiesByService, portsOfServices, routesOf, servicesOf } from '../state/queries.ts';
import { type VirtualAddresses, virtualAddressesOf } from '../state/virtual-addresses.ts';
import { envoyInboundClusters, inboundCluster, serviceCluster } from './clusters.ts';
import { ON_DEMAND_FILTER } from './defaults.ts';
import type { Dialect } from './dialect.ts';
import { publishedByService, serviceEndpoints } from './endpoints.ts';
import { envoyInboundFilters, inboundFilters } from './inbound-filters.ts';
import {
  apiListener,
  envoyInboundListener,
  envoyOutboundListener,
  inboundListener,
  outboundListener,
  publishedListener,
} from './listeners.ts';
import { loopbackAddresses, loopbackListeners } from './loopback.ts';
import { nameListeners } from './names.ts';
import type { EnvoyInbound, EnvoyNode, SidecarNode } from './node.ts';
import { configSet, scalingDecision, sharedBreaker } from './outrider.ts';
import { outsideByService } from './outside.ts';
import { keepsClients, redirectedResources } from './redirected.ts';
import type { XdsResource } from './resource.ts';
import type { RouteContext } from './routes/context.ts';
import { CORS_FILTER, needCors } from './routes/cors.ts';
import { outboundRoutes, type ServiceRoutes, serviceRoutes } from './routes/tables.ts';

/**
 * Clusters, endpoints and routes of every service, and the request breakers that are held open; for gRPC clients also the
 * listeners that they resolve. `named`: endpoints say by which name DNS has them, for sidecars that answer it.
 */
export function sharedResources(
  state: State,
  registry: RegistryView,
  dialect: Dialect,
  breakers: readonly OpenBreaker[] = [],
  named = dialect === 'sidecar',
): XdsResource[] {
  const services = allServiceRoutes(state);
  const published = publishedByService(registry);
  const outside = outsideByService(registry);
  const common = services.flatMap(({ service, members, policies }) => {
    const policy = policies.get(service) ?? null;
    const own = outside.get(service) ?? null;
    return [
      serviceCluster(service, members, dialect, policy, own),
      serviceEndpoints(service, published.get(service) ?? [], registry.preserving, policy, own, named),
    ];
  });
  if (dialect === 'envoy') return [...common, outboundRoutes(services, dialect)];
  if (dialect === 'sidecar') return [...common, outboundRoutes(services, dialect), ...breakers.map(sharedBreaker)];
  const ports = portsOfServices(state.workloads.values());
  return [...common, ...services.flatMap((each) => grpcNames(each, ports.get(each.service) ?? null))];
}

/** Listeners, the application's cluster, its configuration, and the scale of its services. `ready`: see readyCounts. */
export function nodeResources(state: State, ready: ReadonlyMap<string, number>, node: SidecarNode): XdsResource[] {
  const workload = state.workloads.get(node.workload);
  const protocol = workload?.protocol ?? 'auto';
  return [
    inboundCluster(node, protocol),
    ...ownListeners(state, node, protocol),
    ...(workload === undefined ? [] : publishedListeners(state, workload)),
    configSet(state, node.workload),
    ...node.services.map((service) => scalingDecision(state, service, ready.get(service) ?? 0)),
  ];
}

/** Where the application's calls, and those for it, come in. */
function ownListeners(state: State, node: SidecarNode, protocol: Protocol): XdsResource[] {
  const { interception } = node;
  const filters = {
    outbound: [
      ...(needCors(state.routes.values()) ? [CORS_FILTER] : []),
      ...(node.onDemand === true ? [ON_DEMAND_FILTER] : []),
    ],
    inbound: inboundFilters(state, node),
  };
  const told = isToldProtocol(state, node);
  if (interception !== undefined && interception.kind !== 'loopback')
    return [
      ...(keepsClients(interception) && interception.ipv6 ? [inboundCluster(node, protocol, 'ipv6')] : []),
      ...redirectedResources(state, node, interception, allServiceRoutes(state), filters, told),
      ...ownNames(state, node, virtualAddressesOf(state)),
    ];
  const dialled = [outboundListener(node, filters.outbound), inboundListener(node, protocol, told, filters.inbound)];
  if (interception === undefined) return [...dialled, ...ownNames(state, node, virtualAddressesOf(state))];
  const addresses = loopbackAddresses(virtualAddressesOf(state), interception);
  const ports = loopbackListeners(state, interception, addresses, allServiceRoutes(state), filters.outbound);
  return [...dialled, ...ports, ...ownNames(state, node, addresses)];
}

function ownNames(state: State, { dns }: SidecarNode, addresses: VirtualAddresses): XdsResource[] {
  return dns === undefined ? [] : nameListeners(state, addresses, dns);
}

/** The listeners that an Envoy asks for; those of a service that is not there wait for it. */
export function envoyResources(state: State, { outbound, inbound, published }: EnvoyNode): XdsResource[] {
  const members = servicesOf(state);
  const cors = needCors(state.routes.values()) ? [CORS_FILTER] : [];
  return [
    ...(outbound === null ? [] : [envoyOutboundListener(outbound, cors)]),
    ...(inbound === null ? [] : envoyInbound(state, inbound, protocolOf(members.get(inbound.service) ?? []))),
    ...published.flatMap(({ service, host, port }) => {
      const behind = members.get(service);
      if (behind === undefined) return [];
      const context = { service, protocol: protocolOf(behind), dialect: 'envoy', policies: policiesByService(state) };
      return [
        publishedListener(context as RouteContext, { hostIp: host, hostPort: port }, routesOf(service, state).tcp),
      ];
    }),
  ];
}

function envoyInbound(state: State, inbound: EnvoyInbound, protocol: Protocol): XdsResource[] {
  const filters = envoyInboundFilters(state, [inbound.service]);
  return [...envoyInboundClusters(inbound, protocol), envoyInboundListener(inbound, protocol, filters)];
}

function publishedListeners(state: State, { name: service, protocol, published }: Workload): XdsResource[] {
  const policies = policiesByService(state);
  const context = { service, protocol, dialect: 'sidecar', policies } as const;
  const { tcp } = routesOf(service, state);
  return published.map((port) => publishedListener(context, port, tcp));
}

/** Whether callers of any of the node's services tell what their client spoke. */
function isToldProtocol(state: State, { services }: SidecarNode): boolean {
  const members = servicesOf(state);
  return services.some((service) => protocolOf(members.get(service) ?? []) === 'auto');
}

function allServiceRoutes(state: State): ServiceRoutes[] {
  const policies = policiesByService(state);
  return [...servicesOf(state)].map(([service, members]) => {
    assert(members.length > 0, `service ${service} has no workload: it must have at least one`);
    return { service, members, ...routesOf(service, state), policies };
  });
}

function grpcNames(routes: ServiceRoutes, port: number | null): XdsResource[] {
  const { service, members } = routes;
  const revision = Math.max(...members.map((member) => member.revision));
  const withPort = port === null ? [] : [apiListener(`${service}:${port}`, service, revision)];
  return [serviceRoutes(routes), apiListener(service, service, revision), ...withPort];
}
