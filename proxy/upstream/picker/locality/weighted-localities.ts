/**
 * Locality weighted load balancing (envoyproxy.io, "Locality weighted load balancing"): traffic is shared among localities
 * by weight, and each one's endpoints share what it gets. A locality loses weight once too few of it are healthy:
 *
 *   weight x min(1, overprovisioning x available / all)
 */
import type { Endpoint } from '../../endpoint.ts';
import type { PickContext, Picker } from '../picker.ts';
import type { Weigh } from '../slow-start.ts';
import { orElsewhere } from '../tried.ts';
import { byLocality } from './locality-groups.ts';

/** A locality's share, and whom it may go to. */
export interface WeightedLocality {
  readonly weight: number;
  readonly endpoints: readonly Endpoint[];
}

/** The weight of a locality; as configured, or scaled. */
export type LocalityWeight = (all: readonly Endpoint[], configured: number) => number;

/** Localities with a share above 0, of those endpoints of one priority that may be picked. Empty when none has weight. */
export function weightedLocalities(
  all: readonly Endpoint[],
  mayPick: ReadonlySet<Endpoint>,
  overprovisioningPercent: number,
  weightOf: LocalityWeight,
): readonly WeightedLocality[] {
  return byLocality(all)
    .map(({ weight, endpoints }) => {
      const picked = endpoints.filter((each) => mayPick.has(each));
      const ratio = Math.min(1, (overprovisioningPercent / 100) * (picked.length / endpoints.length));
      return { weight: weightOf(endpoints, weight) * ratio, endpoints: picked };
    })
    .filter(({ weight }) => weight > 0);
}

/** The weights that hashing places endpoints by: a locality's share, divided among its endpoints by theirs. */
export function placeWeights(all: readonly Endpoint[], weightOf: LocalityWeight, weigh: Weigh): Weigh {
  const weights = new Map<Endpoint, number>();
  for (const { weight, endpoints } of byLocality(all)) {
    const total = endpoints.reduce((sum, each) => sum + weigh(each), 0);
    const share = weightOf(endpoints, weight);
    for (const each of endpoints) weights.set(each, (share * weigh(each)) / total);
  }
  return (endpoint) => weights.get(endpoint) ?? 0;
}

/** Turns by the smooth method, as round robin takes them, with a picker behind each. */
export class LocalityPicker implements Picker {
  readonly #pickers: readonly Picker[];
  readonly #weights: readonly number[];
  readonly #total: number;
  readonly #credit: Float64Array;

  /** There is at least one, and every weight is above 0. `start` in [0, 1) puts many sidecars out of step. */
  constructor(pickers: readonly Picker[], weights: readonly number[], start: number) {
    this.#pickers = pickers;
    this.#weights = weights;
    this.#total = weights.reduce((sum, each) => sum + each, 0);
    this.#credit = Float64Array.from(weights, (weight, i) => (i === 0 ? 0 : weight * start));
  }

  pick(context: PickContext): Endpoint | null {
    return orElsewhere(this.#pickers[this.#turn()]!.pick(context), this.#pickers, context);
  }

  #turn(): number {
    const credit = this.#credit;
    let best = 0;
    for (let i = 0; i < credit.length; i++) {
      credit[i] = credit[i]! + this.#weights[i]!;
      if (credit[i]! > credit[best]!) best = i;
    }
    credit[best] = credit[best]! - this.#total;
    return best;
  }
}
