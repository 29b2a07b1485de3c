/**
 * Runtime values: numbers that override fractions in the configuration while the process runs, by key. Layers are
 * flattened by the bootstrap reader; the admin port may change values. envoy.config.bootstrap.v3.LayeredRuntime.
 */
import type { Random } from '../../kernel/random.ts';
import type { RuntimeFraction } from '../config/model/match.ts';

export class Runtime {
  readonly #values: Map<string, string>;

  constructor(values: ReadonlyMap<string, string> = new Map()) {
    this.#values = new Map(values);
  }

  /** The number under that key, or the fallback when there is none or it is not a number. */
  number(key: string, fallback: number): number {
    const text = this.#values.get(key);
    if (text === undefined) return fallback;
    const value = Number(text);
    return Number.isFinite(value) ? value : fallback;
  }

  /** Sets a value; an empty text removes it. */
  set(key: string, value: string): void {
    if (value === '') this.#values.delete(key);
    else this.#values.set(key, value);
  }

  /** All values by key, sorted. */
  entries(): [string, string][] {
    return [...this.#values].sort(([a], [b]) => (a < b ? -1 : 1));
  }
}

/** Draws whether a request belongs to the share. An override under the key counts in hundredths, as in Envoy. */
export function drawFraction(fraction: RuntimeFraction, runtime: Runtime, random: Pick<Random, 'next'>): boolean {
  if (fraction.runtimeKey !== null) {
    const override = runtime.number(fraction.runtimeKey, -1);
    if (override >= 0) return random.next() * 100 < override;
  }
  if (fraction.numerator === 0) return false;
  return random.next() * fraction.denominator < fraction.numerator;
}
