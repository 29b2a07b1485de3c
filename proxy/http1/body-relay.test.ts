import fc from 'fast-check';
import t from 'tap';
import { ByteWriter } from '../net/byte-writer.ts';
import { BodyRelay } from './body-relay.ts';
import { ChunkedDecoder } from './chunked-decoder.ts';
import { FIXED_LIMITS } from './limits.ts';

/** A chunked body as a sender may write it, with what it means and whether it may pass as it is. */
interface Chunked {
  readonly wire: string;
  readonly content: string;
  readonly plain: boolean;
}

const data = fc.string({ unit: fc.constantFrom('a', 'b', '\r', '\n', '0', '\x80'), minLength: 1, maxLength: 30 });
const chunk = fc
  .tuple(data, fc.integer({ min: 0, max: 2 }), fc.constantFrom('', '', '', ';x', ';name="va;l"'), fc.boolean())
  .map(([text, zeros, extension, upper]): Chunked => {
    const digits = text.length.toString(16);
    const size = '0'.repeat(zeros) + (upper ? digits.toUpperCase() : digits);
    return { wire: `${size}${extension}\r\n${text}\r\n`, content: text, plain: zeros === 0 && extension === '' };
  });
const chunked = fc
  .tuple(fc.array(chunk, { maxLength: 6 }), fc.constantFrom('', '', 'X-T: 1\r\n', 'A:\r\nB: c d\r\n'))
  .map(
    ([chunks, trailers]): Chunked => ({
      wire: `${chunks.map((each) => each.wire).join('')}0\r\n${trailers}\r\n`,
      content: chunks.map((each) => each.content).join(''),
      plain: trailers === '' && chunks.every((each) => each.plain),
    }),
  );
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 });

function split(text: string, at: readonly number[]): Buffer[] {
  const points = [0, ...at.map((each) => Math.round(each * text.length)).sort((a, b) => a - b), text.length];
  return points.slice(1).map((end, i) => Buffer.from(text.slice(points[i], end), 'latin1'));
}

/** Feeds the pieces and collects what is forwarded. */
function relay(
  framing: 'length' | 'chunked' | 'close',
  length: number,
  keepChunks: boolean,
  pieces: readonly Buffer[],
) {
  const body = new BodyRelay(new ByteWriter());
  body.begin(framing, length, keepChunks);
  let forwarded = '';
  let used = 0;
  for (const piece of pieces) {
    if (body.done) break;
    const consumed = body.feed(piece, 0, piece.length);
    if (consumed < 0) return { forwarded, used: -1, body };
    used += consumed;
    forwarded += body.buffer.latin1Slice(body.start, body.end);
  }
  return { forwarded, used, body };
}

function decode(wire: string): string {
  return relay('chunked', -1, false, [Buffer.from(wire, 'latin1')]).forwarded;
}

t.test('however a chunked body is cut, its content is the same, and it ends where it ends', (t) => {
  const property = fc.property(chunked, cuts, ({ wire, content }, at) => {
    const { forwarded, used, body } = relay('chunked', -1, false, split(`${wire}GET /next`, at));
    return body.done && forwarded === content && used === wire.length;
  });
  fc.assert(property, { numRuns: 300 });
  t.end();
});

t.test('forwarded in chunks it means the same, and holds neither extensions nor trailers', (t) => {
  const property = fc.property(chunked, cuts, ({ wire, content, plain }, at) => {
    const { forwarded, body } = relay('chunked', -1, true, split(wire, at));
    const decoder = new ChunkedDecoder();
    const bytes = Buffer.from(forwarded, 'latin1');
    const used = decoder.scan(bytes, 0, bytes.length, null);
    const clean = used === bytes.length && decoder.done && decoder.clean;
    return body.done && clean && decode(forwarded) === content && (!plain || at.length > 0 || forwarded === wire);
  });
  fc.assert(property, { numRuns: 300 });
  t.end();
});

