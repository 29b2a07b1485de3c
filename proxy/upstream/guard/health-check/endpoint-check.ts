/**
 * The checks of one endpoint: one at a time, each bounded, the next one when the schedule says so.
 *
 *   waiting ──interval──► checking ──outcome, or time is over──► waiting
 */
import { Deadline, type DeadlineOwner } from '../../../../kernel/timer-wheel.ts';
import type { HealthCheckConfig } from '../../../config/model/health-check.ts';
import type { Loop } from '../../../net/loop.ts';
import type { Endpoint } from '../../endpoint.ts';
import { nextCheckMs } from './check-schedule.ts';
import { type CheckChange, type CheckOutcome, type CheckState, nextCheckState } from './check-state.ts';
import type { HealthCheckStats } from './health-check-stats.ts';
import type { Probe, ProbeOwner } from './probe.ts';

/** The checks of the whole cluster, as far as those of one endpoint need them. */
export interface CheckGroup {
  readonly loop: Loop;
  readonly config: HealthCheckConfig;
  readonly stats: HealthCheckStats;
  /** The cluster has had a connection. */
  readonly used: boolean;
  /** A check has ended; `before` is the state until then. */
  onChecked(endpoint: Endpoint, before: CheckState, change: CheckChange, succeeded: boolean): void;
}

const INTERVAL = 0;
const TIMEOUT = 1;

export class EndpointCheck implements DeadlineOwner, ProbeOwner {
  readonly #group: CheckGroup;
  readonly #endpoint: Endpoint;
  readonly #probe: Probe;
  readonly #interval = new Deadline(this, INTERVAL);
  readonly #timeout = new Deadline(this, TIMEOUT);
  #state: CheckState;
  #closed = false;

  constructor(group: CheckGroup, endpoint: Endpoint, probe: Probe, state: CheckState) {
    this.#group = group;
    this.#endpoint = endpoint;
    this.#probe = probe;
    this.#state = state;
    endpoint.checked = state;
  }

  start(): void {
    const { loop, config } = this.#group;
    if (config.initialJitterMs === 0) this.#begin();
    else loop.wheel.arm(this.#interval, loop.random.next() * config.initialJitterMs);
  }

  close(): void {
    this.#closed = true;
    const { wheel } = this.#group.loop;
    wheel.disarm(this.#interval);
    wheel.disarm(this.#timeout);
    this.#probe.close();
  }

  /** The endpoint has asked to be left alone, in an answer to a request. The next check comes when it would have come. */
  failNow(): void {
    this.#take({ kind: 'passive' });
  }

  onDeadline(deadline: Deadline): void {
    this.#group.loop.refresh();
    if (deadline.kind === INTERVAL) {
      this.#begin();
      return;
    }
    this.#probe.abort();
    this.onProbed({ kind: 'timeout' });
  }

  #begin(): void {
    const { loop, config, stats } = this.#group;
    stats.attempt++;
    loop.wheel.arm(this.#timeout, config.timeoutMs);
    this.#probe.begin(this);
  }

  onProbed(outcome: CheckOutcome): void {
    const { loop, config, used } = this.#group;
    loop.wheel.disarm(this.#timeout);
    const succeeded = outcome.kind === 'success';
    const change = this.#take(outcome);
    // Whoever heard of it may have ended the checks.
    if (this.#closed) return;
    loop.wheel.arm(this.#interval, nextCheckMs(config, used, succeeded, change, loop.random));
  }

  #take(outcome: CheckOutcome): CheckChange {
    const { config } = this.#group;
    const before = this.#state;
    const { state, change } = nextCheckState(before, outcome, config);
    this.#count(outcome);
    this.#state = state;
    this.#endpoint.checked = state;
    this.#group.onChecked(this.#endpoint, before, change, outcome.kind === 'success');
    return change;
  }

  #count({ kind }: CheckOutcome): void {
    const { stats } = this.#group;
    if (kind === 'success') {
      stats.success++;
      return;
    }
    stats.failure++;
    if (kind === 'passive') stats.passiveFailure++;
    else if (kind !== 'failure') stats.networkFailure++;
  }
}
