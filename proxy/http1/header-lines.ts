/** The header lines of a message (RFC 9112 section 5), with the fields that frame and route it. HOT. */

import {
  COLON,
  CR,
  classOf,
  equalsIgnoreCase,
  HTAB,
  isValueByte,
  LF,
  lowerBytes,
  SP,
  TOKEN_BIT,
  UNDERSCORE_BIT,
} from '../http/bytes.ts';
import {
  TRAIT_CLIENT_CERT,
  TRAIT_ENVOY_HEADER,
  TRAIT_GRPC,
  TRAIT_MAX_FORWARDS,
  TRAIT_TAKES_TRAILERS,
  TRAIT_UNDERSCORE,
  TRAIT_UNKNOWN_EXPECTATION,
  TRAIT_UPGRADE,
} from '../http/request-traits.ts';
import { CHUNKED, codingError, decimal, isPlain, isPlainCoding, isPlainLength } from './framing-fields.ts';
import type { Http1Limits } from './limits.ts';
import type { MessageHead } from './message-head.ts';
import { COMPLETE, incomplete, ParseError } from './parse-result.ts';
import { validAuthority } from './request-target.ts';

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
const PROXY = lowerBytes('proxy');
const HTTP2_SETTINGS = lowerBytes('http2-settings');
const CONTENT_TYPE = lowerBytes('content-type');
const MAX_FORWARDS = lowerBytes('max-forwards');
const CLIENT_CERT = lowerBytes('x-forwarded-client-cert');
const PROXY_AUTHENTICATE = lowerBytes('proxy-authenticate');
const PROXY_AUTHORIZATION = lowerBytes('proxy-authorization');
const PROXY_AUTHENTICATION_INFO = lowerBytes('proxy-authentication-info');

