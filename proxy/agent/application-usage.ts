/**
 * Processor and memory of the application: of the process that listens on its port, found through /proc. The application
 * may have been started by a shell, and may be replaced: it is looked for again when it is gone. Where there is no /proc,
 * or the process belongs to somebody else, the usage is zero.
 */
import { readFileSync } from 'node:fs';
import { readdir, readFile, readlink } from 'node:fs/promises';
import type { Clock } from '../../kernel/clock.ts';
import type { Usage } from './load-meter.ts';
import { cpuMs, listeningInode, residentBytes } from './proc-files.ts';

/** Looking through all processes is work: not more often than this. */
const SEARCH_INTERVAL_MS = 5_000;

const NOTHING: Usage = { cpuFraction: 0, memoryBytes: 0 };

interface Sample {
  readonly pid: string;
  readonly atMs: number;
  readonly cpuMs: number;
}

/** See the head of this file. */
export class ApplicationUsage {
  readonly #port: number;
  readonly #clock: Clock;
  #last: Sample | null = null;
  #searchedAtMs = Number.NEGATIVE_INFINITY;

  /** `port` is where the application listens. */
  constructor(port: number, clock: Clock) {
    this.#port = port;
    this.#clock = clock;
  }

  /** Since the call before; of one processor. The first calls, until the process is found, tell nothing. */
  usage(): Usage {
    const before = this.#last;
    if (before === null) {
      this.#search();
      return NOTHING;
    }
    try {
      const used = cpuMs(readFileSync(`/proc/${before.pid}/stat`, 'utf8'));
      const memoryBytes = residentBytes(readFileSync(`/proc/${before.pid}/status`, 'utf8'));
      const atMs = this.#clock.nowMs();
      if (used === null || atMs <= before.atMs) return { cpuFraction: 0, memoryBytes };
      this.#last = { pid: before.pid, atMs, cpuMs: used };
      return { cpuFraction: Math.max(0, used - before.cpuMs) / (atMs - before.atMs), memoryBytes };
    } catch {
      this.#last = null;
      return NOTHING;
    }
  }

  #search(): void {
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#searchedAtMs < SEARCH_INTERVAL_MS) return;
    this.#searchedAtMs = nowMs;
    findListener(this.#port).then(
      (pid) => {
        const used = pid === null ? null : cpuMs(readFileSync(`/proc/${pid}/stat`, 'utf8'));
        if (pid !== null && used !== null) this.#last = { pid, atMs: this.#clock.nowMs(), cpuMs: used };
      },
      // No /proc here, or the process ended in between: the next search is the next chance.
      () => {},
    );
  }
}

/** The process that listens on a TCP port; null when it is none of ours. */
async function findListener(port: number): Promise<string | null> {
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((name) => readFile(`/proc/net/${name}`, 'utf8').catch(() => '')),
  );
  const inode = tables.map((table) => listeningInode(table, port)).find((each) => each !== null);
  if (inode === undefined) return null;
  for (const pid of await readdir('/proc')) {
    if (/^\d+$/.test(pid) && (await holdsSocket(pid, `socket:[${inode}]`))) return pid;
  }
  return null;
}

async function holdsSocket(pid: string, socket: string): Promise<boolean> {
  try {
    for (const fd of await readdir(`/proc/${pid}/fd`)) {
      const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '');
      if (target === socket) return true;
    }
  } catch {
    // It has ended, or is not ours to look into.
  }
  return false;
}