t.test('a read is clean when it holds whole plain chunks and nothing else', (t) => {
  const scan = (text: string, before = '') => {
    const decoder = new ChunkedDecoder();
    const first = Buffer.from(before, 'latin1');
    decoder.scan(first, 0, first.length, null);
    const bytes = Buffer.from(text, 'latin1');
    t.equal(decoder.scan(bytes, 0, bytes.length, null), bytes.length, JSON.stringify(text));
    return decoder.clean;
  };
  t.ok(scan('3\r\nabc\r\n'));
  t.ok(scan('3\r\nabc\r\n0\r\n\r\n'));
  t.ok(scan('0\r\n\r\n', '3\r\nabc\r\n'));
  t.notOk(scan('3\r\nab'), 'it ends in a chunk');
  t.notOk(scan('c\r\n0\r\n\r\n', '3\r\nab'), 'it begins in a chunk');
  t.notOk(scan('03\r\nabc\r\n'), 'a leading zero');
  t.notOk(scan('3;x\r\nabc\r\n'), 'an extension');
  t.notOk(scan('0\r\nX: 1\r\n\r\n'), 'a trailer');
  t.notOk(scan('0\r\n'), 'it ends in front of the empty line');
  t.end();
});

t.test('framing that is not exact is refused, however it is cut', (t) => {
  const broken = [
    '\r\n',
    ' 3\r\nabc\r\n',
    '3 \r\nabc\r\n',
    '0x3\r\nabc\r\n',
    '+3\r\nabc\r\n',
    'g\r\n',
    '3\nabc\r\n',
    '3\rXabc',
    '3\r\nabcX',
    '3\r\nabc\n0\r\n\r\n',
    '3\r\nabc\rX',
    '3\r\nabcdef\r\n',
    '3;a\nb\r\nabc\r\n',
    '3;a\rb',
    '3;\0\r\nabc\r\n',
    '0\r\n X: 1\r\n\r\n',
    '0\r\nX 1\r\n\r\n',
    '0\r\nX: a\0\r\n\r\n',
    '0\r\nX: 1\n\r\n',
    '0\r\n\rX',
    `${'0'.repeat(FIXED_LIMITS.chunkSizeDigits)}1\r\n`,
    `1;${'x'.repeat(FIXED_LIMITS.chunkLineBytes)}\r\na\r\n`,
    `0\r\nX: ${'x'.repeat(FIXED_LIMITS.trailerBytes)}\r\n\r\n`,
    `1;${'x'.repeat(1_000)}\r\na\r\n`.repeat(17),
  ];
  for (const wire of broken) {
    const name = JSON.stringify(wire.slice(0, 40));
    t.equal(relay('chunked', -1, true, [Buffer.from(wire, 'latin1')]).used, -1, name);
    if (wire.length > 100) continue;
    t.equal(
      relay(
        'chunked',
        -1,
        true,
        [...wire].map((each) => Buffer.from(each, 'latin1')),
      ).used,
      -1,
      `${name} byte by byte`,
    );
  }
  t.end();
});

t.test('a body with a length is forwarded as it is, and not a byte more', (t) => {
  const property = fc.property(fc.string({ unit: 'binary-ascii', minLength: 1 }), cuts, (text, at) => {
    const { forwarded, used, body } = relay('length', text.length, true, split(`${text}GET /next`, at));
    return forwarded === text && used === text.length && body.done;
  });
  fc.assert(property, { numRuns: 100 });
  t.end();
});

t.test('a body that runs to the close becomes chunks, or stays as it is for HTTP/1.0', (t) => {
  const property = fc.property(fc.string({ unit: 'binary-ascii', maxLength: 60 }), cuts, (text, at) => {
    const inChunks = relay('close', -1, true, split(text, at));
    if (inChunks.body.done || !inChunks.body.finishAtClose() || !inChunks.body.done) return false;
    const { buffer, start, end } = inChunks.body;
    const plain = relay('close', -1, false, split(text, at));
    const ended = plain.body.finishAtClose() && plain.body.start === plain.body.end;
    return decode(inChunks.forwarded + buffer.latin1Slice(start, end)) === text && plain.forwarded === text && ended;
  });
  fc.assert(property, { numRuns: 100 });
  t.end();
});

t.test('the end of the connection completes no other body', (t) => {
  t.notOk(relay('length', 5, true, [Buffer.from('abc')]).body.finishAtClose());
  t.notOk(relay('chunked', -1, true, [Buffer.from('3\r\nabc\r\n')]).body.finishAtClose());
  t.end();
});
