/**
 * What Linux tells about processes and cores in /proc. The parsers are pure and take file contents; the readers below
 * them read the files. The CPU time of a measured window is taken by the load generator itself, at its exact edges.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** Length of a tick in /proc, in milliseconds. Every Linux that Node runs on has USER_HZ = 100. */
const TICK_MS = 10;

/** Time of one core since boot, in milliseconds. */
export interface CoreTime {
  readonly idleMs: number;
  /** All but idle and waiting for a disk; stolen time is busy, too. */
  readonly busyMs: number;
}

/** The cores' times by number, from the text of /proc/stat. */
export function parseCoreTimes(text: string): Map<number, CoreTime> {
  const cores = new Map<number, CoreTime>();
  for (const [, core, rest] of text.matchAll(/^cpu(\d+) (.*)$/gm)) {
    // user nice system idle iowait irq softirq steal; guest time is part of user.
    const ticks = rest!.trim().split(/\s+/).slice(0, 8).map(Number);
    const idle = (ticks[3] ?? 0) + (ticks[4] ?? 0);
    const all = ticks.reduce((sum, each) => sum + each, 0);
    cores.set(Number(core), { idleMs: idle * TICK_MS, busyMs: (all - idle) * TICK_MS });
  }
  return cores;
}

/** CPU time of a process with all its threads, in milliseconds to the tick. */
export interface ProcessTime {
  readonly userMs: number;
  readonly systemMs: number;
  /** That of its children which have ended and been waited for, with theirs. */
  readonly endedChildrenMs: number;
}

/** The times of a process, from the text of /proc/PID/stat. */
export function parseProcessTime(text: string): ProcessTime {
  // The second field is the command in parentheses and may hold anything, so counting starts after the last one.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [user = 0, system = 0, childrenUser = 0, childrenSystem = 0] = fields.slice(11, 15).map(Number);
  return {
    userMs: user * TICK_MS,
    systemMs: system * TICK_MS,
    endedChildrenMs: (childrenUser + childrenSystem) * TICK_MS,
  };
}

/** Resident memory in megabytes (2^20), from the text of /proc/PID/status; 0 for a process that has ended. */
export function parseResidentMb(text: string): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) / 1024;
}

/** The process and its living descendants. */
export function processTree(pid: number): number[] {
  const tree = [pid];
  // A child is listed under the thread that forked it.
  for (const thread of listDirectory(`/proc/${pid}/task`)) {
    const children = readOrEmpty(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean);
    for (const child of children) tree.push(...processTree(Number(child)));
  }
  return tree;
}

/** Resident memory of a process tree in megabytes. Pages that its processes share are counted for each of them. */
export function residentMb(pid: number): number {
  return processTree(pid).reduce((sum, each) => sum + parseResidentMb(readOrEmpty(`/proc/${each}/status`)), 0);
}

/** CPU time of a process and its living descendants in milliseconds, to 10 ms. */
export function cpuMs(pid: number): number {
  const { userMs, systemMs } = cpuTime(pid);
  return userMs + systemMs;
}

/** The same in its two parts. */
export function cpuTime(pid: number): Pick<ProcessTime, 'userMs' | 'systemMs'> {
  const sum = { userMs: 0, systemMs: 0 };
  for (const each of processTree(pid)) {
    const text = readOrEmpty(`/proc/${each}/stat`);
    if (text === '') continue;
    const { userMs, systemMs } = parseProcessTime(text);
    sum.userMs += userMs;
    sum.systemMs += systemMs;
  }
  return sum;
}

/** CPU time in milliseconds of this process's children that have ended, with theirs. */
export function endedChildrenMs(): number {
  return parseProcessTime(readOrEmpty('/proc/self/stat')).endedChildrenMs;
}

/** The cores' times now. */
export function readCoreTimes(): Map<number, CoreTime> {
  return parseCoreTimes(readFileSync('/proc/stat', 'utf8'));
}

/** Waits until the cores were idle for 85 % of a tenth of a second, at most `limitMs`. True when they were. */
export async function waitUntilQuiet(cores: readonly number[], limitMs: number): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  while (performance.now() < deadline) {
    const before = readCoreTimes();
    await new Promise((resolve) => setTimeout(resolve, 100));
    if (idleShare(cores, before, readCoreTimes()) > 0.85) return true;
  }
  return false;
}

/** Share of the cores' time between two readings that they were idle, 0 to 1; 1 when no time has passed. */
export function idleShare(
  cores: readonly number[],
  before: ReadonlyMap<number, CoreTime>,
  after: ReadonlyMap<number, CoreTime>,
): number {
  let idleMs = 0;
  let allMs = 0;
  for (const core of cores) {
    const from = before.get(core);
    const to = after.get(core);
    if (from === undefined || to === undefined) continue;
    idleMs += to.idleMs - from.idleMs;
    allMs += to.idleMs - from.idleMs + to.busyMs - from.busyMs;
  }
  return allMs <= 0 ? 1 : idleMs / allMs;
}

/** A process may end between two looks at it: that is no error, it just has no more memory or children. */
function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function listDirectory(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
