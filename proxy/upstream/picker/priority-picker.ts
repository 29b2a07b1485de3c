/**
 * Draws a group of endpoints by its share of the traffic, then one of its endpoints: priorities, degraded ones, panic.
 * Hashing clusters draw the group by the hash too, so that a request comes to the same endpoint again.
 */
import type { Random } from '../../../kernel/random.ts';
import type { ClusterStats } from '../cluster-stats.ts';
import type { Endpoint } from '../endpoint.ts';
import type { Hash64 } from './hashing/xx-hash.ts';
import type { PickContext, Picker } from './picker.ts';
import { orElsewhere } from './tried.ts';

/** A group of endpoints with its share in percent. */
export interface PickerShare {
  readonly percent: number;
  readonly picker: Picker;
  /** Its endpoints are picked whatever their health. */
  readonly panic: boolean;
}

export class PriorityPicker implements Picker {
  readonly #shares: readonly PickerShare[];
  readonly #pickers: readonly Picker[];
  readonly #stats: ClusterStats;
  readonly #random: Random;
  readonly #byHash: boolean;

  /** `shares` sum up to 100 and there is at least one. */
  constructor(shares: readonly PickerShare[], stats: ClusterStats, random: Random, byHash = false) {
    this.#shares = shares;
    this.#pickers = shares.map(({ picker }) => picker);
    this.#stats = stats;
    this.#random = random;
    this.#byHash = byHash;
  }

  pick(context: PickContext): Endpoint | null {
    const drawn = this.#draw(context);
    if (drawn.panic) this.#stats.lbHealthyPanic++;
    return orElsewhere(drawn.picker.pick(context), this.#pickers, context);
  }

  #draw({ hash }: PickContext): PickerShare {
    const shares = this.#shares;
    if (shares.length === 1) return shares[0]!;
    let left = this.#byHash && hash !== null ? percentOf(hash) : this.#random.next() * 100;
    for (const share of shares) {
      left -= share.percent;
      if (left < 0) return share;
    }
    return shares[shares.length - 1]!;
  }
}

/** The remainder of a hash by 100; that of 2^32 is 96. */
function percentOf({ hi, lo }: Hash64): number {
  return ((hi % 100) * 96 + (lo % 100)) % 100;
}
