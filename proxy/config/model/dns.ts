/** A listener that answers DNS. envoy.extensions.filters.udp.dns_filter.v3.DnsFilterConfig. See README.md beside this file. */
import type { SocketAddress } from './common.ts';

/** DnsFilterConfig. Names are lower case and have no dot at their ends. */
export interface DnsConfig {
  readonly statPrefix: string;
  /** virtual_domains; entries of one name add up. */
  readonly domains: readonly DnsDomain[];
  /** known_suffixes: names that end so and are not in the table do not exist. */
  readonly suffixes: readonly string[];
  /** client_config: who is asked for everything else; null: nobody. */
  readonly forward: DnsForwarding | null;
}

/** DnsTable.DnsVirtualDomain. */
export interface DnsDomain {
  /** A name, or `*.` and one. */
  readonly name: string;
  /** Default 5. */
  readonly ttlSeconds: number;
  readonly leadsTo:
    | { readonly kind: 'addresses'; readonly addresses: readonly string[] }
    | { readonly kind: 'cluster'; readonly name: string }
    | { readonly kind: 'services'; readonly services: readonly DnsService[] };
}

/** DnsTable.DnsService: SRV records. */
export interface DnsService {
  /** `_http._tcp`, which stands in front of the domain. */
  readonly prefix: string;
  readonly ttlSeconds: number;
  readonly targets: readonly DnsTarget[];
}

/** DnsTable.DnsServiceTarget. */
export interface DnsTarget {
  readonly to: { readonly kind: 'host'; readonly name: string } | { readonly kind: 'cluster'; readonly name: string };
  readonly priority: number;
  readonly weight: number;
  /** 0: each endpoint's own, of a cluster. */
  readonly port: number;
}

/** DnsFilterConfig.ClientContextConfig. */
export interface DnsForwarding {
  /** Empty: those of the machine. */
  readonly resolvers: readonly SocketAddress[];
  /** The machine's own come before `resolvers`. */
  readonly systemFirst: boolean;
  /** Of one try; default 1,500. */
  readonly timeoutMs: number;
  /** Default 3. */
  readonly tries: number;
  /** Questions that wait at once; default 512. */
  readonly pendingMax: number;
}
