/**
 * The application's health from the results of probes: one success is enough to be healthy, and it takes two failures in
 * a row to be unhealthy, so that a single lost probe does not take a replica out.
 */

/** As the sidecar sees its application. */
export type ApplicationHealth = 'unknown' | 'healthy' | 'unhealthy';

const FAILURES_TO_UNHEALTHY = 2;

/** See the head of this file. */
export class HealthState {
  health: ApplicationHealth = 'unknown';
  /** Why it is not healthy; empty otherwise. */
  reason = '';
  /** A probe has succeeded since the start. */
  everHealthy = false;
  #failures = 0;

  /** Takes a probe's result: null is well, a text says what is not. True when health or reason are new. */
  record(problem: string | null): boolean {
    const before = `${this.health} ${this.reason}`;
    if (problem === null) {
      this.#failures = 0;
      this.health = 'healthy';
      this.reason = '';
      this.everHealthy = true;
    } else {
      this.#failures++;
      if (this.#failures >= FAILURES_TO_UNHEALTHY) this.health = 'unhealthy';
      if (this.health !== 'healthy') this.reason = problem;
    }
    return before !== `${this.health} ${this.reason}`;
  }
}
