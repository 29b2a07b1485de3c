/**
 * Route tables: one virtual host per service, from its HTTPRoutes or its GRPCRoutes.
 *
 *   no route        everything goes to the service itself
 *   HTTPRoutes      what none of them matches is not found
 *   GRPCRoutes      calls that none of them matches are not found; other requests go to the service itself, because a
 *                   GRPCRoute says nothing of them
 *
 * Gateway API never merges the two kinds; a service has routes of one kind, see state/route-conflicts.ts.
 */
import type { GrpcRoute, HttpRoute, Protocol, Workload } from '../../state/model.ts';
import { protocolOf } from '../clusters.ts';
import type { Dialect } from '../dialect.ts';
import { type JsonObject, resource, type XdsResource } from '../resource.ts';
import { grpcRoutesJson } from './grpc.ts';
import { httpRoutesJson } from './http.ts';
import { requestPolicy, trafficOf } from './traffic.ts';

/** The route table of every sidecar's outbound listener. */
export const OUTBOUND_ROUTES = 'outbound';

/** What the routes of one service are made from. */
export interface ServiceRoutes {
  readonly service: string;
  /** The workloads behind it, at least one. */
  readonly members: readonly Workload[];
  /** The HTTPRoutes whose parent it is. */
  readonly routes: readonly HttpRoute[];
  /** The GRPCRoutes whose parent it is; empty when there are HTTPRoutes. */
  readonly grpcRoutes: readonly GrpcRoute[];
}

/** The table that holds every service, for sidecars. */
export function outboundRoutes(services: readonly ServiceRoutes[]): XdsResource {
  return resource('RDS', OUTBOUND_ROUTES, {
    name: OUTBOUND_ROUTES,
    ignore_port_in_host_matching: true,
    virtual_hosts: services.map((each) => virtualHost(each, 'sidecar')),
  });
}

/** The table of one service alone, for gRPC clients. */
export function serviceRoutes(routes: ServiceRoutes): XdsResource {
  const json = { name: routes.service, virtual_hosts: [virtualHost(routes, 'grpc')] };
  return { ...resource('RDS', routes.service, json), onDemand: true };
}

/** The routes by which everything goes to `service`. */
export function routesToService(service: string, protocol: Protocol, dialect: Dialect): JsonObject[] {
  return trafficOf(protocol, dialect, null).map(({ match, policy }) => ({
    match: { prefix: '/', ...match },
    route: { cluster: service, ...policy },
  }));
}

function virtualHost(routes: ServiceRoutes, dialect: Dialect): JsonObject {
  const { service } = routes;
  // gRPC knows no "ignore the port": its own names come with one.
  const withPort = dialect === 'grpc' ? [`${service}:*`, `${service}.mesh:*`] : [];
  return { name: service, domains: [service, `${service}.mesh`, ...withPort], routes: routesJson(routes, dialect) };
}

function routesJson({ service, members, routes, grpcRoutes }: ServiceRoutes, dialect: Dialect): JsonObject[] {
  const protocol = protocolOf(members);
  if (routes.length > 0) return httpRoutesJson(routes, protocol, dialect);
  if (grpcRoutes.length === 0) return routesToService(service, protocol, dialect);
  const calls = grpcRoutesJson(service, grpcRoutes, dialect);
  if (dialect === 'grpc') return calls;
  return [...calls, { match: { prefix: '/' }, route: { cluster: service, ...requestPolicy(null) } }];
}
