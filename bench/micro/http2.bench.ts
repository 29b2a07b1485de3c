/**
 * Micro-benchmarks of the HTTP/2 path: what one gRPC call asks of the header compression, of the rules of requests, and of
 * all of them together between the read of a client's frames and the write of the answer's, without sockets. Each block
 * comes a second time: what does not change is in the dynamic tables, as it is on a connection that is kept.
 */
import { SystemClock } from '../../kernel/clock.ts';
import { SeededRandom } from '../../kernel/random.ts';
import { TimerWheel } from '../../kernel/timer-wheel.ts';
import { SystemTimers } from '../../kernel/timers.ts';
import type { Exchange } from '../../proxy/http/exchange.ts';
import { RESPONDED } from '../../proxy/http/verdict.ts';
import {
  DEFAULT_WINDOW_BYTES,
  FLAG_END_HEADERS,
  FLAG_END_STREAM,
  FRAME,
  FRAME_HEADER_BYTES,
  PREFACE,
  WINDOW_BYTES_MAX,
} from '../../proxy/http2/frames/frames.ts';
import { HpackDecoder } from '../../proxy/http2/hpack/decoder.ts';
import { HpackEncoder } from '../../proxy/http2/hpack/encoder.ts';
import type { Field } from '../../proxy/http2/hpack/field.ts';
import { FieldTable } from '../../proxy/http2/hpack/field-table.ts';
import { Http2Outgoing } from '../../proxy/http2/message/outgoing.ts';
import { readRequest } from '../../proxy/http2/message/request-rules.ts';
import { Http2ResponseHead } from '../../proxy/http2/message/response-head.ts';
import { readResponse } from '../../proxy/http2/message/response-rules.ts';
import { Http2ServerSession } from '../../proxy/http2/server-session.ts';
import { Http2Shared } from '../../proxy/http2/shared.ts';
import { Loop } from '../../proxy/net/loop.ts';
import { Transport } from '../../proxy/net/transport.ts';
import { TurnEnd, type TurnTask } from '../../proxy/net/turn-end.ts';
import { CONNECTION, managerOf, OWNER, sinkSocket, tableEndingIn } from './http-fixtures.ts';
import type { MicroBenchmark } from './runner.ts';

type Lines = readonly (readonly [name: string, value: string])[];

/** A call as grpc-go sends it, with the trace of a mesh. */
const REQUEST: Lines = [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/shop.Orders/Read'],
  [':authority', 'orders.shop.test'],
  ['content-type', 'application/grpc'],
  ['user-agent', 'grpc-go/1.60.0'],
  ['te', 'trailers'],
  ['grpc-accept-encoding', 'gzip'],
  ['grpc-timeout', '999m'],
  ['x-tenant', 'acme'],
];
const ANSWER: Lines = [
  [':status', '200'],
  ['content-type', 'application/grpc'],
  ['grpc-encoding', 'identity'],
  ['server', 'orders'],
];
const TRAILERS: Lines = [
  ['grpc-status', '0'],
  ['grpc-message', ''],
];
/** One message of 95 bytes behind its prefix. */
const MESSAGE = Buffer.concat([Buffer.from([0, 0, 0, 0, 95]), Buffer.alloc(95, 'a')]);

const LIST_BYTES_MAX = 65_536;
const FIELDS_MAX = 100;
/** Calls that come in one turn of the event loop: their answers leave in one write. */
const CALLS_A_TURN = 10;
/** Where the number of the stream stands in a frame. */
const STREAM_AT = 5;
const NOTHING = Buffer.alloc(0);
/** The session is fed without its transport. */
const IGNORED = {
  onBytes: () => undefined,
  onEnd: () => undefined,
  onClose: () => undefined,
  onWritable: () => undefined,
};

function internAll(table: FieldTable, lines: Lines): Field[] {
  return lines.map(([name, value]) => table.intern(name, value));
}

function encode(encoder: HpackEncoder, fields: readonly Field[]): Buffer {
  const out = Buffer.alloc(4096);
  return out.subarray(0, encodeInto(encoder, fields, out));
}

/** A block as a connection's first message has it, and as its later ones have it. */
function blocksOf(lines: Lines): { readonly fields: Field[]; readonly first: Buffer; readonly again: Buffer } {
  const encoder = new HpackEncoder();
  const fields = internAll(new FieldTable(), lines);
  return { fields, first: encode(encoder, fields), again: encode(encoder, fields) };
}

function encodeInto(encoder: HpackEncoder, fields: readonly Field[], out: Buffer): number {
  let end = encoder.begin(out, 0);
  for (let i = 0; i < fields.length; i++) end = encoder.put(fields[i]!, out, end);
  return end;
}

function decodeInto(decoder: HpackDecoder, block: Buffer): void {
  const code = decoder.decode(block, 0, block.length, LIST_BYTES_MAX, FIELDS_MAX);
  if (code !== 0) throw new Error(`the block is not valid: ${code}`);
}

/** A decoder that has seen the first block. */
function warmDecoder(table: FieldTable, first: Buffer): HpackDecoder {
  const decoder = new HpackDecoder(table);
  decodeInto(decoder, first);
  return decoder;
}

function decodeAgain(iterations: number): unknown {
  const { first, again } = blocksOf(REQUEST);
  const decoder = warmDecoder(new FieldTable(), first);
  let fields = 0;
  for (let i = 0; i < iterations; i++) {
    decodeInto(decoder, again);
    fields += decoder.count;
  }
  return fields;
}

/** On a new connection, whose fields others have sent before. */
function decodeFirst(iterations: number): unknown {
  const { first } = blocksOf(REQUEST);
  const table = new FieldTable();
  let fields = 0;
  for (let i = 0; i < iterations; i++) fields += warmDecoder(table, first).count;
  return fields;
}

