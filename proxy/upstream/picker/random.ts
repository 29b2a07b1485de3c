/** Random: each endpoint with a probability in proportion to its weight (Envoy's RANDOM). */
import type { Random } from '../../../kernel/random.ts';
import type { Endpoint } from '../endpoint.ts';
import type { Picker } from './picker.ts';

export class RandomPicker implements Picker {
  readonly #endpoints: readonly Endpoint[];
  readonly #totalWeight: number;
  readonly #random: Random;

  constructor(endpoints: readonly Endpoint[], random: Random) {
    this.#endpoints = endpoints;
    this.#random = random;
    this.#totalWeight = endpoints.reduce((sum, each) => sum + each.config.weight, 0);
  }

  pick(): Endpoint | null {
    let left = this.#random.next() * this.#totalWeight;
    for (const each of this.#endpoints) {
      left -= each.config.weight;
      if (left < 0) return each;
    }
    return this.#endpoints[this.#endpoints.length - 1]!;
  }
}
