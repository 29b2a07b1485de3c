/**
 * What both ends of an HTTP/2 stream have in common: how far each side has ended it, its windows, and the data that waits
 * for one. A small object of fixed shape; the session does the work.
 *
 *   open ──local end──► half-closed (local) ──remote end──► closed       (RFC 9113 section 5.1)
 *     └───remote end──► half-closed (remote) ──local end──►─┘
 *     └──────────────── reset by either side ──────────────►─┘
 */
import type { Field } from './hpack/field.ts';

export abstract class Http2Stream {
  readonly id: number;
  /** Bytes that may still be sent, and that the peer may still send; below zero after a SETTINGS that took some back. */
  sendWindow: number;
  receiveWindow: number;
  /** Bytes that were received and not given back to the peer's window yet. */
  unacknowledged = 0;
  /** Nothing is given back meanwhile. */
  readPaused = false;
  localEnded = false;
  remoteEnded = false;
  /** It has left the session. */
  closed = false;
  /** Data that waits for windows, copied; null while there is none. */
  queue: Buffer[] | null = null;
  queuedBytes = 0;
  /** What stands behind the queue: its end, and perhaps trailers. */
  endQueued = false;
  trailersQueued: readonly Field[] | null = null;
  /** Bytes of the body that its content-length announces and that have not come; -1 where nothing is announced. */
  bodyLeft = -1;

  constructor(id: number, sendWindow: number, receiveWindow: number) {
    this.id = id;
    this.sendWindow = sendWindow;
    this.receiveWindow = receiveWindow;
  }

  /** Bytes wait because the peer does not take them. */
  get congested(): boolean {
    return this.queue !== null;
  }

  /** Part of the body. `last`: it ends the stream. HOT. */
  abstract onData(buffer: Buffer, start: number, end: number, last: boolean): void;
  /** Trailers, and with them the end of the stream. */
  abstract onTrailers(fields: readonly Field[], count: number): void;
  /** The peer broke the rules of the message: it has been reset. */
  abstract onMalformed(): void;
  /** The peer has reset it, with that error code. */
  abstract onReset(code: number): void;
  /** Nothing waits any longer. */
  abstract onDrained(): void;
  /** Its end has been sent while the peer goes on. */
  abstract onLocalEnd(): void;
}
