/**
 * The zone of the mesh: what a name of its domain leads to. PURE.
 *
 *   catalog.mesh              A, AAAA: addresses of endpoints; SRV: with their ports
 *   _http._tcp.catalog.mesh   SRV, where `http` is what the service speaks
 *   catalog-1.catalog.mesh    A, AAAA, SRV, TXT (metadata) of one instance
 *
 * Only endpoints that take requests are named; those that have been silent for a while only if there are no others. When
 * nobody is left, the name is there and has no data: a client that heard of NXDOMAIN would believe that the service is gone.
 */
import { isIPv4 } from 'node:net';
import type { Answer, DnsRecord } from '../../kernel/dns/answer.ts';
import type { Query } from '../../kernel/dns/query.ts';
import type { Random } from '../../kernel/random.ts';
import { endpointHealth } from '../discovery/endpoint-list.ts';
import type { Instance } from '../registry/instance.ts';
import { instanceLabel } from '../registry/instance-label.ts';
import type { RegistryView } from '../registry/registry.ts';
import { ENDPOINT_WEIGHT } from '../translate/defaults.ts';

/** What the zone is made of. */
export interface ZoneSource {
  /** Lower case, without a dot at either end, such as `mesh`. */
  readonly domain: string;
  /** The services that there are, with what each speaks. */
  readonly services: ReadonlyMap<string, string>;
  readonly registry: RegistryView;
  /** Grows with time: of the SOA. */
  readonly serial: number;
}

/** DEFAULT: an instance that drains has its last new client after so many seconds. */
export const TTL_SECONDS = 5;
/** What is not there may come at any moment. */
const NEGATIVE_TTL_SECONDS = 1;
/** No client has use for more; which ones it gets changes from answer to answer. */
export const ANSWERS_MAX = 32;
/** What a service speaks, as SRV names it. */
const SRV_NAMES: Readonly<Record<string, string>> = {
  auto: '_http',
  http: '_http',
  http2: '_http',
  grpc: '_grpc',
  tcp: '_tcp',
};
const TXT_BYTES_MAX = 255;

/** The answer to a question about this domain; null when it is about another. */
export function answerFrom(query: Pick<Query, 'name' | 'type'>, source: ZoneSource, random: Random): Answer | null {
  const { domain } = source;
  const { name, type } = query;
  if (name !== domain && !name.endsWith(`.${domain}`)) return null;
  const labels = name === domain ? [] : name.slice(0, -domain.length - 1).split('.');
  const owner = ownerOf(labels, source, random);
  if (owner === undefined) return negative('NXDOMAIN', source);
  // RFC 8482: whoever asks for everything gets next to nothing.
  const answers = type === 'ANY' ? [hinfo(name)] : owner.records(type, name);
  if (answers.length === 0) return negative('NOERROR', source);
  return {
    rcode: 'NOERROR',
    authoritative: true,
    answers,
    authorities: [],
    additionals: targets(answers, owner, source),
  };
}

/** What stands at a name. */
interface Owner {
  readonly instances: readonly Instance[];
  records(type: string, name: string): DnsRecord[];
}

function ownerOf(labels: readonly string[], source: ZoneSource, random: Random): Owner | undefined {
  const service = labels.at(-1);
  if (service === undefined) return { instances: [], records: (type) => (type === 'SOA' ? [soa(source)] : []) };
  const protocol = source.services.get(service);
  if (protocol === undefined) return undefined;
  const [first, second] = labels;
  if (labels.length === 1) {
    const instances = drawn(membersOf(service, source.registry), random);
    return {
      instances,
      records: (type, name) =>
        type === 'SRV' ? srv(instances, name, service, source) : addresses(instances, type, name),
    };
  }
  if (labels.length === 2 && first === '_tcp') return { instances: [], records: () => [] };
  if (labels.length === 3 && second === '_tcp') {
    if (first !== SRV_NAMES[protocol]) return undefined;
    const instances = drawn(membersOf(service, source.registry), random);
    return { instances, records: (type, name) => (type === 'SRV' ? srv(instances, name, service, source) : []) };
  }
  const own = labels.length === 2 ? named(first!, service, source.registry) : undefined;
  if (own === undefined) return undefined;
  const there = ['healthy', 'suspect'].includes(endpointHealth(own, source.registry.preserving));
  return { instances: [own], records: (type, name) => (there ? ofOne(own, type, name, service, source) : []) };
}

