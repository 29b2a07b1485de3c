/**
 * Two transports joined: what one peer sends is written to the other, with back-pressure both ways and each direction
 * ending for itself (half-close).
 *
 *   client ──bytes──► upstream        paused while the other side's kernel does not take more
 *          ◄──bytes──
 *
 * It is over when both directions have ended, or when one side breaks: then the other gets what was sent, and the same
 * kind of end. HOT.
 */
import type { Transport, TransportHandler } from '../net/transport.ts';

/** A read that fills so much of the shared buffer belongs to a bulk transfer. */
const BULK_BYTES = 49_152;
/** What a bulk transfer reads at once: larger reads did not pay. */
const OWN_BYTES = 262_144;
/** A read so small ends it. */
const THIN_BYTES = 4_096;

/** Which way bytes go. */
export type Direction = 'from-client' | 'from-server';

/** Whoever joined them. */
export interface SpliceOwner {
  /** Bytes passed. Told after they were written. */
  onPassed(direction: Direction, bytes: number): void;
  /** A peer's bytes have to wait, or may come again. */
  onPaused(direction: Direction, paused: boolean): void;
  /** Both transports are ending or gone. */
  onOver(): void;
}

/** One direction: from `source` to `sink`. */
class Leg implements TransportHandler {
  readonly #direction: Direction;
  readonly #splice: Splice;
  source!: Transport;
  sink!: Transport;
  /** The opposite direction. */
  back!: Leg;
  ended = false;
  paused = false;
  /** What the source reads into; null for the loop's shared buffer. */
  #own: Buffer | null = null;

  constructor(direction: Direction, splice: Splice) {
    this.#direction = direction;
    this.#splice = splice;
  }

  onBytes(buffer: Buffer, start: number, end: number): void {
    const { sink } = this;
    if (buffer === this.#own) this.#passOwn(buffer, end);
    else {
      sink.writeBytes(buffer, start, end);
      if (end - start >= BULK_BYTES) this.#readBulk();
    }
    this.#splice.owner.onPassed(this.#direction, end - start);
    if (sink.congested) this.pause();
  }

  /** Reads come full: from here on they go into memory of our own, which can be written without a copy. */
  #readBulk(): void {
    const own = Buffer.allocUnsafeSlow(OWN_BYTES);
    if (this.source.readInto(own)) this.#own = own;
  }

  /**
   * Writes what lies in our own buffer. When the kernel took all of it the buffer is free again; else it belongs to the
   * write that waits, and the next read gets another one, or the shared one once the stream has become thin.
   */
  #passOwn(own: Buffer, length: number): void {
    this.sink.writeKept(own.subarray(0, length));
    const taken = this.sink.queuedBytes === 0;
    if (taken && length >= THIN_BYTES) return;
    this.#own = length < THIN_BYTES ? null : Buffer.allocUnsafeSlow(OWN_BYTES);
    this.source.readInto(this.#own);
  }

  onEnd(): void {
    if (this.ended) return;
    this.ended = true;
    this.sink.end();
    if (this.back.ended) this.#splice.finish(false);
  }

  /** The kernel has taken what `back` wrote to our source: more may be read from the other side. */
  onWritable(): void {
    this.back.resume();
  }

  onClose(error: Error | null): void {
    // A reset behind a FIN cuts only what was on its way to that peer: the other one has all of its bytes.
    const cut = !this.ended && (error as NodeJS.ErrnoException | null)?.code === 'ECONNRESET';
    this.#splice.finish(cut);
  }

  pause(): void {
    if (this.paused) return;
    this.paused = true;
    this.source.pause();
    this.#splice.owner.onPaused(this.#direction, true);
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.source.resume();
    this.#splice.owner.onPaused(this.#direction, false);
  }
}

export class Splice {
  readonly owner: SpliceOwner;
  readonly #up: Leg;
  readonly #down: Leg;
  #over = false;

  /** Takes both transports over. */
  constructor(client: Transport, upstream: Transport, owner: SpliceOwner) {
    this.owner = owner;
    const up = new Leg('from-client', this);
    const down = new Leg('from-server', this);
    up.source = client;
    up.sink = upstream;
    up.back = down;
    down.source = upstream;
    down.sink = client;
    down.back = up;
    this.#up = up;
    this.#down = down;
    client.handler = up;
    upstream.handler = down;
  }

  /** Bytes of the client that were read before. */
  feed(bytes: Buffer): void {
    this.#up.onBytes(bytes, 0, bytes.length);
  }

  /** The client had ended its side before. */
  endClient(): void {
    this.#up.onEnd();
  }

  /** Bytes that wait in the process for either peer to take them. */
  get queuedBytes(): number {
    return this.#up.source.queuedBytes + this.#down.source.queuedBytes;
  }

  /** Ends both sides: what was sent is delivered, then a regular end; or a reset, when the bytes were `cut` short. */
  finish(cut: boolean): void {
    if (this.#over) return;
    this.#over = true;
    for (const { source } of [this.#up, this.#down]) {
      if (source.destroyed) continue;
      if (cut) source.reset();
      else source.destroyWhenWritten();
    }
    this.owner.onOver();
  }

  /** Ends both sides now. */
  destroy(): void {
    this.#up.source.destroy();
    this.#down.source.destroy();
  }
}
