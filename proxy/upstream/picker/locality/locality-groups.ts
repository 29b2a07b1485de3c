/** Endpoints of one priority by where they are. PURE. */
import type { LocalityConfig } from '../../../config/model/cluster.ts';
import type { Endpoint } from '../../endpoint.ts';

/** Where a node or an endpoint is. */
export type Place = Pick<LocalityConfig, 'region' | 'zone' | 'subZone'>;

/** The endpoints of one locality. */
export interface LocalityGroup {
  readonly place: Place;
  /** load_balancing_weight; 0 when absent. */
  readonly weight: number;
  readonly endpoints: readonly Endpoint[];
}

/** In the order in which localities first appear. */
export function byLocality(endpoints: readonly Endpoint[]): LocalityGroup[] {
  const groups = new Map<string, { place: Place; weight: number; endpoints: Endpoint[] }>();
  for (const endpoint of endpoints) {
    const { locality } = endpoint;
    const key = placeKey(locality);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { place: locality, weight: locality.weight, endpoints: [endpoint] });
    else group.endpoints.push(endpoint);
  }
  return [...groups.values()];
}

/** Two places are the same when their keys are. */
export function placeKey({ region, zone, subZone }: Place): string {
  return JSON.stringify([region, zone, subZone]);
}
