/**
 * Listeners: what a sidecar opens, and the names that gRPC clients resolve.
 */
import type { PublishedPort } from '../state/model.ts';
import { INBOUND_CLUSTER } from './clusters.ts';
import * as defaults from './defaults.ts';
import type { SidecarNode } from './node.ts';
import { type JsonObject, resource, type XdsResource } from './resource.ts';
import { OUTBOUND_ROUTES } from './routes.ts';

const MANAGER = 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const LOOPBACK = '127.0.0.1';

/** Where the application's own calls come in. */
export function outboundListener(node: SidecarNode): XdsResource {
  return listener('outbound', LOOPBACK, node.outboundPort, 'OUTBOUND', {
    rds: { route_config_name: OUTBOUND_ROUTES, config_source: defaults.ADS_SOURCE },
  });
}

/** Where other sidecars' calls come in; the caller's sidecar has the timeout and the retries. */
export function inboundListener(node: SidecarNode): XdsResource {
  return listener(
    'inbound',
    LOOPBACK,
    node.inboundPort,
    'INBOUND',
    inlineRoute('inbound', INBOUND_CLUSTER, { timeout: '0s' }),
  );
}

/**
 * A port of the host that leads into `service`. Every replica's sidecar opens it, sharing it as SO_REUSEPORT allows, so
 * that it stays open while replicas come and go.
 */
export function publishedListener(service: string, { hostIp, hostPort }: PublishedPort): XdsResource {
  const policy = { timeout: defaults.REQUEST_TIMEOUT, retry_policy: defaults.RETRY_POLICY };
  const name = `published-${hostPort}`;
  return listener(name, hostIp, hostPort, 'INBOUND', inlineRoute(name, service, policy));
}

/** What a gRPC client finds under `xds:///<name>`. */
export function apiListener(name: string, service: string): XdsResource {
  const json = {
    name,
    api_listener: {
      api_listener: {
        '@type': MANAGER,
        stat_prefix: service,
        rds: { route_config_name: service, config_source: defaults.ADS_SOURCE },
        http_filters: [defaults.ROUTER_FILTER],
      },
    },
  };
  return { ...resource('LDS', name, json), onDemand: true };
}

function listener(name: string, address: string, port: number, direction: string, routes: JsonObject): XdsResource {
  const manager = {
    '@type': MANAGER,
    stat_prefix: name,
    ...routes,
    http_filters: [defaults.ROUTER_FILTER],
    ...defaults.CONNECTION_MANAGER,
  };
  return resource('LDS', name, {
    name,
    address: { socket_address: { address, port_value: port } },
    traffic_direction: direction,
    enable_reuse_port: true,
    filter_chains: [{ filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }] }],
  });
}

function inlineRoute(name: string, cluster: string, policy: JsonObject): JsonObject {
  const route = { match: { prefix: '/' }, route: { cluster, ...policy } };
  return {
    route_config: { name, validate_clusters: false, virtual_hosts: [{ name, domains: ['*'], routes: [route] }] },
  };
}
