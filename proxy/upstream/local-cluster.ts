/**
 * The cluster of this proxy's own kind (bootstrap: cluster_manager.local_cluster_name) and where this proxy is
 * (node.locality): by them zone aware routing judges how much of the traffic starts where. Other clusters choose their
 * pickers anew whenever it changes.
 */
import type { Endpoint } from './endpoint.ts';
import type { Place } from './picker/locality/locality-groups.ts';

export class LocalCluster {
  readonly name: string;
  readonly place: Place;
  #endpoints: readonly Endpoint[] = [];
  #onChange: () => void = () => undefined;

  constructor(name: string, place: Place) {
    this.name = name;
    this.place = place;
  }

  get endpoints(): readonly Endpoint[] {
    return this.#endpoints;
  }

  /** Whom to tell; the cluster manager. */
  watch(onChange: () => void): void {
    this.#onChange = onChange;
  }

  /** Its endpoints, or their health, are others now. */
  changed(endpoints: readonly Endpoint[]): void {
    this.#endpoints = endpoints;
    this.#onChange();
  }
}
