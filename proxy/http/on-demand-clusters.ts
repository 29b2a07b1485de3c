/**
 * Clusters that are asked for when somebody needs them, and who waits for which. Whoever subscribes puts `demand` in its
 * place and tells what became of it; while nobody does, nothing is to be had.
 */

/** Who waits for a cluster. */
export interface ClusterWaiter {
  /** It is there, or it is known not to exist. */
  onCluster(exists: boolean): void;
}

/** Names that are remembered as not existing. Routes may take them out of headers of requests. */
const MISSING_MAX = 1_024;

export class OnDemandClusters {
  /** Subscribes to a cluster; false when it cannot be had. Null: nothing can. */
  demand: ((name: string) => boolean) | null = null;
  readonly #waiting = new Map<string, Set<ClusterWaiter>>();
  readonly #missing = new Set<string>();

  /** `asked`: the waiter will be told. `missing`: there is no such cluster. `unavailable`: it cannot be asked for. */
  ask(name: string, waiter: ClusterWaiter): 'asked' | 'missing' | 'unavailable' {
    if (this.#missing.has(name)) return 'missing';
    const others = this.#waiting.get(name);
    if (others !== undefined) {
      others.add(waiter);
      return 'asked';
    }
    this.#waiting.set(name, new Set([waiter]));
    if (this.demand?.(name) === true) return 'asked';
    this.#waiting.delete(name);
    return 'unavailable';
  }

  /** It waits no longer. */
  forget(name: string, waiter: ClusterWaiter): void {
    const waiters = this.#waiting.get(name);
    waiters?.delete(waiter);
    if (waiters?.size === 0) this.#waiting.delete(name);
  }

  /** Another configuration is active, in which these are. */
  settle(has: (name: string) => boolean): void {
    for (const name of this.#missing) if (has(name)) this.#missing.delete(name);
    for (const name of [...this.#waiting.keys()]) if (has(name)) this.#tell(name, true);
  }

  /** There is no such cluster, until one comes. */
  miss(name: string): void {
    this.#missing.add(name);
    for (const oldest of this.#missing) {
      if (this.#missing.size <= MISSING_MAX) break;
      this.#missing.delete(oldest);
    }
    this.#tell(name, false);
  }

  #tell(name: string, exists: boolean): void {
    const waiters = this.#waiting.get(name) ?? [];
    this.#waiting.delete(name);
    for (const waiter of waiters) waiter.onCluster(exists);
  }
}
