/**
 * Outbox: the way out of one stream. It holds nothing: while the transport is full, responses are not made at all, and
 * when it has room again the newest are. With one response outstanding per kind, what is in flight is bounded.
 */

/** What can be written to; grpc-js streams are. */
export interface Sink<T> {
  write(message: T): boolean;
  once(event: 'drain', listener: () => void): unknown;
}

/** See the head of this file. */
export class Outbox<T> {
  readonly #sink: Sink<T>;
  readonly #next: () => T | undefined;
  #full = false;
  #closed = false;

  /** `next` makes the next message; undefined when there is none for now. */
  constructor(sink: Sink<T>, next: () => T | undefined) {
    this.#sink = sink;
    this.#next = next;
  }

  /** Writes what there is to write, as far as there is room; the rest follows by itself. */
  pump(): void {
    while (!this.#full && !this.#closed) {
      const message = this.#next();
      if (message === undefined) return;
      if (this.#sink.write(message)) continue;
      this.#full = true;
      this.#sink.once('drain', () => {
        this.#full = false;
        this.pump();
      });
    }
  }

  /** Nothing is written any more. */
  close(): void {
    this.#closed = true;
  }
}
