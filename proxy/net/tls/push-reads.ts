/**
 * Reading from the server side of TLS, which has no `onread`.
 *
 * What OpenSSL has decrypted is read into the loop's buffer (user-buffer.ts), or comes by the socket's `push`, which is
 * replaced here, so that no event and no queue lies between; measured, 'data' events cost 2 to 3 microseconds more a
 * request, and a buffer of its own for every read another 1 to 2.
 *
 * Back-pressure: the answer false makes Node stop reading the handle; `_read` starts it again. What one read of the handle
 * still decrypts, 64 KiB at most, is held until then: after `pause` nothing is handed over.
 */
import { Readable } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { HEADROOM_BYTES, type Loop } from '../loop.ts';
import { readIntoBuffer } from './user-buffer.ts';

/** Who takes the bytes: see Transport. */
export interface ReadTarget {
  receive(buffer: Buffer, start: number, length: number): void;
  receiveCopy(bytes: Buffer): void;
}

export class PushReads {
  readonly #socket: TLSSocket;
  readonly #loop: Loop;
  readonly #target: ReadTarget;
  readonly #held: Buffer[] = [];
  #paused = false;
  #ended = false;

  /** `target` gets everything that comes, and what has come already. */
  constructor(socket: TLSSocket, loop: Loop, target: ReadTarget) {
    this.#socket = socket;
    this.#loop = loop;
    this.#target = target;
    for (let early = socket.read() as Buffer | null; early !== null; early = socket.read() as Buffer | null) {
      this.#held.push(early);
    }
    socket.push = (chunk: Buffer | null): boolean => this.#push(chunk);
    readIntoBuffer(socket, loop.readView, (length) => this.#read(length));
    this.#deliver();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#deliver();
    if (!this.#paused && !this.#ended) this.#socket._read(0);
  }

  /** A read into the loop's buffer. HOT. */
  #read(length: number): boolean {
    const { readBuffer, readView } = this.#loop;
    if (this.#paused || this.#held.length > 0) this.#held.push(Buffer.from(readView.subarray(0, length)));
    else this.#target.receive(readBuffer, HEADROOM_BYTES, length);
    return !this.#paused;
  }

  #push(chunk: Buffer | null): boolean {
    if (chunk === null) {
      this.#ended = true;
      // The end comes behind everything.
      return this.#held.length > 0 ? false : this.#end();
    }
    if (this.#paused || this.#held.length > 0) this.#held.push(chunk);
    else this.#target.receiveCopy(chunk);
    return !this.#paused;
  }

  #deliver(): void {
    while (!this.#paused && this.#held.length > 0) this.#target.receiveCopy(this.#held.shift()!);
    if (this.#ended && this.#held.length === 0) {
      this.#end();
      this.#socket.read(0);
    }
  }

  #end(): boolean {
    return Readable.prototype.push.call(this.#socket, null);
  }
}
