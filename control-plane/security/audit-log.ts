/**
 * The audit log: every change and every refusal, one JSON object a line, in `<state>/audit.log` (mode 0600).
 *
 *   audit.log ─► audit.log.1 ─► … ─► audit.log.4 ─► gone           each of FILE_BYTES_MAX at most
 *
 * A line that cannot be written, on a full disk for instance, is kept in memory and tried again with the next one: what
 * is above WAITING_MAX is lost, and counted. It is written before the answer goes out. No field ever holds a secret: no
 * body, no query, no value of a setting, no token.
 */
import { closeSync, fstatSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Clock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/log.ts';

/** What happened. What is not known is left out. */
export interface AuditEntry {
  /** ISO 8601. */
  readonly time: string;
  readonly result: 'done' | 'failed' | 'refused';
  /** Of REST the method and path, of gRPC the path of the method. */
  readonly action: string;
  /** Of REST. */
  readonly requestId?: string;
  /** The HTTP status, or gRPC's. */
  readonly status: number;
  /** The client's address. */
  readonly from: string;
  /** Nobody for what was refused for want of a credential. */
  readonly who?: string;
  readonly grant?: string;
  /** Kind of credential. */
  readonly credential?: string;
  /** Why it was refused, or the code of the error. */
  readonly reason?: string;
  /** Of a change: what was touched, as `kind/name action`. */
  readonly changes?: readonly string[];
  /** Of the desired state, after the change. */
  readonly revision?: number;
}

/** What it needs. */
export interface AuditLogDeps {
  readonly clock: Pick<Clock, 'wallMs'>;
  readonly logger: Logger;
}

/** DEFAULT. */
export const AUDIT_FILE_BYTES_MAX = 10 * 1024 * 1024;
/** DEFAULT, the present one included. */
export const AUDIT_FILES_MAX = 5;
const WAITING_MAX = 1000;

/** See the head of this file. */
export class AuditLog {
  readonly #path: string;
  readonly #deps: AuditLogDeps;
  readonly #fileBytesMax: number;
  #file: number | undefined;
  #bytes = 0;
  #waiting: Buffer[] = [];
  /** The file ends within a line. */
  #torn = false;
  written = 0;
  lost = 0;

  constructor(path: string, deps: AuditLogDeps, fileBytesMax = AUDIT_FILE_BYTES_MAX) {
    this.#path = path;
    this.#deps = deps;
    this.#fileBytesMax = fileBytesMax;
  }

  /** Whether lines wait for a disk that takes them. */
  get stuck(): boolean {
    return this.#waiting.length > 0;
  }

  /** Writes an entry, and those that have waited before it. */
  record(entry: Omit<AuditEntry, 'time'>): void {
    const time = new Date(this.#deps.clock.wallMs()).toISOString();
    this.#waiting.push(Buffer.from(`${JSON.stringify({ time, ...entry })}\n`));
    if (this.#waiting.length > WAITING_MAX) {
      this.#waiting.shift();
      this.lost++;
    }
    this.flush();
  }

  /** Tries again what waits; false when the disk still does not take it. */
  flush(): boolean {
    const wasStuck = this.#waiting.length > 1;
    try {
      while (this.#waiting.length > 0) {
        this.#write(this.#waiting[0]!);
        this.#waiting.shift();
        this.written++;
      }
      return true;
    } catch (cause) {
      if (!wasStuck)
        this.#deps.logger.error(
          { err: cause, path: this.#path },
          'the audit log cannot be written: entries wait in memory',
        );
      return false;
    }
  }

  /** The newest entries since then (milliseconds since 1970), oldest first. */
  async entries(sinceMs: number, limit: number): Promise<AuditEntry[]> {
    this.flush();
    const found: AuditEntry[] = [];
    for (let i = 0; i < AUDIT_FILES_MAX && found.length < limit; i++) {
      const text = await readFile(this.#pathOf(i), 'utf8').catch(() => '');
      const lines = text.split('\n').flatMap(parse);
      const recent = lines.filter(({ time }) => Date.parse(time) >= sinceMs);
      found.unshift(...recent.slice(-(limit - found.length)));
      if (recent.length < lines.length) break;
    }
    return found;
  }

  close(): void {
    this.flush();
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #write(line: Buffer): void {
    if (this.#file !== undefined && this.#bytes + line.length > this.#fileBytesMax) this.#rotate();
    this.#file ??= this.#open();
    if (this.#torn) this.#bytes += writeSync(this.#file, '\n');
    this.#torn = false;
    const count = writeSync(this.#file, line);
    this.#bytes += count;
    this.#torn = count < line.length;
    if (this.#torn) throw new Error(`only ${count} of ${line.length} bytes were taken: the disk is full`);
  }

  #open(): number {
    const file = openSync(this.#path, 'a', 0o600);
    this.#bytes = fstatSync(file).size;
    return file;
  }

  #rotate(): void {
    closeSync(this.#file!);
    this.#file = undefined;
    for (let i = AUDIT_FILES_MAX - 2; i >= 0; i--) {
      if (statSync(this.#pathOf(i), { throwIfNoEntry: false }) !== undefined)
        renameSync(this.#pathOf(i), this.#pathOf(i + 1));
    }
  }

  #pathOf(index: number): string {
    return index === 0 ? this.#path : `${this.#path}.${index}`;
  }
}

/** A line that was cut short by a full disk or a crash is left out. */
function parse(line: string): AuditEntry[] {
  try {
    return line === '' ? [] : [JSON.parse(line) as AuditEntry];
  } catch {
    return [];
  }
}
