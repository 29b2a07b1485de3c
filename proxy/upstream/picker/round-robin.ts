/**
 * Round robin, weighted by the smooth method: each turn every endpoint gains its weight, the richest is picked and pays
 * the total (NGINX's smooth weighted round robin). With equal weights that is plain rotation. Starts at a random place,
 * so that many sidecars do not march in step.
 */
import type { Random } from '../../../kernel/random.ts';
import type { Endpoint } from '../endpoint.ts';
import type { PickContext, Picker } from './picker.ts';
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

  pick({ tried }: PickContext): Endpoint | null {
    if (this.#credit === null) return this.#rotate(tried);
    return this.#richest(this.#credit, tried) ?? this.#richest(this.#credit, null);
  }

  #rotate(tried: readonly Endpoint[] | null): Endpoint {
    const endpoints = this.#endpoints;
    let endpoint = this.#turn();
    if (tried === null) return endpoint;
    for (let i = 1; i < endpoints.length && tried.includes(endpoint); i++) endpoint = this.#turn();
    return endpoint;
  }

  #turn(): Endpoint {
    const endpoint = this.#endpoints[this.#next]!;
    this.#next = this.#next + 1 === this.#endpoints.length ? 0 : this.#next + 1;
    return endpoint;
  }

  /** A turn that those who were tried sit out; null when nobody is left. */
  #richest(credit: Float64Array, tried: readonly Endpoint[] | null): Endpoint | null {
    const endpoints = this.#endpoints;
    const weigh = this.#weigh;
    let best = -1;
    let total = 0;
    for (let i = 0; i < endpoints.length; i++) {
      const endpoint = endpoints[i]!;
      if (tried?.includes(endpoint)) continue;
      const weight = weigh === null ? endpoint.config.weight : weigh(endpoint);
      total += weight;
      credit[i] = credit[i]! + weight;
      if (best < 0 || credit[i]! > credit[best]!) best = i;
    }
    if (best < 0) return null;
    credit[best] = credit[best]! - total;
    return endpoints[best]!;
  }
}
