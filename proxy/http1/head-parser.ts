/**
 * Strict HTTP/1.1 head parser (RFC 9112 sections 2 to 6), one pass over bytes, offsets only.
 *
 *   parseRequestHead(head, buffer, start, end, limits)  ─►  COMPLETE   the head is filled, head.end is its last byte + 1
 *   parseResponseHead(...)                              ─►  INCOMPLETE ask again with more bytes, from the same start
 *                                                       ─►  < 0        a ParseError: answer, then close
 *
 * Strict means: what two implementations could read differently is refused, never repaired. No obs-fold, no bare CR or
 * LF, no white space before a colon, exactly one way to find the length of the body (section 6.3), `chunked` alone as
 * transfer coding, one Host.
 */

import {
  CR,
  classOf,
  ESCAPE_BIT,
  isDigit,
  isTokenByte,
  isValueByte,
  LF,
  SLASH_BIT,
  SP,
  TARGET_BIT,
} from '../http/bytes.ts';
import { HeaderName } from '../http/header-name.ts';
import { TRAIT_UNUSUAL_PATH } from '../http/request-traits.ts';
import { parseLines } from './header-lines.ts';
import { FIXED_LIMITS, type Http1Limits } from './limits.ts';
import type { MessageHead } from './message-head.ts';
import { COMPLETE, INCOMPLETE, incomplete, ParseError } from './parse-result.ts';
import { splitTarget } from './request-target.ts';

/** Fills `head` from `buffer[start, end)`. See the file's header for the result. HOT. */
export function parseRequestHead(
  head: MessageHead,
  buffer: Buffer,
  start: number,
  end: number,
  limits: Http1Limits,
): number {
  head.reset(buffer, start);
  let at = start;
  while (at < end && isTokenByte(buffer[at]!)) at++;
  if (at - start > FIXED_LIMITS.methodBytes) return ParseError.methodTooLong;
  if (at >= end) return INCOMPLETE;
  if (buffer[at] !== SP || at === start) return ParseError.startLine;
  head.methodEnd = at;
  at++;
  head.targetStart = at;
  let seen = 0;
  // Where a slash stands in front, another one or a dot is unusual: their bits, which lie side by side.
  let unusual = 0;
  let behindSlash = 0;
  while (at < end) {
    const bits = classOf(buffer[at]!);
    if ((bits & TARGET_BIT) === 0) break;
    seen |= bits;
    unusual |= bits & behindSlash;
    behindSlash = (bits & SLASH_BIT) * 3;
    at++;
  }
  if (unusual !== 0 || (seen & ESCAPE_BIT) !== 0) head.traits |= TRAIT_UNUSUAL_PATH;
  if (at - start > limits.startLineBytes) return ParseError.startLineTooLong;
  if (at < end && (buffer[at] !== SP || at === head.targetStart)) return ParseError.target;
  if (at + 11 > end) {
    if (!mayBecomeVersion(buffer, at + 1, end)) return noVersion(buffer, at + 1);
    return mayEnd(buffer, at + 9, end, CR) ? incomplete(start, end, limits) : ParseError.lineEnd;
  }
  head.targetEnd = at;
  at++;
  head.minor = version(buffer, at);
  if (head.minor < 0) return noVersion(buffer, at);
  at += 8;
  if (buffer[at] !== CR || buffer[at + 1] !== LF) return ParseError.lineEnd;
  const target = splitTarget(head, buffer);
  if (target < 0) return target;
  const result = parseLines(head, buffer, at + 2, end, limits);
  if (result !== COMPLETE) return result;
  if (head.hostLine < 0 && head.minor === 1) return ParseError.host;
  head.framing = head.framing === 'chunked' ? 'chunked' : head.contentLength > 0 ? 'length' : 'none';
  return COMPLETE;
}

/**
 * Fills `head` from `buffer[start, end)`. The framing is the one the message itself announces: the caller overrides it
 * for answers to HEAD and the like. HOT.
 */
