/** The share of one core that this process used between two readings. */
import type { Clock } from '../kernel/clock.ts';

export class CpuMeter {
  readonly #clock: Clock;
  readonly #usedMs: () => number;
  #readAtMs: number;
  #readUsedMs: number;

  /** `usedMs` is the CPU time that the process has used so far. */
  constructor(clock: Clock, usedMs: () => number) {
    this.#clock = clock;
    this.#usedMs = usedMs;
    this.#readAtMs = clock.nowMs();
    this.#readUsedMs = usedMs();
  }

  /** Since the last call; 1 is all of one core. */
  fraction(): number {
    const nowMs = this.#clock.nowMs();
    const usedMs = this.#usedMs();
    const elapsedMs = nowMs - this.#readAtMs;
    const fraction = elapsedMs > 0 ? (usedMs - this.#readUsedMs) / elapsedMs : 0;
    this.#readAtMs = nowMs;
    this.#readUsedMs = usedMs;
    return fraction;
  }
}
