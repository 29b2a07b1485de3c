/**
 * What a request is limited by besides the number of all: descriptors, lists of named values that its route makes of it
 * (envoy.config.route.v3.RateLimit). Compiled with the route.
 */
import type { RateLimitAction, RateLimitConfig } from '../../../config/model/http-filter.ts';
import { rangeOf } from '../../../net/address-ranges.ts';
import { QueryMatcher } from '../../../routing/matchers.ts';
import type { Route } from '../../../routing/route-table.ts';
import { clientAddress } from '../../client-address.ts';
import type { Exchange } from '../../exchange.ts';
import { HeaderName } from '../../header-name.ts';
import { chosenClusterName } from '../chosen-cluster.ts';
import { compileHeaders } from '../header-test.ts';

/** One named value. */
export interface DescriptorEntry {
  readonly key: string;
  readonly value: string;
}

/** Makes one entry: null when there is none, which leaves out the whole descriptor; `skip` leaves out only the entry. */
type MakeEntry = (exchange: Exchange) => DescriptorEntry | 'skip' | null;

/** A descriptor as one text, for a look-up: unambiguous, whatever is in keys and values. */
export function descriptorText(entries: readonly DescriptorEntry[]): string {
  let text = '';
  for (const { key, value } of entries) text += `${key.length}:${key}${value.length}:${value}`;
  return text;
}

/** The descriptors of one route for limits of one stage. */
export class RouteDescriptors {
  readonly #makers: readonly (readonly MakeEntry[])[];

  private constructor(limits: readonly RateLimitConfig[], headersRead: Set<string>) {
    this.#makers = limits.map(({ actions }) => actions.map((action) => compileAction(action, headersRead)));
  }

  /** `virtualHost` says when its limits count beside the route's. Null when there are none. */
  static of(
    { config, virtualHost }: Route,
    stage: number,
    hostLimits: 'override' | 'include' | 'ignore',
    headersRead: Set<string>,
  ): RouteDescriptors | null {
    const own = config.action.kind === 'forward' ? config.action.rateLimits : [];
    const withHost = hostLimits === 'include' || (hostLimits === 'override' && own.length === 0);
    const limits = [...own, ...(withHost ? virtualHost.rateLimits : [])].filter((each) => each.stage === stage);
    return limits.length === 0 ? null : new RouteDescriptors(limits, headersRead);
  }

  /** The texts of the request's descriptors. */
  texts(exchange: Exchange): string[] {
    const texts: string[] = [];
    for (const makers of this.#makers) {
      const entries = entriesOf(makers, exchange);
      if (entries !== null) texts.push(descriptorText(entries));
    }
    return texts;
  }
}

function entriesOf(makers: readonly MakeEntry[], exchange: Exchange): readonly DescriptorEntry[] | null {
  const entries: DescriptorEntry[] = [];
  for (const make of makers) {
    const entry = make(exchange);
    if (entry === null) return null;
    if (entry !== 'skip') entries.push(entry);
  }
  return entries;
}

function compileAction(action: RateLimitAction, headersRead: Set<string>): MakeEntry {
  switch (action.kind) {
    case 'destination-cluster':
      return (exchange) => ({ key: 'destination_cluster', value: chosenClusterName(exchange) });
    case 'remote-address':
      return (exchange) => ({ key: 'remote_address', value: clientAddress(exchange).address });
    case 'masked-remote-address': {
      const { v4Bits, v6Bits } = action;
      return (exchange) => {
        const { address } = clientAddress(exchange);
        const bits = address.includes(':') ? v6Bits : v4Bits;
        return { key: 'masked_remote_address', value: rangeOf(address, bits) };
      };
    }
    case 'generic-key': {
      const { key, value } = action;
      return () => ({ key, value });
    }
    case 'request-header': {
      const { key, skipIfAbsent } = action;
      const name = new HeaderName(action.name);
      headersRead.add(name.name);
      return ({ head }) => {
        const value = head.first(name);
        if (value !== null && value !== '') return { key, value };
        return skipIfAbsent ? 'skip' : null;
      };
    }
    case 'peer-certificate': {
      const { name, key, skipIfAbsent } = action;
      return ({ downstream: { connection } }) => {
        const { tls } = connection;
        const value = name === 'subject' ? tls?.subject : tls?.firstName(name);
        if (value) return { key, value };
        return skipIfAbsent ? 'skip' : null;
      };
    }
    case 'header-match': {
      const { key, value, expectMatch } = action;
      const fits = compileHeaders(action.headers, headersRead);
      return (exchange) => (fits(exchange) === expectMatch ? { key, value } : null);
    }
    case 'query-match': {
      const { key, value, expectMatch } = action;
      const matchers = action.parameters.map((each) => new QueryMatcher(each));
      return ({ head: { path } }) => {
        const mark = path.indexOf('?');
        const query = mark < 0 ? '' : path.slice(mark + 1);
        return matchers.every((each) => each.matches(query)) === expectMatch ? { key, value } : null;
      };
    }
  }
}
