/**
 * How far the replacement of a workload's replicas has come, and why it does not go on. PURE.
 *
 *   steady ──restart, new version──► rolling ──the last old one has gone, the new ones are ready──► steady
 *                                       └──a new one exits, or is not ready in time──► failed     (it goes on by itself
 *                                                                                      when that one is ready after all)
 *   steady ──upgrade──► rolling ──the last sidecar has been replaced──► steady
 *                          └──one cannot be──► failed                                 (until an upgrade is asked for again)
 */
import { type ActualReplica, type DesiredWorkload, replicaId } from './plan.ts';
import { isBehind, upgradeProblem } from './upgrade.ts';

/** See the head of this file. */
export interface Roll {
  readonly state: 'steady' | 'rolling' | 'failed';
  /** Replicas as they are to be, of those that run. */
  readonly updated: number;
  readonly outdated: number;
  /** Why it does not go on; empty unless it failed. */
  readonly why: string;
}

/** A replica, and since when its application and its sidecar run, the later of both: clock time. */
export interface RolledReplica extends ActualReplica {
  readonly startedAtMs: number;
}

/** What a replacement may take to become ready before that counts as a failure; the time that it asks for itself is added. */
export const ROLL_PATIENCE_MS = 60_000;

/** What is known besides the replicas. */
export interface RollHints {
  /** How long after its start the workload is not expected to be ready. */
  readonly startPeriodMs: number;
  /** Why the last start could not even be tried; undefined when it could. */
  readonly startFailure: string | undefined;
  /** Why an instance is not ready, in words; empty when nothing is known. */
  readonly reasonOf: (id: string) => string;
}

/** `replicas` are those of the workload. */
export function rollOf(
  desired: DesiredWorkload,
  replicas: readonly RolledReplica[],
  hints: RollHints,
  nowMs: number,
): Roll {
  const { replicas: wanted, specHash } = desired;
  const running = replicas.filter(({ phase }) => phase === 'running');
  const ofVersion = running.filter((each) => each.specHash === specHash);
  const current = ofVersion.filter((each) => !isBehind(each, desired));
  const outdated = running.length - current.length;
  const counts = { updated: current.length, outdated };
  const isComplete = current.length === wanted && current.every(({ ready }) => ready);
  if (isComplete && replicas.length === wanted) return { state: 'steady', ...counts, why: '' };
  const stuck = running.flatMap((each) => {
    const why = isBehind(each, desired) ? upgradeProblem(each, desired) : undefined;
    return why === undefined ? [] : `${replicaId(each.workload, each.index)}: ${why}`;
  });
  const problems = [...stuck, ...current.flatMap((each) => problemOf(each, hints, nowMs) ?? [])];
  const why = problems[0] ?? (ofVersion.length < wanted ? hints.startFailure : undefined);
  return why === undefined ? { state: 'rolling', ...counts, why: '' } : { state: 'failed', ...counts, why };
}

function problemOf(
  { workload, index, ready, restartAtMs, startedAtMs }: RolledReplica,
  { startPeriodMs, reasonOf }: RollHints,
  nowMs: number,
): string | undefined {
  if (ready) return undefined;
  const id = replicaId(workload, index);
  // A process that has yet to be started for the first time has not exited: it may start at 0.
  if ((restartAtMs.application ?? 0) > 0) return `${id}: its application has exited`;
  if ((restartAtMs.sidecar ?? 0) > 0) return `${id}: its sidecar has exited`;
  const tookMs = nowMs - startedAtMs;
  if (tookMs < ROLL_PATIENCE_MS + startPeriodMs) return undefined;
  const reason = reasonOf(id);
  return `${id} is not ready ${Math.round(tookMs / 1000)} s after its start${reason === '' ? '' : `: ${reason}`}`;
}
