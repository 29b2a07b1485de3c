/**
 * Tells whether a process noted earlier still runs, or whether its number has gone to another since.
 */
import { readFileSync } from 'node:fs';

/** A process, as a file can remember it. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Linux: clock ticks from boot to its start (/proc/PID/stat, field 22). Empty elsewhere: the number alone counts. */
  readonly startedAt: string;
}

/** The identity of a running process; undefined when there is no such process, or only its unreaped remains. */
export function identify(pid: number): ProcessIdentity | undefined {
  if (process.platform !== 'linux') return exists(pid) ? { pid, startedAt: '' } : undefined;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the command's name in brackets and may hold spaces: count from behind it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : { pid, startedAt: fields[19]! };
  } catch {
    return undefined;
  }
}

/** Whether exactly this process still runs. */
export function isAlive(noted: ProcessIdentity): boolean {
  return identify(noted.pid)?.startedAt === noted.startedAt;
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
