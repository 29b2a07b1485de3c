/**
 * Route tables: one virtual host per service, from its HTTPRoutes, its GRPCRoutes or its TCPRoute.
 *
 *   no route        everything goes to the service itself
 *   HTTPRoutes      what none of them matches is not found
 *   GRPCRoutes      calls that none of them matches are not found; other requests go to the service itself, because a
 *                   GRPCRoute says nothing of them
 *   TCPRoute        what comes through a tunnel
 *
 * Gateway API never merges the kinds; a service has routes of one kind, see state/route-conflicts.ts.
 */
import { protocolOf, type Workload } from '../../state/model.ts';
import type { RoutesOfService } from '../../state/queries.ts';
import type { TcpRoute } from '../../state/routes.ts';
import type { TrafficPolicy } from '../../state/traffic-policy.ts';
import type { Dialect } from '../dialect.ts';
import { type JsonObject, resource, type XdsResource } from '../resource.ts';
import type { RouteContext } from './context.ts';
import { grpcRoutesJson } from './grpc.ts';
import { httpRoutesJson } from './http.ts';
import { clusterChoice } from './parts.ts';
import { hashPolicies, withPolicy } from './resilience.ts';
import { NO_LIMITS, requestPolicy, trafficOf } from './traffic.ts';

/** The route table of every sidecar's outbound listener. */
export const OUTBOUND_ROUTES = 'outbound';

/** What the routes of one service are made from. */
export interface ServiceRoutes extends RoutesOfService {
  readonly service: string;
  /** The workloads behind it, at least one. */
  readonly members: readonly Workload[];
  /** Of all services. */
  readonly policies: ReadonlyMap<string, TrafficPolicy>;
}

/** The table that holds every service, for sidecars and Envoys. */
export function outboundRoutes(services: readonly ServiceRoutes[], dialect: 'sidecar' | 'envoy'): XdsResource {
  return resource('RDS', OUTBOUND_ROUTES, {
    name: OUTBOUND_ROUTES,
    ignore_port_in_host_matching: true,
    virtual_hosts: services.map((each) => virtualHost(each, dialect)),
  });
}

/** The table of one service alone, for gRPC clients. */
export function serviceRoutes(routes: ServiceRoutes): XdsResource {
  const json = { name: routes.service, virtual_hosts: [virtualHost(routes, 'grpc')] };
  return { ...resource('RDS', routes.service, json), onDemand: true };
}

/** The routes by which everything goes to the service itself. */
export function routesToService(context: RouteContext): JsonObject[] {
  const { service, protocol } = context;
  const hash = hashPolicies(context, [{ service }], null);
  return trafficOf(context, protocol, NO_LIMITS).flatMap(({ match, policy }) =>
    withPolicy(context, { match: { prefix: '/', ...match }, route: { cluster: service, ...hash, ...policy } }, null),
  );
}

/** Where connections to a service go. */
export function connectionChoice(service: string, route: TcpRoute | null): JsonObject {
  return route === null ? { cluster: service } : clusterChoice(route.rules[0]!.backends);
}

/** One service by its names; `more` are others. */
export function virtualHost(routes: ServiceRoutes, dialect: Dialect, more: readonly string[] = []): JsonObject {
  const { service } = routes;
  // gRPC knows no "ignore the port": its own names come with one.
  const withPort = dialect === 'grpc' ? [`${service}:*`, `${service}.mesh:*`] : [];
  return {
    name: service,
    domains: [service, `${service}.mesh`, ...withPort, ...more],
    routes: routesJson(routes, dialect),
  };
}

function routesJson(routes: ServiceRoutes, dialect: Dialect): JsonObject[] {
  const { service, members, policies } = routes;
  const context = { service, protocol: protocolOf(members), dialect, policies };
  if (routes.http.length > 0) return httpRoutesJson(routes.http, context);
  if (routes.grpc.length > 0) {
    const calls = grpcRoutesJson(routes.grpc, context);
    if (dialect === 'grpc') return calls;
    const others = { cluster: service, ...hashPolicies(context, [{ service }], null) };
    const route = { ...others, ...requestPolicy(context, NO_LIMITS) };
    return [...calls, ...withPolicy(context, { match: { prefix: '/' }, route }, null)];
  }
  const all = routesToService(context);
  return dialect !== 'grpc' && context.protocol === 'tcp' ? [tunnel(service, routes.tcp), ...all] : all;
}

/**
 * A client with an HTTP proxy reaches what is no HTTP by CONNECT: what comes through the tunnel are the bytes. A connection
 * lives as long as both ends want.
 */
function tunnel(service: string, route: TcpRoute | null): JsonObject {
  return {
    match: { connect_matcher: {} },
    route: {
      ...connectionChoice(service, route),
      timeout: '0s',
      upgrade_configs: [{ upgrade_type: 'CONNECT', connect_config: {} }],
    },
  };
}
