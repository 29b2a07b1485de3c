/**
 * Zone aware routing (envoyproxy.io, "Zone aware routing"): as much as possible stays in this proxy's own locality, and no
 * locality gets more than its endpoints are worth. Shares are of 10,000, rounded down as in Envoy. PURE.
 *
 *   peers here / all peers  <=  endpoints here / all endpoints    everything stays
 *   otherwise                                                     stays: endpoints' share / peers' share; the rest goes
 *                                                                 where endpoints' share exceeds that of the peers
 */
import { type LocalityGroup, type Place, placeKey } from './locality-groups.ts';

/** Where one request may go; numbers are those of the localities given. */
export type ZoneRouting =
  | { readonly kind: 'direct'; readonly own: number }
  | {
      readonly kind: 'residual';
      /** Null when no endpoint is in the own locality. */
      readonly own: number | null;
      /** How many of 10,000 requests stay. */
      readonly stays: number;
      /** What each locality can take beyond the share of its own peers. */
      readonly capacity: readonly number[];
    };

const WHOLE = 10_000;

/** `peers` are this proxy's own kind, `upstream` the healthy endpoints; neither is empty. */
export function zoneRouting(
  own: Place,
  peers: readonly LocalityGroup[],
  upstream: readonly LocalityGroup[],
): ZoneRouting {
  const peerShares = sharesOf(peers);
  const shares = sharesOf(upstream);
  const localities = upstream.map(({ place }) => {
    const key = placeKey(place);
    return { key, peers: peerShares.get(key) ?? 0, share: shares.get(key)! };
  });
  const ownKey = placeKey(own);
  const at = localities.findIndex(({ key, share }) => key === ownKey && share > 0);
  const here = localities[at];
  if (here !== undefined && here.share >= here.peers) return { kind: 'direct', own: at };
  return {
    kind: 'residual',
    own: here === undefined ? null : at,
    stays: here === undefined ? 0 : Math.floor((here.share * WHOLE) / here.peers),
    capacity: localities.map((each) => (each.key === ownKey ? 0 : Math.max(0, each.share - each.peers))),
  };
}

function sharesOf(groups: readonly LocalityGroup[]): ReadonlyMap<string, number> {
  const total = groups.reduce((sum, { endpoints }) => sum + endpoints.length, 0);
  return new Map(
    groups.map(({ place, endpoints }) => [
      placeKey(place),
      total === 0 ? 0 : Math.floor((WHOLE * endpoints.length) / total),
    ]),
  );
}
