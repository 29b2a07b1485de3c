/**
 * Which sidecar is replaced in place next. PURE. One at a time for each workload, and none while one before it is missed:
 *
 *   upgrade asked for ─► the next of those behind ─► it serves, has taken in its configuration, is ready ─┐
 *                          ▲      └─ it cannot be replaced: the roll stops, and the old one goes on        │
 *                          └─────────────────────────────────────────────────────────────────────────────┘
 */
import type { Action, ActualReplica, DesiredWorkload } from './plan.ts';

/** Whether the replica's sidecar is not of the generation asked for. Also a later one is not, whose state was lost or taken back. */
export function isBehind(
  replica: Pick<ActualReplica, 'sidecars'>,
  desired: Pick<DesiredWorkload, 'sidecars'>,
): boolean {
  return desired.sidecars > 0 && replica.sidecars !== desired.sidecars;
}

/** Why the replica's sidecar could not be replaced as asked for now; undefined when nothing stands against it. */
export function upgradeProblem(
  { upgradeFailure }: Pick<ActualReplica, 'upgradeFailure'>,
  { sidecars }: Pick<DesiredWorkload, 'sidecars'>,
): string | undefined {
  return upgradeFailure?.sidecars === sidecars ? upgradeFailure.why : undefined;
}

/** At most one action; `replicas` are those of the workload. */
export function nextUpgrade(desired: DesiredWorkload, replicas: readonly ActualReplica[]): Action[] {
  const running = replicas.filter(({ phase }) => phase === 'running');
  // One that is not there is started as it is to be, by whoever restarts it.
  const behind = running.filter((each) => isBehind(each, desired) && each.restartAtMs.sidecar === null);
  if (behind.some((each) => upgradeProblem(each, desired) !== undefined)) return [];
  const before = running.filter((each) => !isBehind(each, desired));
  const isMissed = before.some(({ ready }) => !ready);
  // Those that serve first. Whoever serves nobody anyway need not wait for the others.
  const [next] = behind.filter(({ ready }) => !(ready && isMissed)).sort(byTurn);
  return next === undefined ? [] : [{ kind: 'upgrade', workload: next.workload, index: next.index }];
}

function byTurn(a: ActualReplica, b: ActualReplica): number {
  return Number(b.ready) - Number(a.ready) || a.index - b.index;
}
