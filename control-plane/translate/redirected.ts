/**
 * What a sidecar has to which the kernel hands its application's connections (docs/interception.md).
 *
 *   outbound   a service's virtual address ──► the service, whatever is spoken
 *              HTTP, elsewhere ──► the service that Host names, else egress
 *              TLS, elsewhere ──► the service that SNI names, else egress
 *              anything else ──► egress
 *   inbound    this sidecar's own port, or the application's ──► the application
 *              another port ──► that port, as if there were no sidecar; with tproxy from the client's address
 *
 * Egress goes to wherever the client was going, or is refused.
 */
import { CLIENT_ADDRESS_MARK } from '../../protos/contract/sidecar-place.ts';
import { type Protocol, protocolOf, type State } from '../state/model.ts';
import { virtualAddressesOf } from '../state/virtual-addresses.ts';
import { INBOUND_CLUSTER, INBOUND_IPV6_CLUSTER } from './clusters.ts';
import * as defaults from './defaults.ts';
import {
  HTTP_INSPECTOR,
  httpChain,
  inlineRoutes,
  listener,
  tcpChain,
  toApplication,
  underscoresFor,
} from './listeners.ts';
import type { Interception, SidecarNode } from './node.ts';
import { type JsonObject, resource, type XdsResource } from './resource.ts';
import { connectionChoice, type ServiceRoutes, virtualHost } from './routes/tables.ts';

/** The cluster of wherever a client was going. No service has such a name. */
export const ORIGINAL_DESTINATION = 'original_destination';
/** The route table of the outbound listener: every service by its names, and egress. */
export const REDIRECTED_ROUTES = 'redirected';

const VIRTUAL_RANGE = { address_prefix: '127.77.0.0', prefix_len: 16 };
const LISTENER_FILTERS = 'type.googleapis.com/envoy.extensions.filters.listener';
const ORIGINAL_DST = {
  name: 'envoy.filters.listener.original_dst',
  typed_config: { '@type': `${LISTENER_FILTERS}.original_dst.v3.OriginalDst` },
};
const ORIGINAL_SRC = {
  name: 'envoy.filters.listener.original_src',
  typed_config: { '@type': `${LISTENER_FILTERS}.original_src.v3.OriginalSrc`, mark: CLIENT_ADDRESS_MARK },
};
const TLS_INSPECTOR = {
  name: 'envoy.filters.listener.tls_inspector',
  typed_config: { '@type': `${LISTENER_FILTERS}.tls_inspector.v3.TlsInspector` },
};
const HTTP = { application_protocols: ['http/1.0', 'http/1.1', 'h2c'] };
const DETECTION = {
  listener_filters_timeout: defaults.DETECTION_TIMEOUT,
  continue_on_listener_filters_timeout: true,
};
/** What is not ours goes on as it came. */
const AS_IT_CAME = { normalize_path: false, merge_slashes: false, path_with_escaped_slashes_action: 'KEEP_UNCHANGED' };
/** Who calls, for the application. */
const CALLER = {
  header: { key: 'x-forwarded-for', value: '%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%' },
  append_action: 'APPEND_IF_EXISTS_OR_ADD',
};
const HTTP_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
/** What is outside is farther away than a mesh's hops. */
const CONNECT_TIMEOUT = '10s';
const OUTBOUND_HOSTS = ['127.0.0.1', '::1'] as const;
const INBOUND_HOSTS = ['0.0.0.0', '::'] as const;

/** Whether the application sees the addresses of its clients. */
export function keepsClients({ kind }: Interception): boolean {
  return kind === 'tproxy';
}

/** All of it but the application's cluster. `filters` stand in front of the routers. */
export function redirectedResources(
  state: State,
  node: SidecarNode,
  interception: Interception,
  services: readonly ServiceRoutes[],
  filters: { readonly outbound: readonly JsonObject[]; readonly inbound: readonly JsonObject[] },
  toldProtocol: boolean,
): XdsResource[] {
  const addresses = virtualAddressesOf(state);
  const protocol = state.workloads.get(node.workload)?.protocol ?? 'auto';
  const outbound = outboundChains(services, addresses, interception, filters.outbound);
  const keeps = keepsClients(interception);
  const inbound = (family: number): JsonObject => {
    if (!keeps) return inboundChains(node, protocol, toldProtocol, filters.inbound, INBOUND_CLUSTER, [ORIGINAL_DST]);
    // A client's address leads only to one of its own family.
    const cluster = family === 0 ? INBOUND_CLUSTER : INBOUND_IPV6_CLUSTER;
    const chains = inboundChains(node, protocol, toldProtocol, filters.inbound, cluster, [ORIGINAL_DST, ORIGINAL_SRC]);
    return { transparent: true, ...chains };
  };
  // The kernel redirects what is dialled here to a loopback address, and only there nobody from outside gets in.
  const count = interception.ipv6 ? 2 : 1;
  const listeners = Array.from({ length: count }, (_, i) => [
    listener(nameOf('outbound', i), OUTBOUND_HOSTS[i]!, node.outboundPort, 'OUTBOUND', outbound),
    listener(nameOf('inbound', i), INBOUND_HOSTS[i]!, node.inboundPort, 'INBOUND', inbound(i)),
  ]);
  return [originalDestination(), routes(services, addresses, interception), ...listeners.flat()];
}