/** All header lines up to the empty one. One loop, so that every byte is looked at once. */
export function parseLines(head: MessageHead, buffer: Buffer, from: number, end: number, limits: Http1Limits): number {
  head.linesStart = from;
  let at = from;
  let transferEncoding = false;
  let badCoding = false;
  let connectionOptions = false;
  let seen = 0;
  for (;;) {
    if (at >= end) return incomplete(head.start, end, limits);
    if (buffer[at] === CR) {
      if (at + 1 >= end) return incomplete(head.start, end, limits);
      if (buffer[at + 1] !== LF) return ParseError.lineEnd;
      at += 2;
      break;
    }
    const nameStart = at;
    while (at < end) {
      const bits = classOf(buffer[at]!);
      if ((bits & TOKEN_BIT) === 0) break;
      seen |= bits;
      at++;
    }
    if (at >= end) return incomplete(head.start, end, limits);
    if (buffer[at] !== COLON || at === nameStart) return ParseError.fieldName;
    const nameEnd = at;
    at++;
    while (at < end && (buffer[at] === SP || buffer[at] === HTAB)) at++;
    const valueStart = at;
    while (at < end && isValueByte(buffer[at]!)) at++;
    if (at >= end) return incomplete(head.start, end, limits);
    if (buffer[at] !== CR) return buffer[at] === LF ? ParseError.lineEnd : ParseError.fieldValue;
    if (at + 1 >= end) return incomplete(head.start, end, limits);
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
        if (equalsIgnoreCase(buffer, nameStart, nameEnd, TE)) {
          head.drop(line);
          if (TAKES_TRAILERS.test(head.value(line))) head.traits |= TRAIT_TAKES_TRAILERS;
        }
        break;
      case 4:
        if (equalsIgnoreCase(buffer, nameStart, nameEnd, HOST) && head.status === 0) {
          if (head.hostLine >= 0 || !validAuthority(buffer, valueStart, valueEnd)) return ParseError.host;
          head.hostLine = line;
          if (head.authorityStart === 0 && !isPlain(buffer, nameEnd, valueStart, valueEnd, at))
            head.setAuthority(head.value(line));
        }
        break;
      case 5:
        // No field of HTTP, but what CGI programs take for the address of their own proxy (CVE-2016-5385).
        if (equalsIgnoreCase(buffer, nameStart, nameEnd, PROXY)) head.drop(line);
        break;
      case 6:
        if (equalsIgnoreCase(buffer, nameStart, nameEnd, EXPECT)) {
          if (head.expectLine >= 0) head.drop(head.expectLine);
          head.expectLine = line;
          head.expectContinue = equalsIgnoreCase(buffer, valueStart, valueEnd, EXPECT_CONTINUE);
          // HTTP/1.0 has no expectations: a server ignores them there (RFC 9110 section 10.1.1).
          if (head.minor === 0) head.drop(line);
          else if (!head.expectContinue) head.traits |= TRAIT_UNKNOWN_EXPECTATION;
        }
        break;
      case 7:
        if (equalsIgnoreCase(buffer, nameStart, nameEnd, UPGRADE)) {
          head.upgrade = true;
          head.upgradeLine = line;
          head.drop(line);
        } else if (equalsIgnoreCase(buffer, nameStart, nameEnd, TRAILER)) head.drop(line);
        break;
      case 10:
        if (equalsIgnoreCase(buffer, nameStart, nameEnd, CONNECTION)) {
          head.drop(line);
          if (equalsIgnoreCase(buffer, valueStart, valueEnd, KEEP_ALIVE)) head.keepAlive = true;
          else if (equalsIgnoreCase(buffer, valueStart, valueEnd, CLOSE)) head.close = true;
          else connectionOptions = true;
        } else if (equalsIgnoreCase(buffer, nameStart, nameEnd, KEEP_ALIVE)) {
          head.drop(line);
          head.keepAliveLine = line;
        }
        break;
      case 12:
        if (equalsIgnoreCase(buffer, nameStart, nameEnd, CONTENT_TYPE)) {
          if (isGrpcType(buffer, valueStart, valueEnd)) head.traits |= TRAIT_GRPC;
        } else if (equalsIgnoreCase(buffer, nameStart, nameEnd, MAX_FORWARDS)) head.traits |= TRAIT_MAX_FORWARDS;
        break;
      case 14:
        if (equalsIgnoreCase(buffer, nameStart, nameEnd, CONTENT_LENGTH)) {
          if (head.contentLength >= 0) return ParseError.contentLength;
          head.contentLength = decimal(buffer, valueStart, valueEnd);
          if (head.contentLength < 0) return ParseError.contentLength;
          if (!isPlainLength(buffer, nameEnd, valueStart, valueEnd, at)) {
            head.drop(line);
            head.add('content-length', String(head.contentLength));
          }
        } else if (equalsIgnoreCase(buffer, nameStart, nameEnd, HTTP2_SETTINGS)) head.drop(line);
        break;
      case 16:
        if (equalsIgnoreCase(buffer, nameStart, nameEnd, PROXY_CONNECTION)) head.drop(line);
        break;
      case 17:
        if (equalsIgnoreCase(buffer, nameStart, nameEnd, TRANSFER_ENCODING)) {
          // Told at the end, since a line that cannot be read at all is the graver fault. HTTP/1.0 knows no transfer
          // codings: its recipient would read the chunks as the body (RFC 9112 section 6.1).
          if (transferEncoding || head.minor === 0 || !equalsIgnoreCase(buffer, valueStart, valueEnd, CHUNKED))
            badCoding = true;
          else if (!isPlainCoding(buffer, nameEnd, valueStart, valueEnd, at)) {
            head.drop(line);
            head.add('transfer-encoding', 'chunked');
          }
          transferEncoding = true;
          head.framing = 'chunked';
        }
        break;
      case 18:
        if (equalsIgnoreCase(buffer, nameStart, nameEnd, PROXY_AUTHENTICATE)) head.drop(line);
        break;
      case 19:
        if (equalsIgnoreCase(buffer, nameStart, nameEnd, PROXY_AUTHORIZATION)) head.drop(line);
        break;
      case 23:
        if (equalsIgnoreCase(buffer, nameStart, nameEnd, CLIENT_CERT)) head.traits |= TRAIT_CLIENT_CERT;
        break;
      case 25:
        if (equalsIgnoreCase(buffer, nameStart, nameEnd, PROXY_AUTHENTICATION_INFO)) head.drop(line);
        break;
    }
    if ((buffer[nameStart]! | 0x20) === 120 && isControlName(buffer, nameStart, nameEnd))
      head.traits |= TRAIT_ENVOY_HEADER;
  }
  if ((seen & UNDERSCORE_BIT) !== 0) head.traits |= TRAIT_UNDERSCORE;
  if (badCoding) return codingError(head);
  if (transferEncoding && head.contentLength >= 0) return ParseError.framingConflict;
  if (at - head.start > limits.headBytes) return ParseError.headTooLarge;
  head.end = at;
  if (connectionOptions) {
    const result = applyConnectionOptions(head, buffer);
    if (result !== COMPLETE) return result;
  } else head.upgrade = false;
  // `close` wins over `keep-alive`, whatever their order (RFC 9112 section 9.3); HTTP/1.0 closes unless told otherwise.
  if (head.minor === 0 && !head.keepAlive) head.close = true;
  return COMPLETE;
}

