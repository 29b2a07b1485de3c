/**
 * What hostile HTTP/2 clients do, one probe for each kind of abuse, by the names that are known for them.
 */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Test } from 'tap';
import {
  continuation,
  data,
  FLAG,
  FRAME,
  frame,
  get,
  headers,
  indexed,
  indexedLiteral,
  literals,
  PREFACE,
  ping,
  priority,
  requestFields,
  rstStream,
  SETTING,
  settings,
  windowUpdate,
} from '../../fakes/http2-frames.ts';
import type { RawHttp2, RawHttp2Options } from '../../fakes/raw-http2.ts';
import type { Experience } from '../../peers/http2/neighbour.ts';

/** Hostile connections at once: what the process takes for itself is shared by so many. */
export const HOSTILE = 8;
const FLOOD_MS = 400;
const FLOOD_BYTES_MAX = 40_000_000;
/** The limit of streams that the proxy is told. */
export const STREAMS_MAX = 100;
const CANCEL = 8;
const WINDOW_MAX = 2 ** 31 - 1;
/** Large answers at once on a connection. A stalled one costs Envoy 130 KB: a hundred would be too many for it. */
const BIG_ANSWERS = 50;
/** What requests ask for: large answers, answers that never come, and what does not matter. */
const BIG = '/big';
const NEVER = '/never';
const PATH = '/hostile';
/** All of that: none of it is asked for by the good client, whose server can be another one. */
export const HOSTILE_PATHS = [BIG, NEVER, PATH] as const;
/** How long a patient reader waits for its next byte. */
const BYTE_PATIENCE_MS = 20;

/**
 * What has to come of a hostile connection: the proxy ends it; or it refuses what was sent, by an error for the
 * connection, a stream or a request; or nothing in particular, since memory and neighbours are all that matters.
 */
export type Outcome = 'ended' | 'refused' | 'harmless';

/** One kind of abuse. */
export interface Probe {
  readonly name: string;
  readonly outcome: Outcome;
  readonly options?: RawHttp2Options;
  attack(client: RawHttp2): Promise<void>;
  /** What else has to hold. */
  readonly check?: (t: Test, ends: readonly End[], seen: Experience) => void;
}

/** How a hostile connection stood when the attack was over. */
export interface End {
  readonly ended: boolean;
  readonly refused: boolean;
  /** Statuses of its answers by stream. */
  readonly statuses: ReadonlyMap<number, string>;
  readonly summary: string;
}

function openingWith(...pairs: readonly (readonly [number, number])[]): RawHttp2Options {
  return { opening: Buffer.concat([PREFACE, settings(pairs)]), keepData: false };
}

/** The client's stream number `index`, from 0. */
function streamOf(index: number): number {
  return 2 * index + 1;
}

/** Sends pieces, each made from its number, until the time is over or the connection is. */
async function flood(client: RawHttp2, piece: (index: number) => Buffer): Promise<void> {
  const untilMs = performance.now() + FLOOD_MS;
  let bytes = 0;
  for (let index = 0; bytes < FLOOD_BYTES_MAX; index++) {
    const left = untilMs - performance.now();
    const next = piece(index);
    bytes += next.length;
    if (left <= 0 || !(await client.push(next, left))) return;
    await nextTurn();
  }
}

/** The same bytes again and again, in pieces of about 16 KB. */
function floodOf(frames: Buffer): (client: RawHttp2) => Promise<void> {
  const piece = Buffer.concat(new Array<Buffer>(Math.ceil(16_384 / frames.length)).fill(frames));
  return (client) => flood(client, () => piece);
}

/** Streams one after the other, a hundred in a piece. */
function floodOfStreams(one: (stream: number) => Buffer): (client: RawHttp2) => Promise<void> {
  return (client) =>
    flood(client, (piece) =>
      Buffer.concat(Array.from({ length: 100 }, (_, each) => one(streamOf(piece * 100 + each)))),
    );
}

/** Asks for large answers, and waits until all of them have begun. Gives their streams. */
async function startBigAnswers(client: RawHttp2): Promise<number[]> {
  const streams = Array.from({ length: BIG_ANSWERS }, (_, index) => streamOf(index));
  client.send(...streams.map((stream) => get(stream, BIG)));
  await client.until(() => client.counts[FRAME.headers]! >= BIG_ANSWERS);
  return streams;
}

