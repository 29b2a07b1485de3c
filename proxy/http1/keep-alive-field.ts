/** The Keep-Alive field, by which servers tell how long they keep an idle connection (RFC 2068 section 19.7.1.1). HOT. */
import { equalsIgnoreCase, isDigit, isTokenByte, lowerBytes } from '../http/bytes.ts';

const TIMEOUT = lowerBytes('timeout=');
/** More than anybody waits: a day. */
const SECONDS_MAX = 86_400;

/** Seconds behind `timeout=` in a value such as `timeout=5, max=100`; -1 when there is none that can be used. */
export function keepAliveSeconds(buffer: Buffer, start: number, end: number): number {
  for (let at = start; at + TIMEOUT.length < end; at++) {
    if (!equalsIgnoreCase(buffer, at, at + TIMEOUT.length, TIMEOUT)) continue;
    if (at > start && isTokenByte(buffer[at - 1]!)) continue;
    let seconds = 0;
    let digit = at + TIMEOUT.length;
    for (; digit < end && isDigit(buffer[digit]!) && seconds <= SECONDS_MAX; digit++)
      seconds = seconds * 10 + buffer[digit]! - 48;
    return digit === at + TIMEOUT.length ? -1 : Math.min(seconds, SECONDS_MAX);
  }
  return -1;
}
