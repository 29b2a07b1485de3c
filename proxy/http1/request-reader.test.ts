import fc from 'fast-check';
import t from 'tap';
import { TimerWheel } from '../../kernel/timer-wheel.ts';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import { seededRandom } from '../../test/fakes/fake-random.ts';
import { FakeTimers } from '../../test/fakes/fake-timers.ts';
import type { Failure } from '../http/failure.ts';
import { LimitCounters } from '../http/limit-counters.ts';
import { HEADROOM_BYTES, Loop } from '../net/loop.ts';
import type { BodyRelay } from './body-relay.ts';
import { DEFAULT_HTTP1_LIMITS, FIXED_LIMITS } from './limits.ts';
import { MessageHead } from './message-head.ts';
import { PendingBytes } from './pending-bytes.ts';
import { RequestReader, type RequestSink } from './request-reader.ts';

/** Writes down what the reader says. */
class Recorder implements RequestSink {
  readonly requests: { line: string; body: string; done: boolean }[] = [];
  failure: Failure | null = null;
  partialHeads = 0;
  floods = 0;

  onRequest(head: MessageHead, body: BodyRelay): void {
    this.requests.push({ line: `${head.method} ${head.path}`, body: '', done: false });
    this.onBody(body);
  }

  onBody(body: BodyRelay): void {
    const request = this.requests.at(-1)!;
    request.body += body.buffer.latin1Slice(body.start, body.end);
    request.done = body.done;
  }

  onInvalid(failure: Failure): void {
    this.failure = failure;
  }

  onPartialHead(): void {
    this.partialHeads++;
  }

  onFlood(): void {
    this.floods++;
  }
}

function newReader() {
  const clock = new FakeClock();
  const loop = new Loop(clock, new TimerWheel(clock, new FakeTimers(clock)), seededRandom());
  const sink = new Recorder();
  const reader = new RequestReader(loop, DEFAULT_HTTP1_LIMITS, new MessageHead(100), sink, new LimitCounters());
  /** As a read does: behind the headroom of a buffer that is used again. */
  const feed = (text: string) => {
    const length = loop.readView.latin1Write(text, 0);
    reader.feed(loop.readBuffer, HEADROOM_BYTES, HEADROOM_BYTES + length);
    loop.readBuffer.fill(0x21);
  };
  return { reader, sink, feed };
}

