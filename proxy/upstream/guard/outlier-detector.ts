/**
 * Outlier detection: takes endpoints that keep failing out of the picker for a while (Envoy's algorithm,
 * envoy.config.cluster.v3.OutlierDetection).
 *
 *   in rotation ──consecutive failures, or worse than the others in one interval──► ejected for base x times ejected
 *        ▲                                                                        (at most the maximum), plus jitter
 *        └────────────────────────────── time is over ──────────────────────────────┘
 *
 * `max_ejection_percent` limits how many may be out at once; one endpoint may always be ejected when
 * `always_eject_one_host` says so. Return is checked once per interval, as Envoy does. With
 * `split_external_local_origin_errors` what endpoints answer and what happens on the way to them are judged apart.
 */
import { Deadline, type DeadlineOwner } from '../../../kernel/timer-wheel.ts';
import type { OutlierConfig } from '../../config/model/cluster.ts';
import type { Loop } from '../../net/loop.ts';
import type { ClusterStats } from '../cluster-stats.ts';
import type { Endpoint } from '../endpoint.ts';
import { OutlierRecord, type Tally } from './outlier-record.ts';
import { aboveFailurePercentage, belowSuccessRate } from './outlier-statistics.ts';

/** How an attempt ended, as the detector sees it. `timeout` and `local-failure` happened on the way to the endpoint. */
export type Outcome = 'success' | 'server-error' | 'gateway-error' | 'timeout' | 'local-failure';

/** Why an endpoint stands out, and the part of the configuration and statistics that this is about. */
type Reason =
  | 'Consecutive5xx'
  | 'ConsecutiveGatewayFailure'
  | 'ConsecutiveLocalOriginFailure'
  | 'SuccessRate'
  | 'LocalOriginSuccessRate'
  | 'FailurePercentage'
  | 'FailurePercentageLocalOrigin';

export class OutlierDetector implements DeadlineOwner {
  readonly #config: OutlierConfig;
  readonly #loop: Loop;
  readonly #stats: ClusterStats;
  readonly #endpoints: () => readonly Endpoint[];
  readonly #onChange: () => void;
  readonly #interval: Deadline;

  /** `onChange` is called when an endpoint was ejected or came back. */
  constructor(
    config: OutlierConfig,
    loop: Loop,
    stats: ClusterStats,
    endpoints: () => readonly Endpoint[],
    onChange: () => void,
  ) {
    this.#config = config;
    this.#loop = loop;
    this.#stats = stats;
    this.#endpoints = endpoints;
    this.#onChange = onChange;
    this.#interval = new Deadline(this);
  }

  /** Counts the end of one attempt. HOT: a success costs a few stores. */
  record(endpoint: Endpoint, outcome: Outcome): void {
    endpoint.outlier ??= new OutlierRecord();
    const record = endpoint.outlier;
    if (!this.#interval.armed) this.#loop.wheel.arm(this.#interval, this.#config.intervalMs);
    const split = this.#config.splitExternalLocalOriginErrors;
    if (outcome === 'success') {
      record.forgive();
      record.external.total++;
      if (split) record.local.total++;
    } else if (split && (outcome === 'timeout' || outcome === 'local-failure')) this.#onLocalFailure(endpoint, record);
    else this.#onFailure(endpoint, record, outcome, split);
  }

  #onLocalFailure(endpoint: Endpoint, record: OutlierRecord): void {
    record.local.total++;
    record.local.failed++;
    const { consecutiveLocalOriginFailure: threshold } = this.#config;
    if (++record.consecutiveLocal < threshold || threshold === 0 || endpoint.ejected) return;
    record.consecutiveLocal = 0;
    this.#standsOut(endpoint, record, 'ConsecutiveLocalOriginFailure');
  }

