/**
 * Processes that belong to this state directory and are in no record: left over when the control plane was killed
 * between a start and its record. They are known by their environment, hence only where there is /proc.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { readStat } from '../../../../kernel/process-identity.ts';
import { INHERITANCE_VARIABLE } from '../../../../protos/contract/handover.ts';
import { RUN_VARIABLE } from './environment.ts';
import { signalGroup } from './process-group.ts';

const RUN_PREFIX = `${RUN_VARIABLE}=`;

/**
 * Kills every group of this state directory whose leader is not in `known`; answers the leaders. Of the replicas in
 * `directories`, sidecars that are about to take the place of another are left alone: they end with it, or have taken it.
 */
export function killOrphans(stateDir: string, known: ReadonlySet<number>, directories: ReadonlySet<string>): number[] {
  return killGroups(
    ({ group, directory, isSuccessor }) =>
      !known.has(group) && directory.startsWith(`${stateDir}/run/`) && !(isSuccessor && directories.has(directory)),
  );
}

/** Kills what is left of one replica that has been stopped: a successor may have taken over at the last moment. */
export function killRest(directory: string): void {
  killGroups((each) => each.directory === directory);
}

/** A process of a replica of some control plane. */
interface ReplicaProcess {
  /** Leader of its process group. */
  readonly group: number;
  /** The replica's folder. */
  readonly directory: string;
  /** It is to take the place of a sidecar, or has taken it. */
  readonly isSuccessor: boolean;
}

/** Kills the groups of such processes; answers their leaders. */
function killGroups(isMeant: (process: ReplicaProcess) => boolean): number[] {
  const groups = new Set([...replicaProcesses()].filter(isMeant).map(({ group }) => group));
  for (const group of groups) signalGroup(group, 'SIGKILL');
  return [...groups];
}

function* replicaProcesses(): Iterable<ReplicaProcess> {
  for (const name of processNumbers()) {
    const stat = readStat(Number(name));
    if (stat === undefined || stat.state === 'Z') continue;
    const environment = environmentOf(Number(name));
    const run = environment.find((variable) => variable.startsWith(RUN_PREFIX));
    if (run === undefined) continue;
    const isSuccessor = environment.some((variable) => variable.startsWith(`${INHERITANCE_VARIABLE}=`));
    yield { group: stat.processGroup, directory: run.slice(RUN_PREFIX.length), isSuccessor };
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
