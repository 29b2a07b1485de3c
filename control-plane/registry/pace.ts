/**
 * The pace of heartbeats: a large fleet beats more slowly, so that all of it together stays below a bounded rate. Times of
 * leases are stretched by the same factor.
 *
 *   needed ──► told       at once, with every registration and every acknowledged heartbeat
 *          └─► judged     growing at once, shrinking only when everyone has had the time to hear of it
 */

/** All heartbeats of a fleet together stay below this many a second. */
export const HEARTBEATS_PER_SECOND_MAX = 50;
/** The factor grows in such steps, so that not every instance that comes or goes changes everybody's interval. */
const STEPS_PER_UNIT = 4;

/** Factors, at least 1. */
export interface Pace {
  /** What instances are told. */
  readonly told: number;
  /** By what their silence is judged; never below what any of them may have been told last. */
  readonly judged: number;
  /** When `judged` was last needed, in clock time. */
  readonly neededAtMs: number;
}

/** The factor for a fleet of so many instances; `intervalMs` is each one's own interval. */
export function heartbeatStretch(instances: number, intervalMs: number): number {
  const exact = (instances * 1000) / (HEARTBEATS_PER_SECOND_MAX * intervalMs);
  return Math.max(1, Math.ceil(exact * STEPS_PER_UNIT) / STEPS_PER_UNIT);
}

/** The pace after a look at the fleet. `periodMs`, stretched, is a time within which every instance that lives beats. */
export function nextPace(pace: Pace, needed: number, nowMs: number, periodMs: number): Pace {
  if (needed >= pace.judged) return { told: needed, judged: needed, neededAtMs: nowMs };
  if (nowMs - pace.neededAtMs < periodMs * pace.judged) return { ...pace, told: needed };
  return { told: needed, judged: needed, neededAtMs: nowMs };
}
