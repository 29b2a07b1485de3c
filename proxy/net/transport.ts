/**
 * A byte stream to a peer: one socket with the handler that consumes it.
 *
 *   socket ──read into loop.readBuffer──► handler.onBytes (consumes all of it, now)
 *   write(text) / writeBytes ──one system call, the rest queued──► socket;  congested ──► handler.onWritable
 *                  └─small, many in this turn: at its end─┘
 *
 * Back-pressure: `write` never refuses; whoever feeds it looks at `congested` afterwards and stops its own source until
 * `onWritable`. Closing: `end` sends what is queued and a FIN, `destroy` ends it now.
 */
import type { Socket } from 'node:net';
import { plainAddress } from './connection-info.ts';
import type { Holder } from './held-writes.ts';
import { HEADROOM_BYTES, type Loop } from './loop.ts';
import { OUTPUT_BYTES } from './output-pool.ts';
import type { PushReads } from './tls/push-reads.ts';
import type { TlsPeer } from './tls/tls-peer.ts';

/** Who consumes the bytes of a transport. */
export interface TransportHandler {
  /** Bytes came, with HEADROOM_BYTES of free room in front. They are valid during the call only. */
  onBytes(buffer: Buffer, start: number, end: number): void;
  /** The peer will send no more (FIN). The transport can still be written to. */
  onEnd(): void;
  /** What was queued has been taken by the kernel. */
  onWritable(): void;
  /** The transport is gone, with the error that ended it if there was one. Called exactly once, last. */
  onClose(error: Error | null): void;
}

/** A handler that is told when the connection it dialled stands. */
export interface DialHandler extends TransportHandler {
  onConnected(): void;
}

/** Handles a transport that somebody else looks after, or nobody yet. */
export const UNHANDLED: TransportHandler = {
  onBytes: () => {},
  onEnd: () => {},
  onWritable: () => {},
  onClose: () => {},
};

/**
 * Up to this many bytes something is written as a latin1 string: Node copies it to the stack, tries the write at once and
 * heap-copies only what the kernel did not take.
 */
export const STRING_WRITE_BYTES = 16_384;

/** In the clear, from so many bytes on, copying them into the loop's outputs costs less than a string, which V8 has to collect. */
const COPY_BYTES = 2_048;

export class Transport implements Holder {
  readonly socket: Socket;
  handler: TransportHandler;
  /** What TLS proved about the peer; null for a connection in the clear. */
  tls: TlsPeer | null;
  readonly #loop: Loop;
  /** Null where the socket has `onread`. */
  #reads: PushReads | null = null;
  /** Undefined: the one there is stays. */
  #nextBuffer: Buffer | undefined;
  #error: Error | null = null;
  /** Latin1, at most STRING_WRITE_BYTES: what leaves at the end of the turn, in front of whatever is written after it. */
  #held = '';
  /** Memory of the loop's outputs with what is held besides, `#copiedLength` bytes; null, and 0, while nothing is. */
  #copied: Buffer | null = null;
  #copiedLength = 0;

