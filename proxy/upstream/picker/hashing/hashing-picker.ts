/**
 * Picks by the hash of the request: the same hash goes to the same endpoint for as long as it is there. An endpoint that
 * may not have it now passes it on to the owner of the next slot, and gets its own keys back later: nobody else's keys
 * move. Without a hash any slot will do.
 */
import type { Random } from '../../../../kernel/random.ts';
import type { Endpoint } from '../../endpoint.ts';
import type { PickContext, Picker } from '../picker.ts';
import type { HashTable } from './hash-table.ts';
import type { LoadBound } from './load-bound.ts';

export class HashingPicker implements Picker {
  readonly #table: HashTable;
  /** The table's owners, those that may not be picked replaced by the next ones. */
  readonly #owners: Uint16Array | Uint32Array;
  readonly #endpoints: readonly Endpoint[];
  readonly #bound: LoadBound | null;
  readonly #random: Random;

  /** `endpoints` in the order of the table; of those that fit `mayPick` there is at least one. */
  constructor(
    table: HashTable,
    endpoints: readonly Endpoint[],
    mayPick: (endpoint: Endpoint) => boolean,
    bound: LoadBound | null,
    random: Random,
  ) {
    this.#table = table;
    this.#endpoints = endpoints;
    this.#bound = bound;
    this.#random = random;
    const usable = endpoints.map(mayPick);
    this.#owners = usable.includes(false) ? passOn(table.owners, usable) : table.owners;
  }

  pick({ hash, tried }: PickContext): Endpoint | null {
    const slot =
      hash === null
        ? this.#table.locate(this.#random.uint32(), this.#random.uint32())
        : this.#table.locate(hash.hi, hash.lo);
    if (this.#bound === null && tried === null) return this.#endpoints[this.#owners[slot]!]!;
    return this.#walk(slot, this.#bound, tried);
  }

  /** The first endpoint at or behind the slot that has not been tried and has room; else the emptiest, tried ones last. */
  #walk(slot: number, bound: LoadBound | null, tried: readonly Endpoint[] | null): Endpoint {
    const owners = this.#owners;
    const first = this.#endpoints[owners[slot]!]!;
    let fallback: Endpoint | null = null;
    for (let i = 0, at = slot; i < owners.length; i++, at = at + 1 === owners.length ? 0 : at + 1) {
      const endpoint = this.#endpoints[owners[at]!]!;
      if (endpoint === fallback || tried?.includes(endpoint)) continue;
      if (bound === null || bound.hasRoom(endpoint)) return endpoint;
      if (fallback === null || bound.load(endpoint) < bound.load(fallback)) fallback = endpoint;
    }
    return fallback ?? first;
  }
}

/** Every slot whose owner may not be picked goes to the owner of the next slot that may. */
function passOn(owners: Uint16Array | Uint32Array, usable: readonly boolean[]): Uint16Array | Uint32Array {
  const passed = owners.slice();
  let heir = owners[owners.findIndex((owner) => usable[owner] === true)]!;
  for (let slot = owners.length - 1; slot >= 0; slot--) {
    const owner = owners[slot]!;
    if (usable[owner] === true) heir = owner;
    else passed[slot] = heir;
  }
  return passed;
}