function named(label: string, service: string, { instances }: RegistryView): Instance | undefined {
  return instances.find((each) => each.identity.services.includes(service) && instanceLabel(each) === label);
}

/** Those that take requests; those that are silent only where there are no others. */
function membersOf(service: string, { instances, preserving }: RegistryView): readonly Instance[] {
  const members = instances.filter(({ identity }) => identity.services.includes(service));
  const healthy = members.filter((each) => endpointHealth(each, preserving) === 'healthy');
  return healthy.length > 0 ? healthy : members.filter((each) => endpointHealth(each, preserving) === 'suspect');
}

/** At most ANSWERS_MAX, in an order in which each one's chance to be first is its weight (Efraimidis and Spirakis, 2006). */
function drawn(instances: readonly Instance[], random: Random): Instance[] {
  const chosen: { readonly each: Instance; readonly key: number }[] = [];
  for (const each of instances) {
    const key = -Math.log(1 - random.next()) / weightOf(each);
    if (chosen.length === ANSWERS_MAX && key >= chosen.at(-1)!.key) continue;
    const at = chosen.findIndex((other) => other.key > key);
    chosen.splice(at === -1 ? chosen.length : at, 0, { each, key });
    if (chosen.length > ANSWERS_MAX) chosen.pop();
  }
  return chosen.map(({ each }) => each);
}

function weightOf({ identity: { weight } }: Instance): number {
  return weight === 0 ? ENDPOINT_WEIGHT : weight;
}

/** Each address once, whatever number of instances has it. */
function addresses(instances: readonly Instance[], type: string, name: string): DnsRecord[] {
  if (type !== 'A' && type !== 'AAAA') return [];
  const own = instances.map(({ identity }) => identity.address).filter((each) => isIPv4(each) === (type === 'A'));
  return [...new Set(own)].map((data) => ({ type, name, ttl: TTL_SECONDS, data }));
}

function srv(instances: readonly Instance[], name: string, service: string, { domain }: ZoneSource): DnsRecord[] {
  return instances.map((each) => {
    const target = `${instanceLabel(each)}.${service}.${domain}`;
    const data = { priority: 0, weight: Math.min(65_535, weightOf(each)), port: each.identity.port, target };
    return { type: 'SRV', name, ttl: TTL_SECONDS, data };
  });
}

function ofOne(instance: Instance, type: string, name: string, service: string, source: ZoneSource): DnsRecord[] {
  if (type === 'SRV') return srv([instance], name, service, source);
  if (type !== 'TXT') return addresses([instance], type, name);
  const { version, zone, metadata } = instance.identity;
  const texts = Object.entries({ ...metadata, version, zone })
    .filter(([, value]) => value !== '')
    .map(([key, value]) => Buffer.from(`${key}=${value}`))
    .filter((text) => text.length <= TXT_BYTES_MAX);
  return texts.length === 0 ? [] : [{ type: 'TXT', name, ttl: TTL_SECONDS, data: texts }];
}

/** The addresses of what SRV names. */
function targets(answers: readonly DnsRecord[], { instances }: Owner, source: ZoneSource): DnsRecord[] {
  const named = new Set(answers.flatMap((each) => (each.type === 'SRV' ? [each.data.target] : [])));
  if (named.size === 0) return [];
  return instances.flatMap((each) => {
    const { address, services } = each.identity;
    const target = services
      .map((service) => `${instanceLabel(each)}.${service}.${source.domain}`)
      .find((it) => named.has(it));
    if (target === undefined) return [];
    return [{ type: isIPv4(address) ? 'A' : 'AAAA', name: target, ttl: TTL_SECONDS, data: address } as const];
  });
}

function negative(rcode: 'NOERROR' | 'NXDOMAIN', source: ZoneSource): Answer {
  return { rcode, authoritative: true, answers: [], authorities: [soa(source)], additionals: [] };
}

function soa({ domain, serial }: ZoneSource): DnsRecord {
  const times = { refresh: 60, retry: 10, expire: 600, minimum: NEGATIVE_TTL_SECONDS };
  const data = { mname: `ns.${domain}`, rname: `hostmaster.${domain}`, serial, ...times };
  return { type: 'SOA', name: domain, ttl: NEGATIVE_TTL_SECONDS, data };
}

function hinfo(name: string): DnsRecord {
  return { type: 'HINFO', name, ttl: TTL_SECONDS, data: { cpu: 'RFC8482', os: '' } };
}