function encodeAgain(iterations: number): unknown {
  const { fields } = blocksOf(REQUEST);
  const encoder = new HpackEncoder();
  const out = Buffer.alloc(4096);
  let bytes = 0;
  for (let i = 0; i < iterations; i++) bytes += encodeInto(encoder, fields, out);
  return bytes;
}

function readAgain(iterations: number): unknown {
  const table = new FieldTable();
  const { first } = blocksOf(REQUEST);
  const { fields, count } = warmDecoder(table, first);
  let found = 0;
  for (let i = 0; i < iterations; i++) if (readRequest(table, fields, count, false, false) !== null) found++;
  if (found !== iterations) throw new Error('the request is not valid');
  return found;
}

/** Ends turns when it is told to, instead of when the event loop does. */
class ManualTurnEnd extends TurnEnd {
  readonly #tasks: TurnTask[] = [];

  override add(task: TurnTask): void {
    this.#tasks.push(task);
  }

  run(): void {
    for (const task of this.#tasks.splice(0)) task.onTurnEnd();
  }
}

class ManualLoop extends Loop {
  override readonly turnEnd = new ManualTurnEnd();
}

function newLoop(): ManualLoop {
  const clock = new SystemClock();
  return new ManualLoop(clock, new TimerWheel(clock, new SystemTimers({ unref: true })), new SeededRandom(1));
}

function frame(type: number, flags: number, streamId: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(FRAME_HEADER_BYTES);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(streamId, 5);
  return Buffer.concat([header, payload]);
}

/** A whole call; the number of its stream is filled in later. */
function callFrames(block: Buffer): Buffer {
  const head = frame(FRAME.headers, FLAG_END_HEADERS, 0, block);
  return Buffer.concat([head, frame(FRAME.data, FLAG_END_STREAM, 0, MESSAGE)]);
}

/** What a client says before its first call, with a window that no benchmark uses up. */
function opening(): Buffer {
  const window = Buffer.alloc(4);
  window.writeUInt32BE(WINDOW_BYTES_MAX - DEFAULT_WINDOW_BYTES);
  return Buffer.concat([PREFACE, frame(FRAME.settings, 0, 0, NOTHING), frame(FRAME.windowUpdate, 0, 0, window)]);
}

/** The connection to the endpoint: what it sends again and again. */
class Answers {
  readonly #decoder: HpackDecoder;
  readonly #head: Buffer;
  readonly #trailers: Buffer;

  constructor(table: FieldTable) {
    const encoder = new HpackEncoder();
    const [head, trailers] = [ANSWER, TRAILERS].map((lines) => internAll(table, lines));
    this.#decoder = new HpackDecoder(table);
    for (const fields of [head!, trailers!]) decodeInto(this.#decoder, encode(encoder, fields));
    this.#head = encode(encoder, head!);
    this.#trailers = encode(encoder, trailers!);
  }

  give(exchange: Exchange): void {
    const decoder = this.#decoder;
    decodeInto(decoder, this.#head);
    const { status, lines } = readResponse(decoder.fields, decoder.count)!;
    exchange.respond(new Http2ResponseHead(status, lines, 'close', -1, false, false), NOTHING, 0, 0, false);
    exchange.respondBody(MESSAGE, 0, MESSAGE.length, false);
    decodeInto(decoder, this.#trailers);
    exchange.respondTrailers(decoder.fields.slice(0, decoder.count));
  }
}

/**
 * From the client's frames to those of the answer: server session, manager, route table, the fields for the endpoint, and
 * the reading of its answer.
 */
function exchange(iterations: number): unknown {
  const loop = newLoop();
  const shared = new Http2Shared(loop);
  const routes = tableEndingIn('/shop.Orders/');
  const answers = new Answers(shared.fields);
  const manager = managerOf(loop, routes, (each) => {
    if (routes.match(each) === null) throw new Error('no route');
    each.sent = Http2Outgoing.of(shared.collector, each);
    if (!each.requestDone) throw new Error('a call that came in one read has not come completely');
    answers.give(each);
    return RESPONDED;
  });
  const { socket, written } = sinkSocket();
  const transport = new Transport(loop, socket, IGNORED);
  const session = new Http2ServerSession(shared, manager, transport, CONNECTION, OWNER);
  const { first, again } = blocksOf(REQUEST);
  const start = opening();
  session.onBytes(start, 0, start.length);
  call(session, callFrames(first), first.length, 1);
  const frames = callFrames(again);
  for (let i = 0; i < iterations; i++) {
    call(session, frames, again.length, 2 * i + 3);
    if (i % CALLS_A_TURN === CALLS_A_TURN - 1) loop.turnEnd.run();
  }
  loop.turnEnd.run();
  loop.wheel.destroy();
  if (written() < iterations * MESSAGE.length) throw new Error(`only ${written()} bytes were answered`);
  return written();
}

/** One call comes on a stream of its own. */
function call(session: Http2ServerSession, frames: Buffer, blockBytes: number, streamId: number): void {
  frames.writeUInt32BE(streamId, STREAM_AT);
  frames.writeUInt32BE(streamId, FRAME_HEADER_BYTES + blockBytes + STREAM_AT);
  session.onBytes(frames, 0, frames.length);
}

/** One operation is one message. */
export const benchmarks: readonly MicroBenchmark[] = [
  { name: 'http2/decode gRPC head', run: decodeAgain },
  { name: 'http2/decode gRPC head of a new connection', run: decodeFirst },
  { name: 'http2/encode gRPC head', run: encodeAgain },
  { name: 'http2/read request', run: readAgain },
  { name: 'http2/exchange without sockets', run: exchange },
];
