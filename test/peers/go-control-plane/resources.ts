/** xDS resources as JSON, and the bootstrap of a proxy that asks a control plane for them. */
import type { TestIdentity } from '../../fakes/certificates.ts';
import type { Json } from './control-plane.ts';

type JsonObject = { readonly [name: string]: Json };

const EXTENSIONS = 'type.googleapis.com/envoy.extensions';
const PROTOCOL_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

/** From the stream that the rest comes from. */
export const ADS: JsonObject = { ads: {}, resource_api_version: 'V3' };

function address(port: number): Json {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}

function grpc(type: 'GRPC' | 'DELTA_GRPC'): Json {
  const service = { envoy_grpc: { cluster_name: 'xds' } };
  return { api_type: type, transport_api_version: 'V3', grpc_services: [service] };
}

/** From the same server by a stream of its own. */
export function ownStream(delta: boolean): JsonObject {
  return { api_config_source: grpc(delta ? 'DELTA_GRPC' : 'GRPC'), resource_api_version: 'V3' };
}

/** What a test adds to the bootstrap. */
export interface BootstrapChange {
  readonly statics?: JsonObject;
  readonly clusters?: readonly Json[];
  /** Of `dynamic_resources`. */
  readonly dynamics?: JsonObject;
}

/** A proxy whose clusters and listeners come from that port. */
export function bootstrap(xdsPort: number, delta: boolean, adminPort: number, change: BootstrapChange = {}): Json {
  const http2 = {
    '@type': `type.googleapis.com/${PROTOCOL_OPTIONS}`,
    explicit_http_config: { http2_protocol_options: {} },
  };
  const xds = {
    ...cluster('xds', [xdsPort]),
    typed_extension_protocol_options: { [PROTOCOL_OPTIONS]: http2 },
  };
  return {
    node: { id: 'sidecar', cluster: 'shop' },
    admin: { address: address(adminPort) },
    static_resources: { clusters: [xds, ...(change.clusters ?? [])], ...change.statics },
    dynamic_resources: {
      ads_config: grpc(delta ? 'DELTA_GRPC' : 'GRPC'),
      cds_config: ADS,
      lds_config: ADS,
      ...change.dynamics,
    },
  };
}

/** A cluster with its endpoints. */
export function cluster(name: string, ports: readonly number[], change: JsonObject = {}): JsonObject {
  return { name, type: 'STATIC', connect_timeout: '2s', load_assignment: endpoints(name, ports), ...change };
}

/** A cluster whose endpoints come by themselves. */
export function edsCluster(name: string, change: JsonObject = {}): JsonObject {
  return { name, type: 'EDS', connect_timeout: '2s', eds_cluster_config: { eds_config: ADS }, ...change };
}

export function endpoints(name: string, ports: readonly number[]): JsonObject {
  const all = ports.map((port) => ({ endpoint: { address: address(port) } }));
  return { cluster_name: name, endpoints: [{ lb_endpoints: all }] };
}

/** HTTP/2 to the endpoints. */
export const OVER_HTTP2: JsonObject = {
  typed_extension_protocol_options: {
    [PROTOCOL_OPTIONS]: {
      '@type': `type.googleapis.com/${PROTOCOL_OPTIONS}`,
      explicit_http_config: { http2_protocol_options: {} },
    },
  },
};

/** A listener on that port, with routes of that name; `change` is of its filter chain. */
export function listener(name: string, port: number, routes: string, change: JsonObject = {}): JsonObject {
  const manager = {
    '@type': `${EXTENSIONS}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: name,
    rds: { config_source: ADS, route_config_name: routes },
    drain_timeout: '1s',
    http_filters: [
      { name: 'envoy.filters.http.router', typed_config: { '@type': `${EXTENSIONS}.filters.http.router.v3.Router` } },
    ],
  };
  const filters = [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }];
  return { name, address: address(port), filter_chains: [{ filters, ...change }] };
}

/** Everything to that cluster. */
export function routes(name: string, to: string, change: JsonObject = {}): JsonObject {
  const route = { match: { prefix: '/' }, route: { cluster: to, ...change } };
  return { name, virtual_hosts: [{ name: 'any', domains: ['*'], routes: [route] }] };
}

/** A transport socket of a listener. */
export function downstreamTls(common: JsonObject, change: JsonObject = {}): JsonObject {
  return tls('DownstreamTlsContext', { common_tls_context: common, ...change });
}

/** A transport socket of a cluster. */
export function upstreamTls(common: JsonObject, change: JsonObject = {}): JsonObject {
  return tls('UpstreamTlsContext', { common_tls_context: common, sni: 'shop.test', ...change });
}

function tls(type: string, context: JsonObject): JsonObject {
  const typed_config = { '@type': `${EXTENSIONS}.transport_sockets.tls.v3.${type}`, ...context };
  return { transport_socket: { name: 'envoy.transport_sockets.tls', typed_config } };
}

/** A secret: a certificate with its key. */
export function certificateSecret(name: string, { chainPem, keyPem }: TestIdentity): JsonObject {
  const tls_certificate = { certificate_chain: { inline_string: chainPem }, private_key: { inline_string: keyPem } };
  return { name, tls_certificate };
}

/** A secret: whom to trust. */
export function trustSecret(name: string, caPem: string, change: JsonObject = {}): JsonObject {
  return { name, validation_context: { trusted_ca: { inline_string: caPem }, ...change } };
}
