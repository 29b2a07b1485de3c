/** Picks a locality by zone aware routing, then one of its endpoints. */
import type { Random } from '../../../../kernel/random.ts';
import type { ClusterStats } from '../../cluster-stats.ts';
import type { Endpoint } from '../../endpoint.ts';
import type { PickContext, Picker } from '../picker.ts';
import { orElsewhere } from '../tried.ts';
import type { ZoneRouting } from './zone-routing.ts';

export class ZonePicker implements Picker {
  readonly #routing: ZoneRouting;
  readonly #pickers: readonly Picker[];
  readonly #everywhere: Picker;
  readonly #percent: number;
  readonly #stats: ClusterStats;
  readonly #random: Random;
  readonly #capacity: number;

  /** A picker for every locality of the routing, and one over all; `percent` of the requests are routed by zone. */
  constructor(
    routing: ZoneRouting,
    pickers: readonly Picker[],
    everywhere: Picker,
    percent: number,
    stats: ClusterStats,
    random: Random,
  ) {
    this.#routing = routing;
    this.#pickers = pickers;
    this.#everywhere = everywhere;
    this.#percent = percent;
    this.#stats = stats;
    this.#random = random;
    this.#capacity = routing.kind === 'direct' ? 0 : routing.capacity.reduce((sum, each) => sum + each, 0);
  }

  pick(context: PickContext): Endpoint | null {
    const byZone = this.#percent === 100 || this.#random.next() * 100 < this.#percent;
    const picker = byZone ? this.#pickers[this.#locality(this.#routing)]! : this.#everywhere;
    return orElsewhere(picker.pick(context), this.#pickers, context);
  }

  #locality(routing: ZoneRouting): number {
    const stats = this.#stats;
    if (routing.kind === 'direct') {
      stats.lbZoneRoutingAllDirectly++;
      return routing.own;
    }
    if (routing.own !== null && this.#random.next() * 10_000 < routing.stays) {
      stats.lbZoneRoutingSampled++;
      return routing.own;
    }
    stats.lbZoneRoutingCrossZone++;
    const { capacity } = routing;
    if (this.#capacity === 0) {
      stats.lbZoneNoCapacityLeft++;
      return this.#random.uint32() % capacity.length;
    }
    let left = this.#random.next() * this.#capacity;
    for (let i = 0; i < capacity.length; i++) {
      left -= capacity[i]!;
      if (left < 0) return i;
    }
    return capacity.length - 1;
  }
}
