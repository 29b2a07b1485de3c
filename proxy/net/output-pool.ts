/**
 * Memory in which connections collect what they write in a turn. It goes back when the kernel has taken the bytes, so
 * that an idle connection holds none.
 */

/** Fits one HTTP/2 frame of the largest size, and what usually collects in a turn. */
export const OUTPUT_BYTES = 20_480;
/** 1.3 MB: as many connections as usually write in one turn. More would be allocated anew in every turn. */
const KEPT = 64;

export class OutputPool {
  readonly #free: Buffer[] = [];

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(OUTPUT_BYTES);
  }

  /** Takes back what `take` gave; other sizes are let go. */
  give(buffer: Buffer): void {
    if (buffer.length === OUTPUT_BYTES && this.#free.length < KEPT) this.#free.push(buffer);
  }
}
