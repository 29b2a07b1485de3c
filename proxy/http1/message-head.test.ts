import fc from 'fast-check';
import t from 'tap';
import { HeaderName } from '../http/header-name.ts';
import { ByteWriter } from '../net/byte-writer.ts';
import { HEADROOM_BYTES } from '../net/loop.ts';
import { parseRequestHead, parseResponseHead } from './head-parser.ts';
import { DEFAULT_HTTP1_LIMITS } from './limits.ts';
import { MessageHead } from './message-head.ts';
import { COMPLETE } from './parse-result.ts';

const GENERATED = Buffer.from('x-request-id: 1\r\n');

interface Read {
  readonly head: MessageHead;
  readonly buffer: Buffer;
}

/** Parses the text where it lies behind `headroom` bytes. */
function read(kind: 'request' | 'response', text: string, headroom = HEADROOM_BYTES): Read {
  const buffer = Buffer.concat([Buffer.alloc(headroom), Buffer.from(text, 'latin1')]);
  const head = new MessageHead(100);
  const parse = kind === 'request' ? parseRequestHead : parseResponseHead;
  const result = parse(head, buffer, headroom, buffer.length, DEFAULT_HTTP1_LIMITS);
  if (result !== COMPLETE) throw new Error(`${JSON.stringify(text)} is not a head: ${result}`);
  return { head, buffer };
}

function compose({ head, buffer }: Read, generated: Uint8Array = GENERATED): string {
  return head.composeRequest(new ByteWriter(), generated, buffer, head.end, buffer.length);
}

function fieldsOf(text: string, kind: 'request' | 'response' = 'request'): string[] {
  const { head } = read(kind, text);
  return Array.from({ length: head.count }, (_, i) => `${head.name(i)}: ${head.value(i)}`);
}

/** One edit, to be made on any head. */
type Edit = (head: MessageHead) => void;

const names = ['A', 'B', 'x-c', 'X-Long-Name'];
const edit = fc.oneof(
  fc.constantFrom(...names).map(
    (name): Edit =>
      (head) =>
        head.remove(new HeaderName(name)),
  ),
  fc.tuple(fc.constantFrom(...names), fc.string({ maxLength: 10, unit: fc.constantFrom('v', ' ', '9') })).map(
    ([name, value]): Edit =>
      (head) =>
        head.add(name, value.trim()),
  ),
  fc.constantFrom('/new', '/new?q=1').map(
    (path): Edit =>
      (head) =>
        head.setPath(path),
  ),
  fc.constantFrom('b.test', 'b.test:81').map(
    (host): Edit =>
      (head) =>
        head.setAuthority(host),
  ),
);
const line = fc
  .tuple(fc.constantFrom(...names), fc.constantFrom('1', 'two words', '\x80'))
  .map(([n, v]) => `${n}: ${v}`);
const framed = fc.constantFrom(
  '',
  'Content-Length: 3',
  'Transfer-Encoding: chunked',
  'Connection: close',
  'TE: trailers',
);
const request = fc
  .tuple(
    fc.array(line, { maxLength: 8 }),
    framed,
    fc.constantFrom('/', '/a?b', 'http://c.test/x'),
    fc.constantFrom(0, 1),
  )
  .map(([lines, framing, target, minor]) => {
    const kept = minor === 0 && framing.startsWith('Transfer') ? '' : framing;
    return `GET ${target} HTTP/1.${minor}\r\n${['Host: a.test', ...lines, kept].filter((each) => each !== '').join('\r\n')}\r\n\r\n`;
  });

t.test('whatever the edits, what goes out is one valid head with the same framing', (t) => {
  const property = fc.property(request, fc.array(edit, { maxLength: 5 }), (text, edits) => {
    const before = read('request', text);
    const { framing, contentLength } = before.head;
    for (const each of edits) each(before.head);
    const after = read('request', compose(before)).head;
    const hosts = fieldsOf(compose(read('request', text))).filter((each) => /^host:/i.test(each));
    return (
      after.framing === framing && after.contentLength === contentLength && after.minor === 1 && hosts.length === 1
    );
  });
  fc.assert(property, { numRuns: 300 });
  t.end();
});

t.test('edited in place and through the scratch, the bytes are the same', (t) => {
  const property = fc.property(
    request,
    fc.array(edit, { maxLength: 5 }),
    fc.constantFrom('', 'abc'),
    (text, edits, body) => {
      const [roomy, tight] = [read('request', text + body), read('request', text + body, 1)];
      for (const each of edits) {
        each(roomy.head);
        each(tight.head);
      }
      return compose(roomy) === compose(tight);
    },
  );
  fc.assert(property, { numRuns: 300 });
  t.end();
});

const response = fc
  .tuple(fc.array(line, { maxLength: 8 }), fc.constantFrom('', ' OK', ' Very well'), fc.constantFrom(0, 1))
  .map(([lines, reason, minor]) => {
    const hops = ['Connection: keep-alive', ...lines, 'Keep-Alive: timeout=5'];
    return `HTTP/1.${minor} 200${reason}\r\n${hops.join('\r\n')}\r\n\r\n`;
  });

