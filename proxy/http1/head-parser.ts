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
  COLON,
  CR,
  equalsIgnoreCase,
  HTAB,
  isHostByte,
  isTargetByte,
  isTokenByte,
  isValueByte,
  LF,
  lowerBytes,
  SP,
} from './bytes.ts';
import { FIXED_LIMITS, type Http1Limits } from './limits.ts';
import type { MessageHead } from './message-head.ts';

export const COMPLETE = 1;
export const INCOMPLETE = 0;

/** Why a head was refused. Negative, so that a parse result is one number. */
export const ParseError = {
  startLine: -1,
  target: -2,
  version: -3,
  fieldName: -4,
  fieldValue: -5,
  lineEnd: -6,
  contentLength: -7,
  transferEncoding: -8,
  framingConflict: -9,
  host: -10,
  headTooLarge: -11,
  tooManyHeaders: -12,
  startLineTooLong: -13,
  status: -14,
  hopByHop: -15,
} as const;

/** A sentence for each ParseError, for the local reply and the log. */
export const PARSE_ERROR_TEXT: Readonly<Record<number, string>> = {
  [ParseError.startLine]: 'the start line is not "method target HTTP-version" (RFC 9112 section 3)',
  [ParseError.target]:
    'the request target holds a byte that is not allowed, or has a form that is not (RFC 9112 section 3.2)',
  [ParseError.version]: 'the protocol version is neither HTTP/1.1 nor HTTP/1.0',
  [ParseError.fieldName]: 'a header line is not "name: value" with a token as its name (RFC 9112 section 5)',
  [ParseError.fieldValue]: 'a header value holds a control character (RFC 9110 section 5.5)',
  [ParseError.lineEnd]: 'a line does not end in CRLF (RFC 9112 section 2.2)',
  [ParseError.contentLength]: 'Content-Length is not one decimal number (RFC 9110 section 8.6)',
  [ParseError.transferEncoding]: 'the only transfer coding understood is a single "chunked" (RFC 9112 section 6.1)',
  [ParseError.framingConflict]: 'Content-Length and Transfer-Encoding in one message (RFC 9112 section 6.3)',
  [ParseError.host]: 'there must be exactly one valid Host field (RFC 9112 section 3.2)',
  [ParseError.headTooLarge]: 'the header section is larger than the limit',
  [ParseError.tooManyHeaders]: 'there are more header lines than the limit',
  [ParseError.startLineTooLong]: 'the start line is longer than the limit',
  [ParseError.status]: 'the status is not a number from 100 to 599',
  [ParseError.hopByHop]: 'Connection names a field that must reach the recipient (RFC 9110 section 7.6.1)',
};

