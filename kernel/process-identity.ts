/**
 * Which process is meant: its number may go to another one, its number and start time together do not.
 */
import { readFileSync } from 'node:fs';

/** A process, as a file can remember it. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Linux: clock ticks from boot to its start (field 22 of /proc/PID/stat). Empty elsewhere: the number alone counts. */
  readonly startedAt: string;
}

/** What /proc/PID/stat says of a process. */
export interface ProcessStat {
  readonly state: string;
  readonly processGroup: number;
  readonly startedAt: string;
}

/** Undefined when there is no such process, or no /proc. */
export function readStat(pid: number): ProcessStat | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the command's name in brackets and may hold spaces: count from behind it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0]!, processGroup: Number(fields[2]), startedAt: fields[19]! };
  } catch {
    return undefined;
  }
}

/** The identity of a running process; undefined when there is no such process, or only its unreaped remains. */
export function identify(pid: number): ProcessIdentity | undefined {
  const stat = readStat(pid);
  if (stat === undefined) return exists(pid) ? { pid, startedAt: '' } : undefined;
  return stat.state === 'Z' ? undefined : { pid, startedAt: stat.startedAt };
}

/** Whether exactly this process still runs; one that has exited and was not waited for does not. */
export function isAlive({ pid, startedAt }: ProcessIdentity): boolean {
  return identify(pid)?.startedAt === startedAt;
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'EPERM';
  }
}
