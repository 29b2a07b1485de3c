/**
 * How much was said over all streams since the start, for metrics.
 */
import type { ResourceKind } from '../../protos/contract/resource-types.ts';

/** Counts of one kind of resource. */
export interface KindTotals {
  responses: number;
  acks: number;
  nacks: number;
}

/** See the head of this file. */
export class XdsTotals {
  readonly #kinds = new Map<ResourceKind, KindTotals>();

  /** The counts of a kind, to be added to. */
  of(kind: ResourceKind): KindTotals {
    let totals = this.#kinds.get(kind);
    if (totals === undefined) {
      totals = { responses: 0, acks: 0, nacks: 0 };
      this.#kinds.set(kind, totals);
    }
    return totals;
  }

  entries(): Iterable<[ResourceKind, KindTotals]> {
    return this.#kinds.entries();
  }
}
