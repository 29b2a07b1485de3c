/** The header lines of a message (RFC 9112 section 5), with the fields that frame and route it. HOT. */
import { COLON, CR, equalsIgnoreCase, HTAB, isDigit, isTokenByte, isValueByte, LF, lowerBytes, SP } from './bytes.ts';
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
const CHUNKED = lowerBytes('chunked');
const REQUEST_ID = lowerBytes('x-request-id');
const FORWARDED_FOR = lowerBytes('x-forwarded-for');
const FORWARDED_PROTO = lowerBytes('x-forwarded-proto');
const SERVER = lowerBytes('server');
const DATE = lowerBytes('date');
const PROXY_AUTHENTICATE = lowerBytes('proxy-authenticate');
const PROXY_AUTHORIZATION = lowerBytes('proxy-authorization');

/** All header lines up to the empty one. One loop, so that every byte is looked at once. */
export function parseLines(head: MessageHead, buffer: Buffer, from: number, end: number, limits: Http1Limits): number {
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
