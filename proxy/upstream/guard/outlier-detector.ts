/**
 * Outlier detection: takes endpoints that keep failing out of the picker for a while (Envoy's algorithm,
 * envoy.config.cluster.v3.OutlierDetection).
 *
 *   in rotation ──consecutive failures──► ejected for base x times ejected (at most the maximum), plus jitter
 *        ▲                                    │
 *        └────────────── time is over ────────┘
 *
 * `max_ejection_percent` limits how many may be out at once; one endpoint may always be ejected when
 * `always_eject_one_host` says so. Return is checked once per interval, as Envoy does.
 */
import { Deadline, type DeadlineOwner } from '../../../kernel/timer-wheel.ts';
import type { OutlierConfig } from '../../config/model.ts';
import type { Loop } from '../../net/loop.ts';
import type { ClusterStats } from '../cluster-stats.ts';
import type { Endpoint } from '../endpoint.ts';

/** How an attempt ended, as the detector sees it. */
export type Outcome = 'success' | 'server-error' | 'gateway-error' | 'timeout' | 'local-failure';

interface Record {
  consecutive5xx: number;
  consecutiveGateway: number;
  consecutiveLocal: number;
  timesEjected: number;
  ejectedUntilMs: number;
}

export class OutlierDetector implements DeadlineOwner {
  readonly #config: OutlierConfig;
  readonly #loop: Loop;
  readonly #stats: ClusterStats;
  readonly #endpoints: () => readonly Endpoint[];
  readonly #onChange: () => void;
  readonly #records = new Map<Endpoint, Record>();
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

  /** Counts the end of one attempt. HOT: a success of an endpoint without a record costs one map look-up. */
  record(endpoint: Endpoint, outcome: Outcome): void {
    let record = this.#records.get(endpoint);
    if (record === undefined) {
      if (outcome === 'success') return;
      record = { consecutive5xx: 0, consecutiveGateway: 0, consecutiveLocal: 0, timesEjected: 0, ejectedUntilMs: 0 };
      this.#records.set(endpoint, record);
    }
    if (outcome === 'success') {
      record.consecutive5xx = 0;
      record.consecutiveGateway = 0;
      record.consecutiveLocal = 0;
      return;
    }
    const { splitExternalLocalOriginErrors: split } = this.#config;
    if ((outcome === 'local-failure' || outcome === 'timeout') && split) {
      record.consecutiveLocal++;
      this.#check(endpoint, record, record.consecutiveLocal, 'local');
      return;
    }
    record.consecutive5xx++;
    if (outcome === 'server-error') record.consecutiveGateway = 0;
    else this.#check(endpoint, record, ++record.consecutiveGateway, 'gateway');
    this.#check(endpoint, record, record.consecutive5xx, '5xx');
  }

  #check(endpoint: Endpoint, record: Record, count: number, kind: '5xx' | 'gateway' | 'local'): void {
    const config = this.#config;
    const stats = this.#stats;
    const [threshold, enforcing] =
      kind === '5xx'
        ? [config.consecutive5xx, config.enforcingConsecutive5xx]
        : kind === 'gateway'
          ? [config.consecutiveGatewayFailure, config.enforcingConsecutiveGatewayFailure]
          : [config.consecutiveLocalOriginFailure, config.enforcingConsecutiveLocalOriginFailure];
    if (threshold === 0 || count < threshold || endpoint.ejected) return;
    if (kind === '5xx') {
      record.consecutive5xx = 0;
      stats.ejectionsDetectedConsecutive5xx++;
    } else if (kind === 'gateway') {
      record.consecutiveGateway = 0;
      stats.ejectionsDetectedConsecutiveGatewayFailure++;
    } else record.consecutiveLocal = 0;
    if (this.#loop.random.next() * 100 >= enforcing) return;
    if (!this.#mayEject()) {
      stats.ejectionsOverflow++;
      return;
    }
    this.#eject(endpoint, record);
    if (kind === '5xx') stats.ejectionsEnforcedConsecutive5xx++;
    else if (kind === 'gateway') stats.ejectionsEnforcedConsecutiveGatewayFailure++;
  }

  #mayEject(): boolean {
    const { maxEjectionPercent, alwaysEjectOneHost } = this.#config;
    const out = this.#stats.ejectionsActive;
    if (out === 0 && alwaysEjectOneHost) return true;
    return (100 * (out + 1)) / this.#endpoints().length <= maxEjectionPercent;
  }

  #eject(endpoint: Endpoint, record: Record): void {
    const { baseEjectionTimeMs, maxEjectionTimeMs, maxEjectionTimeJitterMs, intervalMs } = this.#config;
    record.timesEjected++;
    const backoffMs = Math.min(
      baseEjectionTimeMs * record.timesEjected,
      Math.max(maxEjectionTimeMs, baseEjectionTimeMs),
    );
    record.ejectedUntilMs = this.#loop.nowMs + backoffMs + this.#loop.random.next() * maxEjectionTimeJitterMs;
    endpoint.ejected = true;
    this.#stats.ejectionsActive++;
    this.#stats.ejectionsEnforcedTotal++;
    if (!this.#interval.armed) this.#loop.wheel.arm(this.#interval, intervalMs);
    this.#onChange();
  }

  /** Once per interval: who has served its time comes back, and who behaves is forgiven one ejection. */
  onDeadline(): void {
    const nowMs = this.#loop.refresh();
    let changed = false;
    for (const [endpoint, record] of this.#records) {
      if (endpoint.ejected && record.ejectedUntilMs <= nowMs) {
        this.#restore(endpoint, record);
        changed = true;
      } else if (!endpoint.ejected && record.timesEjected > 0) record.timesEjected--;
    }
    if (changed) this.#onChange();
    if ([...this.#records.values()].some((each) => each.timesEjected > 0)) {
      this.#loop.wheel.arm(this.#interval, this.#config.intervalMs);
    }
  }

  #restore(endpoint: Endpoint, record: Record): void {
    endpoint.ejected = false;
    record.consecutive5xx = 0;
    record.consecutiveGateway = 0;
    record.consecutiveLocal = 0;
    this.#stats.ejectionsActive--;
  }

  /** The endpoint has left the cluster. */
  forget(endpoint: Endpoint): void {
    const record = this.#records.get(endpoint);
    if (record === undefined) return;
    if (endpoint.ejected) this.#restore(endpoint, record);
    this.#records.delete(endpoint);
  }

  destroy(): void {
    this.#loop.wheel.disarm(this.#interval);
    for (const endpoint of [...this.#records.keys()]) this.forget(endpoint);
  }
}
