/** Large bodies whose every byte can be checked: byte `i` is `i` modulo 251, so that no shift by a buffer size fits. */
import type { Socket } from 'node:net';

const PERIOD = 251;
const BLOCK = Buffer.from(Array.from({ length: PERIOD * 1_024 }, (_, i) => i % PERIOD));

/** The bytes from `at` on, at most a block. */
function patternAt(at: number, length: number): Buffer {
  const start = at % PERIOD;
  return BLOCK.subarray(start, Math.min(start + length, BLOCK.length));
}

/** Writes `size` bytes as fast as the socket takes them. */
export class PatternSource {
  /** Handed to the socket so far. */
  written = 0;
  readonly #socket: Socket;
  readonly #size: number;

  constructor(socket: Socket, size: number) {
    this.#socket = socket;
    this.#size = size;
    socket.on('drain', () => this.#pump());
    this.#pump();
  }

  /** What has left the process. */
  get sent(): number {
    return this.written - this.#socket.writableLength;
  }

  #pump(): void {
    while (this.written < this.#size && !this.#socket.destroyed) {
      const block = patternAt(this.written, this.#size - this.written);
      this.written += block.length;
      if (!this.#socket.write(block)) return;
    }
  }
}

/** Checks bytes as they come. */
export class PatternCheck {
  received = 0;
  /** Where the first wrong byte was, or -1. */
  wrongAt = -1;

  take(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; ) {
      const expected = patternAt(this.received, chunk.length - at);
      if (this.wrongAt < 0 && !chunk.subarray(at, at + expected.length).equals(expected)) this.wrongAt = this.received;
      at += expected.length;
      this.received += expected.length;
    }
  }
}
