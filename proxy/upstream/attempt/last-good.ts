/**
 * The last good answers of a cluster, for requests that fail later (outrider.resilience.v1.LastGood). Not a cache: nothing is
 * answered from here while the endpoints answer.
 *
 *   request   GET, without Authorization, Cookie and Range, and without `no-store`
 *   answer    200, without Set-Cookie, without `no-store` and `private`; Vary names nothing but what the key holds
 *   key       authority, path, and the three fields by which answers to the same path usually differ
 *   bound     entries, and bytes of each; the one that was kept longest ago goes first
 */
import type { FallbackConfig } from '../../config/model/policy.ts';
import type { Exchange } from '../../http/exchange.ts';
import type { HeaderLine } from '../../http/header-line.ts';
import { HeaderName } from '../../http/header-name.ts';
import type { LineSink, ResponseHead } from '../../http/message.ts';
import type { OutgoingRequest } from '../../http/outgoing-request.ts';
import { Dechunker } from '../../http1/dechunker.ts';

export type LastGoodLimits = Extract<FallbackConfig, { kind: 'last-good' }>;

/** One answer. */
export interface GoodAnswer {
  /** Whole header lines besides those of framing and of one hop. */
  readonly lines: string;
  readonly body: Buffer;
  /** Monotonic milliseconds. */
  readonly atMs: number;
}

const VARYING = ['accept', 'accept-encoding', 'accept-language'];
const KEY_FIELDS = VARYING.map((name) => new HeaderName(name));
const PERSONAL = ['authorization', 'cookie', 'range'].map((name) => new HeaderName(name));
const CACHE_CONTROL = new HeaderName('cache-control');
const SET_COOKIE = new HeaderName('set-cookie');
const VARY = new HeaderName('vary');

/** What is said of one connection, or anew for every answer. */
const LEFT_OUT =
  /^(connection|keep-alive|transfer-encoding|content-length|date|age|server|trailer|x-envoy-|x-outrider-)/i;

export class LastGoodAnswers {
  readonly #answers = new Map<string, GoodAnswer>();

  put(key: string, answer: GoodAnswer, maxEntries: number): void {
    this.#answers.delete(key);
    this.#answers.set(key, answer);
    for (const oldest of this.#answers.keys()) {
      if (this.#answers.size <= maxEntries) return;
      this.#answers.delete(oldest);
    }
  }

  /** The answer, when it is young enough. */
  get(key: string, nowMs: number, maxAgeMs: number): GoodAnswer | null {
    const answer = this.#answers.get(key);
    return answer !== undefined && nowMs - answer.atMs <= maxAgeMs ? answer : null;
  }

  get size(): number {
    return this.#answers.size;
  }
}

/** Under which the answer to a request is kept; null for one to which no kept answer may be given. */
export function keyOf(request: OutgoingRequest): string | null {
  if (request.method !== 'GET' || PERSONAL.some((name) => request.first(name) !== null)) return null;
  if (forbids(request.first(CACHE_CONTROL))) return null;
  const varying = KEY_FIELDS.map((name) => request.first(name) ?? '').join('\n');
  return `${request.authority}\n${request.path}\n${varying}`;
}

function mayKeep(head: ResponseHead): boolean {
  if (head.status !== 200 || head.first(SET_COOKIE) !== null || forbids(head.first(CACHE_CONTROL))) return false;
  const vary = head.first(VARY)?.toLowerCase().split(',') ?? [];
  return vary.every((name) => VARYING.includes(name.trim()));
}

function forbids(cacheControl: string | null): boolean {
  return cacheControl !== null && /no-store|private/i.test(cacheControl);
}

/** Takes one answer down while it goes to the client. */
export class Recording {
  readonly #answers: LastGoodAnswers;
  readonly #key: string;
  readonly #limits: LastGoodLimits;
  readonly #lines: string;
  readonly #chunked: boolean;
  readonly #atMs: number;
  readonly #pieces: Buffer[] = [];
  #bytes: number;

  private constructor(
    answers: LastGoodAnswers,
    key: string,
    limits: LastGoodLimits,
    lines: string,
    chunked: boolean,
    atMs: number,
  ) {
    this.#answers = answers;
    this.#key = key;
    this.#limits = limits;
    this.#lines = lines;
    this.#chunked = chunked;
    this.#atMs = atMs;
    this.#bytes = lines.length;
  }

  /** Begins with the head of an answer; null when it may not be kept, or is too large. */
  static of(
    exchange: Exchange,
    head: ResponseHead,
    answers: LastGoodAnswers,
    limits: LastGoodLimits,
    nowMs: number,
  ): Recording | null {
    if (head.tunnel || head.contentLength > limits.maxBytes || !mayKeep(head)) return null;
    const key = keyOf(exchange.sent!);
    if (key === null) return null;
    const lines = new KeptLines();
    head.eachLine(lines);
    const chunked = (head.framing === 'chunked' || head.framing === 'close') && exchange.downstream.acceptsChunked;
    return new Recording(answers, key, limits, lines.text, chunked, nowMs);
  }

  /** More of the body, as it goes to the client. */
  add(buffer: Buffer, start: number, end: number, done: boolean): void {
    this.#bytes += end - start;
    if (this.#bytes > this.#limits.maxBytes) this.#pieces.length = 0;
    else if (end > start) this.#pieces.push(Buffer.from(buffer.subarray(start, end)));
    if (done) this.keep();
  }

  /** The answer is complete; one that has become too large is not kept. */
  keep(): void {
    if (this.#bytes > this.#limits.maxBytes) return;
    const whole = Buffer.concat(this.#pieces);
    const body = this.#chunked ? dechunked(whole) : whole;
    this.#answers.put(this.#key, { lines: this.#lines, body, atMs: this.#atMs }, this.#limits.maxEntries);
  }
}

function dechunked(whole: Buffer): Buffer {
  const dechunker = new Dechunker();
  dechunker.convert(whole, 0, whole.length);
  return Buffer.from(dechunker.buffer.subarray(dechunker.start, dechunker.end));
}

class KeptLines implements LineSink {
  text = '';

  raw(text: string): void {
    if (!LEFT_OUT.test(text)) this.text += `${text}\r\n`;
  }

  line({ text }: HeaderLine): void {
    if (!LEFT_OUT.test(text)) this.text += text;
  }
}
