/** What the codec reads and writes, taken together: properties that hold for every input. */
import fc from 'fast-check';
import t from 'tap';
import { TimerWheel } from '../../kernel/timer-wheel.ts';
import { readRequests, readResponses, valuesOf } from '../../test/component/data-plane/http-text.ts';
import { readCases } from '../../test/conformance/case.ts';
import { bytesOf } from '../../test/conformance/mutator.ts';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import { seededRandom } from '../../test/fakes/fake-random.ts';
import { FakeTimers } from '../../test/fakes/fake-timers.ts';
import { LimitCounters } from '../http/limit-counters.ts';
import { ByteWriter } from '../net/byte-writer.ts';
import { HEADROOM_BYTES, Loop } from '../net/loop.ts';
import type { BodyRelay } from './body-relay.ts';
import { ChunkedDecoder } from './chunked-decoder.ts';
import { parseRequestHead, parseResponseHead } from './head-parser.ts';
import { DEFAULT_HTTP1_LIMITS } from './limits.ts';
import { MessageHead } from './message-head.ts';
import { COMPLETE } from './parse-result.ts';
import { RequestReader, type RequestSink } from './request-reader.ts';

// ---------------------------------------------------------------------------------------------------------------------
// Reads

const INPUT_BYTES_MAX = 1_500;

/** All request cases, ended so that nothing waits for more of a line. */
const CASES = [...readCases('http1-cases.json'), ...readCases('more-http1-cases.json')]
  .map((each) => `${bytesOf(each)}\r\n\r\n`)
  .filter((text) => text.length <= INPUT_BYTES_MAX);

/** Complete requests with what their bodies mean, and the status of the refusal at the end. */
class Transcript implements RequestSink {
  readonly complete: string[] = [];
  refused = 0;
  #open = '';
  #decoder: ChunkedDecoder | null = null;

  onRequest(head: MessageHead, body: BodyRelay): void {
    this.#open = `${head.method} ${head.authority} ${head.path} ${head.framing} `;
    this.#decoder = head.framing === 'chunked' ? new ChunkedDecoder() : null;
    this.onBody(body);
  }

