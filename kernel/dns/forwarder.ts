/**
 * Questions that others answer: the client's message goes on under an id, from a port and in letters that nobody can guess
 * (RFC 5452; draft-vixie-dnsext-dns0x20), and what comes back counts only if it has all three.
 *
 *   first server ──2 s──► next server ──2 s──► first server, letters as they were ──2 s──► nothing
 */
import { randomBytes } from 'node:crypto';
import type { Timers } from '../timers.ts';
import type { Query } from './query.ts';
import { overTcp, overUdp, type Upstream } from './upstream.ts';

/** Counts since the start. */
export class ForwardTotals {
  forwarded = 0;
  /** Nobody answered in time. */
  failed = 0;
  /** Not even asked: too many are. */
  overflow = 0;
  /** Answers that did not fit their question. */
  mismatched = 0;
}

/** DEFAULT for each try. */
const TRY_MS = 2_000;
const TRIES = 3;
/** The most questions that wait for others at once. */
export const FORWARDED_MAX = 512;

/** See the head of this file. */
export class Forwarder {
  readonly totals = new ForwardTotals();
  readonly #upstreams: readonly Upstream[];
  readonly #timers: Timers;
  readonly #tryMs: number;
  readonly #pending = new Set<() => void>();

  /** At least one upstream. */
  constructor(upstreams: readonly Upstream[], timers: Timers, tryMs: number = TRY_MS) {
    this.#upstreams = upstreams;
    this.#timers = timers;
    this.#tryMs = tryMs;
  }

  /** Questions that wait now. */
  get inFlight(): number {
    return this.#pending.size;
  }

  /** The answer of the first that gives one, for the client as it asked; null when nobody does. */
  async forward(query: Query, transport: 'udp' | 'tcp'): Promise<Buffer | null> {
    if (this.#pending.size >= FORWARDED_MAX) {
      this.totals.overflow++;
      return null;
    }
    this.totals.forwarded++;
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const upstream = this.#upstreams[attempt % this.#upstreams.length]!;
      // Some servers answer in letters of their own.
      const asked = disguised(query, attempt < TRIES - 1);
      const answer = await this.#ask(asked, query.questionEnd, upstream, transport);
      if (answer !== null) return asAsked(answer, query);
    }
    this.totals.failed++;
    return null;
  }

  /** Nobody is waited for any more. */
  close(): void {
    for (const giveUp of [...this.#pending]) giveUp();
  }

  #ask(asked: Buffer, questionEnd: number, upstream: Upstream, transport: 'udp' | 'tcp'): Promise<Buffer | null> {
    const { promise, resolve } = Promise.withResolvers<Buffer | null>();
    const finish = (answer: Buffer | null) => {
      if (!this.#pending.delete(giveUp)) return;
      timer.cancel();
      close();
      resolve(answer);
    };
    const giveUp = () => finish(null);
    this.#pending.add(giveUp);
    const timer = this.#timers.after(this.#tryMs, giveUp);
    const onMessage = (answer: Buffer) => {
      if (fits(answer, asked, questionEnd)) finish(answer);
      else this.totals.mismatched++;
    };
    const send = transport === 'udp' ? overUdp : overTcp;
    const close = send(asked, upstream, onMessage, giveUp);
    return promise;
  }
}

/** The client's message under another id, and in other letters where that is wanted. */
function disguised({ message, questionEnd }: Query, mixLetters: boolean): Buffer {
  const asked = Buffer.from(message);
  const random = randomBytes(2 + questionEnd);
  random.copy(asked, 0, 0, 2);
  // Lengths of labels are below all letters.
  for (let at = 12; mixLetters && at < questionEnd - 4; at++) {
    const lower = asked[at]! | 0x20;
    if (lower >= 0x61 && lower <= 0x7a) asked[at] = lower ^ (random[at]! & 0x20);
  }
  return asked;
}

function fits(answer: Buffer, asked: Buffer, questionEnd: number): boolean {
  return (
    answer.length >= questionEnd &&
    answer.readUInt16BE(0) === asked.readUInt16BE(0) &&
    (answer[2]! & 0x80) !== 0 &&
    answer.readUInt16BE(4) === 1 &&
    answer.subarray(12, questionEnd).equals(asked.subarray(12, questionEnd))
  );
}

/** Under the client's id and in its letters. */
function asAsked(answer: Buffer, { message, questionEnd }: Query): Buffer {
  const bytes = Buffer.from(answer);
  message.copy(bytes, 0, 0, 2);
  message.copy(bytes, 12, 12, questionEnd);
  return bytes;
}
