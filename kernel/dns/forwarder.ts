/**
 * Questions that others answer: the client's message goes on under an id, from a port and in letters that nobody can guess
 * (RFC 5452; draft-vixie-dnsext-dns0x20), and what comes back counts only if it has all three.
 *
 *   first server ──2 s──► next server ──2 s──► first server, letters as they were ──2 s──► nothing
 *
 * Who answered last is asked first. Who asks what is being asked already waits for the same answer: should the question
 * come back here through a server that is asked (a local one, whose own questions are redirected), it goes round once.
 */
import { nodeCrypto } from '../lazy-crypto.ts';
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
  /** Were being asked already, by somebody else. */
  shared = 0;
  /** Answers that did not fit their question. */
  mismatched = 0;
}

/** SERVFAIL, NOTIMP and REFUSED: another server may know more. */
const UNWILLING: ReadonlySet<number> = new Set([2, 4, 5]);

/** How others are asked. */
export interface ForwardOptions {
  /** Of each try, in milliseconds. */
  readonly tryMs: number;
  readonly tries: number;
  /** Questions that wait for others at once. */
  readonly pendingMax: number;
}

/** DEFAULT. */
export const FORWARD_OPTIONS: ForwardOptions = { tryMs: 2_000, tries: 3, pendingMax: 512 };

/** See the head of this file. */
export class Forwarder {
  readonly totals = new ForwardTotals();
  readonly #upstreams: () => readonly Upstream[];
  readonly #timers: Timers;
  readonly #options: ForwardOptions;
  readonly #giveUps = new Set<() => void>();
  /** Answers that are waited for, by transport and question. */
  readonly #asked = new Map<string, Promise<Buffer | null>>();
  /** Who answered last. */
  #preferred = '';

  /** `upstreams` are asked for at each question: they may change. */
  constructor(upstreams: () => readonly Upstream[], timers: Timers, options: ForwardOptions = FORWARD_OPTIONS) {
    this.#upstreams = upstreams;
    this.#timers = timers;
    this.#options = options;
  }

  /** Questions that wait now. */
  get inFlight(): number {
    return this.#asked.size;
  }

  /** The answer of the first that gives one, for the client as it asked; null when nobody does, or there is nobody. */
  async forward(query: Query, transport: 'udp' | 'tcp'): Promise<Buffer | null> {
    const key = `${transport} ${sameQuestion(query)}`;
    let answer = this.#asked.get(key);
    if (answer === undefined) {
      if (this.#asked.size >= this.#options.pendingMax) {
        this.totals.overflow++;
        return null;
      }
      this.totals.forwarded++;
      answer = this.#askAll(query, transport).finally(() => this.#asked.delete(key));
      this.#asked.set(key, answer);
    } else this.totals.shared++;
    const bytes = await answer;
    return bytes === null ? null : asAsked(bytes, query);
  }

  async #askAll(query: Query, transport: 'udp' | 'tcp'): Promise<Buffer | null> {
    const { tries } = this.#options;
    const upstreams = this.#inOrder();
    let refusal: Buffer | null = null;
    for (let attempt = 0; attempt < tries && upstreams.length > 0; attempt++) {
      const upstream = upstreams[attempt % upstreams.length]!;
      // Some servers answer in letters of their own.
      const asked = disguised(query, attempt < tries - 1);
      const answer = await this.#ask(asked, query.questionEnd, upstream, transport);
      if (answer === null) continue;
      if (UNWILLING.has(answer[3]! & 15) && upstreams.length > 1) {
        refusal = answer;
        continue;
      }
      this.#preferred = keyOf(upstream);
      return answer;
    }
    if (refusal === null) this.totals.failed++;
    return refusal;
  }

  #inOrder(): readonly Upstream[] {
    const upstreams = this.#upstreams();
    const first = upstreams.findIndex((each) => keyOf(each) === this.#preferred);
    return first <= 0 ? upstreams : [...upstreams.slice(first), ...upstreams.slice(0, first)];
  }

  /** Nobody is waited for any more. */
  close(): void {
    for (const giveUp of [...this.#giveUps]) giveUp();
  }

  #ask(asked: Buffer, questionEnd: number, upstream: Upstream, transport: 'udp' | 'tcp'): Promise<Buffer | null> {
    const { promise, resolve } = Promise.withResolvers<Buffer | null>();
    const finish = (answer: Buffer | null) => {
      if (!this.#giveUps.delete(giveUp)) return;
      timer.cancel();
      close();
      resolve(answer);
    };
    const giveUp = () => finish(null);
    this.#giveUps.add(giveUp);
    const timer = this.#timers.after(this.#options.tryMs, giveUp);
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
  const random = nodeCrypto().randomBytes(2 + questionEnd);
  random.copy(asked, 0, 0, 2);
  // Lengths of labels are below all letters.
  for (let at = 12; mixLetters && at < questionEnd - 4; at++) {
    const lower = asked[at]! | 0x20;
    if (lower >= 0x61 && lower <= 0x7a) asked[at] = lower ^ (random[at]! & 0x20);
  }
  return asked;
}

function keyOf({ host, port }: Upstream): string {
  return `${host} ${port}`;
}

/** Everything but the id, and the letters of the name. */
function sameQuestion({ message, questionEnd, name }: Query): string {
  return `${name} ${message.latin1Slice(2, 12)}${message.latin1Slice(questionEnd - 4)}`;
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
