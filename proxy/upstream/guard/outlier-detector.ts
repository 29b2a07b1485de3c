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
 * `split_external_local_origin_errors` what endpoints answer and what happens on the way to them are judged apart: every
 * stream to an endpoint is a success of the way, hence only failures that overlap come in a row.
 *
 * Beyond Envoy (outrider.resilience.v1.Ejection): the last endpoint in rotation stays; times double; and an endpoint
 * whose time is over, to the millisecond, gets one request on which its return depends (see EjectionPhase).
 */

import { Deadline, type DeadlineOwner } from '../../../kernel/timer-wheel.ts';
import { type EjectionLimits, ejectableAtOnce } from '../../../protos/contract/ejection-limit.ts';
import type { OutlierConfig } from '../../config/model/cluster.ts';
import type { EjectionConfig } from '../../config/model/policy.ts';
import type { Loop } from '../../net/loop.ts';
import type { ClusterStats } from '../cluster-stats.ts';
import type { Endpoint } from '../endpoint.ts';
import { ejectionMs, mayLastLonger } from './ejection-time.ts';
import { type EjectionPhase, OutlierRecord, type Tally } from './outlier-record.ts';
import { aboveFailurePercentage, belowSuccessRate, type IntervalResult } from './outlier-statistics.ts';

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
  readonly #ejection: EjectionConfig;
  /** What happens on the way to endpoints is judged apart: whoever reaches one has to tell. */
  readonly splits: boolean;
  readonly #loop: Loop;
  readonly #stats: ClusterStats;
  readonly #endpoints: () => readonly Endpoint[];
  readonly #onChange: () => void;
  readonly #interval: Deadline;
  /** The next end of an ejection, where it is not left to the interval. */
  readonly #nextReturn: Deadline;

  /** `onChange` is called when an endpoint was ejected or came back. */
  constructor(
    config: OutlierConfig,
    ejection: EjectionConfig,
    loop: Loop,
    stats: ClusterStats,
    endpoints: () => readonly Endpoint[],
    onChange: () => void,
  ) {
    this.#config = config;
    this.#ejection = ejection;
    this.splits = config.splitExternalLocalOriginErrors;
    this.#loop = loop;
    this.#stats = stats;
    this.#endpoints = endpoints;
    this.#onChange = onChange;
    this.#interval = new Deadline(this);
    this.#nextReturn = new Deadline(this);
  }

  /** Counts the end of one attempt. `probe`: it was the one that `takeProbe` let through. HOT: a success costs a few stores. */
  record(endpoint: Endpoint, outcome: Outcome, probe: boolean): void {
    const record = this.#recordOf(endpoint);
    if (probe && record.phase === 'probing') {
      this.#onProbe(endpoint, record, outcome === 'success');
      return;
    }
    if (outcome === 'success') {
      record.answeredWell();
      if (!this.splits) record.consecutiveLocal = 0;
      record.external.total++;
    } else if (this.splits && (outcome === 'timeout' || outcome === 'local-failure'))
      this.#onLocalFailure(endpoint, record);
    else this.#onFailure(endpoint, record, outcome);
  }

  /** An attempt has reached the endpoint, whatever it will say. Only told where `splits`. HOT. */
  reached(endpoint: Endpoint): void {
    const record = this.#recordOf(endpoint);
    record.consecutiveLocal = 0;
    record.local.total++;
  }

  #recordOf(endpoint: Endpoint): OutlierRecord {
    if (!this.#interval.armed) this.#loop.wheel.arm(this.#interval, this.#config.intervalMs);
    endpoint.outlier ??= new OutlierRecord();
    return endpoint.outlier;
  }

  #onLocalFailure(endpoint: Endpoint, record: OutlierRecord): void {
    record.local.total++;
    record.local.failed++;
    const { consecutiveLocalOriginFailure: threshold } = this.#config;
    if (++record.consecutiveLocal < threshold || threshold === 0 || record.phase !== 'in') return;
    record.consecutiveLocal = 0;
    this.#standsOut(endpoint, record, 'ConsecutiveLocalOriginFailure');
  }

  #onFailure(endpoint: Endpoint, record: OutlierRecord, outcome: Outcome): void {
    const { consecutive5xx, consecutiveGatewayFailure } = this.#config;
    record.external.total++;
    record.external.failed++;
    record.consecutive5xx++;
    record.consecutiveGateway = outcome === 'server-error' ? 0 : record.consecutiveGateway + 1;
    if (
      record.consecutiveGateway >= consecutiveGatewayFailure &&
      consecutiveGatewayFailure > 0 &&
      record.phase === 'in'
    ) {
      record.consecutiveGateway = 0;
      this.#standsOut(endpoint, record, 'ConsecutiveGatewayFailure');
    }
    if (record.consecutive5xx >= consecutive5xx && consecutive5xx > 0 && record.phase === 'in') {
      record.consecutive5xx = 0;
      this.#standsOut(endpoint, record, 'Consecutive5xx');
    }
  }

  #standsOut(endpoint: Endpoint, record: OutlierRecord, reason: Reason): void {
    const stats = this.#stats;
    stats[`ejectionsDetected${reason}`]++;
    if (stats.ejectionsActive >= ejectableAtOnce(this.#limits(), this.#endpoints().length)) {
      stats.ejectionsOverflow++;
      return;
    }
    if (this.#loop.random.next() * 100 >= this.#enforcing(reason)) return;
    if (this.#ejection.keepLast && !this.#othersInRotation(endpoint)) {
      stats.ejectionsKeptLast++;
      return;
    }
    stats.ejectionsEnforcedTotal++;
    stats[`ejectionsEnforced${reason}`]++;
    stats.ejectionsActive++;
    this.#eject(endpoint, record);
    this.#onChange();
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

  /** `keepLast` is looked at by itself: it knows which of the others are healthy. */
  #limits(): EjectionLimits {
    const { maxEjectionPercent, alwaysEjectOneHost } = this.#config;
    return { maxEjectionPercent, alwaysEjectOneHost, keepLast: false };
  }

  /** Another endpoint may be picked, and has not come back on probation. */
  #othersInRotation(endpoint: Endpoint): boolean {
    return this.#endpoints().some((each) => each !== endpoint && each.available && !each.halfBack);
  }

  /** It goes out, or stays out, for longer than the last time. */
  #eject(endpoint: Endpoint, record: OutlierRecord): void {
    const { exponential } = this.#ejection;
    if (mayLastLonger(this.#config, exponential, record.timesEjected)) record.timesEjected++;
    this.#stayOut(endpoint, record, ejectionMs(this.#config, exponential, record.timesEjected));
  }

  #stayOut(endpoint: Endpoint, record: OutlierRecord, forMs: number): void {
    const jitterMs = this.#loop.random.next() * this.#config.maxEjectionTimeJitterMs;
    record.ejectedUntilMs = this.#loop.nowMs + forMs + jitterMs;
    setPhase(endpoint, record, 'ejected');
    const { probe, exponential } = this.#ejection;
    if (probe || exponential) this.#awaitReturn();
  }

  /** Where a second matters, return does not wait for the interval. */
  #awaitReturn(): void {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const { outlier } of this.#endpoints())
      if (outlier?.phase === 'ejected') nextMs = Math.min(nextMs, outlier.ejectedUntilMs);
    if (nextMs < Number.POSITIVE_INFINITY)
      this.#loop.wheel.arm(this.#nextReturn, Math.max(0, nextMs - this.#loop.nowMs));
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Return

  onDeadline(deadline: Deadline): void {
    const nowMs = this.#loop.refresh();
    if (deadline === this.#interval) this.#onInterval(nowMs);
    else if (this.#returnDue(nowMs)) this.#onChange();
    if (deadline === this.#nextReturn) this.#awaitReturn();
  }

  /** Once per interval: who has served its time comes back, who behaves is forgiven one ejection, all are compared. */
  #onInterval(nowMs: number): void {
    let unfinished = false;
    for (const { outlier } of this.#endpoints()) {
      if (outlier === null) continue;
      if (outlier.phase === 'in' && outlier.timesEjected > 0) outlier.timesEjected--;
      if (outlier.timesEjected > 0) unfinished = true;
    }
    if (this.#returnDue(nowMs)) this.#onChange();
    this.#compare((record) => record.external, 'SuccessRate', 'FailurePercentage');
    if (this.splits) this.#compare((record) => record.local, 'LocalOriginSuccessRate', 'FailurePercentageLocalOrigin');
    if (unfinished && !this.#interval.armed) this.#loop.wheel.arm(this.#interval, this.#config.intervalMs);
  }

  /** Those whose time is over come back, on probation or for good; false when there is none. */
  #returnDue(nowMs: number): boolean {
    let changed = false;
    for (const endpoint of this.#endpoints()) {
      const record = endpoint.outlier;
      if (record?.phase !== 'ejected' || record.ejectedUntilMs > nowMs) continue;
      changed = true;
      if (this.#ejection.probe) setPhase(endpoint, record, 'half-back');
      else this.#restore(endpoint, record);
    }
    return changed;
  }

  /** An attempt begins at an endpoint that is half back: true when it is the one on which the return depends. */
  takeProbe(endpoint: Endpoint): boolean {
    const record = endpoint.outlier;
    if (record?.phase !== 'half-back') return false;
    this.#stats.probes++;
    setPhase(endpoint, record, 'probing');
    this.#onChange();
    return true;
  }

  /** Nobody waited for the end of the probe: it has shown nothing, and the next one is not due at once. */
  probeLost(endpoint: Endpoint): void {
    const record = endpoint.outlier;
    if (record?.phase !== 'probing') return;
    this.#stayOut(endpoint, record, this.#config.baseEjectionTimeMs);
  }

  #onProbe(endpoint: Endpoint, record: OutlierRecord, good: boolean): void {
    if (good) {
      this.#restore(endpoint, record);
      this.#onChange();
      return;
    }
    this.#stats.probesFailed++;
    this.#eject(endpoint, record);
  }

  #compare(tallyOf: (record: OutlierRecord) => Tally, rateReason: Reason, percentageReason: Reason): void {
    const results: (IntervalResult & { readonly endpoint: Endpoint; readonly record: OutlierRecord })[] = [];
    for (const endpoint of this.#endpoints()) {
      const record = endpoint.outlier;
      if (record === null) continue;
      const tally = tallyOf(record);
      const { total: requests, successRate } = tally;
      if (record.phase === 'in') results.push({ endpoint, record, requests, successRate });
      tally.reset();
    }
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
      if (record.phase === 'in') this.#standsOut(endpoint, record, percentageReason);
    }
  }

  #restore(endpoint: Endpoint, record: OutlierRecord): void {
    setPhase(endpoint, record, 'in');
    record.forgive();
    this.#stats.ejectionsActive--;
  }

  /** The endpoint has passed an active check (successful_active_health_check_uneject_host). */
  pardon(endpoint: Endpoint): void {
    const record = endpoint.outlier;
    if (record === null || !endpoint.ejected || !this.#config.successfulActiveHealthCheckUnejects) return;
    this.#restore(endpoint, record);
    this.#onChange();
  }

  /** The endpoint has left the cluster, or nobody watches it any longer. */
  forget(endpoint: Endpoint): void {
    const record = endpoint.outlier;
    if (record === null) return;
    if (record.phase !== 'in') this.#restore(endpoint, record);
    endpoint.outlier = null;
  }

  destroy(): void {
    this.#loop.wheel.disarm(this.#interval);
    this.#loop.wheel.disarm(this.#nextReturn);
    for (const endpoint of this.#endpoints()) this.forget(endpoint);
  }
}

/** The one place where an endpoint leaves rotation or comes back. */
function setPhase(endpoint: Endpoint, record: OutlierRecord, phase: EjectionPhase): void {
  record.phase = phase;
  endpoint.ejected = phase === 'ejected' || phase === 'probing';
  endpoint.halfBack = phase === 'half-back';
  // What it took before it was ejected says nothing about what it takes now.
  if (phase === 'half-back' || phase === 'in') endpoint.latency?.forget();
}
