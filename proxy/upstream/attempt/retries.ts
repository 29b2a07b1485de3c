/**
 * The retries of one request: whether another attempt is granted, when it starts and where it goes. Made when the first
 * attempt fails, so that a request that succeeds pays nothing.
 *
 *   take ──granted──► schedule ──back-off──► onRetryDue ──► settle, by the outcome of that attempt
 *     └─exhausted, overflow, budget
 *
 * A granted retry holds one of the cluster's concurrent retries (max_retries or retry_budget) until its outcome is known.
 */
import { fullJitterMs } from '../../../kernel/backoff.ts';
import { Deadline, type DeadlineOwner } from '../../../kernel/timer-wheel.ts';
import type { Cluster } from '../cluster.ts';
import type { Endpoint } from '../endpoint.ts';
import type { Share } from '../guard/limits.ts';
import type { PickContext } from '../picker/picker.ts';
import { hasLabels } from '../picker/subset/subset-groups.ts';
import type { RetryPolicy } from './retry-policy.ts';

/** The request that is retried, with where it wants to go. */
export interface RetryOwner extends PickContext {
  /** Attempts from now on go elsewhere, as long as there is anywhere else. */
  avoid(endpoint: Endpoint): void;
  /** The back-off is over: start the next attempt. */
  onRetryDue(): void;
}

/**
 * Whether another attempt may be made: `exhausted` has used up num_retries, `overflow` what the circuit breakers allow at
 * once, `budget` the cluster's retry budget.
 */
export type Grant = 'granted' | 'exhausted' | 'overflow' | 'budget';

export class Retries implements DeadlineOwner {
  readonly #cluster: Cluster;
  readonly #share: Share;
  readonly #policy: RetryPolicy;
  readonly #owner: RetryOwner;
  readonly #backoff: Deadline;
  #holding = false;

  constructor(cluster: Cluster, policy: RetryPolicy, owner: RetryOwner, highPriority = false) {
    this.#cluster = cluster;
    this.#share = cluster.share(highPriority);
    this.#policy = policy;
    this.#owner = owner;
    this.#backoff = new Deadline(this);
  }

  /** Asks for another attempt after `attempts` were made. */
  take(attempts: number): Grant {
    const { stats, limits, inUse } = this.#share;
    if (attempts > this.#policy.config.numRetries) {
      stats.rqRetryLimitExceeded++;
      return 'exhausted';
    }
    const budget = limits.retryBudget;
    const allowed =
      budget === null ? limits.maxRetries : Math.max(budget.minConcurrency, (inUse.requests * budget.percent) / 100);
    if (inUse.retries >= allowed) {
      stats.rqRetryOverflow++;
      return 'overflow';
    }
    if (!this.#withdraw()) return 'budget';
    inUse.retries++;
    this.#holding = true;
    return 'granted';
  }

  #withdraw(): boolean {
    const { retryBudget, loop, stats } = this.#cluster;
    if (retryBudget === null) return true;
    const granted = retryBudget.withdraw(loop.nowMs);
    if (granted) stats.retryBudgetGranted++;
    else stats.retryBudgetExhausted++;
    return granted;
  }

  /** Starts the back-off behind `failed`. `resetMs` is what the endpoint asked for, null when it did not. */
  schedule(failed: Endpoint | null, attempts: number, resetMs: number | null): void {
    const { stats, loop } = this.#cluster;
    const { backoffBaseMs, backoffMaxMs, avoidPreviousHosts } = this.#policy.config;
    if (failed !== null && avoidPreviousHosts) this.#owner.avoid(failed);
    stats.rqRetry++;
    if (resetMs === null) {
      stats.rqRetryBackoffExponential++;
      const limits = { baseMs: backoffBaseMs, maxMs: backoffMaxMs };
      loop.wheel.arm(this.#backoff, fullJitterMs(limits, attempts - 1, loop.random));
    } else {
      stats.rqRetryBackoffRatelimited++;
      // Never sooner than asked, and up to half as long again, so that many do not return together.
      loop.wheel.arm(this.#backoff, resetMs * (1 + loop.random.next() / 2));
    }
  }

  onDeadline(): void {
    this.#cluster.loop.refresh();
    this.#owner.onRetryDue();
  }

  /**
   * Where the next attempt goes: with previous_hosts elsewhere, as long as there is anywhere else; past those that other
   * host predicates name, as far as the allowed draws find another one.
   */
  pick(): Endpoint | null {
    const { omittedHosts, hostSelectionMaxAttempts } = this.#policy.config;
    const isOmitted = ({ config }: Endpoint) => omittedHosts.some((omitted) => hasLabels(config.labels, omitted));
    let endpoint = this.#cluster.pick(this.#owner);
    for (let i = 0; i < hostSelectionMaxAttempts && endpoint !== null && isOmitted(endpoint); i++) {
      endpoint = this.#cluster.pick(this.#owner);
    }
    return endpoint;
  }

  /** The attempt that was granted is over. */
  settle(succeeded: boolean): void {
    if (!this.#holding) return;
    this.#holding = false;
    this.#share.inUse.retries--;
    if (succeeded) this.#cluster.stats.rqRetrySuccess++;
  }

  /** Nobody waits for the answer any longer. */
  cancel(): void {
    this.#cluster.loop.wheel.disarm(this.#backoff);
    this.settle(false);
  }
}
