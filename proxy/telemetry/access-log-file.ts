/**
 * Files that access logs are written to. Lines are collected and written together, off the request path; two logs of one
 * path share its file. A disk that does not keep up loses lines rather than memory or requests.
 *
 *   write ──► buffer ──64 KiB, or a second──► one write at a time ──► file
 *                └──full (1 MiB)──► line dropped and counted
 *
 * `reopen` is for log rotation: the path is opened anew, the old file closed behind its last write.
 */
import { closeSync, openSync, write as writeFd, writeSync } from 'node:fs';
import type { Logger } from '../../kernel/log.ts';
import type { Timer, Timers } from '../../kernel/timers.ts';

const FLUSH_BYTES = 65_536;
const FLUSH_MS = 1_000;
const BUFFER_BYTES_MAX = 1_048_576;

/** Where the lines of a log go. */
export interface LogSink {
  /** Takes one line, its end included. Never blocks and never throws. */
  write(line: string): void;
}

/** What a sink may be: a path, or a stream of the process. */
export type SinkTarget = { readonly kind: 'file'; readonly path: string } | { readonly kind: 'stdout' | 'stderr' };

class LogFile implements LogSink {
  readonly #path: string | null;
  readonly #timers: Timers;
  readonly #log: Logger;
  #fd: number;
  #lines: string[] = [];
  #length = 0;
  #writing = false;
  #timer: Timer | null = null;
  #reopenWanted = false;
  #dropped = 0;

  /** Opens `path` for appending, or takes a descriptor that is not its own. Throws when it cannot be opened. */
  constructor(target: string | number, timers: Timers, log: Logger) {
    this.#path = typeof target === 'string' ? target : null;
    this.#fd = typeof target === 'string' ? openSync(target, 'a', 0o644) : target;
    this.#timers = timers;
    this.#log = log;
  }

  write(line: string): void {
    if (this.#length + line.length > BUFFER_BYTES_MAX) {
      this.#dropped++;
      return;
    }
    this.#lines.push(line);
    this.#length += line.length;
    if (this.#length >= FLUSH_BYTES) this.#flush();
    else this.#timer ??= this.#timers.after(FLUSH_MS, () => this.#flush());
  }

  #take(): Buffer {
    if (this.#dropped > 0)
      this.#log.warn({ path: this.#path, lines: this.#dropped }, 'access log lines were dropped: the disk is slow');
    this.#dropped = 0;
    const bytes = Buffer.from(this.#lines.join(''), 'utf8');
    this.#lines = [];
    this.#length = 0;
    this.#timer?.cancel();
    this.#timer = null;
    return bytes;
  }

  #flush(): void {
    if (this.#writing || this.#length === 0) return;
    this.#writing = true;
    this.#write(this.#take(), 0);
  }

  #write(bytes: Buffer, from: number): void {
    writeFd(this.#fd, bytes, from, bytes.length - from, null, (error, written) => {
      if (error !== null && error.code === 'EAGAIN') {
        // A pipe whose reader is slow: it will have room again.
        this.#timers.after(FLUSH_MS / 10, () => this.#write(bytes, from));
        return;
      }
      if (error === null && from + written < bytes.length) {
        this.#write(bytes, from + written);
        return;
      }
      if (error !== null) this.#log.warn({ path: this.#path, err: error }, 'access log lines could not be written');
      this.#writing = false;
      if (this.#reopenWanted) this.#reopenNow();
      if (this.#length >= FLUSH_BYTES) this.#flush();
      else if (this.#length > 0) this.#timer ??= this.#timers.after(FLUSH_MS, () => this.#flush());
    });
  }

  reopen(): void {
    if (this.#path === null) return;
    if (this.#writing) this.#reopenWanted = true;
    else this.#reopenNow();
  }

  #reopenNow(): void {
    this.#reopenWanted = false;
    try {
      const fd = openSync(this.#path!, 'a', 0o644);
      closeSync(this.#fd);
      this.#fd = fd;
    } catch (error) {
      this.#log.warn({ path: this.#path, err: error }, 'access log could not be reopened; the open file stays in use');
    }
  }

  /** Writes what is left, now. For the end of the process. */
  close(): void {
    if (this.#length === 0) return;
    try {
      writeSync(this.#fd, this.#take());
    } catch (error) {
      this.#log.warn({ path: this.#path, err: error }, 'the last access log lines could not be written');
    }
  }
}

/** All log files of the process, by path. */
export class AccessLogFiles {
  readonly #timers: Timers;
  readonly #log: Logger;
  readonly #files = new Map<string, LogFile>();

  constructor(timers: Timers, log: Logger) {
    this.#timers = timers;
    this.#log = log;
  }

  /** The sink for a target. Throws with one sentence when a file cannot be opened. */
  open(target: SinkTarget): LogSink {
    const key = target.kind === 'file' ? `file ${target.path}` : target.kind;
    const known = this.#files.get(key);
    if (known !== undefined) return known;
    const file = new LogFile(
      target.kind === 'file' ? target.path : target.kind === 'stdout' ? 1 : 2,
      this.#timers,
      this.#log,
    );
    this.#files.set(key, file);
    return file;
  }

  /** Opens every file anew, after it was renamed for rotation. */
  reopen(): void {
    for (const file of this.#files.values()) file.reopen();
  }

  /** Writes what is left, now. */
  close(): void {
    for (const file of this.#files.values()) file.close();
  }
}
