/**
 * Peak EWMA: of two endpoints drawn at random the one where a request costs less (power of two choices, Mitzenmacher
 * 1996; Finagle's and Linkerd's balancer). Load shifts away from an endpoint as soon as it gets slow.
 *
 *   cost = latency x (requests in flight + 1)
 *
 * An endpoint that said it is overloaded comes behind all others. With unequal weights those in flight count by weight,
 * and an endpoint's chance is weight / cost^2, drawn over all endpoints as least request does: with two choices alone, a
 * light endpoint would get nothing while the heavy one is idle. Squared, so that one that is ten times as slow gets a
 * hundredth.
 */
import type { Random } from '../../../kernel/random.ts';
import type { Endpoint } from '../endpoint.ts';
import type { PickContext, Picker } from './picker.ts';
import type { Weigh } from './slow-start.ts';
import { untried } from './tried.ts';

/** Costs more than any latency: taken when everybody has it. */
const OVERLOAD_COST_MS = 1e9;

export class PeakEwmaPicker implements Picker {
  readonly #endpoints: readonly Endpoint[];
  readonly #random: Random;
  readonly #weigh: Weigh | null;
  readonly #weighted: boolean;
  readonly #meanWeight: number;

  /** All `endpoints` are measured, and there is at least one. `weigh` gives weights that change with time, or null. */
  constructor(endpoints: readonly Endpoint[], random: Random, weigh: Weigh | null = null) {
    this.#endpoints = endpoints;
    this.#random = random;
    this.#weigh = weigh;
    const { weight } = endpoints[0]!.config;
    this.#weighted = weigh !== null || endpoints.some((each) => each.config.weight !== weight);
    this.#meanWeight = endpoints.reduce((sum, each) => sum + each.config.weight, 0) / endpoints.length;
  }

  /** HOT. Measured in bench/micro: of ten endpoints, 50 ns more than least request. */
  pick({ tried }: PickContext): Endpoint | null {
    const endpoints = untried(this.#endpoints, tried);
    if (endpoints.length === 1) return endpoints[0]!;
    const weighted = this.#weighted ? this.#pickWeighted(endpoints) : null;
    return weighted ?? this.#pickOfTwo(endpoints);
  }

  #pickOfTwo(endpoints: readonly Endpoint[]): Endpoint {
    const count = endpoints.length;
    const at = this.#random.uint32() % count;
    const next = this.#random.uint32() % (count - 1);
    const one = endpoints[at]!;
    const other = endpoints[next < at ? next : next + 1]!;
    const best = cost(other) < cost(one) ? other : one;
    return best.latency!.overloaded ? (this.#cheapestFree(endpoints, at) ?? best) : best;
  }

  /** Both draws were overloaded: the best of the others, from a random place on; null when all are. */
  #cheapestFree(endpoints: readonly Endpoint[], from: number): Endpoint | null {
    let best: Endpoint | null = null;
    for (let i = 0; i < endpoints.length; i++) {
      const each = endpoints[(from + i) % endpoints.length]!;
      if (!each.latency!.overloaded && (best === null || cost(each) < cost(best))) best = each;
    }
    return best;
  }

  /** Null when all are overloaded. */
  #pickWeighted(endpoints: readonly Endpoint[]): Endpoint | null {
    let total = 0;
    for (const each of endpoints) total += this.#chance(each);
    let left = this.#random.next() * total;
    let last: Endpoint | null = null;
    for (const each of endpoints) {
      const chance = this.#chance(each);
      if (chance === 0) continue;
      left -= chance;
      last = each;
      if (left < 0) break;
    }
    return last;
  }

  #chance(endpoint: Endpoint): number {
    if (endpoint.latency!.overloaded) return 0;
    const weight = this.#weigh === null ? endpoint.config.weight : this.#weigh(endpoint);
    const share = weight / this.#meanWeight;
    return share / cost(endpoint, share) ** 2;
  }
}

function cost(endpoint: Endpoint, share = 1): number {
  const latency = endpoint.latency!;
  const costMs = latency.estimateMs * (endpoint.active / share + 1);
  return latency.overloaded ? OVERLOAD_COST_MS + costMs : costMs;
}
