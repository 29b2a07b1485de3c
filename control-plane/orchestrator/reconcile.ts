/**
 * Reconcile: what is wanted and what is, into a plan. Pure.
 *
 * A change of a workload's spec, and a restart, replace its replicas some at a time (`update.parallelism`). Start-first:
 * so many more than wanted are started, and an old one is stopped once as many are ready as are wanted. Stop-first: so
 * many fewer than wanted are ready at worst, and the next one is stopped when its predecessor's place is taken. A
 * replacement that never becomes ready thus stops the rest from being replaced.
 */
import type { Action, ActualReplica, DesiredWorkload, Plan, Role } from './plan.ts';
import { nextUpgrade } from './upgrade.ts';

/** Everything that should be done now. `nowMs` is clock time. */
export function reconcile(desired: readonly DesiredWorkload[], actual: readonly ActualReplica[], nowMs: number): Plan {
  const byWorkload = Map.groupBy(actual, (replica) => replica.workload);
  const actions: Action[] = [];
  let wakeAtMs: number | null = null;
  for (const workload of desired) {
    const replicas = byWorkload.get(workload.name) ?? [];
    const adjusted = dependenciesStarted(workload, desired, byWorkload) ? adjust(workload, replicas) : [];
    actions.push(...adjusted);
    // What is about to be replaced as a whole needs no other sidecar.
    if (adjusted.length === 0) actions.push(...nextUpgrade(workload, replicas));
    for (const { action, atMs } of restarts(replicas)) {
      if (atMs <= nowMs) actions.push(action);
      else wakeAtMs = Math.min(wakeAtMs ?? Infinity, atMs);
    }
  }
  const wanted = new Set(desired.map((workload) => workload.name));
  for (const replica of actual) if (!wanted.has(replica.workload)) actions.push(...stop([replica], 'workload deleted'));
  return { actions: [...actions, ...unfinished(actual)], wakeAtMs };
}

/** Names in groups: each group depends only on groups before it. What is in a circle comes last, together. */
export function startOrder(workloads: readonly Pick<DesiredWorkload, 'name' | 'dependsOn'>[]): string[][] {
  const groups: string[][] = [];
  const placed = new Set<string>();
  let rest = workloads;
  while (rest.length > 0) {
    const names = new Set(rest.map((workload) => workload.name));
    const free = rest.filter((workload) => !workload.dependsOn.some((name) => names.has(name) && !placed.has(name)));
    const group = free.length > 0 ? free : rest;
    groups.push(group.map((workload) => workload.name).sort());
    for (const { name } of group) placed.add(name);
    rest = rest.filter((workload) => !placed.has(workload.name));
  }
  return groups;
}

function dependenciesStarted(
  workload: DesiredWorkload,
  desired: readonly DesiredWorkload[],
  byWorkload: ReadonlyMap<string, readonly ActualReplica[]>,
): boolean {
  return workload.dependsOn.every((name) => {
    const dependency = desired.find((each) => each.name === name);
    return dependency === undefined || dependency.replicas === 0 || byWorkload.has(name);
  });
}

function adjust(workload: DesiredWorkload, replicas: readonly ActualReplica[]): Action[] {
  const running = replicas.filter((replica) => replica.phase === 'running');
  const current = running.filter((replica) => replica.specHash === workload.specHash);
  const outdated = running.filter((replica) => replica.specHash !== workload.specHash);
  const { replicas: wanted, name, update } = workload;
  const startsFirst = update.order === 'start-first';
  const room = outdated.length > 0 && startsFirst ? wanted + update.parallelism : wanted;
  const missable = startsFirst ? 0 : update.parallelism;
  const missing = Math.min(wanted - current.length, room - running.length);
  if (missing > 0) return start(name, freeIndexes(replicas, missing));
  const surplus = stop(leastWanted(current).slice(0, Math.max(0, current.length - wanted)), 'scaled in');
  return [...surplus, ...stop(replaceable(outdated, current, wanted - missable), 'replaced by a new version')];
}

/** Old replicas that are not missed: those that serve nobody, and as many ready ones as there are too many. */
function replaceable(
  outdated: readonly ActualReplica[],
  current: readonly ActualReplica[],
  needed: number,
): ActualReplica[] {
  const idle = outdated.filter((replica) => !replica.ready);
  const ready = outdated.filter((replica) => replica.ready);
  const spare = ready.length + current.filter((replica) => replica.ready).length - needed;
  return [...idle, ...leastWanted(ready).slice(0, Math.max(0, spare))];
}

/** Not ready ones first, then the highest index. */
function leastWanted(replicas: readonly ActualReplica[]): ActualReplica[] {
  return [...replicas].sort((a, b) => Number(a.ready) - Number(b.ready) || b.index - a.index);
}

function freeIndexes(replicas: readonly ActualReplica[], count: number): number[] {
  const taken = new Set(replicas.map((replica) => replica.index));
  const free: number[] = [];
  for (let index = 0; free.length < count; index++) if (!taken.has(index)) free.push(index);
  return free;
}

function start(workload: string, indexes: readonly number[]): Action[] {
  return indexes.map((index) => ({ kind: 'start', workload, index }));
}

function stop(replicas: readonly ActualReplica[], reason: string): Action[] {
  return replicas
    .filter((replica) => replica.phase === 'running')
    .map(({ workload, index }) => ({ kind: 'stop', workload, index, reason }));
}

/** A stop that was cut short, by the end of an earlier control plane, is taken up again. */
function unfinished(actual: readonly ActualReplica[]): Action[] {
  return actual
    .filter((replica) => replica.phase === 'stopping')
    .map(({ workload, index }) => ({ kind: 'stop', workload, index, reason: 'stop resumed' }));
}

function restarts(replicas: readonly ActualReplica[]): { action: Action; atMs: number }[] {
  const found: { action: Action; atMs: number }[] = [];
  for (const { workload, index, phase, restartAtMs } of replicas) {
    // The sidecar first: the application calls through it.
    for (const role of ['sidecar', 'application'] as const satisfies readonly Role[]) {
      const atMs = restartAtMs[role];
      if (phase === 'running' && atMs !== null)
        found.push({ action: { kind: 'restart', workload, index, role }, atMs });
    }
  }
  return found;
}
