/**
 * Checks the local application for as long as the sidecar lives: at the start often, until it is well for the first time,
 * so that a fast application takes traffic soon; then at the configured interval.
 */
import type { Clock } from '../../kernel/clock.ts';
import type { Timer, Timers } from '../../kernel/timers.ts';
import type { ApplicationCheck } from '../bootstrap/bootstrap.ts';
import { HealthState } from './health-state.ts';
import type { Probe } from './probe.ts';

/** When checks are made, and what they come to. */
export type CheckTimes = Pick<ApplicationCheck, 'intervalMs' | 'retries' | 'startPeriodMs' | 'startIntervalMs'>;

/** See the head of this file. */
export class HealthCheck {
  readonly state: HealthState;
  readonly #probe: Probe;
  readonly #times: CheckTimes;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #onChange: () => void;
  #timer: Timer | null = null;
  #startedMs = 0;
  #closed = false;

  /** `onChange` is called when the health or its reason is new. */
  constructor(probe: Probe, times: CheckTimes, clock: Clock, timers: Timers, onChange: () => void) {
    this.state = new HealthState(times.retries);
    this.#probe = probe;
    this.#times = times;
    this.#clock = clock;
    this.#timers = timers;
    this.#onChange = onChange;
  }

  start(): void {
    this.#startedMs = this.#clock.nowMs();
    void this.#check();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  async #check(): Promise<void> {
    const problem = await this.#probe();
    if (this.#closed) return;
    const { intervalMs, startIntervalMs, startPeriodMs } = this.#times;
    const isNews = this.state.record(problem, this.#clock.nowMs() - this.#startedMs < startPeriodMs);
    const delayMs = this.state.everHealthy ? intervalMs : startIntervalMs;
    this.#timer = this.#timers.after(delayMs, () => void this.#check());
    if (isNews) this.#onChange();
  }
}
