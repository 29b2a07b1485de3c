/** The request target: its four forms (RFC 9112 section 3.2) and the authority in it. HOT. */
import { TRAIT_CONNECT, TRAIT_TRACE } from '../http/request-traits.ts';
import { COLON, equalsIgnoreCase, isDigit, isHexDigit, isHostByte, lowerBytes } from './bytes.ts';
import type { MessageHead } from './message-head.ts';
import { COMPLETE, ParseError } from './parse-result.ts';

/** Finds out which of the four target forms (RFC 9112 section 3.2) it is, and where authority and path stand. */
export function splitTarget(head: MessageHead, buffer: Buffer): number {
  const { targetStart, targetEnd } = head;
  head.pathStart = targetStart;
  if (isMethod(head, buffer, TRACE)) head.traits |= TRAIT_TRACE;
  else if (isMethod(head, buffer, CONNECT)) head.traits |= TRAIT_CONNECT;
  const first = buffer[targetStart]!;
  if (first === 47) return COMPLETE;
  if (first === 42)
    return targetEnd - targetStart === 1 && isMethod(head, buffer, OPTIONS) ? COMPLETE : ParseError.target;
  if ((head.traits & TRAIT_CONNECT) !== 0) {
    if (!validAuthority(buffer, targetStart, targetEnd)) return ParseError.target;
    head.authorityStart = targetStart;
    head.authorityEnd = targetEnd;
    head.pathStart = targetEnd;
    return COMPLETE;
  }
  const scheme = equalsIgnoreCase(buffer, targetStart, targetStart + 7, HTTP_SCHEME)
    ? 7
    : equalsIgnoreCase(buffer, targetStart, targetStart + 8, HTTPS_SCHEME)
      ? 8
      : 0;
  if (scheme === 0) return ParseError.target;
  head.authorityStart = targetStart + scheme;
  let at = head.authorityStart;
  while (at < targetEnd && buffer[at] !== 47 && buffer[at] !== 63) at++;
  head.authorityEnd = at;
  head.pathStart = at;
  // `http://host?query` has an empty path, for which no origin form exists without inventing a slash.
  if (at < targetEnd && buffer[at] === 63) return ParseError.target;
  return validAuthority(buffer, head.authorityStart, at) ? COMPLETE : ParseError.target;
}

const OPTIONS = lowerBytes('OPTIONS');
const CONNECT = lowerBytes('CONNECT');
const TRACE = lowerBytes('TRACE');
const HTTP_SCHEME = lowerBytes('http://');
const HTTPS_SCHEME = lowerBytes('https://');

/** Methods are case sensitive: `lower` is folded only because the table of bytes is. */
function isMethod(head: MessageHead, buffer: Buffer, lower: Uint8Array): boolean {
  if (head.methodEnd - head.start !== lower.length) return false;
  for (let i = 0; i < lower.length; i++) if (buffer[head.start + i] !== lower[i]! - 32) return false;
  return true;
}

/** `uri-host [":" port]` with a port of at most 65,535 and balanced brackets around an IPv6 literal. */
export function validAuthority(buffer: Buffer, start: number, end: number): boolean {
  if (start >= end) return false;
  let at = start;
  if (buffer[at] === 91) {
    at++;
    while (at < end && (isHexDigit(buffer[at]!) || buffer[at] === COLON || buffer[at] === 46)) at++;
    if (buffer[at] !== 93 || at >= end || at === start + 1) return false;
    at++;
  } else {
    while (at < end && buffer[at] !== COLON) {
      const byte = buffer[at]!;
      if (!isHostByte(byte) || byte === 91 || byte === 93) return false;
      if (byte === 37 && !(at + 2 < end && isHexDigit(buffer[at + 1]!) && isHexDigit(buffer[at + 2]!))) return false;
      at++;
    }
    if (at === start) return false;
  }
  if (at === end) return true;
  if (buffer[at] !== COLON) return false;
  let port = 0;
  for (at++; at < end; at++) {
    if (!isDigit(buffer[at]!)) return false;
    port = port * 10 + buffer[at]! - 48;
    if (port > 65_535) return false;
  }
  return true;
}
