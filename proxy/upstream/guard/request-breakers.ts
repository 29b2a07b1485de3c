/** The request breakers of one loop by the names of their templates: they outlive the routes of one configuration. */

import type { RoutePolicyConfig } from '../../config/model/policy.ts';
import type { RouteTableConfig } from '../../config/model/route.ts';
import type { BreakerClock } from './breaker.ts';
import { RequestBreaker, type SharedOpening } from './request-breaker.ts';

/** The time of a loop, which stands still while nothing comes in: whoever asks from elsewhere refreshes it. */
export interface LoopClock extends BreakerClock {
  refresh(): number;
}

/** What a caller sees of a shared breaker. */
export interface BreakerView {
  readonly name: string;
  readonly open: boolean;
  /** In its window: let through, or refused by the caller's own breaker. */
  readonly requests: number;
}

export class RequestBreakers {
  readonly #clock: LoopClock;
  readonly #all = new Map<string, RequestBreaker>();
  /** What the control plane said last. */
  #openings: ReadonlyMap<string, SharedOpening> = new Map();

  constructor(clock: LoopClock) {
    this.#clock = clock;
  }

  /** The breaker that a route asks for, made or changed as it says; null for none. Where two routes differ the last counts. */
  of(config: RoutePolicyConfig['requestBreaker']): RequestBreaker | null {
    if (config === null) return null;
    const { name, breaker, shared } = config;
    const known = this.#all.get(name);
    if (known !== undefined) {
      known.update(breaker, shared);
      return known;
    }
    const made = new RequestBreaker(name, breaker, shared, this.#clock);
    made.hold(this.#openings.get(name) ?? null);
    this.#all.set(name, made);
    return made;
  }

  /** As they are now. */
  all(): readonly RequestBreaker[] {
    this.#clock.refresh();
    return [...this.#all.values()];
  }

  /** Forgets those that no route of these tables names. */
  retain(tables: Iterable<RouteTableConfig>): void {
    const names = new Set<string>();
    for (const { virtualHosts } of tables) {
      for (const { policy } of virtualHosts.flatMap(({ routes }) => routes)) {
        if (policy.requestBreaker !== null) names.add(policy.requestBreaker.name);
      }
    }
    for (const [name, breaker] of this.#all) {
      if (names.has(name)) continue;
      breaker.destroy();
      this.#all.delete(name);
    }
  }

  /** Takes everything that the control plane holds open. */
  hold(openings: ReadonlyMap<string, SharedOpening>): void {
    this.#clock.refresh();
    this.#openings = openings;
    for (const breaker of this.#all.values()) breaker.hold(openings.get(breaker.name) ?? null);
  }

  /** What is told of the shared ones that are in use. */
  views(): readonly BreakerView[] {
    const shared = this.all().filter((each) => each.shared);
    const views = shared.map(({ name, own }) => ({ name, open: own.state === 'open', requests: own.requests }));
    return views.filter(({ open, requests }) => open || requests > 0);
  }

  destroy(): void {
    for (const each of this.#all.values()) each.destroy();
  }
}
