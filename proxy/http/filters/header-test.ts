/** Header matchers of filters: over the head, and over what Envoy calls a header and no head has. */
import type { HeaderMatch } from '../../config/model/match.ts';
import { HeaderMatcher } from '../../routing/matchers.ts';
import type { Exchange } from '../exchange.ts';
import { schemeOf } from './route-finder.ts';

/** Whether the request fits. `headersRead` takes the name of the header. */
export function compileHeader(match: HeaderMatch, headersRead: Set<string>): (exchange: Exchange) => boolean {
  const matcher = new HeaderMatcher(match);
  headersRead.add(match.name);
  if (match.name === ':scheme') return (exchange) => matcher.matchesValue(schemeOf(exchange));
  return ({ head }) => matcher.matches(head);
}

/** The same for several, all of which have to fit. */
export function compileHeaders(
  matches: readonly HeaderMatch[],
  headersRead: Set<string>,
): (exchange: Exchange) => boolean {
  const tests = matches.map((match) => compileHeader(match, headersRead));
  return (exchange) => {
    for (const test of tests) if (!test(exchange)) return false;
    return true;
  };
}