t.test('so are those of an answer, wherever its body lies', (t) => {
  const property = fc.property(
    response,
    fc.array(edit, { maxLength: 5 }),
    fc.constantFrom('', 'server: a\r\n', 'server: a\r\ndate: today, which is longer than what was left out\r\n'),
    fc.constantFrom('', 'abc'),
    (text, edits, lines, body) => {
      const composed = [HEADROOM_BYTES, 1].map((headroom) => {
        const { head, buffer } = read('response', text + body, headroom);
        for (const each of edits) each(head);
        const out = new ByteWriter();
        head.composeResponse(out, lines, buffer, head.end, buffer.length);
        return out.text();
      });
      const { head } = read('response', text);
      for (const each of edits) each(head);
      const out = new ByteWriter();
      head.composeResponse(out, lines, Buffer.from(body), 0, body.length);
      return composed.every((each) => each === out.text());
    },
  );
  fc.assert(property, { numRuns: 300 });
  t.end();
});

t.test('a detached head equals the original, whatever happens to its bytes', (t) => {
  const property = fc.property(
    request,
    fc.array(edit, { maxLength: 3 }),
    fc.array(edit, { maxLength: 3 }),
    (text, first, then) => {
      const original = read('request', text);
      for (const each of first) each(original.head);
      const source = read('request', text);
      for (const each of first) each(source.head);
      const copy = source.head.detach();
      source.buffer.fill(0);
      source.head.reset(source.buffer, 0);
      for (const head of [original.head, copy]) for (const each of then) each(head);
      const same = [
        'method',
        'path',
        'authority',
        'minor',
        'framing',
        'traits',
        'close',
        'count',
        'expectLine',
      ] as const;
      const fields = same.every((key) => original.head[key] === copy[key]);
      const wire = copy.composeRequest(new ByteWriter(), GENERATED, Buffer.alloc(0), 0, 0);
      return fields && wire === compose(original);
    },
  );
  fc.assert(property, { numRuns: 200 });
  t.end();
});

t.test('parsing what was composed gives the same fields', (t) => {
  const property = fc.property(request, (text) => {
    const { head } = read('request', text);
    const kept = fieldsOf(text).filter((_, i) => head.dropped[i] === 0 && i !== head.hostLine);
    const sent = fieldsOf(compose(read('request', text)));
    const others = sent.filter((each) => !/^host:/i.test(each));
    return JSON.stringify(others) === JSON.stringify([...kept, 'x-request-id: 1']);
  });
  fc.assert(property, { numRuns: 200 });
  t.end();
});

t.test('a target in absolute form becomes origin form, and its authority the Host', (t) => {
  t.equal(
    compose(read('request', 'GET http://b.test:81/x?y HTTP/1.1\r\nA: 1\r\nHost: a.test\r\n\r\n')),
    'GET /x?y HTTP/1.1\r\nHost: b.test:81\r\nA: 1\r\nx-request-id: 1\r\n\r\n',
  );
  t.equal(
    compose(read('request', 'GET http://b.test HTTP/1.0\r\n\r\nbody')),
    'GET / HTTP/1.1\r\nHost: b.test\r\nx-request-id: 1\r\n\r\nbody',
  );
  t.end();
});

t.test('an answer goes out as HTTP/1.1, its reason phrase kept', (t) => {
  const out = (text: string, headroom?: number) => {
    const { head, buffer } = read('response', text, headroom);
    head.add('server', 'envoy');
    const writer = new ByteWriter();
    head.composeResponse(writer, 'connection: close\r\n', buffer, head.end, buffer.length);
    return writer.text();
  };
  const expected = 'HTTP/1.1 200 Very well\r\nA: 1\r\nserver: envoy\r\nconnection: close\r\n\r\nbody';
  t.equal(out('HTTP/1.1 200 Very well\r\nA: 1\r\n\r\nbody'), expected);
  t.equal(out('HTTP/1.1 200 Very well\r\nA: 1\r\n\r\nbody', 0), expected, 'without headroom');
  t.equal(out('HTTP/1.0 200 Very well\r\nA: 1\r\nKeep-Alive: 5\r\n\r\nbody'), expected);
  t.end();
});

t.test('added lines are found by name, replaced, and removed with the others', (t) => {
  const { head, buffer } = read('request', 'GET / HTTP/1.1\r\nHost: a\r\nX-C: 1\r\nx-c: 2\r\nX_D: 3\r\n\r\n');
  const name = new HeaderName('X-C');
  t.equal(head.first(name), '1');
  head.drop(head.find(name, 0));
  t.equal(head.first(name), '2');
  head.remove(name);
  t.equal(head.first(name), null);
  head.add('X-c', '4');
  t.equal(head.first(name), '4');
  t.equal(head.find(name, 0), -1, 'added lines have no number');
  head.dropWhere((each) => each.includes('_'));
  t.equal(compose({ head, buffer }), 'GET / HTTP/1.1\r\nHost: a\r\nX-c: 4\r\nx-request-id: 1\r\n\r\n');
  t.end();
});
