/**
 * Least request: of `choices` endpoints drawn at random the one with the fewest requests in flight (power of two
 * choices, Mitzenmacher 1996; Envoy's LEAST_REQUEST). With unequal weights an endpoint's chance is
 * weight / (active + 1) ^ bias, drawn over all endpoints, as Envoy schedules them.
 */
import type { Random } from '../../../kernel/random.ts';
import type { Endpoint } from '../endpoint.ts';
import type { PickContext, Picker } from './picker.ts';
import type { Weigh } from './slow-start.ts';
import { untried } from './tried.ts';

export class LeastRequestPicker implements Picker {
  readonly #endpoints: readonly Endpoint[];
  readonly #choices: number;
  readonly #bias: number;
  readonly #random: Random;
  readonly #weigh: Weigh | null;
  readonly #weighted: boolean;

  /** `weigh` gives weights that change with time; null takes the configured ones. */
  constructor(
    endpoints: readonly Endpoint[],
    choices: number,
    bias: number,
    random: Random,
    weigh: Weigh | null = null,
  ) {
    this.#endpoints = endpoints;
    this.#choices = choices;
    this.#bias = bias;
    this.#random = random;
    this.#weigh = weigh;
    this.#weighted = weigh !== null || endpoints.some((each) => each.config.weight !== endpoints[0]!.config.weight);
  }

  pick({ tried }: PickContext): Endpoint | null {
    const endpoints = untried(this.#endpoints, tried);
    if (this.#weighted) return this.#pickWeighted(endpoints);
    const count = endpoints.length;
    let best = endpoints[this.#random.uint32() % count]!;
    for (let i = 1; i < this.#choices; i++) {
      const other = endpoints[this.#random.uint32() % count]!;
      if (other.active < best.active) best = other;
    }
    return best;
  }

  #pickWeighted(endpoints: readonly Endpoint[]): Endpoint | null {
    let total = 0;
    for (const each of endpoints) total += this.#share(each);
    let left = this.#random.next() * total;
    for (const each of endpoints) {
      left -= this.#share(each);
      if (left < 0) return each;
    }
    return endpoints[endpoints.length - 1]!;
  }

  #share(endpoint: Endpoint): number {
    const load = endpoint.active + 1;
    const weight = this.#weigh === null ? endpoint.config.weight : this.#weigh(endpoint);
    return weight / (this.#bias === 1 ? load : load ** this.#bias);
  }
}
