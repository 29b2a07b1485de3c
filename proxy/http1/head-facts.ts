/** What a parser finds of one HTTP/1.1 head: offsets into its bytes, and what the fields that frame and route it say. */
import type { HeaderLine } from '../http/header-line.ts';
import type { Framing } from '../http/message.ts';
import { copyWithHeadroom, HEADROOM_BYTES } from '../net/loop.ts';

/** Numbers per line in `index`. */
export const FIELDS = 4;

export class HeadFacts {
  buffer: Buffer;
  /** First byte of the start line, and the byte behind the empty line that ends the head. */
  start = 0;
  end = 0;
  /** First byte behind the start line. */
  linesStart = 0;
  count = 0;
  index: Int32Array;
  dropped: Uint8Array;
  droppedCount = 0;
  /** Lines to write behind the last one: the first `addedCount`. */
  readonly added: HeaderLine[] = [];
  addedCount = 0;

  /** Minor version: 0 or 1. */
  minor = 1;
  framing: Framing = 'none';
  /** Content-Length, or -1 when there is none. */
  contentLength = -1;
  /** The sender wants the connection closed after this message. */
  close = false;
  /** The sender asked for the connection to stay open, which only HTTP/1.0 has to. */
  keepAlive = false;
  /** A `Connection: upgrade` with an `Upgrade` field. */
  upgrade = false;
  /** Lower-case names of fields that Connection named, which end here; null for none. */
  nominated: string[] | null = null;
  /** The line of the Upgrade field, or -1. It is not forwarded: whoever upgrades adds it anew. */
  upgradeLine = -1;
  /** Bits of request-traits.ts. */
  traits = 0;

  // Requests.
  methodEnd = 0;
  targetStart = 0;
  targetEnd = 0;
  /** Where the path begins inside the target: behind the authority when the target is in absolute form. */
  pathStart = 0;
  /** `http://host` in the target; start and end of the authority, or 0, 0. */
  authorityStart = 0;
  authorityEnd = 0;
  expectContinue = false;
  expectLine = -1;
  /** The line of the Host field, or -1. */
  hostLine = -1;
  /** The target is that of the whole server: `*` in origin form, though a route sees `/`. */
  asterisk = false;

  /** Of a response; 0 in a request. */
  status = 0;
  /** The line of the Keep-Alive field, or -1. */
  keepAliveLine = -1;
  /** The status line ends behind the digits, without the space that RFC 9112 section 4 asks for. */
  bareStatus = false;
  tunnel = false;

  constructor(headerCountMax: number) {
    this.buffer = EMPTY;
    this.index = new Int32Array(headerCountMax * FIELDS);
    this.dropped = new Uint8Array(headerCountMax);
  }

  /** Takes everything over from a head that has at most as many lines as there is room for, its bytes copied. */
  copyFacts(head: HeadFacts): void {
    const shift = head.start - HEADROOM_BYTES;
    this.buffer = copyWithHeadroom(head.buffer.subarray(head.start, head.end));
    this.start = HEADROOM_BYTES;
    this.end = head.end - shift;
    this.linesStart = head.linesStart - shift;
    this.count = head.count;
    for (let i = 0; i < head.count * FIELDS; i++) this.index[i] = head.index[i]! - shift;
    this.dropped.set(head.dropped.subarray(0, head.count));
    this.droppedCount = head.droppedCount;
    this.added.push(...head.added.slice(0, head.addedCount));
    this.addedCount = head.addedCount;
    this.minor = head.minor;
    this.framing = head.framing;
    this.contentLength = head.contentLength;
    this.close = head.close;
    this.keepAlive = head.keepAlive;
    this.upgrade = head.upgrade;
    this.nominated = head.nominated;
    this.upgradeLine = head.upgradeLine;
    this.traits = head.traits;
    this.methodEnd = head.methodEnd - shift;
    this.targetStart = head.targetStart - shift;
    this.targetEnd = head.targetEnd - shift;
    this.pathStart = head.pathStart - shift;
    this.authorityStart = head.authorityStart === 0 ? 0 : head.authorityStart - shift;
    this.authorityEnd = head.authorityEnd === 0 ? 0 : head.authorityEnd - shift;
    this.expectContinue = head.expectContinue;
    this.expectLine = head.expectLine;
    this.hostLine = head.hostLine;
    this.asterisk = head.asterisk;
    this.status = head.status;
    this.bareStatus = head.bareStatus;
    this.tunnel = head.tunnel;
  }
}

const EMPTY = Buffer.alloc(0);
