/**
 * The answer to a question about a name of the table. PURE.
 *
 * A name that is there has no data of a type rather than being absent: who asks for AAAA and hears NXDOMAIN believes that
 * there is no A either. Names under a wildcard that leads to a cluster are the `hostname`s of its endpoints, whole or what
 * the wildcard stands for; where no endpoint has one, every such name leads to all of them, as in Envoy.
 */
import { isIPv4 } from 'node:net';
import type { Answer, DnsRecord } from '../../kernel/dns/answer.ts';
import type { Query } from '../../kernel/dns/query.ts';
import type { Random } from '../../kernel/random.ts';
import type { DnsService, DnsTarget } from '../config/model/dns.ts';
import type { DnsFilterStats } from './dns-stats.ts';
import { type DnsNode, type DnsTable, servicesOf } from './dns-table.ts';
import { beforeSearch } from './search-list.ts';

/** An endpoint, as far as names lead to it. */
export interface NamedEndpoint {
  readonly host: string;
  readonly port: number;
  /** Empty: it has none. */
  readonly hostname: string;
}

/** What answers are made of. */
export interface AnswerSource {
  readonly table: DnsTable;
  /** Endpoints of a cluster that take traffic; empty when there is no such cluster. */
  readonly endpointsOf: (cluster: string) => readonly NamedEndpoint[];
  /** Domains in which the machine's resolvers search. */
  readonly search: readonly string[];
  readonly random: Random;
  readonly stats: DnsFilterStats;
  /** Grows with time: of the SOA. */
  readonly serial: number;
}

/** DEFAULT: no client has use for more; which ones it gets changes from answer to answer. */
export const ANSWERS_MAX = 32;
/** What is not there may come at any moment. */
const NEGATIVE_TTL_SECONDS = 1;

type AskedFor = Pick<Query, 'name' | 'type'>;

/** Null: the name is somebody else's. */
export function answerFrom(query: AskedFor, source: AnswerSource): Answer | null {
  const own = answerTo(query.name, query, source);
  if (own !== null) return own;
  for (const before of beforeSearch(query.name, source.search)) {
    const answer = answerTo(before, query, source);
    if (answer === null) continue;
    source.stats.searchListAnswers++;
    return answer;
  }
  return null;
}

/** As `name` would be answered, to who asked by another one. */
function answerTo(name: string, { type, name: asked }: AskedFor, source: AnswerSource): Answer | null {
  const found = source.table.find(name);
  if (found === undefined) return null;
  source.stats.knownDomainQueries++;
  if (found.kind === 'absent') {
    // The suffix itself is there, with nothing at it.
    return negative(source.table.zoneOf(name) === name ? 'NOERROR' : 'NXDOMAIN', asked, source);
  }
  if (found.kind === 'service')
    return positive(type === 'SRV' ? srv(found.node.services, asked, source) : [], asked, source);
  const node = instancesAt(found.node, source);
  if (node === null) return negative('NXDOMAIN', asked, source);
  // RFC 8482: whoever asks for everything gets next to nothing.
  if (type === 'ANY') return positive([hinfo(asked)], asked, source);
  if (type === 'SRV') return positive(srvOfNode(node, asked, source), asked, source);
  return positive(type === 'A' || type === 'AAAA' ? addresses(node, type, asked, source) : [], asked, source);
}

/** A domain with the endpoints that it leads to. */
interface Resolved extends DnsNode {
  readonly endpoints: ReadonlyMap<string, readonly NamedEndpoint[]>;
}

/** Null: a wildcard stands there, and nobody of that name. */
function instancesAt(node: DnsNode, source: AnswerSource): Resolved | null {
  const endpoints = new Map<string, readonly NamedEndpoint[]>();
  for (const { leadsTo } of node.domains) {
    if (leadsTo.kind !== 'cluster') continue;
    const all = source.endpointsOf(leadsTo.name);
    const nameless = node.below === '' || all.every(({ hostname }) => hostname === '');
    const named = ({ hostname }: NamedEndpoint) => hostname === node.below || hostname === node.name;
    endpoints.set(leadsTo.name, nameless ? all : all.filter(named));
  }
  const somebody = node.domains.some(
    ({ leadsTo }) => leadsTo.kind !== 'cluster' || endpoints.get(leadsTo.name)!.length > 0,
  );
  return node.below === '' || somebody ? { ...node, endpoints } : null;
}