const message = fc.oneof(
  fc
    .constantFrom('/a', '/b?c')
    .map((path) => ({ text: `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`, line: `GET ${path}`, body: '' })),
  fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 20 }).map((body) => ({
    text: `\r\nPOST /l HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    line: 'POST /l',
    body,
  })),
  fc.constant({
    text: 'POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
    line: 'POST /c',
    body: '3\r\nabc\r\n0\r\n\r\n',
  }),
);

t.test('however requests are cut, they come one by one, in order and whole', (t) => {
  const property = fc.property(
    fc.array(message, { minLength: 1, maxLength: 5 }),
    fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 }),
    fc.boolean(),
    (messages, cuts, answerAtOnce) => {
      const { reader, sink, feed } = newReader();
      const text = messages.map((each) => each.text).join('');
      const points = [0, ...cuts.map((each) => Math.round(each * text.length)).sort((a, b) => a - b), text.length];
      const answer = () => {
        while (sink.requests.at(-1)?.done && sink.failure === null) {
          const before = sink.requests.length;
          reader.next();
          reader.readPending();
          if (sink.requests.length === before) return;
        }
      };
      for (let i = 1; i < points.length; i++) {
        if (points[i]! > points[i - 1]!) feed(text.slice(points[i - 1], points[i]));
        if (answerAtOnce) answer();
      }
      answer();
      const seen = sink.requests.map(({ line, body }) => `${line} ${decoded(body)}`);
      const sent = messages.map(({ line, body }) => `${line} ${decoded(body)}`);
      return sink.failure === null && JSON.stringify(seen) === JSON.stringify(sent);
    },
  );
  fc.assert(property, { numRuns: 300 });
  t.end();
});

/** Chunks may be cut differently on the way. */
function decoded(body: string): string {
  return body.endsWith('0\r\n\r\n') ? body.replace(/[0-9a-f]+\r\n|\r\n/g, '') : body;
}

t.test('a second request is not looked at before the first is answered', (t) => {
  const { reader, sink, feed } = newReader();
  feed('GET /a HTTP/1.1\r\nHost: a\r\n\r\nBROKEN\r\n\r\n');
  t.equal(sink.requests.length, 1);
  t.equal(sink.failure, null);
  reader.next();
  reader.readPending();
  t.equal(sink.failure?.status, 400);
  feed('GET /b HTTP/1.1\r\nHost: a\r\n\r\n');
  t.equal(sink.requests.length, 1, 'it has stopped');
  t.end();
});

t.test('many bytes of later requests are told, so that reading can stop', (t) => {
  const { sink, feed, reader } = newReader();
  feed('GET /a HTTP/1.1\r\nHost: a\r\n\r\n');
  const next = 'GET /b HTTP/1.1\r\nHost: a\r\n\r\n';
  const half = next.repeat(Math.ceil(FIXED_LIMITS.pipelineBytes / next.length / 2));
  feed(half);
  t.equal(sink.floods, 0);
  t.notOk(reader.flooded);
  feed(half);
  t.equal(sink.floods, 1);
  t.ok(reader.flooded);
  t.end();
});

t.test('a head that is longer than the limit is refused while it comes', (t) => {
  const { sink, feed } = newReader();
  feed('GET / HTTP/1.1\r\nHost: a\r\nX: ');
  for (let i = 0; i < 7; i++) feed('x'.repeat(10_000));
  t.equal(sink.failure?.status, 431);
  t.end();
});

t.test('pending bytes are consumed from the front and grow behind, whatever the order', (t) => {
  const step = fc.oneof(
    fc.string({ unit: 'binary-ascii', maxLength: 3_000 }).map((text) => ({ text, consume: 0 })),
    fc.double({ min: 0, max: 1, noNaN: true }).map((consume) => ({ text: '', consume })),
  );
  const property = fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
    let expected = 'first';
    const first = Buffer.from(expected);
    const pending = new PendingBytes(first, 0, first.length);
    for (const { text, consume } of steps) {
      if (text !== '') {
        const bytes = Buffer.from(text, 'latin1');
        pending.append(bytes, 0, bytes.length);
        expected += text;
      } else {
        const count = Math.floor(consume * pending.length);
        pending.consumeTo(pending.start + count);
        expected = expected.slice(count);
      }
      if (pending.buffer.latin1Slice(pending.start, pending.end) !== expected) return false;
    }
    const before = pending.buffer.latin1Slice(pending.start, pending.end);
    pending.giveHeadroom();
    return pending.start >= HEADROOM_BYTES && pending.buffer.latin1Slice(pending.start, pending.end) === before;
  });
  fc.assert(property, { numRuns: 100 });
  t.end();
});

t.test('a little that waits is kept in a little memory', (t) => {
  const pending = new PendingBytes(Buffer.from('GET / HT'), 0, 8);
  t.ok(pending.buffer.buffer.byteLength <= 128);
  pending.append(Buffer.alloc(1_000), 0, 1_000);
  t.ok(pending.buffer.buffer.byteLength <= 2_100);
  t.end();
});

t.test('a head that came in pieces is edited where it lies', (t) => {
  const { reader, sink, feed } = newReader();
  let headroom = 0;
  sink.onRequest = (head) => {
    headroom = head.start;
  };
  for (const piece of ['GE', 'T / HTTP/1.1\r\n', 'Host: a\r\n', '\r\n']) feed(piece);
  t.ok(headroom >= HEADROOM_BYTES);
  t.notOk(reader.hasPending);
  t.end();
});
