/** The request target: its four forms (RFC 9112 section 3.2) and the authority in it. HOT. */
import { isIPv6 } from 'node:net';
import { COLON, equalsIgnoreCase, isDigit, isHexDigit, isHostByte, lowerBytes } from '../http/bytes.ts';
import { TRAIT_CONNECT, TRAIT_TRACE } from '../http/request-traits.ts';
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
  if (!validAuthority(buffer, head.authorityStart, at)) return ParseError.target;
  // An empty path means the root (RFC 9110 section 4.2.3), whose origin form has to be written (RFC 9112 section 3.2.1).
  if (at < targetEnd && buffer[at] === 63) head.setPath(`/${buffer.latin1Slice(at, targetEnd)}`);
  // The server as a whole is asked (RFC 9112 section 3.2.4).
  else if (at === targetEnd && isMethod(head, buffer, OPTIONS)) head.asterisk = true;
  return COMPLETE;
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

/**
 * `uri-host [":" port]` with a port of at most 65,535 and an IPv6 literal in brackets. Stricter than RFC 3986: no percent
 * escapes, which no host name has and which two readers decode differently.
 */
export function validAuthority(buffer: Buffer, start: number, end: number): boolean {
  if (start >= end) return false;
  let at = start;
  if (buffer[at] === 91) {
    at++;
    while (at < end && (isHexDigit(buffer[at]!) || buffer[at] === COLON || buffer[at] === 46)) at++;
    if (buffer[at] !== 93 || at >= end || !isIPv6(buffer.latin1Slice(start + 1, at))) return false;
    at++;
  } else {
    while (at < end && buffer[at] !== COLON) {
      const byte = buffer[at]!;
      if (!isHostByte(byte)) return false;
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
