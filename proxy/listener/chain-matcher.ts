/**
 * Which filter chain takes a connection (envoy.config.listener.v3.FilterChainMatch).
 *
 * Criteria are looked at one after the other, as in Envoy: destination port, destination range, server name, transport
 * protocol, application protocols, direct source range, source type, source range, source port. At each of them the
 * chains with the most specific match stay in the race and all others are out for good, even when nothing is left in the
 * end: then the default chain takes the connection, or it is closed.
 */
import type { SocketAddress } from '../config/model/common.ts';
import type { FilterChainMatch } from '../config/model/listener.ts';
import { AddressRanges } from '../net/address-ranges.ts';

/** What is known of a connection when its chain is chosen. */
export interface ConnectionFacts {
  readonly local: SocketAddress;
  readonly remote: SocketAddress;
  readonly directRemote: SocketAddress;
  /** Lower case; empty when none was seen. */
  readonly serverName: string;
  readonly transportProtocol: 'raw_buffer' | 'tls';
  /** As offered by ALPN, or as the first bytes tell. */
  readonly applicationProtocols: readonly string[];
}

/** How well a connection fits: 0 where nothing is asked, more the more specific it is, -1 for a misfit. */
type Score = (facts: ConnectionFacts) => number;

const MISFIT = -1;
const UNASKED: Score = () => 0;

interface Candidate<T> {
  readonly value: T;
  readonly scores: readonly Score[];
}

export class ChainMatcher<T> {
  readonly #candidates: readonly Candidate<T>[];
  readonly #fallback: T | null;
  /** Every connection gets this one: nothing is asked of any. */
  readonly #only: T | null;

  constructor(chains: readonly { readonly match: FilterChainMatch; readonly value: T }[], fallback: T | null) {
    this.#candidates = chains.map(({ match, value }) => ({ value, scores: compile(match) }));
    this.#fallback = fallback;
    const [first] = this.#candidates;
    const free = this.#candidates.length === 1 && first!.scores.every((score) => score === UNASKED);
    this.#only = free ? first!.value : null;
  }

  /** The chain for any connection whatever, or null when it depends. */
  get only(): T | null {
    return this.#only;
  }

  /** The chain for a connection, or null when there is none. */
  match(facts: ConnectionFacts): T | null {
    if (this.#only !== null) return this.#only;
    let left = this.#candidates;
    for (let criterion = 0; left.length > 0 && criterion < left[0]!.scores.length; criterion++) {
      const scored = left.map((each) => ({ each, score: each.scores[criterion]!(facts) }));
      const best = Math.max(...scored.map(({ score }) => score));
      left = best === MISFIT ? [] : scored.filter(({ score }) => score === best).map(({ each }) => each);
    }
    return left[0]?.value ?? this.#fallback;
  }
}

function compile(match: FilterChainMatch): readonly Score[] {
  const { destinationPort, serverNames, transportProtocol, applicationProtocols, sourceType, sourcePorts } = match;
  return [
    destinationPort === null ? UNASKED : ({ local }) => fits(local.port === destinationPort),
    rangeScore(match.prefixRanges, ({ local }) => local.host),
    serverNames.length === 0 ? UNASKED : ({ serverName }) => nameScore(serverNames, serverName),
    transportProtocol === '' ? UNASKED : (facts) => fits(facts.transportProtocol === transportProtocol),
    applicationProtocols.length === 0
      ? UNASKED
      : (facts) => fits(facts.applicationProtocols.some((each) => applicationProtocols.includes(each))),
    rangeScore(match.directSourcePrefixRanges, ({ directRemote }) => directRemote.host),
    sourceType === 'any' ? UNASKED : (facts) => fits(isNear(facts) === (sourceType === 'same-ip-or-loopback')),
    rangeScore(match.sourcePrefixRanges, ({ remote }) => remote.host),
    sourcePorts.length === 0 ? UNASKED : ({ remote }) => fits(sourcePorts.includes(remote.port)),
  ];
}

function fits(fit: boolean): number {
  return fit ? 1 : MISFIT;
}

/** The longest range that holds the address; /0 counts more than no range at all. */
function rangeScore(ranges: readonly string[], addressOf: (facts: ConnectionFacts) => string): Score {
  if (ranges.length === 0) return UNASKED;
  const compiled = new AddressRanges(ranges);
  return (facts) => {
    const longest = compiled.longestPrefix(addressOf(facts));
    return longest < 0 ? MISFIT : longest + 1;
  };
}

/** An exact name is above every wildcard, a longer wildcard above a shorter one. */
function nameScore(wanted: readonly string[], serverName: string): number {
  let best = MISFIT;
  for (const name of wanted) {
    if (name === serverName) return Number.MAX_SAFE_INTEGER;
    if (name.startsWith('*.') && serverName.endsWith(name.slice(1)) && name.length > best) best = name.length;
  }
  return best;
}

function isNear({ directRemote, local }: ConnectionFacts): boolean {
  const { host } = directRemote;
  return host === local.host || host.startsWith('127.') || host === '::1';
}
