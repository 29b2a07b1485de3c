/**
 * The listener that answers names for a sidecar's application (docs/dns.md): Envoy's own filter, which any control plane
 * can push.
 *
 *   catalog, catalog.mesh      the service's virtual address
 *   catalog-1.catalog.mesh     one instance, by the `hostname` of its endpoint
 *   _http._tcp.catalog.mesh    SRV: the service under the port by which callers know it
 *   anything else              of *.mesh nothing; the rest is asked of the machine's resolvers
 */
import { protocolOf, type State } from '../state/model.ts';
import { portsOfServices, servicesOf } from '../state/queries.ts';
import type { VirtualAddresses } from '../state/virtual-addresses.ts';
import * as defaults from './defaults.ts';
import type { DnsNode } from './node.ts';
import { type JsonObject, resource, type XdsResource } from './resource.ts';

/** DEFAULT: no domain of the internet has this name. */
export const MESH_DOMAIN = 'mesh';
const DNS_FILTER = 'envoy.extensions.filters.udp.dns_filter.v3.DnsFilterConfig';
/** Where HTTP is looked for. */
const HTTP_PORT = 80;
/** As SRV names what a service speaks. */
const SRV_NAMES = { auto: 'http', http: 'http', http2: 'http', grpc: 'grpc', tcp: 'tcp' } as const;

/** One for each of the addresses. */
export function nameListeners(state: State, addresses: VirtualAddresses, { port, ipv6 }: DnsNode): XdsResource[] {
  const hosts = ipv6 ? ['127.0.0.1', '::1'] : ['127.0.0.1'];
  const ports = portsOfServices(state.workloads.values());
  const domains = [...servicesOf(state)].flatMap(([service, members]) => {
    const address = addresses.get(service);
    if (address === undefined) return [];
    const own = { address_list: { address: [address] } };
    const name = `${service}.${MESH_DOMAIN}`;
    const protocol = protocolOf(members);
    const known = ports.get(service) ?? (protocol === 'tcp' ? null : HTTP_PORT);
    return [
      { name: service, endpoint: own },
      { name, endpoint: own },
      { name: `*.${name}`, endpoint: { cluster_name: service } },
      ...(known === null ? [] : [{ name, endpoint: srv(SRV_NAMES[protocol], name, known) }]),
    ];
  });
  const filter = {
    '@type': `type.googleapis.com/${DNS_FILTER}`,
    stat_prefix: 'mesh',
    server_config: {
      inline_dns_table: {
        external_retry_count: defaults.DNS_RETRIES,
        virtual_domains: domains,
        known_suffixes: [{ suffix: MESH_DOMAIN }],
      },
    },
    // Of the machine's own resolvers.
    client_config: defaults.DNS_CLIENT,
  };
  return hosts.map((host, i) => {
    const name = i === 0 ? 'names' : 'names-ipv6';
    return resource('LDS', name, {
      name,
      address: { socket_address: { protocol: 'UDP', address: host, port_value: port } },
      udp_listener_config: {},
      traffic_direction: 'OUTBOUND',
      enable_reuse_port: true,
      listener_filters: [{ name: 'envoy.filters.udp.dns_filter', typed_config: filter }],
    });
  });
}

function srv(service: string, target: string, port: number): JsonObject {
  const to = { host_name: target, priority: 0, weight: 100, port };
  const ttl = defaults.SRV_TTL;
  return { service_list: { services: [{ service_name: service, protocol: { name: 'tcp' }, ttl, targets: [to] }] } };
}
