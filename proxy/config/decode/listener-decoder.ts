/** envoy.config.listener.v3.Listener: address, listener filters, filter chains. */
import { SocketAddress_Protocol } from '../../../protos/gen/envoy/config/core/v3/address.ts';
import { TrafficDirection } from '../../../protos/gen/envoy/config/core/v3/base.ts';
import type { Listener } from '../../../protos/gen/envoy/config/listener/v3/listener.ts';
import {
  type FilterChain,
  type FilterChainMatch as MatchMessage,
  FilterChainMatch_ConnectionSourceType as SourceType,
} from '../../../protos/gen/envoy/config/listener/v3/listener_components.ts';
import type { Path } from '../../../protos/json/issue.ts';
import { typeNameOf, unpackAny } from '../../../protos/json/registry.ts';
import { canonicalJson } from '../canonical-json.ts';
import type { FilterChainConfig, FilterChainMatch, ListenerConfig, NetworkFilterConfig } from '../model/listener.ts';
import type { DownstreamTlsConfig } from '../model/tls.ts';
import type { Decoding } from './decoding.ts';
import { decodeDns } from './dns-decoder.ts';
import { decodeHttpConnectionManager } from './http-connection-manager-decoder.ts';
import { BUFFER_LIMIT_BYTES } from './http-options-decoder.ts';
import { decodeListenerFilters } from './listener-filters-decoder.ts';
import { decodeTcpProxy } from './tcp-proxy-decoder.ts';
import { decodeDownstreamTls } from './tls-decoder.ts';
import { cidrText, durationMs, isIpLiteral, socketAddress } from './values.ts';

/** Linux's usual net.core.somaxconn, which is what Envoy asks for when it is told nothing. */
const TCP_BACKLOG = 4_096;
const DNS_FILTER = 'envoy.extensions.filters.udp.dns_filter.v3.DnsFilterConfig';
const RAW_BUFFER = 'envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer';

const DIRECTIONS = {
  [TrafficDirection.UNSPECIFIED]: 'unspecified',
  [TrafficDirection.INBOUND]: 'inbound',
  [TrafficDirection.OUTBOUND]: 'outbound',
} as const;

const SOURCE_TYPES = {
  [SourceType.ANY]: 'any',
  [SourceType.SAME_IP_OR_LOOPBACK]: 'same-ip-or-loopback',
  [SourceType.EXTERNAL]: 'external',
} as const;

/** Decodes a listener. */
export function decodeListener(message: Listener, path: Path, decoding: Decoding): ListenerConfig {
  const address = listenAddress(message.address, [...path, 'address'], decoding);
  if (isUdp(message)) return dnsListener(message, address, path, decoding);
  if (message.udpListenerConfig !== undefined)
    decoding.report([...path, 'udp_listener_config'], 'it is for an address whose protocol is UDP');
  if (message.filterChains.length === 0 && message.defaultFilterChain === undefined) {
    decoding.report([...path, 'filter_chains'], 'at least one filter chain is required');
  }
  const chains = message.filterChains.map((chain, i) =>
    decodeFilterChain(chain, [...path, 'filter_chains', i], decoding),
  );
  checkDistinct(chains, [...path, 'filter_chains'], decoding);
  return {
    name: message.name,
    address,
    transparent: message.transparent ?? false,
    ipv4Compat: message.address?.address?.$case === 'socketAddress' && message.address.address.value.ipv4Compat,
    additionalAddresses: message.additionalAddresses.map((each, i) =>
      listenAddress(each.address, [...path, 'additional_addresses', i, 'address'], decoding),
    ),
    filterChains: chains,
    defaultFilterChain:
      message.defaultFilterChain === undefined
        ? null
        : decodeFilterChain(message.defaultFilterChain, [...path, 'default_filter_chain'], decoding),
    filters: decodeListenerFilters(message, chains, [...path, 'listener_filters'], decoding),
    dns: null,
    ...socketOptions(message, address),
  };
}

function socketOptions(message: Listener, { host, port }: ListenerConfig['address']) {
  return {
    reusePort: message.enableReusePort ?? true,
    tcpBacklog: message.tcpBacklogSize ?? TCP_BACKLOG,
    bufferLimitBytes: message.perConnectionBufferLimitBytes ?? BUFFER_LIMIT_BYTES,
    statPrefix: message.statPrefix || `${host.includes(':') ? `[${host}]` : host}_${port}`,
    direction: DIRECTIONS[message.trafficDirection],
  };
}

function isUdp({ address }: Listener): boolean {
  return address?.address?.$case === 'socketAddress' && address.address.value.protocol === SocketAddress_Protocol.UDP;
}

