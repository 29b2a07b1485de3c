/**
 * How long an endpoint takes to answer: a moving average that follows a rise at once and forgets it slowly, so that an
 * endpoint which gets slow is left before the mean would show it (Finagle's and Linkerd's peak EWMA).
 *
 *   above the mean   it is the mean
 *   else             mean x w + latency x (1 - w),   w = e ^ (-time since the last one / decay)
 *
 * The time is that until the head of the answer: a stream may last for hours and says nothing by it. What ends without a
 * good answer says that it would have taken at least so long: failing fast must not look like being fast. While nothing
 * is heard the mean decays to nothing, so that an endpoint which was slow is tried again.
 */
import type { LbPolicyConfig } from '../config/model/cluster.ts';
import type { Loop } from '../net/loop.ts';

/** Options of the policy. */
export type PeakEwmaConfig = Extract<LbPolicyConfig, { readonly kind: 'peak-ewma' }>;

/** Differences below it are this proxy's own noise, where the load decides alone; also what an idle one counts as. */
export const FLOOR_MS = 1;

export class EndpointLatency {
  config: PeakEwmaConfig;
  readonly #loop: Pick<Loop, 'nowMs'>;
  #meanMs = 0;
  /** When `#meanMs` was true. */
  #atMs = 0;
  /** False until the first answer, which is taken as it is. */
  #measured = false;
  /** Attempts that have not been answered, and the sum of the times at which they began. */
  #waiting = 0;
  #waitingSinceMs = 0;
  #avoidUntilMs = 0;

  constructor(config: PeakEwmaConfig, loop: Pick<Loop, 'nowMs'>) {
    this.config = config;
    this.#loop = loop;
  }

  /** An attempt begins now. HOT. */
  begin(): void {
    this.#waiting++;
    this.#waitingSinceMs += this.#loop.nowMs;
  }

  /** The attempt that began at `startedMs` has its answer. HOT. */
  answered(startedMs: number): void {
    this.#waiting--;
    // Not subtracted down to zero: what rounding leaves would stay for ever.
    this.#waitingSinceMs = this.#waiting === 0 ? 0 : this.#waitingSinceMs - startedMs;
  }

  /** The attempt that began at `startedMs` ends without an answer. */
  gaveUp(startedMs: number): void {
    this.answered(startedMs);
    this.observe(this.#loop.nowMs - startedMs, false);
  }

  /** An attempt took so long. One that was not good can only raise the mean. HOT. */
  observe(latencyMs: number, good: boolean): void {
    const { nowMs } = this.#loop;
    const weight = this.#measured ? Math.exp((this.#atMs - nowMs) / this.config.decayMs) : 0;
    const decayedMs = this.#meanMs * weight;
    if (!good && latencyMs <= decayedMs) return;
    this.#meanMs = good ? Math.max(latencyMs, decayedMs + latencyMs * (1 - weight)) : latencyMs;
    this.#atMs = nowMs;
    this.#measured = true;
  }

  /** The endpoint has said that it has too much to do, and asks to be left alone this long; null when it did not say. */
  avoid(forMs: number | null): void {
    const { overloadPenaltyMs, maxOverloadPenaltyMs } = this.config;
    const untilMs = this.#loop.nowMs + Math.min(forMs ?? overloadPenaltyMs, maxOverloadPenaltyMs);
    this.#avoidUntilMs = Math.max(this.#avoidUntilMs, untilMs);
  }

  /** It is avoided now. */
  get overloaded(): boolean {
    return this.#avoidUntilMs > this.#loop.nowMs;
  }

  /**
   * What an answer is expected to take, in milliseconds; that those which wait have already taken longer counts too.
   * An endpoint of which nothing is known is worth one try, and the assumed latency while that is under way. HOT.
   */
  get estimateMs(): number {
    const { nowMs } = this.#loop;
    const { decayMs, initialLatencyMs } = this.config;
    let meanMs = 0;
    if (this.#measured) meanMs = this.#meanMs * Math.exp((this.#atMs - nowMs) / decayMs);
    else if (this.#waiting > 0) meanMs = initialLatencyMs;
    if (this.#waiting > 0) meanMs = Math.max(meanMs, nowMs - this.#waitingSinceMs / this.#waiting);
    return Math.max(FLOOR_MS, meanMs);
  }

  /** Forgets what it took: it has been away. */
  forget(): void {
    this.#measured = false;
    this.#meanMs = 0;
  }
}

/** Sees to it that exactly the endpoints of a cluster with this policy are measured. */
export function measureLatency(
  endpoints: readonly { latency: EndpointLatency | null }[],
  policy: LbPolicyConfig,
  loop: Pick<Loop, 'nowMs'>,
): void {
  for (const endpoint of endpoints) {
    if (policy.kind !== 'peak-ewma') endpoint.latency = null;
    else if (endpoint.latency === null) endpoint.latency = new EndpointLatency(policy, loop);
    else endpoint.latency.config = policy;
  }
}
