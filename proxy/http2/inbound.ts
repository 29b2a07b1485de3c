/**
 * Flow control of what comes (RFC 9113 section 5.2): the connection's window is given back at once, a stream's when half of
 * it is used and nobody has paused it. At most one window of each stream is thus held here.
 */
import type { Http2Options } from '../config/model/common.ts';
import type { FrameWriter } from './frames/frame-writer.ts';
import type { Http2Stream } from './stream.ts';

/** What part of a body is found to be. `other-length`: not what content-length has announced (RFC 9113 section 8.1.1). */
export type Taken = 'fine' | 'no-window' | 'other-length';

export class Inbound {
  readonly #writer: FrameWriter;
  readonly #options: Http2Options;
  /** Bytes that were not given back to the connection's window yet. */
  #unacknowledged = 0;

  constructor(writer: FrameWriter, options: Http2Options) {
    this.#writer = writer;
    this.#options = options;
  }

  /** Bytes came on the connection, for whatever stream. HOT. */
  count(windowBytes: number): void {
    this.#unacknowledged += windowBytes;
    if (this.#unacknowledged <= this.#options.initialConnectionWindowBytes >> 1) return;
    this.#writer.windowUpdate(0, this.#unacknowledged);
    this.#unacknowledged = 0;
  }

  /** Part of the body of a stream: `bytes` of content, `windowBytes` with padding. HOT. */
  take(stream: Http2Stream, bytes: number, windowBytes: number, last: boolean): Taken {
    stream.receiveWindow -= windowBytes;
    if (stream.receiveWindow < 0) return 'no-window';
    stream.unacknowledged += windowBytes;
    if (stream.bodyLeft < 0) return 'fine';
    stream.bodyLeft -= bytes;
    return stream.bodyLeft < 0 || (last && stream.bodyLeft > 0) ? 'other-length' : 'fine';
  }

  /** Gives back to the window of a stream, once it is worth a frame. HOT. */
  replenish(stream: Http2Stream): void {
    const bytes = stream.unacknowledged;
    if (bytes <= this.#options.initialStreamWindowBytes >> 1 || stream.remoteEnded || stream.closed) return;
    stream.unacknowledged = 0;
    stream.receiveWindow += bytes;
    this.#writer.windowUpdate(stream.id, bytes);
  }
}
