/**
 * Whether a workload runs, and which round of its replicas: which of its sidecars: what `outrider start`, `stop`,
 * `restart` and `upgrade` decide. PURE.
 */

/** What can be asked for. */
export type RunAction = 'start' | 'stop' | 'restart' | 'upgrade';

/** What was decided at run time for one workload. */
export interface RunDecision {
  readonly workload: string;
  /** It has no replicas, whatever is wanted; that is remembered for its start. */
  readonly stopped: boolean;
  /** Grows with every restart: replicas of another generation are replaced. 0 before the first. */
  readonly generation: number;
  /** Grows with every upgrade: sidecars of another generation are replaced in place. Left out before the first. */
  readonly sidecars?: number;
  /** Why, in words. */
  readonly reason: string;
  readonly decidedAtMs: number;
  readonly revision: number;
}

/** The decision after an action; undefined when the action changes nothing. */
export function decided(
  before: RunDecision | undefined,
  action: RunAction,
  stamp: Pick<RunDecision, 'workload' | 'reason' | 'decidedAtMs' | 'revision'>,
): RunDecision | undefined {
  const stopped = before?.stopped ?? false;
  const generation = before?.generation ?? 0;
  const sidecars = before?.sidecars === undefined ? {} : { sidecars: before.sidecars };
  if (action === 'restart') return { ...stamp, stopped, generation: generation + 1, ...sidecars };
  if (action === 'upgrade') return { ...stamp, stopped, generation, sidecars: (before?.sidecars ?? 0) + 1 };
  const stops = action === 'stop';
  return stops === stopped ? undefined : { ...stamp, stopped: stops, generation, ...sidecars };
}
