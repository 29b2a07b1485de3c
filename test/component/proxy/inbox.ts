/** Things that arrive by themselves, taken one by one in a test. */
export class Inbox<T> {
  readonly #arrived: T[] = [];
  #wake: (() => void) | null = null;

  push(each: T): void {
    this.#arrived.push(each);
    this.#wake?.();
  }

  /** The next one; waits for it. */
  async next(): Promise<T> {
    while (this.#arrived.length === 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
    return this.#arrived.shift()!;
  }

  /** What has arrived and was not taken. */
  get waiting(): number {
    return this.#arrived.length;
  }
}