  onBody({ buffer, start, end, done }: BodyRelay): void {
    const onData = (data: Buffer, from: number, to: number) => {
      this.#open += data.latin1Slice(from, to);
    };
    if (this.#decoder === null) onData(buffer, start, end);
    else if (this.#decoder.scan(buffer, start, end, { onData }) !== end - start) this.#open += '(broken)';
    if (done) this.complete.push(this.#open);
  }

  onInvalid(failure: { readonly status: number }): void {
    this.refused = failure.status;
  }

  onPartialHead(): void {}
  onFlood(): void {}
}

/** Feeds the pieces as reads do, and answers every request at once. */
function transcribe(pieces: readonly string[]) {
  const clock = new FakeClock();
  const loop = new Loop(clock, new TimerWheel(clock, new FakeTimers(clock)), seededRandom());
  const sink = new Transcript();
  const reader = new RequestReader(loop, DEFAULT_HTTP1_LIMITS, new MessageHead(100), sink, new LimitCounters());
  for (const piece of pieces) {
    const length = loop.readView.latin1Write(piece, 0);
    reader.feed(loop.readBuffer, HEADROOM_BYTES, HEADROOM_BYTES + length);
    loop.readBuffer.fill(0x21, 0, HEADROOM_BYTES + length);
    for (let answered = -1; answered < sink.complete.length && sink.refused === 0; ) {
      answered = sink.complete.length;
      if (reader.inBody) break;
      reader.next();
      reader.readPending();
    }
  }
  return { complete: sink.complete, refused: sink.refused };
}

const edited = fc
  .tuple(
    fc.constantFrom(...CASES),
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.constantFrom('', '', '\r', '\n', '\r\n', ' ', '\t', '\0', ':', '0', 'x', '\r\n\r\n', '0\r\n\r\n'),
    fc.nat({ max: 3 }),
  )
  .map(([text, where, inserted, removed]) => {
    const at = Math.floor(where * text.length);
    return text.slice(0, at) + inserted + text.slice(at + removed);
  });

t.test('however the bytes are cut into reads, they mean the same', (t) => {
  const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 });
  const property = fc.property(edited, cuts, (text, where) => {
    const whole = JSON.stringify(transcribe([text]));
    const points = where.map((each) => Math.floor(each * text.length)).sort((a, b) => a - b);
    const pieces = [0, ...points].map((from, i) => text.slice(from, points[i])).filter((each) => each !== '');
    const single = text.length > 300 || JSON.stringify(transcribe([...text])) === whole;
    return single && JSON.stringify(transcribe(pieces)) === whole;
  });
  fc.assert(property, { numRuns: 1_000 });
  t.end();
});

// ---------------------------------------------------------------------------------------------------------------------
// Writes

const GENERATED = Buffer.from('x-generated: 1\r\n');
const LENGTH = 7;
const CHUNKS = '7\r\n0123456\r\n0\r\n\r\n';

const space = fc.constantFrom('', ' ', ' ', '\t', '  ', ' \t ');
const field = fc
  .tuple(
    fc.constantFrom(
      ...['content-length:7', 'Content-Length:07', 'CONTENT-LENGTH:0000007', 'content-length:0', 'content-length:00'],
      ...['transfer-encoding:chunked', 'Transfer-Encoding:CHUNKED', 'tRaNsFeR-eNcOdInG:chUnked'],
      ...['connection:close', 'connection:x-a', 'connection:keep-alive, X-B', 'keep-alive:1', 'te:trailers'],
      ...[
        'upgrade:h2c',
        'trailer:x',
        'proxy-connection:x',
        'proxy:x',
        'x-a:1',
        'x-b:2',
        'x-c:',
        'x_d:\x80',
        'via:1.1 p',
      ],
    ),
    space,
    space,
  )
  .map(([text, before, behind]) => {
    const colon = text.indexOf(':');
    return `${text.slice(0, colon)}:${before}${text.slice(colon + 1)}${behind}\r\n`;
  });
const fields = fc.array(field, { maxLength: 6 }).map((each) => each.join(''));
const host = fc.constantFrom('Host: a.test\r\n', 'Host:a.test:81\r\n', 'hOsT:\t [::1]:80 \r\n');
const requestHead = fc
  .tuple(
    fc.constantFrom('GET', 'POST', 'OPTIONS', 'HEAD', 'M-SEARCH'),
    fc.constantFrom('/', '/a?b', '//x', 'http://c.test', 'HTTP://c.test:82?q', 'http://[::1]/x/../y', '*'),
    fc.constantFrom(0, 1),
    host,
    fields,
  )
  .map(([method, target, minor, hostLine, lines]) => `${method} ${target} HTTP/1.${minor}\r\n${hostLine}${lines}\r\n`);
const responseHead = fc
  .tuple(
    fc.constantFrom('200 OK', '200 ', '200', '404 Not Found', '204 No', '304 X', '503 \x80'),
    fc.constantFrom(0, 1),
    fields,
  )
  .map(([status, minor, lines]) => `HTTP/1.${minor} ${status}\r\n${lines}\r\n`);

/** The body that a head announces, as it is forwarded. */
function bodyFor(head: MessageHead): string {
  return head.framing === 'chunked' ? CHUNKS : head.framing === 'length' ? '0123456'.slice(0, head.contentLength) : '';
}

/** Parses behind that much headroom; null when it is refused. */
function parse(kind: 'request' | 'response', text: string, headroom: number): MessageHead | null {
  const head = new MessageHead(100);
  const buffer = Buffer.concat([Buffer.alloc(headroom), Buffer.from(text, 'latin1')]);
  const parser = kind === 'request' ? parseRequestHead : parseResponseHead;
  return parser(head, buffer, headroom, buffer.length, DEFAULT_HTTP1_LIMITS) === COMPLETE ? head : null;
}

function composeRequest(head: MessageHead): string {
  const body = Buffer.from(bodyFor(head), 'latin1');
  return head.composeRequest(new ByteWriter(), GENERATED, body, 0, body.length);
}

/** As an answer is sent to an HTTP/1.1 client. */
function composeResponse(head: MessageHead): string {
  const close = head.framing === 'close';
  const body = Buffer.from(close ? CHUNKS : bodyFor(head), 'latin1');
  const out = new ByteWriter();
  head.composeResponse(out, close ? 'transfer-encoding: chunked\r\n' : '', body, 0, body.length);
  return out.text();
}

/** The lines that say where the body ends. */
function framingLines(text: string): string[] {
  return text
    .slice(0, text.indexOf('\r\n\r\n'))
    .split('\r\n')
    .filter((each) => /^(content-length|transfer-encoding)[ \t]*:/i.test(each));
}

const PLAIN_FRAMING = /^(content-length: ?(0|[1-9][0-9]*)|transfer-encoding: ?chunked)$/i;

t.test('a request that is forwarded is one message for a strict reader, with at most one framing field', (t) => {
  let forwarded = 0;
  const property = fc.property(requestHead, fc.constantFrom(0, HEADROOM_BYTES), (text, headroom) => {
    const head = parse('request', text, headroom);
    if (head === null) return true;
    forwarded++;
    const { framing, method, path } = head;
    const wire = composeRequest(head);
    const { messages, problem, rest } = readRequests(wire);
    const [message] = messages;
    const lines = framingLines(wire);
    const whole = problem === null && messages.length === 1 && rest === wire.length && message !== undefined;
    const body = framing === 'none' ? '' : '0123456'.slice(0, LENGTH);
    const hop = ['connection', 'keep-alive', 'te', 'upgrade', 'trailer', 'proxy-connection', 'proxy'];
    return (
      whole &&
      message.body === body &&
      message.method === method &&
      (message.target === path || (message.target === '*' && path === '/')) &&
      lines.length <= 1 &&
      lines.every((each) => PLAIN_FRAMING.test(each)) &&
      (framing === 'chunked') === /^transfer/i.test(lines[0] ?? '') &&
      hop.every((name) => valuesOf(message, name).length === 0)
    );
  });
  fc.assert(property, { numRuns: 2_000 });
  t.ok(forwarded > 400, `${forwarded} were forwarded`);
  t.end();
});

t.test('an answer that is forwarded is one message for a strict reader, with exactly one framing field', (t) => {
  let forwarded = 0;
  const property = fc.property(responseHead, fc.constantFrom(0, HEADROOM_BYTES), (text, headroom) => {
    const head = parse('response', text, headroom);
    if (head === null) return true;
    forwarded++;
    const { framing, status } = head;
    const wire = composeResponse(head);
    const { messages, problem, rest } = readResponses(wire);
    const lines = framingLines(wire);
    const bodyless = status === 204 || status === 304;
    return (
      problem === null &&
      messages.length === 1 &&
      rest === wire.length &&
      messages[0]!.status === status &&
      messages[0]!.body === (framing === 'none' ? '' : '0123456') &&
      lines.length <= 1 &&
      (lines.length === 1 || bodyless) &&
      lines.every((each) => PLAIN_FRAMING.test(each))
    );
  });
  fc.assert(property, { numRuns: 2_000 });
  t.ok(forwarded > 400, `${forwarded} were forwarded`);
  t.end();
});

t.test('what was written is read as the same message, and is written the same again', (t) => {
  const property = fc.property(requestHead, fc.constantFrom(0, HEADROOM_BYTES), (text, headroom) => {
    const first = parse('request', text, headroom);
    if (first === null) return true;
    const { framing, contentLength, authority, close, method } = first;
    const written = composeRequest(first).slice(0, -bodyFor(first).length || undefined);
    const second = parse('request', written, HEADROOM_BYTES);
    if (second === null) return false;
    const same =
      second.framing === framing &&
      second.contentLength === contentLength &&
      second.authority === authority &&
      second.method === method &&
      second.droppedCount === 0 &&
      second.minor === 1;
    const body = Buffer.alloc(0);
    return same && !(second.close && !close) && second.composeRequest(new ByteWriter(), body, body, 0, 0) === written;
  });
  fc.assert(property, { numRuns: 2_000 });
  t.end();
});
