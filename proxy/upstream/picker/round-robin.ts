/**
 * Round robin, weighted by the smooth method: each turn every endpoint gains its weight, the richest is picked and pays
 * the total (NGINX's smooth weighted round robin). With equal weights that is plain rotation. Starts at a random place,
 * so that many sidecars do not march in step.
 */
import type { Random } from '../../../kernel/random.ts';
import type { Endpoint } from '../endpoint.ts';
import type { Picker } from './picker.ts';

export class RoundRobinPicker implements Picker {
  readonly #endpoints: readonly Endpoint[];
  readonly #credit: Float64Array | null;
  readonly #totalWeight: number;
  #next: number;

  constructor(endpoints: readonly Endpoint[], random: Random) {
    this.#endpoints = endpoints;
    const equal = endpoints.every((each) => each.config.weight === endpoints[0]!.config.weight);
    this.#credit = equal ? null : new Float64Array(endpoints.length);
    this.#totalWeight = endpoints.reduce((sum, each) => sum + each.config.weight, 0);
    this.#next = random.uint32() % endpoints.length;
  }

  pick(): Endpoint | null {
    const endpoints = this.#endpoints;
    const credit = this.#credit;
    if (credit === null) {
      const endpoint = endpoints[this.#next]!;
      this.#next = this.#next + 1 === endpoints.length ? 0 : this.#next + 1;
      return endpoint;
    }
    let best = 0;
    for (let i = 0; i < endpoints.length; i++) {
      credit[i] = credit[i]! + endpoints[i]!.config.weight;
      if (credit[i]! > credit[best]!) best = i;
    }
    credit[best] = credit[best]! - this.#totalWeight;
    return endpoints[best]!;
  }
}
