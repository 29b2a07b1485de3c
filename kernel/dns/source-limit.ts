/**
 * How many answers one source gets over UDP, where anybody can write anybody's address on a question: in each second, up to
 * a limit. Above it every second question is answered by "ask over TCP", which only its real sender can do; the others by
 * nothing. The machine itself is not limited.
 */
import { BlockList, isIPv6 } from 'node:net';
import type { Clock } from '../clock.ts';

/** DEFAULT: more than any resolver of one machine asks. */
export const ANSWERS_PER_SECOND = 1_000;
/** More sources in one second share one count. */
const SOURCES_MAX = 4_096;

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** See the head of this file. */
export class SourceLimit {
  readonly #clock: Clock;
  readonly #max: number;
  readonly #counts = new Map<string, number>();
  #second = -1;

  constructor(clock: Clock, max: number = ANSWERS_PER_SECOND) {
    this.#clock = clock;
    this.#max = max;
  }

  /** What becomes of a question from this address. */
  admit(address: string): 'answer' | 'truncate' | 'drop' {
    if (LOOPBACK.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')) return 'answer';
    const second = this.#clock.seconds();
    if (second !== this.#second) {
      this.#second = second;
      this.#counts.clear();
    }
    const source = sourceOf(address);
    const key = this.#counts.has(source) || this.#counts.size < SOURCES_MAX ? source : '';
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    if (count <= this.#max) return 'answer';
    return count % 2 === 0 ? 'truncate' : 'drop';
  }
}

/** Of IPv6 the first four groups, since whoever has one address has its /64. */
function sourceOf(address: string): string {
  if (!isIPv6(address)) return address;
  return address.split('%')[0]!.split('::')[0]!.split(':').slice(0, 4).join(':');
}
