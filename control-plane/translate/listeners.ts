/**
 * Listeners: what a sidecar opens, and the names that gRPC clients resolve.
 */
import type { Protocol, PublishedPort } from '../state/model.ts';
import type { TcpRoute } from '../state/routes.ts';
import { INBOUND_CLUSTER, INBOUND_HTTP1_CLUSTER } from './clusters.ts';
import * as defaults from './defaults.ts';
import type { Address, SidecarNode } from './node.ts';
import { type JsonObject, resource, type XdsResource } from './resource.ts';
import type { RouteContext } from './routes/context.ts';
import { exactHeader } from './routes/parts.ts';
import { connectionChoice, OUTBOUND_ROUTES, routesToService } from './routes/tables.ts';

const MANAGER = 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const TCP_PROXY = 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy';
/** Tells HTTP from everything else. */
export const HTTP_INSPECTOR = {
  name: 'envoy.filters.listener.http_inspector',
  typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.listener.http_inspector.v3.HttpInspector' },
};
const LOOPBACK = '127.0.0.1';

/** Where the application's own calls come in. `filters` stand in front of the router. */
export function outboundListener(node: SidecarNode, filters: readonly JsonObject[]): XdsResource {
  return serviceListener({ host: LOOPBACK, port: node.outboundPort }, filters, {});
}

/** The same of an Envoy. */
export function envoyOutboundListener(address: Address, filters: readonly JsonObject[]): XdsResource {
  return serviceListener(address, filters, clientTrust(address.host));
}

/** Every service by its name. */
function serviceListener({ host, port }: Address, filters: readonly JsonObject[], manager: JsonObject): XdsResource {
  const routes = { rds: { route_config_name: OUTBOUND_ROUTES, config_source: defaults.ADS_SOURCE }, ...manager };
  return listener('outbound', host, port, 'OUTBOUND', {
    filter_chains: [httpChain('outbound', routes, 'ALLOW', filters)],
  });
}

/** Who comes from outside of the machine is a client as any other: its word on where it comes from does not count. */
function clientTrust(host: string): JsonObject {
  return /^127\.|^::1$/.test(host) ? {} : { use_remote_address: true };
}

/**
 * Where other sidecars' calls come in; the caller's sidecar has the timeout and the retries. What the application speaks
 * decides how far they are understood: where that is not known, the first bytes tell HTTP from everything else.
 *
 * @param toldProtocol callers may tell what their client spoke, see defaults.CARRY_PROTOCOL. Where this application
 *     speaks one protocol whoever calls (its service has others that do not), that is no news for it, and taken off.
 * @param filters stand in front of the router.
 */
export function inboundListener(
  node: SidecarNode,
  protocol: Protocol,
  toldProtocol: boolean,
  filters: readonly JsonObject[],
): XdsResource {
  const address = { host: node.inboundHost ?? LOOPBACK, port: node.inboundPort };
  return applicationListener(address, protocol, [toApplication(protocol, toldProtocol)], filters);
}

/** The route to the application. */
export function toApplication(protocol: Protocol, toldProtocol: boolean, cluster = INBOUND_CLUSTER): JsonObject {
  return {
    match: { prefix: '/' },
    route: { cluster, timeout: '0s' },
    ...(toldProtocol && protocol !== 'auto' ? { request_headers_to_remove: [defaults.PROTOCOL_HEADER] } : {}),
  };
}

/** The same of an Envoy: which cluster speaks what the caller's client spoke is for its routes to say. */
export function envoyInboundListener(
  address: Address,
  protocol: Protocol,
  filters: readonly JsonObject[],
): XdsResource {
  const to = (cluster: string) => ({
    route: { cluster, timeout: '0s' },
    request_headers_to_remove: [defaults.PROTOCOL_HEADER],
  });
  const told = { prefix: '/', headers: [exactHeader(defaults.PROTOCOL_HEADER, 'HTTP/1.1')] };
  const routes = [
    ...(protocol === 'auto' ? [{ match: told, ...to(INBOUND_HTTP1_CLUSTER) }] : []),
    { match: { prefix: '/' }, ...to(INBOUND_CLUSTER) },
  ];
  return applicationListener(address, protocol, routes, filters);
}

function applicationListener(
  { host, port }: Address,
  protocol: Protocol,
  routes: readonly JsonObject[],
  filters: readonly JsonObject[],
): XdsResource {
  const http = httpChain('inbound', inlineRoutes('inbound', routes), underscoresFor(protocol), filters);
  const chains =
    protocol === 'auto' ? detected(http) : chainFor(protocol, http, 'inbound', { cluster: INBOUND_CLUSTER });
  return listener('inbound', host, port, 'INBOUND', chains);
}

