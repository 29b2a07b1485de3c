/** Where a filter keeps what it knows of an exchange, from its request to its end. One per filter of a chain. */
import type { Exchange } from './exchange.ts';

export class FilterSlot<T extends object> {
  readonly #number: number;

  /** `number` is the filter's place in its chain. */
  constructor(number: number) {
    this.#number = number;
  }

  /** What was put, or null. HOT. */
  get({ kept }: Exchange): T | null {
    // Only this filter puts anything there.
    return kept === null ? null : ((kept[this.#number] as T | undefined) ?? null);
  }

  put(exchange: Exchange, value: T): void {
    exchange.kept ??= [];
    exchange.kept[this.#number] = value;
  }
}
