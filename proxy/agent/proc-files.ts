/** What Linux tells of processes and sockets under /proc, parsed. Pure: texts go in. */

/** Clock ticks per second in /proc: fixed for user space on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;
/** `st` of a socket that listens, in /proc/net/tcp. */
const LISTEN = '0A';

/** The inode of the socket that listens on that port, from /proc/net/tcp or tcp6; null when there is none. */
export function listeningInode(table: string, port: number): string | null {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const line of table.split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/);
    if (fields[1]?.endsWith(suffix) && fields[3] === LISTEN) return fields[9] ?? null;
  }
  return null;
}

/** Processor time used so far in milliseconds, from /proc/PID/stat; null when it cannot be read. */
export function cpuMs(stat: string): number | null {
  // The name in parentheses may hold anything; the numbers are counted from behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return Number.isFinite(ticks) ? (ticks * 1000) / TICKS_PER_SECOND : null;
}

/** Resident memory in bytes, from /proc/PID/status; 0 when it says none. */
export function residentBytes(status: string): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return kilobytes === undefined ? 0 : Number(kilobytes) * 1024;
}
