/**
 * Finds the route of a request, once: in front of the filters where there are some that routes have a say in, else in the
 * router. HOT.
 */
import type { Random } from '../../../kernel/random.ts';
import type { RouteTable } from '../../routing/route-table.ts';
import { drawWeighted } from '../../routing/weighted-split.ts';
import type { Exchange } from '../exchange.ts';
import { HeaderName } from '../header-name.ts';

const FORWARDED_PROTO = new HeaderName('x-forwarded-proto');

export class RouteFinder {
  readonly #table: RouteTable;
  readonly #random: Random;
  /** Null when there are none. */
  readonly #internalOnly: readonly HeaderName[] | null;
  /** Some virtual host wants TLS. */
  readonly #tlsWanted: boolean;

  constructor(table: RouteTable, random: Random) {
    this.#table = table;
    this.#random = random;
    const { internalOnlyHeaders, virtualHosts } = table.config;
    this.#internalOnly =
      internalOnlyHeaders.length === 0 ? null : internalOnlyHeaders.map((name) => new HeaderName(name));
    this.#tlsWanted = virtualHosts.some((host) => host.requireTls !== 'none');
  }

  /** Sets route and weighted entry. There is none for a request that no route takes, or that is to come by TLS. */
  find(exchange: Exchange): void {
    if (this.#internalOnly !== null && !exchange.internal)
      for (const name of this.#internalOnly) exchange.head.remove(name);
    if (this.#tlsWanted && this.wantsTls(exchange)) return;
    const route = this.#table.match(exchange);
    if (route === null) return;
    exchange.route = route;
    const { action } = route.config;
    if (action.kind !== 'forward' || action.cluster.kind !== 'weighted') return;
    exchange.weighted = drawWeighted(action.cluster.clusters, action.cluster.totalWeight, this.#random);
  }

  /** require_tls: the client came in the clear, and its virtual host wants TLS. */
  wantsTls(exchange: Exchange): boolean {
    if (!this.#tlsWanted) return false;
    const host = this.#table.virtualHostOf(exchange);
    return host !== null && host.requireTls !== 'none' && schemeOf(exchange) !== 'https';
  }
}

/** The scheme the client used, as far as the proxies in front of this one tell. */
export function schemeOf({ head, manager }: Exchange): string {
  return head.first(FORWARDED_PROTO) ?? manager.scheme;
}
