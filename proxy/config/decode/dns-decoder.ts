/** envoy.extensions.filters.udp.dns_filter.v3.DnsFilterConfig: what a listener for DNS answers, and whom it asks. */
import type { TypedExtensionConfig } from '../../../protos/gen/envoy/config/core/v3/extension.ts';
import type {
  DnsTable,
  DnsTable_DnsVirtualDomain as DomainMessage,
  DnsTable_DnsService as ServiceMessage,
  DnsTable_DnsServiceTarget as TargetMessage,
} from '../../../protos/gen/envoy/data/dns/v3/dns_table.ts';
import type {
  DnsFilterConfig_ClientContextConfig as ClientMessage,
  DnsFilterConfig,
} from '../../../protos/gen/envoy/extensions/filters/udp/dns_filter/v3/dns_filter.ts';
import type { Path } from '../../../protos/json/issue.ts';
import { typeNameOf, unpackAny } from '../../../protos/json/registry.ts';
import type { DnsConfig, DnsDomain, DnsForwarding, DnsService, DnsTarget } from '../model/dns.ts';
import type { Decoding } from './decoding.ts';
import { durationMs, isIpLiteral, socketAddress } from './values.ts';

/** DEFAULT: a name has to follow what happens; Envoy's own is 300. */
export const TTL_SECONDS = 5;
/** DEFAULT: three tries are over before the C library's first one is, 5 s. */
const TRY_MS = 1_500;
const RETRIES = 2;
const PENDING_MAX = 512;
const DNS_PORT = 53;
const NAME_CHARS_MAX = 253;
const CARES = 'envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig';
const PROTOCOLS: Readonly<Record<number, string>> = { 6: 'tcp', 17: 'udp' };

/** Decodes the filter. */
export function decodeDns(message: DnsFilterConfig, path: Path, decoding: Decoding): DnsConfig {
  const place = [...path, 'server_config', 'inline_dns_table'];
  const table = message.serverConfig?.configSource?.value;
  return {
    statPrefix: message.statPrefix,
    domains: (table?.virtualDomains ?? []).flatMap((domain, i) =>
      domainOf(domain, [...place, 'virtual_domains', i], decoding),
    ),
    suffixes: suffixesOf(table, place, decoding),
    forward: message.clientConfig === undefined ? null : forwarding(message.clientConfig, table, path, decoding),
  };
}

function suffixesOf(table: DnsTable | undefined, path: Path, decoding: Decoding): string[] {
  return (table?.knownSuffixes ?? []).flatMap(({ matchPattern }, i) => {
    if (matchPattern?.$case === 'suffix') return [plainName(matchPattern.value.replace(/^\./, ''))];
    decoding.report([...path, 'known_suffixes', i], 'a known suffix is a suffix, and nothing else matches it');
    return [];
  });
}

function domainOf({ name, endpoint, answerTtl }: DomainMessage, path: Path, decoding: Decoding): DnsDomain[] {
  const own = plainName(name);
  if (own.length > NAME_CHARS_MAX || own.split('.').some((label) => label === '' || label.length > 63))
    decoding.report([...path, 'name'], `${JSON.stringify(name)} is no name of DNS: labels have 1 to 63 characters`);
  const leadsTo = leadingTo(endpoint, [...path, 'endpoint'], decoding);
  return leadsTo === null ? [] : [{ name: own, ttlSeconds: secondsOf(answerTtl), leadsTo }];
}

function leadingTo(endpoint: DomainMessage['endpoint'], path: Path, decoding: Decoding): DnsDomain['leadsTo'] | null {
  const config = endpoint?.endpointConfig;
  switch (config?.$case) {
    case 'addressList': {
      const addresses = config.value.address;
      for (const [i, each] of addresses.entries())
        if (!isIpLiteral(each))
          decoding.report([...path, 'address_list', 'address', i], `${JSON.stringify(each)} is no IP address`);
      return { kind: 'addresses', addresses };
    }
    case 'clusterName':
      return { kind: 'cluster', name: config.value };
    case 'serviceList': {
      const place = [...path, 'service_list', 'services'];
      const services = config.value.services.map((each, i) => serviceOf(each, [...place, i], decoding));
      return { kind: 'services', services };
    }
    default:
      decoding.report(path, 'nothing is answered: give address_list, cluster_name or service_list');
      return null;
  }
}

function serviceOf(
  { serviceName, protocol, ttl, targets }: ServiceMessage,
  path: Path,
  decoding: Decoding,
): DnsService {
  const config = protocol?.protocolConfig;
  const name = config?.$case === 'number' ? PROTOCOLS[config.value] : config?.value;
  if (name === undefined)
    decoding.report([...path, 'protocol'], 'a service is over tcp (6) or udp (17), by name or number');
  return {
    prefix: `_${serviceName}._${name ?? ''}`.toLowerCase(),
    ttlSeconds: secondsOf(ttl),
    targets: targets.map((target, i) => targetOf(target, [...path, 'targets', i], decoding)),
  };
}

function targetOf({ endpointType, priority, weight, port }: TargetMessage, path: Path, decoding: Decoding): DnsTarget {
  if (endpointType?.$case === 'clusterName')
    return { to: { kind: 'cluster', name: endpointType.value }, priority, weight, port };
  if (port === 0)
    decoding.report([...path, 'port'], 'a host needs its port: only endpoints of a cluster have their own');
  return { to: { kind: 'host', name: plainName(endpointType?.value ?? '') }, priority, weight, port };
}

function forwarding(
  { resolverTimeout, maxPendingLookups, typedDnsResolverConfig }: ClientMessage,
  table: DnsTable | undefined,
  path: Path,
  decoding: Decoding,
): DnsForwarding {
  const place = [...path, 'client_config', 'typed_dns_resolver_config', 'typed_config'];
  return {
    ...resolversOf(typedDnsResolverConfig, place, decoding),
    timeoutMs: durationMs(resolverTimeout, TRY_MS),
    // Proto3 cannot tell 0 from nothing: who wants one try has no word for it in Envoy either.
    tries: 1 + (table?.externalRetryCount || RETRIES),
    pendingMax: maxPendingLookups || PENDING_MAX,
  };
}

function resolversOf(
  config: TypedExtensionConfig | undefined,
  path: Path,
  decoding: Decoding,
): Pick<DnsForwarding, 'resolvers' | 'systemFirst'> {
  const any = config?.typedConfig;
  if (any === undefined) return { resolvers: [], systemFirst: false };
  const message = unpackAny(CARES, any);
  if (message === undefined) {
    decoding.report(path, `${typeNameOf(any.typeUrl) || 'nothing'} is not honoured; a CaresDnsResolverConfig is`);
    return { resolvers: [], systemFirst: false };
  }
  const resolvers = message.resolvers.map((address, i) => {
    const { host, port } = socketAddress(address, [...path, 'resolvers', i], decoding, 'any');
    if (host !== '' && !isIpLiteral(host))
      decoding.report([...path, 'resolvers', i], `${JSON.stringify(host)} is no IP address: who would resolve it?`);
    return { host, port: port || DNS_PORT };
  });
  return { resolvers, systemFirst: message.useResolversAsFallback };
}

function secondsOf(ttl: Parameters<typeof durationMs>[0]): number {
  return Math.ceil(durationMs(ttl, TTL_SECONDS * 1_000) / 1_000);
}

function plainName(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}
