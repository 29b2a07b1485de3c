/**
 * Consistent hashing with bounded loads (Mirrokni, Thorup, Zadimoghaddam 2018; hash_balance_factor): no endpoint takes
 * more than `percent` of its even share of what is in flight, so that one popular key cannot drown its endpoint.
 *
 *   room while active < ceil(percent / 100 x (all active + 1) x share)
 */
import type { Endpoint } from '../../endpoint.ts';

/** What is in flight in the cluster. */
export interface ActiveCount {
  readonly rqActive: number;
}

export class LoadBound {
  readonly #factor: number;
  readonly #shares: ReadonlyMap<Endpoint, number>;
  readonly #stats: ActiveCount;

  /** `percent` is at least 100; shares add up to 1. */
  constructor(percent: number, shares: ReadonlyMap<Endpoint, number>, stats: ActiveCount) {
    this.#factor = percent / 100;
    this.#shares = shares;
    this.#stats = stats;
  }

  /** HOT. */
  hasRoom(endpoint: Endpoint): boolean {
    return endpoint.active < Math.ceil(this.#factor * (this.#stats.rqActive + 1) * this.#shareOf(endpoint));
  }

  /** What it carries in proportion to its share. */
  load(endpoint: Endpoint): number {
    return endpoint.active / this.#shareOf(endpoint);
  }

  #shareOf(endpoint: Endpoint): number {
    return this.#shares.get(endpoint)!;
  }
}
