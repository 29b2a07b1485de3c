/**
 * Hedged requests (Dean and Barroso, "The Tail at Scale", 2013): what takes longer than most requests of its cluster lately
 * is asked for a second time, elsewhere; the first good answer wins, the other attempt is ended and nobody is blamed.
 *
 *   first attempt ──slower than the percentile──► second one, on another host, if the share of extra load allows it
 *
 * For requests that may be made twice without a trace: GET and HEAD, without a body. outrider.resilience.v1.Hedging; compiled
 * once per route, whose share it keeps.
 */
import { Deadline, type DeadlineOwner } from '../../../kernel/timer-wheel.ts';
import type { RoutePolicyConfig } from '../../config/model/policy.ts';
import type { Exchange } from '../../http/exchange.ts';
import type { Cluster } from '../cluster.ts';
import type { Endpoint } from '../endpoint.ts';
import type { PickContext } from '../picker/picker.ts';
import type { Attempt } from './attempt.ts';
import type { RecentLatency } from './recent-latency.ts';
import { RetryBudget } from './retry-budget.ts';

/** Over which the share of extra load holds: long enough for 5 % of little traffic. */
const SHARE_WINDOW_MS = 60_000;

export class Hedging {
  readonly #percentile: number;
  readonly #minDelayMs: number;
  readonly #share: RetryBudget;
  #delayMs = 0;
  /** What `#delayMs` was read from. */
  #source: RecentLatency | null = null;
  #generation = 0;

  constructor({ percentile, maxExtraPercent, minDelayMs }: NonNullable<RoutePolicyConfig['hedging']>) {
    this.#percentile = percentile;
    this.#minDelayMs = minDelayMs;
    this.#share = new RetryBudget({ percent: maxExtraPercent, windowMs: SHARE_WINDOW_MS, minPerSecond: 0 });
  }

  /** Counts a first attempt. HOT. */
  deposit(nowMs: number): void {
    this.#share.deposit(nowMs);
  }

  /** Takes a second attempt out of the share. */
  withdraw(nowMs: number): boolean {
    return this.#share.withdraw(nowMs);
  }

  /** After how long a first attempt is slow, in milliseconds; 0 while too little is known. HOT. */
  delayMs(latency: RecentLatency): number {
    if (latency !== this.#source || latency.generation !== this.#generation) {
      this.#source = latency;
      this.#generation = latency.generation;
      const ms = latency.generation === 0 ? 0 : latency.percentileMs(this.#percentile);
      this.#delayMs = ms === 0 ? 0 : Math.max(ms, this.#minDelayMs);
    }
    return this.#delayMs;
  }
}

/** Whether a request may be asked for twice at once. */
export function mayHedge({ method, requestDone, upgrade, bodyStart, bodyEnd }: Exchange): boolean {
  return (method === 'GET' || method === 'HEAD') && requestDone && upgrade === '' && bodyStart === bodyEnd;
}

/** A request whose first attempt is watched. */
export interface HedgeOwner extends PickContext {
  /** The first attempt, while nothing has come of it and there is no other. */
  readonly slowAttempt: Attempt | null;
  /** Other attempts go elsewhere from now on, as long as there is anywhere else. */
  avoid(endpoint: Endpoint): void;
  /** Starts another attempt beside `slow`. */
  hedge(slow: Attempt, endpoint: Endpoint): void;
}

/** Waits until a first attempt is slow, and then finds out whether there may be a second one, and where. */
export class HedgeTimer implements DeadlineOwner {
  readonly #hedging: Hedging;
  readonly #exchange: Exchange;
  readonly #cluster: Cluster;
  readonly #owner: HedgeOwner;
  readonly #deadline = new Deadline(this);

  constructor(hedging: Hedging, exchange: Exchange, cluster: Cluster, owner: HedgeOwner, delayMs: number) {
    this.#hedging = hedging;
    this.#exchange = exchange;
    this.#cluster = cluster;
    this.#owner = owner;
    cluster.loop.wheel.arm(this.#deadline, delayMs, cluster.loop.nowMs);
  }

  onDeadline(): void {
    const owner = this.#owner;
    const { loop, stats } = this.#cluster;
    loop.refresh();
    const slow = owner.slowAttempt;
    if (slow === null || slow.endpoint === null) return;
    owner.avoid(slow.endpoint);
    const endpoint = this.#cluster.pick(owner);
    if (endpoint === null || endpoint === slow.endpoint) return;
    if (this.#cluster.admit(this.#exchange.highPriority) !== null) return;
    if (!this.#hedging.withdraw(loop.nowMs)) {
      stats.rqHedgeRefused++;
      return;
    }
    stats.rqHedge++;
    this.#exchange.note(`${endpoint.key} is asked as well: ${slow.endpoint.key} takes longer than most of its cluster`);
    owner.hedge(slow, endpoint);
  }

  stop(): void {
    this.#cluster.loop.wheel.disarm(this.#deadline);
  }
}