  constructor(loop: Loop, socket: Socket, handler: TransportHandler, tls: TlsPeer | null = null) {
    this.#loop = loop;
    this.socket = socket;
    this.handler = handler;
    this.tls = tls;
    socket.on('error', (error) => {
      this.#error = error;
    });
    socket.on('end', () => {
      loop.refresh();
      this.handler.onEnd();
    });
    socket.on('drain', () => {
      loop.refresh();
      this.handler.onWritable();
    });
    socket.on('close', () => {
      loop.refresh();
      this.handler.onClose(this.#error);
    });
  }

  /** Called by whoever reads: `length` bytes at `start`. HOT. */
  receive(buffer: Buffer, start: number, length: number): void {
    this.#loop.refresh();
    this.handler.onBytes(buffer, start, start + length);
  }

  /** Bytes that lie elsewhere: they are copied to where every handler expects them, behind headroom. */
  receiveCopy(bytes: Buffer): void {
    const { readBuffer, readView } = this.#loop;
    for (let at = 0; at < bytes.length; at += readView.length) {
      const part = bytes.length <= readView.length ? bytes : bytes.subarray(at, at + readView.length);
      readView.set(part);
      this.receive(readBuffer, HEADROOM_BYTES, part.length);
    }
  }

  /**
   * What comes after the current read goes into this buffer, at its start, until another is given; null is the loop's
   * shared one again. False where reads cannot be directed: then nothing changes.
   */
  readInto(buffer: Buffer | null): boolean {
    if (this.#reads !== null || this.tls !== null) return false;
    this.#nextBuffer = buffer ?? this.#loop.readView;
    return true;
  }

  /** Called after every read: the buffer to read into from now on, or undefined to keep the one there is. HOT. */
  takeReadBuffer(): Buffer | undefined {
    const next = this.#nextBuffer;
    this.#nextBuffer = undefined;
    return next;
  }

  /** Writes memory that stays as it is until the kernel has taken it: see `queuedBytes`. */
  writeKept(bytes: Buffer): void {
    this.flush();
    this.socket.write(bytes);
  }

  /** Writes memory of the caller. True when it may be used again at once; false when it now belongs to the socket. */
  writeShared(bytes: Buffer): boolean {
    this.flush();
    // TLS tells later that it has taken something, though it has encrypted it by then.
    if (this.tls !== null) {
      this.socket.write(Buffer.from(bytes));
      return true;
    }
    this.socket.write(bytes);
    return this.socket.writableLength === 0;
  }

  /** From now on bytes come by `push`. Called once, by whoever made the socket. */
  readByPush(reads: PushReads): void {
    this.#reads = reads;
  }

  /** Writes latin1, a byte for each character. HOT. */
  write(text: string): void {
    if (this.#copied !== null) this.flush();
    const length = this.#held.length + text.length;
    if (length > STRING_WRITE_BYTES || !this.#loop.heldWrites.wanted()) {
      this.flush();
      this.socket.write(text, 'latin1');
    } else if (this.#held === '') {
      this.#held = text;
      this.#loop.heldWrites.add(this);
    } else this.#held += text;
  }

  /** Writes bytes of a buffer that will be reused after this call. */
  writeBytes(buffer: Buffer, start: number, end: number): void {
    const length = end - start;
    // TLS tells later that it has taken something: kept memory would not come back soon.
    if (this.tls === null && length >= COPY_BYTES && length <= OUTPUT_BYTES) this.#writeCopy(buffer, start, end);
    else if (length <= STRING_WRITE_BYTES) this.write(buffer.latin1Slice(start, end));
    else {
      this.flush();
      this.socket.write(Buffer.from(buffer.subarray(start, end)));
    }
  }

  #writeCopy(buffer: Buffer, start: number, end: number): void {
    this.flush();
    const copied = this.#loop.outputs.take();
    buffer.copy(copied, 0, start, end);
    this.#copied = copied;
    this.#copiedLength = end - start;
    if (this.#loop.heldWrites.wanted()) this.#loop.heldWrites.add(this);
    else this.flush();
  }

  /** Hands over what is held. HOT. */
  flush(): void {
    if (this.#copied !== null) this.#flushCopied(this.#copied);
    if (this.#held === '') return;
    const text = this.#held;
    this.#held = '';
    if (!this.socket.destroyed) this.socket.write(text, 'latin1');
  }

  #flushCopied(copied: Buffer): void {
    const bytes = copied.subarray(0, this.#copiedLength);
    this.#copied = null;
    this.#copiedLength = 0;
    if (this.socket.destroyed || this.writeShared(bytes)) this.#loop.outputs.give(copied);
  }

  /** Forgets what is held: the peer takes no more. */
  dropHeld(): void {
    this.#held = '';
    if (this.#copied !== null) this.#loop.outputs.give(this.#copied);
    this.#copied = null;
    this.#copiedLength = 0;
  }

  /** Bytes wait in the process because the kernel did not take them: stop feeding. */
  get congested(): boolean {
    return this.socket.writableNeedDrain;
  }

  /** This end, as far as it is known. */
  get localAddress(): string {
    return plainAddress(this.socket.localAddress ?? '');
  }

  get localPort(): number {
    return this.socket.localPort ?? 0;
  }

  /** Bytes that wait in the process. */
  get queuedBytes(): number {
    return this.#held.length + this.#copiedLength + this.socket.writableLength;
  }

  get destroyed(): boolean {
    return this.socket.destroyed;
  }

  pause(): void {
    if (this.#reads === null) this.socket.pause();
    else this.#reads.pause();
  }

  resume(): void {
    if (this.#reads === null) this.socket.resume();
    else this.#reads.resume();
  }

  end(): void {
    this.flush();
    this.socket.end();
  }

  /** Sends what is queued and a FIN, then ends it without waiting for the peer. */
  destroyWhenWritten(): void {
    this.flush();
    this.socket.destroySoon();
  }

  /**
   * Ends it now with a reset, so that the peer cannot take it for a regular end. TLS needs none: without its closing
   * alert, which `destroy` does not send, the peer knows that something is missing.
   */
  reset(): void {
    this.flush();
    if (this.tls === null) this.socket.resetAndDestroy();
    else this.socket.destroy();
  }

  destroy(error?: Error): void {
    this.flush();
    this.socket.destroy(error);
  }
}
