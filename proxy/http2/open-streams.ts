/**
 * The open streams of a session, by id. What is taken out is not referred to any more.
 *
 * That is what a Map does not do: after so many insertions V8 gives it a new table, and the old one goes on referring to what
 * it held. In a session that lives long both tables are in the old generation, whose garbage keeps young objects alive: 770
 * bytes of every request through a sidecar moved there, which doubled what collecting garbage cost.
 *
 * Open addressing with linear probing; a removal closes the gap (Knuth, TAOCP vol. 3, section 6.4, algorithm R). The ids of
 * one side are two apart (RFC 9113 section 5.1.1), so that those which follow each other lie side by side.
 */
export class OpenStreams<Stream extends { readonly id: number }> {
  /** A power of two of them, at least twice as many as there are streams. */
  #slots: (Stream | null)[] = new Array<Stream | null>(8).fill(null);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** HOT. */
  get(id: number): Stream | undefined {
    return this.#slots[this.#find(id)] ?? undefined;
  }

  /** The id must not be open. HOT. */
  add(stream: Stream): void {
    if (++this.#size * 2 > this.#slots.length) this.#grow();
    this.#slots[this.#find(stream.id)] = stream;
  }

  /** Nothing happens when it is not open. HOT. */
  delete(id: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let gap = this.#find(id);
    if (slots[gap] === null) return;
    for (let at = (gap + 1) & mask; ; at = (at + 1) & mask) {
      const stream = slots[at]!;
      if (stream === null) break;
      // It may come nearer to its place, and not in front of it.
      const distance = (at - (stream.id >>> 1)) & mask;
      if (distance < ((at - gap) & mask)) continue;
      slots[gap] = stream;
      gap = at;
    }
    slots[gap] = null;
    this.#size--;
  }

  /** Those that are open now, by id: streams may come and go while one goes through them. */
  values(): Stream[] {
    return this.#slots.filter((each) => each !== null).sort((a, b) => a.id - b.id);
  }

  /** Where it is, or would be. */
  #find(id: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let at = (id >>> 1) & mask;
    for (let stream = slots[at]!; stream !== null && stream.id !== id; stream = slots[at]!) at = (at + 1) & mask;
    return at;
  }

  #grow(): void {
    const streams = this.#slots;
    this.#slots = new Array<Stream | null>(streams.length * 2).fill(null);
    for (const each of streams) if (each !== null) this.#slots[this.#find(each.id)] = each;
  }
}