export function parseResponseHead(
  head: MessageHead,
  buffer: Buffer,
  start: number,
  end: number,
  limits: Http1Limits,
): number {
  head.reset(buffer, start);
  if (start + 15 > end) {
    const possible = mayBecomeVersion(buffer, start, end) && mayEnd(buffer, start + 8, end, SP);
    return possible ? INCOMPLETE : ParseError.startLine;
  }
  head.minor = version(buffer, start);
  if (head.minor < 0) return ParseError.version;
  let at = start + 8;
  if (buffer[at] !== SP) return ParseError.startLine;
  const status = (buffer[at + 1]! - 48) * 100 + (buffer[at + 2]! - 48) * 10 + (buffer[at + 3]! - 48);
  if (!isDigit(buffer[at + 1]!) || !isDigit(buffer[at + 2]!) || !isDigit(buffer[at + 3]!)) return ParseError.status;
  if (status < 100 || status > 599) return ParseError.status;
  head.status = status;
  at += 4;
  // The space in front of an empty reason phrase is often left out; a phrase glued to the digits is not a status line.
  if (buffer[at] !== SP && buffer[at] !== CR) return ParseError.status;
  head.bareStatus = buffer[at] === CR;
  while (at < end && isValueByte(buffer[at]!)) at++;
  if (at - start > limits.startLineBytes) return ParseError.startLineTooLong;
  if (at >= end || (buffer[at] === CR && at + 1 >= end)) return incomplete(start, end, limits);
  if (buffer[at] !== CR || buffer[at + 1] !== LF) return ParseError.lineEnd;
  const result = parseLines(head, buffer, at + 2, end, limits);
  if (result !== COMPLETE) return result;
  if (status < 200 || status === 204 || status === 304) return withoutBody(head);
  if (head.framing !== 'chunked')
    head.framing = head.contentLength > 0 ? 'length' : head.contentLength === 0 ? 'none' : 'close';
  return COMPLETE;
}

/**
 * 1xx and 204 may not announce a body they cannot have (RFC 9110 section 8.6); 304 tells the length of another answer.
 * Whoever does it all the same may send that body, which would be read as the next answer: the connection is not kept.
 */
function withoutBody(head: MessageHead): number {
  if (head.status !== 304 && (head.framing === 'chunked' || head.contentLength > 0)) head.close = true;
  if (head.framing === 'chunked') head.remove(TRANSFER_ENCODING);
  if (head.contentLength >= 0 && head.status !== 304) head.remove(CONTENT_LENGTH);
  head.framing = 'none';
  return COMPLETE;
}

const TRANSFER_ENCODING = new HeaderName('transfer-encoding');
const CONTENT_LENGTH = new HeaderName('content-length');

const HTTP1 = Buffer.from('HTTP/1.', 'latin1');

/** 1 or 0 for `HTTP/1.1` and `HTTP/1.0` at that place, else -1. */
function version(buffer: Buffer, at: number): number {
  if (buffer[at] !== 72 || buffer[at + 1] !== 84 || buffer[at + 2] !== 84 || buffer[at + 3] !== 80) return -1;
  if (buffer[at + 4] !== 47 || buffer[at + 5] !== 49 || buffer[at + 6] !== 46) return -1;
  const minor = buffer[at + 7]! - 48;
  return minor === 1 || minor === 0 ? minor : -1;
}

/** Another protocol or version, or no third word at all. */
function noVersion(buffer: Buffer, at: number): number {
  return buffer[at] === HTTP1[0] ? ParseError.version : ParseError.startLine;
}

/** Whether the few bytes there can still become `HTTP/1.x`: garbage is refused at once instead of waited for. */
function mayBecomeVersion(buffer: Buffer, start: number, end: number): boolean {
  const known = Math.min(end - start, HTTP1.length);
  for (let i = 0; i < known; i++) if (buffer[start + i] !== HTTP1[i]) return false;
  if (end - start <= HTTP1.length) return true;
  const minor = buffer[start + HTTP1.length]!;
  return minor === 48 || minor === 49;
}

/** Whether what has come of the version ends in `byte`, as far as it has come. */
function mayEnd(buffer: Buffer, at: number, end: number, byte: number): boolean {
  return at >= end || buffer[at] === byte;
}
