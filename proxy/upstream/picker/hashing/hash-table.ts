/**
 * What ring hash and Maglev have in common: slots that belong to hosts, and a place in them for every hash. A table knows
 * all hosts of its group, whatever their health, so that one which fails takes no other's keys with it.
 */
import type { Endpoint } from '../../endpoint.ts';
import type { Weigh } from '../slow-start.ts';
import { utf8Bytes } from './xx-hash.ts';

/** One host of a table: what its places are hashed from, as latin1 text, and its share of them; shares add up to 1. */
export interface HashedHost {
  readonly key: string;
  readonly share: number;
}

export interface HashTable {
  /** The host of every slot, by its number in the list that the table was made from. Neighbours have nothing in common. */
  readonly owners: Uint16Array | Uint32Array;
  /** The slot of a hash, given in unsigned halves. HOT. */
  locate(hi: number, lo: number): number;
}

/**
 * What an endpoint is hashed by: `hash_key` of its `envoy.lb` metadata, or its address; `useHostname` takes its hostname
 * where it has one.
 */
export function hashKey({ key, config }: Endpoint, useHostname: boolean): string {
  const own = config.metadata['envoy.lb']?.hash_key;
  if (typeof own === 'string' && own !== '') return utf8Bytes(own);
  return useHostname && config.hostname !== '' ? utf8Bytes(config.hostname) : key;
}

/** Weights as shares that add up to 1. */
export function sharesOf(endpoints: readonly Endpoint[], weigh: Weigh): readonly number[] {
  const weights = endpoints.map(weigh);
  const total = weights.reduce((sum, each) => sum + each, 0);
  return weights.map((each) => each / total);
}

/** Room for the owners of that many slots. */
export function ownersOf(slots: number, hosts: number): Uint16Array | Uint32Array {
  return hosts <= 0x10000 ? new Uint16Array(slots) : new Uint32Array(slots);
}
