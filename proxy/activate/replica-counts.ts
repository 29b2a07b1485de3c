/** How many replicas each service has, as the control plane has told last. Nothing is known before, and without one. */
import type { ReadyReplicas } from '../http/filters/quota/ready-replicas.ts';

/** What is told of one service: part of outrider.scaling.v1.ScalingDecision. */
export interface Scale {
  readonly readyReplicas: number;
}

export class ReplicaCounts implements ReadyReplicas {
  #scales: ReadonlyMap<string, Scale> = new Map();

  /** Everything that is known now, by service. */
  set(scales: ReadonlyMap<string, Scale>): void {
    this.#scales = scales;
  }

  of(service: string): number {
    return this.#scales.get(service)?.readyReplicas ?? 0;
  }
}
