/** How long an ejection lasts. PURE. */
import type { OutlierConfig } from '../../config/model/cluster.ts';

/** The fields that decide it. */
export type EjectionTimes = Pick<OutlierConfig, 'baseEjectionTimeMs' | 'maxEjectionTimeMs'>;

/**
 * Of the `times`th ejection in a row, 1 for the first, without jitter: base x times as in Envoy, or with `exponential`
 * base x 2 ^ (times - 1); at most the maximum, and never below the base.
 */
export function ejectionMs(config: EjectionTimes, exponential: boolean, times: number): number {
  const { baseEjectionTimeMs, maxEjectionTimeMs } = config;
  const factor = exponential ? 2 ** (times - 1) : times;
  return Math.min(baseEjectionTimeMs * factor, Math.max(maxEjectionTimeMs, baseEjectionTimeMs));
}

/** Whether one more would still last longer: what lies beyond need not be counted, nor forgiven later. */
export function mayLastLonger(config: EjectionTimes, exponential: boolean, times: number): boolean {
  return times === 0 || ejectionMs(config, exponential, times) < ejectionMs(config, exponential, times + 1);
}