const HOST = lowerBytes('host');
const CONNECTION = lowerBytes('connection');
const CONTENT_LENGTH = lowerBytes('content-length');
const TRANSFER_ENCODING = lowerBytes('transfer-encoding');
const UPGRADE = lowerBytes('upgrade');
const KEEP_ALIVE = lowerBytes('keep-alive');
const PROXY_CONNECTION = lowerBytes('proxy-connection');
const TE = lowerBytes('te');
const TRAILER = lowerBytes('trailer');
const EXPECT = lowerBytes('expect');
const EXPECT_CONTINUE = lowerBytes('100-continue');
const CLOSE = lowerBytes('close');
const CHUNKED = lowerBytes('chunked');
const REQUEST_ID = lowerBytes('x-request-id');
const FORWARDED_FOR = lowerBytes('x-forwarded-for');
const FORWARDED_PROTO = lowerBytes('x-forwarded-proto');
const SERVER = lowerBytes('server');
const DATE = lowerBytes('date');
const PROXY_AUTHENTICATE = lowerBytes('proxy-authenticate');
const PROXY_AUTHORIZATION = lowerBytes('proxy-authorization');

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
  if (at - start > FIXED_LIMITS.methodBytes) return ParseError.startLine;
  if (at >= end) return INCOMPLETE;
  if (buffer[at] !== SP || at === start) return ParseError.startLine;
  head.methodEnd = at;
  at++;
  head.targetStart = at;
  while (at < end && isTargetByte(buffer[at]!)) at++;
  if (at - start > limits.startLineBytes) return ParseError.startLineTooLong;
  if (at + 11 > end) return at < end && buffer[at] !== SP ? ParseError.target : incomplete(start, end, limits);
  if (buffer[at] !== SP || at === head.targetStart) return ParseError.target;
  head.targetEnd = at;
  const target = splitTarget(head, buffer);
  if (target < 0) return target;
  at++;
  head.minor = version(buffer, at);
  if (head.minor < 0) return ParseError.version;
  head.close = head.minor === 0;
  at += 8;
  if (buffer[at] !== CR || buffer[at + 1] !== LF) return ParseError.lineEnd;
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
  if (start + 15 > end) return mayBecomeStatusLine(buffer, start, end) ? INCOMPLETE : ParseError.startLine;
  head.minor = version(buffer, start);
  if (head.minor < 0) return ParseError.version;
  head.close = head.minor === 0;
  let at = start + 8;
  if (buffer[at] !== SP) return ParseError.startLine;
  const status = (buffer[at + 1]! - 48) * 100 + (buffer[at + 2]! - 48) * 10 + (buffer[at + 3]! - 48);
  if (!isDigit(buffer[at + 1]!) || !isDigit(buffer[at + 2]!) || !isDigit(buffer[at + 3]!)) return ParseError.status;
  if (status < 100 || status > 599) return ParseError.status;
  head.status = status;
  at += 4;
  // The space in front of an empty reason phrase is often left out; a phrase glued to the digits is not a status line.
  if (buffer[at] !== SP && buffer[at] !== CR) return ParseError.status;
  while (at < end && isValueByte(buffer[at]!)) at++;
  if (at - start > limits.startLineBytes) return ParseError.startLineTooLong;
  if (at + 1 >= end) return incomplete(start, end, limits);
  if (buffer[at] !== CR || buffer[at + 1] !== LF) return ParseError.lineEnd;
  const result = parseLines(head, buffer, at + 2, end, limits);
  if (result !== COMPLETE) return result;
  if (status < 200 || status === 204 || status === 304) head.framing = 'none';
  else if (head.framing !== 'chunked')
    head.framing = head.contentLength > 0 ? 'length' : head.contentLength === 0 ? 'none' : 'close';
  return COMPLETE;
}

function incomplete(start: number, end: number, limits: Http1Limits): number {
  return end - start > limits.headBytes ? ParseError.headTooLarge : INCOMPLETE;
}

function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57;
}

const HTTP1 = lowerBytes('http/1.');

/** 1 or 0 for `HTTP/1.1` and `HTTP/1.0` at that place, else -1. */
function version(buffer: Buffer, at: number): number {
  if (buffer[at] !== 72 || buffer[at + 1] !== 84 || buffer[at + 2] !== 84 || buffer[at + 3] !== 80) return -1;
  if (buffer[at + 4] !== 47 || buffer[at + 5] !== 49 || buffer[at + 6] !== 46) return -1;
  const minor = buffer[at + 7]! - 48;
  return minor === 1 || minor === 0 ? minor : -1;
}

/** Whether a few bytes can still become `HTTP/1.x ...`: garbage is refused at once instead of waited for. */
function mayBecomeStatusLine(buffer: Buffer, start: number, end: number): boolean {
  const known = Math.min(end - start, HTTP1.length);
  for (let i = 0; i < known; i++) if ((buffer[start + i]! | 0x20) !== (HTTP1[i]! | 0x20)) return false;
  return true;
}

