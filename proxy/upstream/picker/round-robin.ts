/**
 * Round robin, weighted by the smooth method: each turn every endpoint gains its weight, the richest is picked and pays
 * the total (NGINX's smooth weighted round robin). With equal weights that is plain rotation. Starts at a random place,
 * so that many sidecars do not march in step.
 */
import type { Random } from '../../../kernel/random.ts';
import type { Endpoint } from '../endpoint.ts';
import type { Picker } from './picker.ts';
import type { Weigh } from './slow-start.ts';

export class RoundRobinPicker implements Picker {
  readonly #endpoints: readonly Endpoint[];
  readonly #credit: Float64Array | null;
  readonly #weigh: Weigh | null;
  #next: number;

  /** `weigh` gives weights that change with time; null takes the configured ones. */
  constructor(endpoints: readonly Endpoint[], random: Random, weigh: Weigh | null = null) {
    this.#endpoints = endpoints;
    this.#weigh = weigh;
    const equal = weigh === null && endpoints.every((each) => each.config.weight === endpoints[0]!.config.weight);
    this.#credit = equal ? null : new Float64Array(endpoints.length);
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
    const weigh = this.#weigh;
    let best = 0;
    let total = 0;
    for (let i = 0; i < endpoints.length; i++) {
      const weight = weigh === null ? endpoints[i]!.config.weight : weigh(endpoints[i]!);
      total += weight;
      credit[i] = credit[i]! + weight;
      if (credit[i]! > credit[best]!) best = i;
    }
    credit[best] = credit[best]! - total;
    return endpoints[best]!;
  }
}
