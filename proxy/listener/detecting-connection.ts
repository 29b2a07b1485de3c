/**
 * A connection of which the first bytes tell what is spoken: HTTP/2 begins with a preface that no HTTP/1.1 request can
 * begin with (RFC 9113 section 3.4). It is taken for HTTP/1.1, with that codec's limits, until the preface is there.
 *
 * A first line that could be a request line but for naming no HTTP version is closed without a word: its client speaks
 * something else, and an answer of either protocol would be noise to it.
 */
import type { Http1ServerConnection } from '../http1/server-connection.ts';
import { PREFACE } from '../http2/frames/frames.ts';
import type { Http2ServerSession } from '../http2/server-session.ts';
import { copyWithHeadroom, HEADROOM_BYTES } from '../net/loop.ts';
import type { ConnectionOwner, ServedConnection } from '../net/service.ts';
import type { Transport, TransportHandler } from '../net/transport.ts';

/** Makes the codecs; each sets the transport's handler. */
export interface Codecs {
  http1(owner: ConnectionOwner): Http1ServerConnection;
  http2(owner: ConnectionOwner): Http2ServerSession;
  /** What came is of neither protocol: counts it. */
  unknown(): void;
}

export class DetectingConnection implements ServedConnection, TransportHandler, ConnectionOwner {
  readonly #transport: Transport;
  readonly #codecs: Codecs;
  readonly #owner: ConnectionOwner;
  #serving: ServedConnection & TransportHandler;
  /** Of the preface. */
  #seen = 0;

  constructor(transport: Transport, codecs: Codecs, owner: ConnectionOwner) {
    this.#transport = transport;
    this.#codecs = codecs;
    this.#owner = owner;
    this.#serving = codecs.http1(this);
  }

  onBytes(buffer: Buffer, start: number, end: number): void {
    const before = this.#seen;
    let at = start;
    while (at < end && this.#seen < PREFACE.length && buffer[at] === PREFACE[this.#seen]) {
      at++;
      this.#seen++;
    }
    if (this.#seen === PREFACE.length) this.#switch(buffer, at, end);
    else if (at < end) this.#settle(before, buffer, start, end);
    else if (before === 0) (this.#serving as Http1ServerConnection).onPartialHead();
  }

  #switch(buffer: Buffer, start: number, end: number): void {
    (this.#serving as Http1ServerConnection).handOver();
    const session = this.#codecs.http2(this);
    this.#serving = session;
    session.onBytes(PREFACE, 0, PREFACE.length);
    if (end > start) session.onBytes(buffer, start, end);
  }

  /** It is HTTP/1.1: what looked like the preface is its beginning. */
  #settle(held: number, buffer: Buffer, start: number, end: number): void {
    this.#transport.handler = this.#serving;
    if (held === 0 && namesOtherProtocol(buffer, start, end)) {
      this.#codecs.unknown();
      this.#transport.destroy();
    } else if (held === 0) this.#serving.onBytes(buffer, start, end);
    else {
      const whole = copyWithHeadroom(PREFACE.subarray(0, held), buffer.subarray(start, end));
      this.#serving.onBytes(whole, HEADROOM_BYTES, whole.length);
    }
  }

  onEnd(): void {
    this.#serving.onEnd();
  }

  onWritable(): void {
    this.#serving.onWritable();
  }

  onClose(error: Error | null): void {
    this.#serving.onClose(error);
  }

  onClosed(): void {
    this.#owner.onClosed(this);
  }

  retire(idleMs?: number): void {
    this.#serving.retire(idleMs);
  }

  drain(): void {
    this.#serving.drain();
  }

  finish(): void {
    this.#serving.finish();
  }

  destroy(): void {
    this.#serving.destroy();
  }
}

const LINE_BYTES_MAX = 256;
const VERSION = 'HTTP/';

/** Three words on a short line, of which the last is no HTTP version. */
function namesOtherProtocol(buffer: Buffer, start: number, end: number): boolean {
  const text = buffer.latin1Slice(start, Math.min(end, start + LINE_BYTES_MAX));
  const lineEnd = text.indexOf('\r\n');
  if (lineEnd < 0) return false;
  const words = text.slice(0, lineEnd).split(' ');
  return words.length === 3 && !words[2]!.toUpperCase().startsWith(VERSION) && /^[A-Z]+$/.test(words[2]!);
}