const post = (stream: number, length: number): Buffer =>
  headers(stream, requestFields('POST', PATH, [['content-length', String(length)]]));

const openBlock = frame(FRAME.headers, FLAG.endStream, 1, literals(requestFields('GET', PATH)));

/** Numbered as in the list of known abuses; several of one number are variants. */
export const PROBES: readonly Probe[] = [
  {
    name: '1 CONTINUATION frames without end, a small field in each',
    outcome: 'ended',
    async attack(client) {
      client.send(openBlock);
      await floodOf(continuation(1, literals([['x-a', 'b']])))(client);
    },
  },
  {
    name: '1 CONTINUATION frames without end, empty ones',
    outcome: 'ended',
    async attack(client) {
      client.send(openBlock);
      await floodOf(continuation(1, Buffer.alloc(0)))(client);
    },
  },
  {
    name: '2 empty DATA frames (CVE-2019-9518)',
    outcome: 'ended',
    async attack(client) {
      client.send(headers(1, requestFields('POST', PATH)));
      await floodOf(data(1, Buffer.alloc(0)))(client);
    },
  },
  {
    name: '3 HEADERS frames without a field',
    outcome: 'refused',
    attack: floodOfStreams((stream) => headers(stream, Buffer.alloc(0), FLAG.endStream)),
  },
  {
    name: '3 header fields without a name (CVE-2019-9516)',
    outcome: 'refused',
    attack: floodOfStreams((stream) =>
      headers(
        stream,
        literals([...requestFields('GET', PATH), ...new Array<[string, string]>(50).fill(['', ''])]),
        FLAG.endStream,
      ),
    ),
  },
  {
    name: '4 requests that are reset at once (CVE-2023-44487)',
    outcome: 'ended',
    attack: floodOfStreams((stream) => Buffer.concat([get(stream, NEVER), rstStream(stream, CANCEL)])),
  },
  {
    name: '5 resets provoked by window updates of zero (CVE-2025-8671)',
    outcome: 'ended',
    attack: floodOfStreams((stream) => Buffer.concat([get(stream, NEVER), windowUpdate(stream, 0)])),
  },
  {
    name: '5 resets provoked by more DATA than the content-length (CVE-2025-8671)',
    outcome: 'ended',
    attack: floodOfStreams((stream) => Buffer.concat([post(stream, 1), data(stream, Buffer.alloc(10))])),
  },
  {
    name: '5 resets provoked by streams that depend on themselves (CVE-2025-8671)',
    outcome: 'ended',
    attack: floodOfStreams((stream) => Buffer.concat([get(stream, NEVER), priority(stream, stream)])),
  },
  {
    name: '5 resets provoked by windows that overflow (CVE-2025-8671)',
    outcome: 'ended',
    attack: floodOfStreams((stream) => Buffer.concat([get(stream, NEVER), windowUpdate(stream, WINDOW_MAX)])),
  },
  {
    name: '5 resets provoked by DATA behind the end (CVE-2025-8671)',
    outcome: 'ended',
    attack: floodOfStreams((stream) => Buffer.concat([get(stream, NEVER), data(stream, Buffer.alloc(10))])),
  },
  {
    name: '6 SETTINGS whose acknowledgements are not read (CVE-2019-9515)',
    outcome: 'harmless',
    async attack(client) {
      client.stopReading();
      await floodOf(settings([[SETTING.initialWindowSize, 65_535]]))(client);
    },
  },
  {
    name: '6 SETTINGS whose acknowledgements are read',
    outcome: 'harmless',
    attack: floodOf(settings([[SETTING.initialWindowSize, 65_535]])),
  },
  {
    name: '7 PINGs whose answers are not read (CVE-2019-9512)',
    outcome: 'harmless',
    async attack(client) {
      client.stopReading();
      await floodOf(ping())(client);
    },
  },
  { name: '7 PINGs whose answers are read', outcome: 'harmless', attack: floodOf(ping()) },
  {
    name: '8 large answers taken byte by byte (CVE-2019-9511)',
    outcome: 'harmless',
    options: openingWith([SETTING.initialWindowSize, 1]),
    async attack(client) {
      const streams = await startBigAnswers(client);
      const updates = Buffer.concat(streams.map((stream) => windowUpdate(stream, 1)));
      const untilMs = performance.now() + FLOOD_MS;
      while (performance.now() < untilMs && !client.ended) {
        const before = client.dataBytes;
        client.send(updates);
        // As a patient reader does: the next byte is asked for when the last one is here.
        await client.until(() => client.dataBytes >= before + BIG_ANSWERS, BYTE_PATIENCE_MS);
      }
    },
  },
  {
    name: '9 large answers for which there is no window',
    outcome: 'harmless',
    options: openingWith([SETTING.initialWindowSize, 0]),
    async attack(client) {
      await startBigAnswers(client);
      await sleep(FLOOD_MS);
    },
  },
  {
    name: '9 large answers with all windows open that are not read (CVE-2019-9517)',
    outcome: 'harmless',
    options: openingWith([SETTING.initialWindowSize, WINDOW_MAX]),
    async attack(client) {
      client.send(windowUpdate(0, WINDOW_MAX - 65_535)).stopReading();
      for (let index = 0; index < BIG_ANSWERS; index++) client.send(get(streamOf(index), BIG));
      await sleep(FLOOD_MS);
    },
  },
  {
    name: '10 a table entry of 4 KB named thousands of times (HPACK bomb)',
    outcome: 'refused',
    async attack(client) {
      const block = literals(requestFields('GET', PATH));
      client.send(headers(1, Buffer.concat([block, indexedLiteral('x-bomb', 'b'.repeat(4_000))]), FLAG.endStream));
      const bomb = Buffer.concat([block, Buffer.alloc(16_000, indexed(62))]);
      await flood(client, (index) => headers(streamOf(index + 1), bomb, FLAG.endStream));
    },
    check: (t, ends) => t.notOk(ends.some(answeredWell(3)), 'no bomb gets an answer'),
  },
  {
    name: '11 more header fields than anybody needs',
    outcome: 'refused',
    attack: floodOfStreams((stream) =>
      headers(stream, requestFields('GET', PATH, new Array<[string, string]>(1_000).fill(['a', ''])), FLAG.endStream),
    ),
    check: (t, ends) => t.notOk(ends.some(answeredWell(1)), 'no such request gets an answer'),
  },
  {
    name: '12 PRIORITY frames (CVE-2019-9513)',
    outcome: 'harmless',
    attack: floodOfStreams((stream) => priority(stream, stream - 1)),
  },
  {
    name: '13 resets of streams that never were',
    outcome: 'ended',
    attack: floodOfStreams((stream) => rstStream(stream, CANCEL)),
  },
  {
    name: '13 resets of a stream that has ended',
    outcome: 'harmless',
    async attack(client) {
      client.send(get(1, PATH));
      await client.waitFor(isEndOf(1), 'an answer');
      await floodOf(rstStream(1, CANCEL))(client);
    },
  },
  {
    name: '13 a window of the connection that overflows',
    outcome: 'ended',
    attack: floodOf(windowUpdate(0, WINDOW_MAX)),
  },
  { name: '13 window updates of one byte', outcome: 'harmless', attack: floodOf(windowUpdate(0, 1)) },
  {
    name: '14 more streams than the limit',
    outcome: 'refused',
    async attack(client) {
      await client.waitFor(
        (each) => each.type === FRAME.settings && (each.flags & FLAG.ack) !== 0,
        'an acknowledgement',
      );
      for (let index = 0; index < 3 * STREAMS_MAX; index++) client.send(get(streamOf(index), NEVER));
      await sleep(FLOOD_MS);
    },
    check: (t, _, { servedAtOnce }) =>
      // The good client's request is one more.
      t.ok(servedAtOnce <= HOSTILE * STREAMS_MAX + 1, `${servedAtOnce} requests at once reached the server`),
  },
];

function isEndOf(stream: number): (frame: { type: number; flags: number; stream: number }) => boolean {
  return (each) =>
    each.stream === stream &&
    (each.type === FRAME.data || each.type === FRAME.headers) &&
    (each.flags & FLAG.endStream) !== 0;
}

/** True for a client with a good answer on that stream or a later one. */
function answeredWell(from: number): (end: End) => boolean {
  return ({ statuses }) => Array.from(statuses).some(([stream, status]) => stream >= from && status === '200');
}