/** Of datagrams there are those of DNS here: one filter, and nothing that is about connections. */
function dnsListener(
  message: Listener,
  address: ListenerConfig['address'],
  path: Path,
  decoding: Decoding,
): ListenerConfig {
  const chains = message.filterChains.length > 0 || message.defaultFilterChain !== undefined;
  if (chains) decoding.report([...path, 'filter_chains'], 'a listener of UDP has none; its filter is DnsFilterConfig');
  if (message.additionalAddresses.length > 0)
    decoding.report([...path, 'additional_addresses'], 'a listener of UDP has one address');
  if (message.transparent) decoding.report([...path, 'transparent'], 'it is for listeners of TCP');
  const [filter, ...others] = message.listenerFilters;
  const any = filter?.configType?.value;
  const place = [...path, 'listener_filters', 0, 'typed_config'];
  const dns = any && unpackAny(DNS_FILTER, any);
  if (dns === undefined || others.length > 0)
    decoding.report([...path, 'listener_filters'], `a listener of UDP has one filter, ${DNS_FILTER}`);
  return {
    name: message.name,
    address,
    ipv4Compat: false,
    transparent: false,
    additionalAddresses: [],
    filterChains: [],
    defaultFilterChain: null,
    filters: decodeListenerFilters({ ...message, listenerFilters: [] }, [], place, decoding),
    dns: dns === undefined ? null : decodeDns(dns, place, decoding),
    ...socketOptions(message, address),
  };
}

function listenAddress(message: Listener['address'], path: Path, decoding: Decoding): ListenerConfig['address'] {
  const address = socketAddress(message, path, decoding, 'any');
  if (address.host !== '' && !isIpLiteral(address.host)) {
    decoding.report(
      [...path, 'socket_address', 'address'],
      `${JSON.stringify(address.host)} is no IP address; a listener binds one, such as 127.0.0.1`,
    );
  }
  return address;
}

/** Two chains with one match would leave it open which of them takes the connection. */
function checkDistinct(chains: readonly FilterChainConfig[], path: Path, decoding: Decoding): void {
  const seen = new Map<string, number>();
  for (const [i, chain] of chains.entries()) {
    const match = canonicalJson(chain.match);
    const other = seen.get(match);
    if (other !== undefined)
      decoding.report([...path, i], `the same match as filter_chains[${other}]; only one chain can take a connection`);
    else seen.set(match, i);
  }
}

function decodeFilterChain(chain: FilterChain, path: Path, decoding: Decoding): FilterChainConfig {
  const network = decodeNetworkFilter(chain, [...path, 'filters'], decoding);
  const socketPath = [...path, 'transport_socket', 'typed_config'];
  const tls = decodeTransportSocket(chain, socketPath, decoding);
  return {
    name: chain.name,
    match: decodeMatch(chain.filterChainMatch, [...path, 'filter_chain_match'], decoding),
    network,
    tls,
    transportSocketConnectTimeoutMs: durationMs(chain.transportSocketConnectTimeout, 0),
  };
}

function decodeMatch(match: MatchMessage | undefined, path: Path, decoding: Decoding): FilterChainMatch {
  const serverNames = (match?.serverNames ?? []).map((name) => name.toLowerCase());
  for (const [i, name] of serverNames.entries()) {
    if (name.slice(1).includes('*') || (name.startsWith('*') && !name.startsWith('*.'))) {
      decoding.report(
        [...path, 'server_names', i],
        `${name} is no server name; a wildcard is the whole first label, as in *.example.com`,
      );
    }
  }
  return {
    destinationPort: match?.destinationPort ?? null,
    prefixRanges: (match?.prefixRanges ?? []).map((range, i) =>
      cidrText(range, [...path, 'prefix_ranges', i], decoding),
    ),
    directSourcePrefixRanges: (match?.directSourcePrefixRanges ?? []).map((range, i) =>
      cidrText(range, [...path, 'direct_source_prefix_ranges', i], decoding),
    ),
    sourcePrefixRanges: (match?.sourcePrefixRanges ?? []).map((range, i) =>
      cidrText(range, [...path, 'source_prefix_ranges', i], decoding),
    ),
    sourcePorts: match?.sourcePorts ?? [],
    sourceType: SOURCE_TYPES[match?.sourceType ?? SourceType.ANY],
    serverNames,
    transportProtocol: match?.transportProtocol ?? '',
    applicationProtocols: match?.applicationProtocols ?? [],
  };
}

/** The one network filter that a chain has here; Envoy allows others before it. */
function decodeNetworkFilter(chain: FilterChain, path: Path, decoding: Decoding): NetworkFilterConfig {
  if (chain.filters.length !== 1)
    decoding.report(
      path,
      `${chain.filters.length} network filters; a chain has exactly one, HttpConnectionManager or TcpProxy`,
    );
  const place = [...path, 0, 'typed_config'];
  const any = chain.filters[0]?.configType?.value;
  const manager =
    any && unpackAny('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', any);
  if (manager !== undefined) return decodeHttpConnectionManager(manager, place, decoding);
  const tcp = any && unpackAny('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', any);
  if (any === undefined && chain.filters.length > 0)
    decoding.report(place, 'typed_config is required: an HttpConnectionManager or a TcpProxy');
  return decodeTcpProxy(tcp, place, decoding);
}

function decodeTransportSocket(chain: FilterChain, path: Path, decoding: Decoding): DownstreamTlsConfig | null {
  const any = chain.transportSocket?.configType?.value;
  const type = typeNameOf(any?.typeUrl ?? '');
  if (chain.transportSocket === undefined || type === RAW_BUFFER) return null;
  const tls = any && unpackAny('envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext', any);
  if (tls !== undefined) return decodeDownstreamTls(tls, path, decoding);
  decoding.report(
    path,
    `${type || 'nothing'} is no transport socket of a listener; use a DownstreamTlsContext or a RawBuffer`,
  );
  return null;
}
