/**
 * Attempts of one request that run beside its newest one: older ones that were too slow (hedging), and are not repeated for
 * what becomes of them. The first good answer wins; a bad one counts only when no other can come.
 */
import type { Attempt } from './attempt.ts';

export class Race {
  readonly #older: Attempt[] = [];

  /** Another attempt is made beside this one. */
  join(attempt: Attempt): void {
    this.#older.push(attempt);
  }

  /** Takes out one that is over. False when it is the newest one, which is not in here. */
  leave(attempt: Attempt): boolean {
    const at = this.#older.indexOf(attempt);
    if (at >= 0) this.#older.splice(at, 1);
    return at >= 0;
  }

  has(attempt: Attempt): boolean {
    return this.#older.includes(attempt);
  }

  get size(): number {
    return this.#older.length;
  }

  /** Ends all of them. `blamed`: they had their time. Returns how long each has run, in milliseconds. */
  end(blamed: boolean): number[] {
    const ran = this.#older.map((attempt) => {
      if (blamed) attempt.blame();
      attempt.cancel(null);
      return attempt.elapsedMs();
    });
    this.#older.length = 0;
    return ran;
  }
}
