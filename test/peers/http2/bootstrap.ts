/** The bootstrap that every suite of this folder runs through: one listener, one connection manager, one cluster. */

type Json = string | number | boolean | readonly Json[] | { readonly [name: string]: Json };

const EXTENSIONS = 'type.googleapis.com/envoy.extensions';
const PROTOCOL_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

/** How requests go out: in one version, or in the one that they came in. */
export type UpstreamProtocol = 'http1' | 'http2' | 'as-received';

/** What differs between suites. */
export interface BootstrapPlan {
  readonly upstreamPort: number;
  /** Where paths that begin with one of these go instead. */
  readonly apart?: { readonly prefixes: readonly string[]; readonly upstreamPort: number };
  readonly upstream: UpstreamProtocol;
  /** The listener takes TLS with these PEM texts and offers h2 and http/1.1; it takes cleartext without them. */
  readonly certificate?: { readonly chainPem: string; readonly keyPem: string };
  /** Fields of the connection manager besides its route. */
  readonly manager?: { readonly [name: string]: Json };
  /** Limit of what listener and cluster keep for each connection. Default: the proxy's own. */
  readonly bufferBytesMax?: number;
}

/** The bootstrap as a value for JSON.stringify. Codec AUTO: HTTP/2 is known by its preface, or by ALPN under TLS. */
export function bootstrap(plan: BootstrapPlan, port: number, adminPort: number): Json {
  return {
    node: { id: 'judge', cluster: 'judge' },
    admin: { address: address(adminPort) },
    static_resources: { listeners: [listener(plan, port)], clusters: clusters(plan) },
  };
}

function address(port: number): Json {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}

function listener(plan: BootstrapPlan, port: number): Json {
  const { certificate } = plan;
  return {
    name: 'main',
    address: address(port),
    ...bufferLimit(plan),
    filter_chains: [
      {
        filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: connectionManager(plan) }],
        ...(certificate === undefined ? {} : { transport_socket: downstreamTls(certificate) }),
      },
    ],
  };
}

function bufferLimit({ bufferBytesMax }: BootstrapPlan): { readonly [name: string]: Json } {
  return bufferBytesMax === undefined ? {} : { per_connection_buffer_limit_bytes: bufferBytesMax };
}

function clusters(plan: BootstrapPlan): Json[] {
  const { apart } = plan;
  const all = [cluster(plan, 'server')];
  if (apart !== undefined) all.push(cluster({ ...plan, upstreamPort: apart.upstreamPort }, 'apart'));
  return all;
}

function connectionManager({ manager = {}, apart }: BootstrapPlan): Json {
  // Streams of any length: it is the client's and the server's time limits that the suites are about.
  const route = (prefix: string, name: string) => ({ match: { prefix }, route: { cluster: name, timeout: '0s' } });
  const routes = [...(apart?.prefixes ?? []).map((prefix) => route(prefix, 'apart')), route('/', 'server')];
  return {
    '@type': `${EXTENSIONS}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: 'main',
    codec_type: 'AUTO',
    route_config: { name: 'local', virtual_hosts: [{ name: 'any', domains: ['*'], routes }] },
    http_filters: [
      {
        name: 'envoy.filters.http.router',
        typed_config: { '@type': `${EXTENSIONS}.filters.http.router.v3.Router` },
      },
    ],
    ...manager,
  };
}

function cluster(plan: BootstrapPlan, name: string): { readonly [name: string]: Json } {
  const many = 100_000;
  return {
    name,
    type: 'STATIC',
    connect_timeout: '5s',
    lb_policy: 'ROUND_ROBIN',
    ...bufferLimit(plan),
    circuit_breakers: { thresholds: [{ max_connections: many, max_pending_requests: many, max_requests: many }] },
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: address(plan.upstreamPort) } }] }],
    },
    ...protocolOptions(plan.upstream),
  };
}

function protocolOptions(upstream: UpstreamProtocol): { readonly [name: string]: Json } {
  const choice = protocolChoice(upstream);
  if (choice === undefined) return {};
  const options = { '@type': `type.googleapis.com/${PROTOCOL_OPTIONS}`, ...choice };
  return { typed_extension_protocol_options: { [PROTOCOL_OPTIONS]: options } };
}

function protocolChoice(upstream: UpstreamProtocol): { readonly [name: string]: Json } | undefined {
  switch (upstream) {
    case 'http1':
      return undefined;
    case 'http2':
      return { explicit_http_config: { http2_protocol_options: {} } };
    case 'as-received':
      return { use_downstream_protocol_config: { http_protocol_options: {}, http2_protocol_options: {} } };
  }
}

function downstreamTls({ chainPem, keyPem }: { chainPem: string; keyPem: string }): Json {
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': `${EXTENSIONS}.transport_sockets.tls.v3.DownstreamTlsContext`,
      common_tls_context: {
        alpn_protocols: ['h2', 'http/1.1'],
        tls_certificates: [{ certificate_chain: { inline_string: chainPem }, private_key: { inline_string: keyPem } }],
      },
    },
  };
}
