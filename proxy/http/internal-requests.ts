/**
 * Which requests come from inside (envoyproxy.io, HTTP header manipulation, "x-envoy-internal"): one address alone is
 * known of them, that of the connection or the only one in x-forwarded-for, and it lies in the configured ranges. They
 * may steer the router by x-envoy-* headers; from everybody else these are removed.
 */
import { AddressRanges } from '../net/address-ranges.ts';
import type { Exchange } from './exchange.ts';
import { HeaderName } from './header-name.ts';

const FORWARDED_FOR = new HeaderName('x-forwarded-for');
const INTERNAL = new HeaderName('x-envoy-internal');

export class InternalRequests {
  readonly #ranges: AddressRanges;
  readonly #useRemoteAddress: boolean;

  constructor(ranges: readonly string[], useRemoteAddress: boolean) {
    this.#ranges = new AddressRanges(ranges);
    this.#useRemoteAddress = useRemoteAddress;
  }

  /** Notes on the exchange, and for the endpoint, whether the request is an internal one. */
  mark(exchange: Exchange): void {
    const { head } = exchange;
    exchange.internal = this.#isInternal(exchange);
    head.remove(INTERNAL);
    if (exchange.internal) head.add(INTERNAL.name, 'true');
  }

  #isInternal({ head, downstream }: Exchange): boolean {
    const line = head.find(FORWARDED_FOR, 0);
    if (this.#useRemoteAddress) return line < 0 && this.#ranges.has(downstream.connection.remote.host);
    // More than one line, or more than one address: somebody stands in between.
    return line >= 0 && head.find(FORWARDED_FOR, line + 1) < 0 && this.#ranges.has(head.value(line).trim());
  }
}
