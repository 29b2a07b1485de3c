/** What a client sends before its first frame (RFC 9113 section 3.4). */
import { PREFACE } from './frames.ts';

export class PrefaceReader {
  #seen = 0;

  /** All of it has come. HOT. */
  get complete(): boolean {
    return this.#seen === PREFACE.length;
  }

  /** Returns where it, or what came of it, ends; -1 when this is none. */
  read(buffer: Buffer, start: number, end: number): number {
    let at = start;
    for (; at < end && !this.complete; at++) if (buffer[at] !== PREFACE[this.#seen++]) return -1;
    return at;
  }
}
