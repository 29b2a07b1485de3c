/**
 * When each resource of one kind was last sent to one client. A first full set has one time for all, so that a client
 * that sees thousands of resources costs no thousands of times.
 */

/** See the head of this file. Times are milliseconds since 1970. */
export class SentTimes {
  #allAtMs = 0;
  readonly #later = new Map<string, number>();

  /** A response with these of `total` resources went out. */
  sent(names: readonly string[], total: number, atMs: number): void {
    if (names.length >= total) {
      this.#allAtMs = atMs;
      this.#later.clear();
    } else for (const name of names) this.#later.set(name, atMs);
  }

  /** The client was told to forget them. */
  forget(names: readonly string[]): void {
    for (const name of names) this.#later.delete(name);
  }

  /** 0: not on this stream; the client may have it from an earlier one. */
  of(name: string): number {
    return this.#later.get(name) ?? this.#allAtMs;
  }
}
