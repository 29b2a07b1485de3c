/**
 * Processes that belong to this state directory and are in no record: left over when the control plane was killed
 * between a start and its record. They are known by their environment, hence only where there is /proc.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { RUN_VARIABLE } from './environment.ts';
import { readStat, signalGroup } from './process-identity.ts';

/** Kills every group of this state directory whose leader is not in `known`; answers the leaders. */
export function killOrphans(stateDir: string, known: ReadonlySet<number>): number[] {
  const marker = `${RUN_VARIABLE}=${stateDir}/run/`;
  const groups = new Set<number>();
  for (const name of processNumbers()) {
    const pid = Number(name);
    const stat = readStat(pid);
    if (stat === undefined || stat.state === 'Z' || known.has(stat.processGroup)) continue;
    if (environmentOf(pid).some((variable) => variable.startsWith(marker))) groups.add(stat.processGroup);
  }
  for (const group of groups) signalGroup(group, 'SIGKILL');
  return [...groups];
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
