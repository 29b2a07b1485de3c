/**
 * What filters, routes and the router see of a message, whatever protocol carried it. Implemented by the codecs' own
 * heads, so that a head which nobody edits is never converted. Names and values are latin1 text.
 */
import type { ByteWriter } from '../net/byte-writer.ts';
import type { HeaderLine } from './header-line.ts';
import type { HeaderName } from './header-name.ts';

/** How a body that comes with a head is delimited; `close` has no length, and ends when its stream or connection says so. */
export type Framing = 'none' | 'length' | 'chunked' | 'close';

/** Takes the lines of a head one by one, in order. */
export interface LineSink {
  /** A line as it came, without its line end. */
  raw(text: string): void;
  /** A line that was added. */
  line(line: HeaderLine): void;
}

/** Takes the lines that this proxy makes as well. */
export interface GeneratedSink extends LineSink {
  /** One that no other message will have. */
  once(name: string, value: string): void;
}

/** Header fields in the order in which they came. A line number stays the same while a head is edited. */
export interface HeaderFields {
  /** The first line at or after `from` with that name, or -1. Dropped lines are not found. */
  find(name: HeaderName, from: number): number;
  value(line: number): string;
  /** The value of the first line of that name, those that were added included, or null. */
  first(name: HeaderName): string | null;
  /** Drops every line of that name, those that were added included. */
  remove(name: HeaderName): void;
  /** Adds a line behind those that came. Added lines are not found by `find`, which numbers the message's own. */
  add(name: string, value: string): void;
  /** The same with a line that was made before. HOT. */
  append(line: HeaderLine): void;
  /** The same with two, in this order. HOT. */
  appendBoth(first: HeaderLine, second: HeaderLine): void;
  /** Every line that is to be forwarded, for a codec that does not know this kind of head. */
  eachLine(sink: LineSink): void;
}

export interface RequestHead extends HeaderFields {
  readonly method: string;
  readonly isHead: boolean;
  /** Path and query. */
  readonly path: string;
  /** Host and optional port. */
  readonly authority: string;
  /** Bits of request-traits.ts. */
  readonly traits: number;
  /** The Upgrade field as it came; empty when there is none. It is not forwarded unless it is added again. */
  readonly upgradeValue: string;
  readonly framing: Framing;
  /** Drops every line whose lower-case name fits. */
  dropWhere(fits: (name: string) => boolean): void;
  /** Undoes that the lines of that lower-case name were dropped, unless Connection named them. */
  restore(name: string): void;
  setPath(path: string): void;
  setAuthority(authority: string): void;
  /** The edited head as HTTP/1.1, with `generated` lines and body bytes behind it. The head is used up. */
  composeRequest(out: ByteWriter, generated: Uint8Array, body: Buffer, bodyStart: number, bodyEnd: number): string;
  /** A copy that stays valid after the current turn. */
  detach(): RequestHead;
}

export interface ResponseHead extends HeaderFields {
  readonly status: number;
  /** The endpoint has agreed to an upgrade or CONNECT: what follows is no body, and has no end of its own. */
  readonly tunnel: boolean;
  readonly framing: Framing;
  /** Content-Length, or -1. */
  readonly contentLength: number;
  /**
   * The edited head as HTTP/1.1, with whole `lines` and body bytes behind it, finished in `out`. The head is used up, and so
   * are the bytes in front of the body.
   */
  composeResponse(out: ByteWriter, lines: string, body: Buffer, bodyStart: number, bodyEnd: number): void;
}
