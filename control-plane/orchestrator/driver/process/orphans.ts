/**
 * Processes that belong to this state directory and are in no record: left over when the control plane was killed
 * between a start and its record. They are known by their environment, hence only where there is /proc.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { INHERITANCE_VARIABLE } from '../../../../protos/contract/handover.ts';
import { RUN_VARIABLE } from './environment.ts';
import { readStat, signalGroup } from './process-identity.ts';

/**
 * Kills every group of this state directory whose leader is not in `known`; answers the leaders. Of the replicas in
 * `directories`, sidecars that are about to take the place of another are left alone: they end with it, or have taken it.
 */
export function killOrphans(stateDir: string, known: ReadonlySet<number>, directories: ReadonlySet<string>): number[] {
  const marker = `${RUN_VARIABLE}=${stateDir}/run/`;
  const groups = new Set<number>();
  for (const name of processNumbers()) {
    const pid = Number(name);
    const stat = readStat(pid);
    if (stat === undefined || stat.state === 'Z' || known.has(stat.processGroup)) continue;
    const environment = environmentOf(pid);
    const run = environment.find((variable) => variable.startsWith(marker));
    if (run === undefined) continue;
    const isSuccessor = environment.some((variable) => variable.startsWith(`${INHERITANCE_VARIABLE}=`));
    if (!(isSuccessor && directories.has(run.slice(RUN_VARIABLE.length + 1)))) groups.add(stat.processGroup);
  }
  for (const group of groups) signalGroup(group, 'SIGKILL');
  return [...groups];
}

/** Kills what is left of one replica that has been stopped: a successor may have taken over at the last moment. */
export function killRest(directory: string): void {
  for (const name of processNumbers()) {
    const stat = readStat(Number(name));
    if (stat === undefined || stat.state === 'Z') continue;
    if (environmentOf(Number(name)).includes(`${RUN_VARIABLE}=${directory}`)) signalGroup(stat.processGroup, 'SIGKILL');
  }
}

function processNumbers(): string[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

/** Of another user's process nothing can be read. */
function environmentOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return [];
  }
}
