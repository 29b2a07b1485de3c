/**
 * The bootstrap of the interception bench, for Outrider and Envoy alike: the same HTTP path twice, once dialled by its own
 * port, once handed over by the kernel and led to where the client was going.
 */
type Json = string | number | boolean | readonly Json[] | { readonly [name: string]: Json };

const EXTENSIONS = 'type.googleapis.com/envoy.extensions';

/** What clients dial in the first case, and where the kernel redirects to in the second. */
export const DIALLED_PORT = 15100;
export const REDIRECT_PORT = 15001;

/** The bootstrap; `server` is where both paths end. */
export function interceptionBootstrap(server: { readonly address: string; readonly port: number }): Json {
  return {
    node: { id: 'bench', cluster: 'bench' },
    admin: { address: socket('127.0.0.1', 15000) },
    static_resources: {
      listeners: [listener('dialled', DIALLED_PORT, []), listener('redirected', REDIRECT_PORT, [ORIGINAL_DST])],
      clusters: [
        {
          name: 'dialled',
          type: 'STATIC',
          connect_timeout: '1s',
          load_assignment: {
            cluster_name: 'dialled',
            endpoints: [{ lb_endpoints: [{ endpoint: { address: socket(server.address, server.port) } }] }],
          },
        },
        { name: 'redirected', type: 'ORIGINAL_DST', lb_policy: 'CLUSTER_PROVIDED', connect_timeout: '1s' },
      ],
    },
  };
}

const ORIGINAL_DST: Json = {
  name: 'envoy.filters.listener.original_dst',
  typed_config: { '@type': `${EXTENSIONS}.filters.listener.original_dst.v3.OriginalDst` },
};

function listener(name: string, port: number, filters: readonly Json[]): Json {
  const routes = [{ match: { prefix: '/' }, route: { cluster: name } }];
  const manager = {
    '@type': `${EXTENSIONS}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: name,
    route_config: { name, virtual_hosts: [{ name, domains: ['*'], routes }] },
    http_filters: [
      {
        name: 'envoy.filters.http.router',
        typed_config: { '@type': `${EXTENSIONS}.filters.http.router.v3.Router` },
      },
    ],
  };
  return {
    name,
    address: socket('0.0.0.0', port),
    listener_filters: filters,
    filter_chains: [{ filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }] }],
  };
}

function socket(address: string, port: number): Json {
  return { socket_address: { address, port_value: port } };
}
