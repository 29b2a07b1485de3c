/**
 * How many failed attempts of one address are answered and written down one by one. Who has a good credential is never
 * held up by others behind the same address: tokens have 256 bits, so that what has to be bounded is not guessing, but
 * what guessing costs.
 */
import type { Clock } from '../../kernel/clock.ts';

/** DEFAULT of an address: so many at once, and then one in so many milliseconds. */
const BURST = 10;
const REFILL_MS = 10_000;
/** Of all addresses together. */
const TOTAL_BURST = 200;
const TOTAL_REFILL_MS = 100;
/** Addresses remembered; the one that failed longest ago is forgotten first. */
export const ADDRESSES_MAX = 4096;

/** A bucket: how much is left, and at which clock time that was so. */
interface Bucket {
  left: number;
  atMs: number;
}

/** See the head of this file. */
export class FailureLimit {
  readonly #clock: Pick<Clock, 'nowMs'>;
  /** In the order of the last failure. */
  readonly #buckets = new Map<string, Bucket>();
  readonly #total: Bucket;
  /** Failures that were above it. */
  exceeded = 0;

  constructor(clock: Pick<Clock, 'nowMs'>) {
    this.#clock = clock;
    this.#total = { left: TOTAL_BURST, atMs: clock.nowMs() };
  }

  /** Counts a failure; false when there have been too many. */
  admit(address: string): boolean {
    const key = networkOf(address);
    const nowMs = this.#clock.nowMs();
    const bucket = this.#buckets.get(key) ?? { left: BURST, atMs: nowMs };
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > ADDRESSES_MAX) this.#buckets.delete(this.#buckets.keys().next().value!);
    const admitted = take(bucket, nowMs, BURST, REFILL_MS) && take(this.#total, nowMs, TOTAL_BURST, TOTAL_REFILL_MS);
    if (!admitted) this.exceeded++;
    return admitted;
  }

  /** Addresses remembered now. */
  get size(): number {
    return this.#buckets.size;
  }
}

/** Seconds after which another failure of an address is answered as such. */
export const RETRY_AFTER_SECONDS = REFILL_MS / 1000;

function take(bucket: Bucket, nowMs: number, burst: number, refillMs: number): boolean {
  bucket.left = Math.min(burst, bucket.left + (nowMs - bucket.atMs) / refillMs);
  bucket.atMs = nowMs;
  if (bucket.left < 1) return false;
  bucket.left--;
  return true;
}

/** Of IPv6 the network of 64 bits: whoever has one address of it has all. */
function networkOf(address: string): string {
  if (!address.includes(':') || address.startsWith('::ffff:')) return address;
  const [head = '', tail] = address.split('%')[0]!.split('::');
  const groups = head === '' ? [] : head.split(':');
  const rest = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - groups.length - rest.length);
  return [...groups, ...Array<string>(zeros).fill('0'), ...rest].slice(0, 4).join(':');
}
