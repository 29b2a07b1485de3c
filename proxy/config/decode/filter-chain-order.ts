/**
 * Filter chains in the order in which a connection should try them: Envoy compares destination port, destination range,
 * server name, transport protocol, application protocol, source range and source port, in this order, and at each of
 * them prefers the more specific match.
 */
import type { FilterChainConfig, FilterChainMatch } from '../model/listener.ts';

/** The chains with the most specific match first; equals keep their order. */
export function bySpecificity(chains: readonly FilterChainConfig[]): FilterChainConfig[] {
  const ranked = chains.map((chain) => ({ chain, rank: specificity(chain.match) }));
  ranked.sort((a, b) => compareRanks(b.rank, a.rank));
  return ranked.map(({ chain }) => chain);
}

function specificity(match: FilterChainMatch): number[] {
  return [
    match.destinationPort === null ? 0 : 1,
    longestPrefix(match.prefixRanges),
    Math.max(0, ...match.serverNames.map(nameRank)),
    match.transportProtocol === '' ? 0 : 1,
    match.applicationProtocols.length === 0 ? 0 : 1,
    longestPrefix(match.sourcePrefixRanges),
    match.sourcePorts.length === 0 ? 0 : 1,
  ];
}

/** A range of any length is more specific than none. */
function longestPrefix(ranges: readonly string[]): number {
  return Math.max(0, ...ranges.map((range) => 1 + Number(range.slice(range.indexOf('/') + 1))));
}

/** An exact name is above every wildcard, a longer wildcard above a shorter one. */
function nameRank(name: string): number {
  return name.startsWith('*') ? name.length : 1_000;
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return 0;
}
