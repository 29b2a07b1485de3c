/**
 * The ring of consistent hashing (Karger et al. 1997; ketama): every host stands at many points of a circle, and a hash
 * belongs to the first point at or behind it. Points are Envoy's: xxHash64 of `key_0`, `key_1`, ...
 */
import { type HashedHost, type HashTable, ownersOf } from './hash-table.ts';
import { XxHash64 } from './xx-hash.ts';

export class HashRing implements HashTable {
  readonly owners: Uint16Array | Uint32Array;
  readonly #hi: Uint32Array;
  readonly #lo: Uint32Array;

  /**
   * At least `minimumSize` points, so that the lightest host has a whole number of them, and at most `maximumSize`.
   * `hosts` is not empty.
   */
  constructor(hosts: readonly HashedHost[], minimumSize: number, maximumSize: number) {
    const points = pointsOf(hosts, minimumSize, maximumSize);
    this.owners = ownersOf(points.length, hosts.length);
    this.#hi = new Uint32Array(points.length);
    this.#lo = new Uint32Array(points.length);
    for (const [i, { owner, hi, lo }] of points.entries()) {
      this.owners[i] = owner;
      this.#hi[i] = hi;
      this.#lo[i] = lo;
    }
  }

  /** The first point at or behind the hash; behind the last comes the first again. */
  locate(hi: number, lo: number): number {
    let low = 0;
    let high = this.owners.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const pointHi = this.#hi[middle]!;
      if (pointHi < hi || (pointHi === hi && this.#lo[middle]! < lo)) low = middle + 1;
      else high = middle;
    }
    return low === this.owners.length ? 0 : low;
  }
}

interface Point {
  readonly owner: number;
  readonly hi: number;
  readonly lo: number;
}

function pointsOf(hosts: readonly HashedHost[], minimumSize: number, maximumSize: number): Point[] {
  const least = hosts.reduce((least, { share }) => Math.min(least, share), 1);
  const scale = Math.min(Math.ceil(least * minimumSize) / least, maximumSize);
  const hash = new XxHash64();
  const points: Point[] = [];
  // Shares seldom come out whole: what one host was rounded up by is taken from the next.
  let target = 0;
  for (const [owner, { key, share }] of hosts.entries()) {
    target += scale * share;
    for (let i = 0; points.length < target; i++) {
      const { hi, lo } = hash.of(`${key}_${i}`);
      points.push({ owner, hi, lo });
    }
  }
  return points.sort((a, b) => a.hi - b.hi || a.lo - b.lo);
}