/**
 * A port of the host that leads into a service. Every replica's sidecar opens it, sharing it as SO_REUSEPORT allows, so
 * that it stays open while replicas come and go. A service of which nothing is known is taken for HTTP: a browser that
 * opens a connection early and says nothing must not lose its routes.
 */
export function publishedListener(
  context: RouteContext,
  { hostIp, hostPort }: PublishedPort,
  tcpRoute: TcpRoute | null,
): XdsResource {
  const { service, protocol, dialect } = context;
  const name = `published-${hostPort}`;
  const trust = dialect === 'envoy' ? clientTrust(hostIp) : {};
  const routes = { ...inlineRoutes(name, routesToService(context)), ...trust };
  const http = httpChain(name, routes, underscoresFor(protocol), []);
  const choice = connectionChoice(service, tcpRoute);
  return listener(name, hostIp, hostPort, 'INBOUND', chainFor(protocol, http, name, choice));
}

/**
 * What a gRPC client finds under `xds:///<name>`. `revision` is that of the workloads behind it: grpc-js 1.14 passes over a
 * listener that comes back, after it was taken away, exactly as it was, and is dead from then on.
 */
export function apiListener(name: string, service: string, revision: number): XdsResource {
  const json = {
    name,
    api_listener: {
      api_listener: {
        '@type': MANAGER,
        stat_prefix: `${service}@${revision}`,
        rds: { route_config_name: service, config_source: defaults.ADS_SOURCE },
        http_filters: [defaults.ROUTER_FILTER],
      },
    },
  };
  return { ...resource('LDS', name, json), onDemand: true };
}

/** HTTP of either version, which the codec tells apart, or bytes. */
function chainFor(protocol: Protocol, http: JsonObject, name: string, choice: JsonObject): JsonObject {
  return { filter_chains: [protocol === 'tcp' ? tcpChain(name, choice) : http] };
}

/** HTTP, or bytes for the application, as the first bytes tell. */
function detected(http: JsonObject): JsonObject {
  return onlyHttp(http, tcpChain('inbound', { cluster: INBOUND_CLUSTER }));
}

/** What the first bytes tell to be HTTP goes through the one chain, all else through the other. */
export function onlyHttp(http: JsonObject, other: JsonObject): JsonObject {
  return {
    listener_filters: [HTTP_INSPECTOR],
    listener_filters_timeout: defaults.DETECTION_TIMEOUT,
    continue_on_listener_filters_timeout: true,
    filter_chains: [{ filter_chain_match: { application_protocols: ['http/1.0', 'http/1.1', 'h2c'] }, ...http }],
    default_filter_chain: other,
  };
}

/** headers_with_underscores_action: what is done with a request that has a field such as `user_id`. */
type Underscores = 'ALLOW' | 'REJECT_REQUEST';

/**
 * A field with an underscore is refused on the way to an application that may take it for one with a dash (CGI and its
 * heirs). In gRPC such names are ordinary metadata, and nothing folds them.
 */
export function underscoresFor(protocol: Protocol): Underscores {
  return protocol === 'grpc' || protocol === 'http2' ? 'ALLOW' : 'REJECT_REQUEST';
}

/** HTTP by `routes`; `filters` stand in front of the router, `manager` is what differs from the defaults. */
export function httpChain(
  name: string,
  routes: JsonObject,
  underscores: Underscores,
  filters: readonly JsonObject[],
  manager: JsonObject = {},
): JsonObject {
  const settings = {
    '@type': MANAGER,
    stat_prefix: name,
    ...routes,
    http_filters: [...filters, defaults.ROUTER_FILTER],
    ...defaults.connectionManager(underscores),
    ...manager,
  };
  return { filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: settings }] };
}

/** Bytes to where `choice` says. */
export function tcpChain(name: string, choice: JsonObject): JsonObject {
  const proxy = { '@type': TCP_PROXY, stat_prefix: name, ...choice };
  return { filters: [{ name: 'envoy.filters.network.tcp_proxy', typed_config: proxy }] };
}

/** One that shares its port, as SO_REUSEPORT allows. */
export function listener(
  name: string,
  address: string,
  port: number,
  direction: string,
  chains: JsonObject,
): XdsResource {
  return resource('LDS', name, {
    name,
    address: { socket_address: { address, port_value: port } },
    traffic_direction: direction,
    enable_reuse_port: true,
    ...chains,
  });
}

/** A table in its manager's own words, for any host. */
export function inlineRoutes(name: string, routes: readonly JsonObject[]): JsonObject {
  return { route_config: { name, validate_clusters: false, virtual_hosts: [{ name, domains: ['*'], routes }] } };
}
