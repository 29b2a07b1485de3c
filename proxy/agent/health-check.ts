/**
 * Checks the local application for as long as the sidecar lives: at the start every 200 ms until it is well for the first
 * time, so that a fast application takes traffic soon; then at the configured interval.
 */
import type { Timer, Timers } from '../../kernel/timers.ts';
import { HealthState } from './health-state.ts';
import type { Probe } from './probe.ts';

const START_INTERVAL_MS = 200;

/** See the head of this file. */
export class HealthCheck {
  readonly state = new HealthState();
  readonly #probe: Probe;
  readonly #intervalMs: number;
  readonly #timers: Timers;
  readonly #onChange: () => void;
  #timer: Timer | null = null;
  #closed = false;

  /** `onChange` is called when the health or its reason is new. */
  constructor(probe: Probe, intervalMs: number, timers: Timers, onChange: () => void) {
    this.#probe = probe;
    this.#intervalMs = intervalMs;
    this.#timers = timers;
    this.#onChange = onChange;
  }

  start(): void {
    void this.#check();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  async #check(): Promise<void> {
    const problem = await this.#probe();
    if (this.#closed) return;
    const isNews = this.state.record(problem);
    const delayMs = this.state.everHealthy ? this.#intervalMs : Math.min(START_INTERVAL_MS, this.#intervalMs);
    this.#timer = this.#timers.after(delayMs, () => void this.#check());
    if (isNews) this.#onChange();
  }
}
