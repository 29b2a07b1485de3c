/** Random: each endpoint with a probability in proportion to its weight (Envoy's RANDOM). */
import type { Random } from '../../../kernel/random.ts';
import type { Endpoint } from '../endpoint.ts';
import type { PickContext, Picker } from './picker.ts';
import { untried } from './tried.ts';

export class RandomPicker implements Picker {
  readonly #endpoints: readonly Endpoint[];
  readonly #totalWeight: number;
  readonly #random: Random;

  constructor(endpoints: readonly Endpoint[], random: Random) {
    this.#endpoints = endpoints;
    this.#random = random;
    this.#totalWeight = totalOf(endpoints);
  }

  pick({ tried }: PickContext): Endpoint | null {
    if (tried === null) return this.#draw(this.#endpoints, this.#totalWeight);
    const endpoints = untried(this.#endpoints, tried);
    return this.#draw(endpoints, totalOf(endpoints));
  }

  #draw(endpoints: readonly Endpoint[], totalWeight: number): Endpoint {
    let left = this.#random.next() * totalWeight;
    for (const each of endpoints) {
      left -= each.config.weight;
      if (left < 0) return each;
    }
    return endpoints[endpoints.length - 1]!;
  }
}

function totalOf(endpoints: readonly Endpoint[]): number {
  return endpoints.reduce((sum, each) => sum + each.config.weight, 0);
}
