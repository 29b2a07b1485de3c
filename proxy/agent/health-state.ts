/**
 * The application's health from the results of probes: one success is enough to be healthy, and it takes `retries` failures
 * in a row to be unhealthy, so that a single lost probe does not take a replica out. As in Compose, failures within the
 * start period do not count, until the first success.
 */

/** As the sidecar sees its application. */
export type ApplicationHealth = 'unknown' | 'healthy' | 'unhealthy';

/** See the head of this file. */
export class HealthState {
  health: ApplicationHealth = 'unknown';
  /** Why it is not healthy; empty otherwise. */
  reason = '';
  /** A probe has succeeded since the start. */
  everHealthy = false;
  readonly #retries: number;
  #failures = 0;

  /** `retries` is at least 1. */
  constructor(retries: number) {
    this.#retries = retries;
  }

  /** Takes a probe's result: null is well, a text says what is not. True when health or reason are new. */
  record(problem: string | null, starting = false): boolean {
    const before = `${this.health} ${this.reason}`;
    if (problem === null) {
      this.#failures = 0;
      this.health = 'healthy';
      this.reason = '';
      this.everHealthy = true;
    } else {
      if (!starting || this.everHealthy) this.#failures++;
      if (this.#failures >= this.#retries) this.health = 'unhealthy';
      if (this.health !== 'healthy') this.reason = problem;
    }
    return before !== `${this.health} ${this.reason}`;
  }
}
