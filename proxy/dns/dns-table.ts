/**
 * The names that a sidecar answers itself, ready to be looked up. PURE.
 *
 *   catalog, catalog.mesh        a domain of the table
 *   catalog-1.catalog.mesh       below a domain `*.catalog.mesh`; the longest such counts, exact names before it
 *   _http._tcp.catalog.mesh      a service of a domain
 *   nosuch.mesh                  ends in a known suffix: it does not exist, and nobody else is asked
 */
import type { DnsConfig, DnsDomain, DnsService } from '../config/model/dns.ts';

/** What stands at a name. */
export interface DnsNode {
  readonly name: string;
  /** In the order of the table. */
  readonly domains: readonly DnsDomain[];
  /** The labels that a wildcard stood for, with their dots; empty for an exact name. */
  readonly below: string;
}

/** A name of SRV records. */
export interface DnsServiceNode {
  readonly services: readonly DnsService[];
}

/** Where a name leads. `absent`: in a known suffix, and nowhere. */
export type DnsFound =
  | { readonly kind: 'node'; readonly node: DnsNode }
  | { readonly kind: 'service'; readonly node: DnsServiceNode }
  | { readonly kind: 'absent' };

/** See the head of this file. */
export class DnsTable {
  readonly #domains: ReadonlyMap<string, readonly DnsDomain[]>;
  readonly #suffixes: ReadonlySet<string>;

  constructor({ domains, suffixes }: Pick<DnsConfig, 'domains' | 'suffixes'>) {
    this.#domains = Map.groupBy(domains, ({ name }) => name);
    this.#suffixes = new Set(suffixes);
  }

  /** Undefined: the name is somebody else's. `name` is in lower case, without a last dot. */
  find(name: string): DnsFound | undefined {
    const exact = this.#domains.get(name);
    if (exact !== undefined) return { kind: 'node', node: { name, domains: exact, below: '' } };
    return this.#service(name) ?? this.#wildcard(name) ?? (this.zoneOf(name) === null ? undefined : { kind: 'absent' });
  }

  /** The longest known suffix of a name, which may be all of it; null when it has none. */
  zoneOf(name: string): string | null {
    for (const suffix of suffixesOf(name)) if (this.#suffixes.has(suffix)) return suffix;
    return null;
  }

  #service(name: string): DnsFound | undefined {
    const match = /^(?:(_[^.]+)\.)?(_(?:tcp|udp))\.(.+)$/.exec(name);
    if (match === null) return undefined;
    const [, service, protocol, domain] = match;
    const services = this.#domains.get(domain!)?.flatMap(servicesOf) ?? [];
    if (service === undefined) {
      // It has something below it, and nothing at it.
      const inside = services.some(({ prefix }) => prefix.endsWith(`.${protocol}`));
      return inside ? { kind: 'service', node: { services: [] } } : undefined;
    }
    const found = services.filter(({ prefix }) => prefix === `${service}.${protocol}`);
    return found.length === 0 ? undefined : { kind: 'service', node: { services: found } };
  }

  #wildcard(name: string): DnsFound | undefined {
    for (const suffix of suffixesOf(name)) {
      const domains = suffix === name ? undefined : this.#domains.get(`*.${suffix}`);
      if (domains === undefined) continue;
      return { kind: 'node', node: { name, domains, below: name.slice(0, -suffix.length - 1) } };
    }
    return undefined;
  }
}

/** The SRV records of a domain. */
export function servicesOf({ leadsTo }: DnsDomain): readonly DnsService[] {
  return leadsTo.kind === 'services' ? leadsTo.services : [];
}

/** `a.b.c`, `b.c`, `c`. */
function* suffixesOf(name: string): Generator<string> {
  for (let at = 0; ; ) {
    yield name.slice(at);
    const dot = name.indexOf('.', at);
    if (dot === -1) return;
    at = dot + 1;
  }
}
