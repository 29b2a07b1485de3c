/** Looks for the parts of an expected answer in what has come of it, within a limit. PURE. */

export class PayloadMatcher {
  readonly #parts: readonly Buffer[];
  readonly #bytesMax: number;
  #seen = EMPTY;

  /** Parts in their order, latin1, with anything between them; `bytesMax` of the answer are kept to look for them. */
  constructor(parts: readonly string[], bytesMax: number) {
    this.#parts = parts.map((part) => Buffer.from(part, 'latin1'));
    this.#bytesMax = bytesMax;
  }

  /** Takes more of the answer. False when it is longer than what is kept. */
  feed(buffer: Buffer, start: number, end: number): boolean {
    const room = this.#bytesMax - this.#seen.length;
    const taken = Math.min(end - start, room);
    if (taken > 0) this.#seen = Buffer.concat([this.#seen, buffer.subarray(start, start + taken)]);
    return end - start <= room;
  }

  get matches(): boolean {
    let at = 0;
    for (const part of this.#parts) {
      const found = this.#seen.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return true;
  }

  /** What has come so far. */
  get seen(): Buffer {
    return this.#seen;
  }

  reset(): void {
    this.#seen = EMPTY;
  }
}

const EMPTY = Buffer.alloc(0);
