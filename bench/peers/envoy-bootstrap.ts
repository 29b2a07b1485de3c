/** The Envoy v3 bootstrap of a scenario: the one file that both Envoy and Outrider are started from. */
import { certificatesOf, endpointPorts, HOSTS, LIMITS, PREFIXES, type Scenario, sendsHttp2 } from './scenario.ts';

type Json = string | number | boolean | readonly Json[] | { readonly [name: string]: Json };

const EXTENSIONS = 'type.googleapis.com/envoy.extensions';

/** The bootstrap as a plain value for JSON.stringify. */
export function envoyBootstrap(scenario: Scenario): Json {
  return {
    node: { id: 'bench', cluster: 'bench' },
    admin: { address: address(scenario.adminPort) },
    static_resources: { listeners: [listener(scenario)], clusters: [cluster(scenario)] },
  };
}

function address(port: number): Json {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}

function listener(scenario: Scenario): Json {
  const filter = scenario.kind === 'tcp' ? tcpProxy() : connectionManager(scenario);
  const secured = scenario.kind === 'tls-terminate' ? { transport_socket: downstreamTls(scenario) } : {};
  return {
    name: 'main',
    address: address(scenario.port),
    filter_chains: [{ filters: [filter], ...secured }],
  };
}

function tcpProxy(): Json {
  return {
    name: 'envoy.filters.network.tcp_proxy',
    typed_config: {
      '@type': `${EXTENSIONS}.filters.network.tcp_proxy.v3.TcpProxy`,
      stat_prefix: 'tcp',
      cluster: 'orders',
    },
  };
}

function connectionManager(scenario: Scenario): Json {
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: {
      '@type': `${EXTENSIONS}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
      stat_prefix: 'ingress',
      // True is what appends x-forwarded-for and replaces the client's own request id; both are on by default.
      use_remote_address: scenario.features,
      generate_request_id: scenario.features,
      route_config: { name: 'local', virtual_hosts: scenario.features ? namedHosts() : [anyHost()] },
      http_filters: [
        {
          name: 'envoy.filters.http.router',
          typed_config: { '@type': `${EXTENSIONS}.filters.http.router.v3.Router` },
        },
      ],
    },
  };
}

function route(prefix: string): Json {
  return { match: { prefix }, route: { cluster: 'orders', timeout: seconds(LIMITS.requestTimeoutMs) } };
}

function namedHosts(): Json[] {
  return HOSTS.map((host) => ({ name: host, domains: [host], routes: PREFIXES.map(route) }));
}

function anyHost(): Json {
  return { name: 'any', domains: ['*'], routes: [route('/')] };
}

function cluster(scenario: Scenario): Json {
  const secured = scenario.kind === 'tls-originate' ? { transport_socket: upstreamTls(scenario) } : {};
  return {
    name: 'orders',
    type: 'STATIC',
    connect_timeout: seconds(LIMITS.connectTimeoutMs),
    ...(scenario.features ? guards() : { lb_policy: 'ROUND_ROBIN' }),
    load_assignment: {
      cluster_name: 'orders',
      endpoints: [{ lb_endpoints: endpointPorts(scenario).map((port) => ({ endpoint: { address: address(port) } })) }],
    },
    ...secured,
    ...(sendsHttp2(scenario.kind) ? overHttp2() : {}),
  };
}

/** Clients are asked for nothing: a listener sees by their first bytes what they speak. */
function overHttp2(): { readonly [name: string]: Json } {
  const options = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
  return {
    typed_extension_protocol_options: {
      [options]: {
        '@type': `type.googleapis.com/${options}`,
        explicit_http_config: { http2_protocol_options: {} },
      },
    },
  };
}

function guards(): { readonly [name: string]: Json } {
  const max = LIMITS.requestsInFlight;
  return {
    lb_policy: 'LEAST_REQUEST',
    circuit_breakers: { thresholds: [{ max_connections: max, max_pending_requests: max, max_requests: max }] },
    outlier_detection: {
      consecutive_5xx: LIMITS.consecutiveFailures,
      base_ejection_time: seconds(LIMITS.ejectionMs),
      max_ejection_percent: 50,
    },
  };
}

function downstreamTls(scenario: Scenario): Json {
  const { serverCert, serverKey } = certificatesOf(scenario);
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': `${EXTENSIONS}.transport_sockets.tls.v3.DownstreamTlsContext`,
      common_tls_context: {
        tls_params: { tls_minimum_protocol_version: 'TLSv1_3', tls_maximum_protocol_version: 'TLSv1_3' },
        tls_certificates: [certificate(serverCert, serverKey)],
      },
    },
  };
}

function upstreamTls(scenario: Scenario): Json {
  const { ca, clientCert, clientKey } = certificatesOf(scenario);
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': `${EXTENSIONS}.transport_sockets.tls.v3.UpstreamTlsContext`,
      sni: 'localhost',
      common_tls_context: {
        tls_params: { tls_minimum_protocol_version: 'TLSv1_3', tls_maximum_protocol_version: 'TLSv1_3' },
        tls_certificates: [certificate(clientCert, clientKey)],
        validation_context: { trusted_ca: { filename: ca } },
      },
    },
  };
}

function certificate(chain: string, key: string): Json {
  return { certificate_chain: { filename: chain }, private_key: { filename: key } };
}

/** A protobuf Duration in JSON. */
function seconds(ms: number): string {
  return `${ms / 1000}s`;
}