  #onFailure(endpoint: Endpoint, record: OutlierRecord, outcome: Outcome, answered: boolean): void {
    const { consecutive5xx, consecutiveGatewayFailure } = this.#config;
    record.external.total++;
    record.external.failed++;
    if (answered) {
      // It answered: nothing is wrong with the way to it.
      record.local.total++;
      record.consecutiveLocal = 0;
    }
    record.consecutive5xx++;
    record.consecutiveGateway = outcome === 'server-error' ? 0 : record.consecutiveGateway + 1;
    if (record.consecutiveGateway >= consecutiveGatewayFailure && consecutiveGatewayFailure > 0 && !endpoint.ejected) {
      record.consecutiveGateway = 0;
      this.#standsOut(endpoint, record, 'ConsecutiveGatewayFailure');
    }
    if (record.consecutive5xx >= consecutive5xx && consecutive5xx > 0 && !endpoint.ejected) {
      record.consecutive5xx = 0;
      this.#standsOut(endpoint, record, 'Consecutive5xx');
    }
  }

  #standsOut(endpoint: Endpoint, record: OutlierRecord, reason: Reason): void {
    const stats = this.#stats;
    stats[`ejectionsDetected${reason}`]++;
    if (this.#loop.random.next() * 100 >= this.#enforcing(reason)) return;
    if (!this.#mayEject()) {
      stats.ejectionsOverflow++;
      return;
    }
    stats.ejectionsEnforcedTotal++;
    stats[`ejectionsEnforced${reason}`]++;
    this.#eject(endpoint, record);
  }

  /** With what probability the ejection is carried out, in percent. */
  #enforcing(reason: Reason): number {
    const config = this.#config;
    switch (reason) {
      case 'Consecutive5xx':
        return config.enforcingConsecutive5xx;
      case 'ConsecutiveGatewayFailure':
        return config.enforcingConsecutiveGatewayFailure;
      case 'ConsecutiveLocalOriginFailure':
        return config.enforcingConsecutiveLocalOriginFailure;
      case 'SuccessRate':
        return config.enforcingSuccessRate;
      case 'LocalOriginSuccessRate':
        return config.enforcingLocalOriginSuccessRate;
      case 'FailurePercentage':
        return config.enforcingFailurePercentage;
      case 'FailurePercentageLocalOrigin':
        return config.enforcingFailurePercentageLocalOrigin;
    }
  }

  #mayEject(): boolean {
    const { maxEjectionPercent, alwaysEjectOneHost } = this.#config;
    const out = this.#stats.ejectionsActive;
    if (out === 0 && alwaysEjectOneHost) return true;
    return (100 * (out + 1)) / this.#endpoints().length <= maxEjectionPercent;
  }

  #eject(endpoint: Endpoint, record: OutlierRecord): void {
    const { baseEjectionTimeMs, maxEjectionTimeMs, maxEjectionTimeJitterMs } = this.#config;
    record.timesEjected++;
    const longestMs = Math.max(maxEjectionTimeMs, baseEjectionTimeMs);
    const ejectionMs = Math.min(baseEjectionTimeMs * record.timesEjected, longestMs);
    record.ejectedUntilMs = this.#loop.nowMs + ejectionMs + this.#loop.random.next() * maxEjectionTimeJitterMs;
    endpoint.ejected = true;
    this.#stats.ejectionsActive++;
    this.#onChange();
  }

  /** Once per interval: who has served its time comes back, who behaves is forgiven one ejection, all are compared. */
  onDeadline(): void {
    const nowMs = this.#loop.refresh();
    let changed = false;
    let unfinished = false;
    for (const endpoint of this.#endpoints()) {
      const record = endpoint.outlier;
      if (record === null) continue;
      if (endpoint.ejected && record.ejectedUntilMs <= nowMs) {
        this.#restore(endpoint, record);
        changed = true;
      } else if (!endpoint.ejected && record.timesEjected > 0) record.timesEjected--;
      if (record.timesEjected > 0) unfinished = true;
    }
    if (changed) this.#onChange();
    this.#compare((record) => record.external, 'SuccessRate', 'FailurePercentage');
    if (this.#config.splitExternalLocalOriginErrors) {
      this.#compare((record) => record.local, 'LocalOriginSuccessRate', 'FailurePercentageLocalOrigin');
    }
    if (unfinished && !this.#interval.armed) this.#loop.wheel.arm(this.#interval, this.#config.intervalMs);
  }

  #compare(tallyOf: (record: OutlierRecord) => Tally, rateReason: Reason, percentageReason: Reason): void {
    const results = this.#endpoints()
      .filter((endpoint) => endpoint.outlier !== null)
      .map((endpoint) => ({ endpoint, record: endpoint.outlier!, tally: tallyOf(endpoint.outlier!) }))
      .map(({ endpoint, record, tally }) => {
        const { total: requests, successRate } = tally;
        tally.reset();
        return { endpoint, record, requests, successRate };
      })
      .filter(({ endpoint }) => !endpoint.ejected);
    const config = this.#config;
    const rate = { minimumHosts: config.successRateMinimumHosts, requestVolume: config.successRateRequestVolume };
    for (const { endpoint, record } of belowSuccessRate(results, rate, config.successRateStdevFactor)) {
      this.#standsOut(endpoint, record, rateReason);
    }
    const share = {
      minimumHosts: config.failurePercentageMinimumHosts,
      requestVolume: config.failurePercentageRequestVolume,
    };
    for (const { endpoint, record } of aboveFailurePercentage(results, share, config.failurePercentageThreshold)) {
      if (!endpoint.ejected) this.#standsOut(endpoint, record, percentageReason);
    }
  }

  #restore(endpoint: Endpoint, record: OutlierRecord): void {
    endpoint.ejected = false;
    record.forgive();
    this.#stats.ejectionsActive--;
  }

  /** The endpoint has left the cluster, or nobody watches it any longer. */
  forget(endpoint: Endpoint): void {
    const record = endpoint.outlier;
    if (record === null) return;
    if (endpoint.ejected) this.#restore(endpoint, record);
    endpoint.outlier = null;
  }

  destroy(): void {
    this.#loop.wheel.disarm(this.#interval);
    for (const endpoint of this.#endpoints()) this.forget(endpoint);
  }
}
