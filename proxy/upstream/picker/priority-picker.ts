/** Draws a group of endpoints by its share of the traffic, then one of its endpoints: priorities, degraded ones, panic. */
import type { Random } from '../../../kernel/random.ts';
import type { ClusterStats } from '../cluster-stats.ts';
import type { Endpoint } from '../endpoint.ts';
import type { PickContext, Picker } from './picker.ts';

/** A group of endpoints with its share in percent. */
export interface PickerShare {
  readonly percent: number;
  readonly picker: Picker;
  /** Its endpoints are picked whatever their health. */
  readonly panic: boolean;
}

export class PriorityPicker implements Picker {
  readonly #shares: readonly PickerShare[];
  readonly #stats: ClusterStats;
  readonly #random: Random;

  /** `shares` sum up to 100 and there is at least one. */
  constructor(shares: readonly PickerShare[], stats: ClusterStats, random: Random) {
    this.#shares = shares;
    this.#stats = stats;
    this.#random = random;
  }

  pick(context: PickContext): Endpoint | null {
    const share = this.#draw();
    if (share.panic) this.#stats.lbHealthyPanic++;
    return share.picker.pick(context);
  }

  #draw(): PickerShare {
    const shares = this.#shares;
    if (shares.length === 1) return shares[0]!;
    let left = this.#random.next() * 100;
    for (const share of shares) {
      left -= share.percent;
      if (left < 0) return share;
    }
    return shares[shares.length - 1]!;
  }
}
