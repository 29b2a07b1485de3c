/**
 * The values of the fields that say where a message ends, and how they have to be written to be forwarded as they came.
 *
 * A field that frames or routes a message and is written in an unusual way goes out in our own writing: the next hop may
 * trim other bytes than RFC 9110 section 5.5 says, or read a number in another base, and would then find another end.
 */
import { equalsIgnoreCase, isDigit, lowerBytes, SP } from '../http/bytes.ts';
import type { MessageHead } from './message-head.ts';
import { ParseError } from './parse-result.ts';

/** The one transfer coding that is understood. */
export const CHUNKED = lowerBytes('chunked');

const TRANSFER_ENCODING = lowerBytes('transfer-encoding');
const ZERO = 48;

/** Digits only, at most 15 so that the number is exact; -1 otherwise. HOT. */
export function decimal(buffer: Buffer, start: number, end: number): number {
  if (start === end || end - start > 15) return -1;
  let value = 0;
  for (let i = start; i < end; i++) {
    if (!isDigit(buffer[i]!)) return -1;
    value = value * 10 + buffer[i]! - 48;
  }
  return value;
}

/** At most one SP stands in front of the value, and nothing behind it. `next` is where the next line begins. HOT. */
export function isPlain(buffer: Buffer, nameEnd: number, valueStart: number, valueEnd: number, next: number): boolean {
  if (valueEnd + 2 !== next) return false;
  const space = valueStart - nameEnd - 1;
  return space === 0 || (space === 1 && buffer[nameEnd + 1] === SP);
}

/** Likewise, and the number has no leading zeros, which some read as octal. HOT. */
export function isPlainLength(
  buffer: Buffer,
  nameEnd: number,
  valueStart: number,
  valueEnd: number,
  next: number,
): boolean {
  const padded = buffer[valueStart] === ZERO && valueEnd - valueStart > 1;
  return !padded && isPlain(buffer, nameEnd, valueStart, valueEnd, next);
}

/** Likewise, and `chunked` is in lower case. HOT. */
export function isPlainCoding(
  buffer: Buffer,
  nameEnd: number,
  valueStart: number,
  valueEnd: number,
  next: number,
): boolean {
  for (let i = 0; i < CHUNKED.length; i++) if (buffer[valueStart + i] !== CHUNKED[i]) return false;
  return isPlain(buffer, nameEnd, valueStart, valueEnd, next);
}

/**
 * Why the transfer codings of a head are refused. Without `chunked` as the last one, or with two of them, nobody can tell
 * where a request ends (400); another coding below it is one that is not understood (501). RFC 9112 sections 6.1 and
 * 6.3. COLD.
 */
export function codingError(head: MessageHead): number {
  const codings: string[] = [];
  for (let line = 0; line < head.count; line++) {
    const at = line * 4;
    if (!equalsIgnoreCase(head.buffer, head.index[at]!, head.index[at + 1]!, TRANSFER_ENCODING)) continue;
    codings.push(...head.value(line).toLowerCase().split(','));
  }
  const names = codings.map((each) => each.replace(/^[ \t]+|[ \t]+$/g, ''));
  const below = names.slice(0, -1);
  const framed = names.at(-1) === 'chunked' && below.every((each) => each !== 'chunked' && CODING.test(each));
  return framed && below.length > 0 && head.minor === 1 ? ParseError.transferEncoding : ParseError.finalCoding;
}

/** transfer-coding with its parameters, RFC 9112 section 7. */
const CODING = /^[!#$%&'*+\-.^_`|~0-9a-z]+(?:[ \t]*;.*)?$/;