/** Finds out which of the four target forms (RFC 9112 section 3.2) it is, and where authority and path stand. */
function splitTarget(head: MessageHead, buffer: Buffer): number {
  const { targetStart, targetEnd } = head;
  head.pathStart = targetStart;
  const first = buffer[targetStart]!;
  if (first === 47) return COMPLETE;
  if (first === 42)
    return targetEnd - targetStart === 1 && isMethod(head, buffer, OPTIONS) ? COMPLETE : ParseError.target;
  if (isMethod(head, buffer, CONNECT)) {
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
const HTTP_SCHEME = lowerBytes('http://');
const HTTPS_SCHEME = lowerBytes('https://');

/** Methods are case sensitive: `lower` is folded only because the table of bytes is. */
function isMethod(head: MessageHead, buffer: Buffer, lower: Uint8Array): boolean {
  if (head.methodEnd - head.start !== lower.length) return false;
  for (let i = 0; i < lower.length; i++) if (buffer[head.start + i] !== lower[i]! - 32) return false;
  return true;
}

/** `uri-host [":" port]` with a port of at most 65,535 and balanced brackets around an IPv6 literal. */
function validAuthority(buffer: Buffer, start: number, end: number): boolean {
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

function isHexDigit(byte: number): boolean {
  return isDigit(byte) || ((byte | 0x20) >= 97 && (byte | 0x20) <= 102);
}

/** All header lines up to the empty one. One loop, so that every byte is looked at once. */
function parseLines(head: MessageHead, buffer: Buffer, from: number, end: number, limits: Http1Limits): number {
  head.linesStart = from;
  let at = from;
  let transferEncoding = false;
  let connectionOptions = false;
  for (;;) {
    if (at + 1 >= end) return incomplete(head.start, end, limits);
    if (buffer[at] === CR) {
      if (buffer[at + 1] !== LF) return ParseError.lineEnd;
      at += 2;
      break;
    }
    const nameStart = at;
    while (at < end && isTokenByte(buffer[at]!)) at++;
    if (at >= end) return incomplete(head.start, end, limits);
    if (buffer[at] !== COLON || at === nameStart) return ParseError.fieldName;
    const nameEnd = at;
    at++;
    while (at < end && (buffer[at] === SP || buffer[at] === HTAB)) at++;
    const valueStart = at;
    while (at < end && isValueByte(buffer[at]!)) at++;
    if (at + 1 >= end) return incomplete(head.start, end, limits);
    if (buffer[at] !== CR) return buffer[at] === LF ? ParseError.lineEnd : ParseError.fieldValue;
    if (buffer[at + 1] !== LF) return ParseError.lineEnd;
    let valueEnd = at;
    at += 2;
    while (valueEnd > valueStart && (buffer[valueEnd - 1] === SP || buffer[valueEnd - 1] === HTAB)) valueEnd--;
    if (head.count >= limits.headerCount) return ParseError.tooManyHeaders;
    const line = head.count;
    head.addLine(nameStart, nameEnd, valueStart, valueEnd);
    // Dispatch by length first: most names need no comparison at all.
    switch (nameEnd - nameStart) {
      case 2:
        if (equalsIgnoreCase(buffer, nameStart, nameEnd, TE)) dropHopByHop(head, line);
        break;
      case 4:
        if (equalsIgnoreCase(buffer, nameStart, nameEnd, HOST)) {
          if (head.hostLine >= 0 || !validAuthority(buffer, valueStart, valueEnd)) return ParseError.host;
          head.hostLine = line;
        } else if (equalsIgnoreCase(buffer, nameStart, nameEnd, DATE)) head.dateLine = line;
        break;
      case 6:
        if (equalsIgnoreCase(buffer, nameStart, nameEnd, EXPECT)) {
          head.expectLine = line;
          head.expectContinue = equalsIgnoreCase(buffer, valueStart, valueEnd, EXPECT_CONTINUE);
        } else if (equalsIgnoreCase(buffer, nameStart, nameEnd, SERVER)) head.serverLine = line;
        break;
      case 7:
        if (equalsIgnoreCase(buffer, nameStart, nameEnd, UPGRADE)) {
          head.upgrade = true;
          dropHopByHop(head, line);
        } else if (equalsIgnoreCase(buffer, nameStart, nameEnd, TRAILER)) dropHopByHop(head, line);
        break;
      case 10:
        if (equalsIgnoreCase(buffer, nameStart, nameEnd, CONNECTION)) {
          dropHopByHop(head, line);
          if (equalsIgnoreCase(buffer, valueStart, valueEnd, KEEP_ALIVE)) head.close = false;
          else if (equalsIgnoreCase(buffer, valueStart, valueEnd, CLOSE)) head.close = true;
          else connectionOptions = true;
        } else if (equalsIgnoreCase(buffer, nameStart, nameEnd, KEEP_ALIVE)) dropHopByHop(head, line);
        break;
      case 12:
        if (equalsIgnoreCase(buffer, nameStart, nameEnd, REQUEST_ID)) head.requestIdLine = line;
        break;
      case 14:
        if (equalsIgnoreCase(buffer, nameStart, nameEnd, CONTENT_LENGTH)) {
          if (head.contentLength >= 0) return ParseError.contentLength;
          head.contentLength = decimal(buffer, valueStart, valueEnd);
          if (head.contentLength < 0) return ParseError.contentLength;
        }
        break;
      case 15:
        if (equalsIgnoreCase(buffer, nameStart, nameEnd, FORWARDED_FOR)) {
          if (head.forwardedForLine < 0) head.forwardedForLine = line;
        }
        break;
      case 16:
        if (equalsIgnoreCase(buffer, nameStart, nameEnd, PROXY_CONNECTION)) dropHopByHop(head, line);
        break;
      case 17:
        if (equalsIgnoreCase(buffer, nameStart, nameEnd, TRANSFER_ENCODING)) {
          if (transferEncoding || !equalsIgnoreCase(buffer, valueStart, valueEnd, CHUNKED))
            return ParseError.transferEncoding;
          // HTTP/1.0 knows no transfer codings: its recipient would read the chunks as the body (RFC 9112 section 6.1).
          if (head.minor === 0) return ParseError.transferEncoding;
          transferEncoding = true;
          head.framing = 'chunked';
        } else if (equalsIgnoreCase(buffer, nameStart, nameEnd, FORWARDED_PROTO)) head.forwardedProtoLine = line;
        break;
      case 18:
        if (equalsIgnoreCase(buffer, nameStart, nameEnd, PROXY_AUTHENTICATE)) dropHopByHop(head, line);
        break;
      case 19:
        if (equalsIgnoreCase(buffer, nameStart, nameEnd, PROXY_AUTHORIZATION)) dropHopByHop(head, line);
        break;
    }
    if ((buffer[nameStart]! | 0x20) === 120 && isEnvoyName(buffer, nameStart, nameEnd)) head.hasEnvoyHeader = true;
  }
  if (transferEncoding && head.contentLength >= 0) return ParseError.framingConflict;
  if (at - head.start > limits.headBytes) return ParseError.headTooLarge;
  head.end = at;
  return connectionOptions ? applyConnectionOptions(head, buffer) : COMPLETE;
}

function dropHopByHop(head: MessageHead, line: number): void {
  head.hasHopByHop = true;
  head.drop(line);
}

function isEnvoyName(buffer: Buffer, start: number, end: number): boolean {
  return end - start > 8 && equalsIgnoreCase(buffer, start, start + 8, X_ENVOY);
}

const X_ENVOY = lowerBytes('x-envoy-');

/** Digits only, at most 15 so that the number is exact; -1 otherwise. */
function decimal(buffer: Buffer, start: number, end: number): number {
  if (start === end || end - start > 15) return -1;
  let value = 0;
  for (let i = start; i < end; i++) {
    if (!isDigit(buffer[i]!)) return -1;
    value = value * 10 + buffer[i]! - 48;
  }
  return value;
}

/**
 * Slow path for a Connection field that is more than `close` or `keep-alive`: the fields it names are dropped
 * (RFC 9110 section 7.6.1), except that a field which frames or routes the message may not be named.
 */
function applyConnectionOptions(head: MessageHead, buffer: Buffer): number {
  let upgradeNamed = false;
  for (let line = 0; line < head.count; line++) {
    if (!nameIs(head, buffer, line, CONNECTION)) continue;
    for (const part of head.value(line).split(',')) {
      const option = part.trim().toLowerCase();
      if (option === '') continue;
      if (option === 'close') head.close = true;
      else if (option === 'keep-alive') head.close = false;
      else if (option === 'upgrade') upgradeNamed = true;
      else if (PROTECTED.has(option)) return ParseError.hopByHop;
      const bytes = lowerBytes(option);
      for (let other = 0; other < head.count; other++) if (nameIs(head, buffer, other, bytes)) head.drop(other);
    }
  }
  head.upgrade = head.upgrade && upgradeNamed && head.minor === 1;
  return COMPLETE;
}

/** Fields that every hop or the final recipient needs: naming them in Connection is an attack or a mistake. */
const PROTECTED = new Set([
  'content-length',
  'transfer-encoding',
  'host',
  'authorization',
  'cookie',
  'set-cookie',
  'content-type',
]);

function nameIs(head: MessageHead, buffer: Buffer, line: number, lower: Uint8Array): boolean {
  return equalsIgnoreCase(buffer, head.index[line * 4]!, head.index[line * 4 + 1]!, lower);
}