function addresses(node: Resolved, type: 'A' | 'AAAA', asked: string, source: AnswerSource): DnsRecord[] {
  const { stats, random } = source;
  const records = node.domains.flatMap(({ leadsTo, ttlSeconds }) => {
    const local = leadsTo.kind === 'addresses' ? leadsTo.addresses : [];
    const there = leadsTo.kind === 'cluster' ? node.endpoints.get(leadsTo.name)!.map(({ host }) => host) : [];
    const own = [...new Set([...local, ...there])].filter((each) => isIPv4(each) === (type === 'A'));
    if (type === 'A') stats[local.length > 0 ? 'localA' : 'clusterA'] += own.length;
    else stats[local.length > 0 ? 'localAaaa' : 'clusterAaaa'] += own.length;
    return own.map((data): DnsRecord => ({ type, name: asked, ttl: ttlSeconds, data }));
  });
  return drawn(records, random);
}

function srvOfNode({ domains, below, endpoints }: Resolved, asked: string, source: AnswerSource): DnsRecord[] {
  const services = domains.flatMap(servicesOf);
  if (services.length > 0) return srv(services, asked, source);
  // One instance has a port of its own.
  if (below === '') return [];
  return domains.flatMap(({ leadsTo, ttlSeconds }) => {
    const there = leadsTo.kind === 'cluster' ? endpoints.get(leadsTo.name)! : [];
    source.stats.clusterSrv += there.length;
    return there.map(({ port }): DnsRecord => {
      const data = { priority: 0, weight: 0, port, target: asked };
      return { type: 'SRV', name: asked, ttl: ttlSeconds, data };
    });
  });
}

function srv(services: readonly DnsService[], asked: string, source: AnswerSource): DnsRecord[] {
  const records = services.flatMap(({ targets, ttlSeconds }) =>
    targets.flatMap((target) => srvOf(target, ttlSeconds, asked, source)),
  );
  return drawn(records, source.random);
}

function srvOf(target: DnsTarget, ttl: number, name: string, { endpointsOf, stats }: AnswerSource): DnsRecord[] {
  const { to, priority, weight, port } = target;
  const record = (host: string, portOf: number): DnsRecord => {
    return { type: 'SRV', name, ttl, data: { priority, weight, port: portOf, target: host } };
  };
  if (to.kind === 'host') {
    stats.localSrv++;
    return [record(to.name, port)];
  }
  // A target is a name: an endpoint without one stands for itself by its address, as in Envoy.
  const records = endpointsOf(to.name).map((each) => record(each.hostname || each.host, port || each.port));
  stats.clusterSrv += records.length;
  return records;
}

function positive(answers: readonly DnsRecord[], asked: string, source: AnswerSource): Answer {
  if (answers.length === 0) return negative('NOERROR', asked, source);
  return { rcode: 'NOERROR', authoritative: true, answers, authorities: [], additionals: targetsOf(answers, source) };
}

/** The addresses of what SRV names, where they are of the table. */
function targetsOf(answers: readonly DnsRecord[], source: AnswerSource): DnsRecord[] {
  const names = new Set(answers.flatMap((each) => (each.type === 'SRV' ? [each.data.target] : [])));
  return [...names].flatMap((name) => {
    const found = source.table.find(name);
    const node = found?.kind === 'node' ? instancesAt(found.node, source) : null;
    return node === null ? [] : addresses(node, 'A', name, source);
  });
}

/** A random few of them in random order: the first is the one that most clients take. */
function drawn(records: DnsRecord[], random: Random): DnsRecord[] {
  for (let i = records.length - 1; i > 0; i--) {
    const other = Math.floor(random.next() * (i + 1));
    [records[i], records[other]] = [records[other]!, records[i]!];
  }
  return records.slice(0, ANSWERS_MAX);
}

function negative(rcode: 'NOERROR' | 'NXDOMAIN', asked: string, { table, serial }: AnswerSource): Answer {
  const zone = table.zoneOf(asked) ?? asked;
  const times = { refresh: 60, retry: 10, expire: 600, minimum: NEGATIVE_TTL_SECONDS };
  const data = { mname: `ns.${zone}`, rname: `hostmaster.${zone}`, serial, ...times };
  const soa: DnsRecord = { type: 'SOA', name: zone, ttl: NEGATIVE_TTL_SECONDS, data };
  return { rcode, authoritative: true, answers: [], authorities: [soa], additionals: [] };
}

function hinfo(name: string): DnsRecord {
  return { type: 'HINFO', name, ttl: NEGATIVE_TTL_SECONDS, data: { cpu: 'RFC8482', os: '' } };
}
