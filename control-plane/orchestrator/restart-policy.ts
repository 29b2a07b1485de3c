/**
 * When a process that has exited is started again. Pure.
 *
 * Nomad's numbers: twice within 30 minutes it is started as soon as 15 s have passed since its last start, so that one
 * that ran well for a while is back at once; after that it waits 30 s, doubling up to an hour.
 */

/** Restarts within this time count together. */
export const WINDOW_MS = 30 * 60_000;
const QUICK_RESTARTS = 2;
const QUICK_APART_MS = 15_000;
const SLOW_FIRST_MS = 30_000;
const SLOW_MAX_MS = 3_600_000;
/** Even the quickest restart leaves time for ports to close and logs to be written. */
const PAUSE_MS = 500;

/** One run of a process that has ended. Times are of the same clock. */
export interface EndedRun {
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}

/** When the process may run again; `runs` are its runs so far, the last one last, at least one. */
export function restartAtMs(runs: readonly EndedRun[]): number {
  const last = runs.at(-1)!;
  const recent = runs.filter((run) => last.endedAtMs - run.endedAtMs < WINDOW_MS).length;
  const soonest = last.endedAtMs + PAUSE_MS;
  if (recent <= QUICK_RESTARTS) return Math.max(soonest, last.startedAtMs + QUICK_APART_MS);
  const waitMs = Math.min(SLOW_MAX_MS, SLOW_FIRST_MS * 2 ** (recent - QUICK_RESTARTS - 1));
  return Math.max(soonest, last.endedAtMs + waitMs);
}
