/**
 * Maglev hashing (Eisenbud et al., "Maglev: a fast and reliable software network load balancer", NSDI 2016, section 3.4):
 * hosts take turns to fill a table, each in an order of its own. Look-up is one remainder. Filled as Envoy does.
 */
import { type HashedHost, type HashTable, ownersOf } from './hash-table.ts';
import { type Hash64, XxHash64 } from './xx-hash.ts';

const FREE = 0xffffffff;

export class MaglevTable implements HashTable {
  readonly owners: Uint16Array | Uint32Array;
  readonly #size: number;
  /** 2^32 modulo the size. */
  readonly #wrap: number;

  /** `size` is a prime below 2^24, well above the number of hosts, and there is at least one. */
  constructor(hosts: readonly HashedHost[], size: number) {
    this.#size = size;
    this.#wrap = 2 ** 32 % size;
    this.owners = this.#fill(hosts);
  }

  locate(hi: number, lo: number): number {
    return remainder(hi, lo, this.#size, this.#wrap);
  }

  #fill(hosts: readonly HashedHost[]): Uint16Array | Uint32Array {
    const size = this.#size;
    const table = new Uint32Array(size).fill(FREE);
    const hash = new XxHash64();
    const next = hosts.map(({ key }) => this.#modulo(hash.of(key), size));
    const skip = hosts.map(({ key }) => this.#modulo(hash.of(key, 0, 1), size - 1) + 1);
    const most = hosts.reduce((most, { share }) => Math.max(most, share), 0);
    // A host whose share is a third of the greatest comes in every third round.
    const due = new Float64Array(hosts.length);
    let filled = 0;
    for (let round = 1; filled < size; round++) {
      for (let host = 0; host < hosts.length && filled < size; host++) {
        if (round * hosts[host]!.share < due[host]!) continue;
        due[host]! += most;
        let slot = next[host]!;
        while (table[slot] !== FREE) slot = (slot + skip[host]!) % size;
        table[slot] = host;
        next[host] = (slot + skip[host]!) % size;
        filled++;
      }
    }
    const owners = ownersOf(size, hosts.length);
    owners.set(table);
    return owners;
  }

  #modulo({ hi, lo }: Hash64, divisor: number): number {
    return remainder(hi, lo, divisor, 2 ** 32 % divisor);
  }
}

/** Of 64 bits; `wrap` is 2^32 modulo the divisor. Every product stays below 2^48. */
function remainder(hi: number, lo: number, divisor: number, wrap: number): number {
  return ((hi % divisor) * wrap + (lo % divisor)) % divisor;
}