function nameOf(direction: string, family: number): string {
  return family === 0 ? direction : `${direction}-ipv6`;
}

function outboundChains(
  services: readonly ServiceRoutes[],
  addresses: ReadonlyMap<string, string>,
  { egress }: Interception,
  filters: readonly JsonObject[],
): JsonObject {
  const rds = { rds: { route_config_name: REDIRECTED_ROUTES, config_source: defaults.ADS_SOURCE } };
  const http = httpChain('outbound', rds, 'ALLOW', filters);
  return {
    listener_filters: [ORIGINAL_DST, TLS_INSPECTOR, HTTP_INSPECTOR],
    ...DETECTION,
    filter_chains: [
      { filter_chain_match: { prefix_ranges: [VIRTUAL_RANGE], ...HTTP }, ...http },
      { filter_chain_match: HTTP, ...httpChain('outbound', rds, 'ALLOW', filters, AS_IT_CAME) },
      ...services.flatMap((each) => serviceChains(each, addresses.get(each.service), http)),
    ],
    ...(egress === 'allow' ? { default_filter_chain: tcpChain('egress', { cluster: ORIGINAL_DESTINATION }) } : {}),
  };
}

/** A service that speaks HTTP alone has none of its own: bytes would be no use to it. */
function serviceChains(
  { service, members, tcp }: ServiceRoutes,
  address: string | undefined,
  http: JsonObject,
): JsonObject[] {
  const protocol = protocolOf(members);
  if (protocol !== 'tcp' && protocol !== 'auto') return [];
  const bytes = tcpChain(service, connectionChoice(service, tcp));
  const names = { server_names: [service, `${service}.mesh`], transport_protocol: 'tls' };
  const byName = { filter_chain_match: names, ...bytes };
  if (address === undefined) return [byName];
  const here = { prefix_ranges: [{ address_prefix: address, prefix_len: 32 }] };
  return [
    byName,
    { filter_chain_match: here, ...bytes },
    ...(protocol === 'auto' ? [{ filter_chain_match: { ...here, ...HTTP }, ...http }] : []),
  ];
}

function routes(
  services: readonly ServiceRoutes[],
  addresses: ReadonlyMap<string, string>,
  { egress }: Interception,
): XdsResource {
  const refusal = 'no service of the mesh has this name, and this sidecar lets nothing out of the mesh';
  const outside =
    egress === 'allow'
      ? { route: { cluster: ORIGINAL_DESTINATION, timeout: '0s' } }
      : { direct_response: { status: 502, body: { inline_string: refusal } } };
  return resource('RDS', REDIRECTED_ROUTES, {
    name: REDIRECTED_ROUTES,
    ignore_port_in_host_matching: true,
    virtual_hosts: [
      ...services.map((each) => {
        const address = addresses.get(each.service);
        return virtualHost(each, 'sidecar', address === undefined ? [] : [address]);
      }),
      { name: 'egress.', domains: ['*'], routes: [{ match: { prefix: '/' }, ...outside }] },
    ],
  });
}

function inboundChains(
  { inboundPort, appPort }: SidecarNode,
  protocol: Protocol,
  toldProtocol: boolean,
  filters: readonly JsonObject[],
  cluster: string,
  listenerFilters: readonly JsonObject[],
): JsonObject {
  const route = toApplication(protocol, toldProtocol, cluster);
  const http = (routes: JsonObject) => httpChain('inbound', routes, underscoresFor(protocol), filters);
  // Another sidecar has told what its client spoke, which no stranger may.
  const fromMesh = http(inlineRoutes('inbound', [{ ...route, request_headers_to_add: [CALLER] }]));
  const fromStrangers = http({ ...inlineRoutes('inbound', [route]), use_remote_address: true });
  const bytes = tcpChain('inbound', { cluster });
  const chains = (destination_port: number, http: JsonObject) => [
    ...(protocol === 'auto' ? [{ filter_chain_match: { destination_port, ...HTTP }, ...http }] : []),
    { filter_chain_match: { destination_port }, ...(protocol === 'tcp' || protocol === 'auto' ? bytes : http) },
  ];
  return {
    listener_filters: [...listenerFilters, ...(protocol === 'auto' ? [HTTP_INSPECTOR] : [])],
    ...DETECTION,
    filter_chains: [...chains(inboundPort, fromMesh), ...chains(appPort, fromStrangers)],
    default_filter_chain: tcpChain('inbound', { cluster: ORIGINAL_DESTINATION }),
  };
}

function originalDestination(): XdsResource {
  const version = { use_downstream_protocol_config: { http_protocol_options: {}, http2_protocol_options: {} } };
  return resource('CDS', ORIGINAL_DESTINATION, {
    name: ORIGINAL_DESTINATION,
    type: 'ORIGINAL_DST',
    lb_policy: 'CLUSTER_PROVIDED',
    connect_timeout: CONNECT_TIMEOUT,
    cleanup_interval: '60s',
    circuit_breakers: defaults.CIRCUIT_BREAKERS,
    typed_extension_protocol_options: {
      [HTTP_OPTIONS]: {
        '@type': `type.googleapis.com/${HTTP_OPTIONS}`,
        common_http_protocol_options: { idle_timeout: defaults.UNKNOWN_APPLICATION_POOL_IDLE },
        ...version,
      },
    },
  });
}
