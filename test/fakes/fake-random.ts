/**
 * Randomness for tests: seeded, or dictated.
 */
import { type Random, SeededRandom } from '../../kernel/random.ts';

/** The same numbers in every run; another `seed`, another row of numbers. */
export function seededRandom(seed = 1): SeededRandom {
  return new SeededRandom(seed);
}

/** Gives the listed numbers, each in [0, 1), and then starts over. */
export class ScriptedRandom implements Random {
  readonly #numbers: readonly number[];
  #position = 0;

  constructor(...numbers: number[]) {
    this.#numbers = numbers;
  }

  next(): number {
    return this.#numbers[this.#position++ % this.#numbers.length] ?? 0;
  }

  uint32(): number {
    return Math.floor(this.next() * 2 ** 32);
  }
}