/** The bytes of `application/grpc`, alone or with a suffix: the same as isGrpcContentType. */
function isGrpcType(buffer: Buffer, start: number, end: number): boolean {
  if (end - start < GRPC_TYPE.length) return false;
  for (let i = 0; i < GRPC_TYPE.length; i++) if (buffer[start + i] !== GRPC_TYPE[i]) return false;
  const next = start + GRPC_TYPE.length;
  return next === end || buffer[next] === PLUS || buffer[next] === SEMICOLON;
}

const GRPC_TYPE = lowerBytes('application/grpc');
const PLUS = 43;
const SEMICOLON = 59;

/** `x-envoy-...` and `x-outrider-...`: fields by which proxies steer each other. */
function isControlName(buffer: Buffer, start: number, end: number): boolean {
  if (end - start <= 8) return false;
  if (equalsIgnoreCase(buffer, start, start + 8, X_ENVOY)) return true;
  return end - start > 11 && equalsIgnoreCase(buffer, start, start + 11, X_OUTRIDER);
}

const X_ENVOY = lowerBytes('x-envoy-');
const X_OUTRIDER = lowerBytes('x-outrider-');
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
      else if (option === 'keep-alive') head.keepAlive = true;
      else if (option === 'upgrade') upgradeNamed = true;
      else if (PROTECTED.has(option)) return ParseError.hopByHop;
      head.nominated ??= [];
      head.nominated.push(option);
      const bytes = lowerBytes(option);
      for (let other = 0; other < head.count; other++) if (nameIs(head, buffer, other, bytes)) head.drop(other);
    }
  }
  head.upgrade = head.upgrade && upgradeNamed && head.minor === 1;
  if (head.upgrade) head.traits |= TRAIT_UPGRADE;
  return COMPLETE;
}

/** `trailers` as one member of TE (RFC 9110 section 10.1.4). */
const TAKES_TRAILERS = /(?:^|,)[ \t]*trailers[ \t]*(?:,|$)/i;

/** Fields that every hop or the final recipient needs: naming them in Connection is an attack or a mistake. */
const PROTECTED = new Set([
  'authorization',
  'cache-control',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'cookie',
  'date',
  'host',
  'location',
  'max-forwards',
  'range',
  'set-cookie',
  'transfer-encoding',
  'vary',
  'via',
  'www-authenticate',
]);

function nameIs(head: MessageHead, buffer: Buffer, line: number, lower: Uint8Array): boolean {
  return equalsIgnoreCase(buffer, head.index[line * 4]!, head.index[line * 4 + 1]!, lower);
}
