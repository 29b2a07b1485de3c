import { decode, encode } from 'dns-packet';
import fc from 'fast-check';
import t from 'tap';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import { type Answer, encodeAnswer, encodeRefusal, encodeTruncated, isTruncated } from './answer.ts';
import { type Query, type Refusal, readQuery } from './query.ts';
import { SourceLimit } from './source-limit.ts';

function question(name: string, type: 'A' | 'SRV' | 'ANY' = 'A', udpBytes?: number): Buffer {
  const opt = { type: 'OPT', name: '.', udpPayloadSize: udpBytes, flags: 0, options: [] } as never;
  return encode({
    id: 77,
    type: 'query',
    flags: 0x100,
    questions: [{ name, type: type as 'A', class: 'IN' }],
    additionals: udpBytes === undefined ? [] : [opt],
  });
}

function queryOf(message: Buffer): Query {
  const query = readQuery(message);
  if (query?.kind !== 'query') throw new Error(JSON.stringify(query));
  return query;
}

function addresses(count: number): Answer {
  const answers = Array.from({ length: count }, (_, i) => {
    return { type: 'A', name: 'cart.mesh', ttl: 5, data: `10.0.0.${i}` } as const;
  });
  return { rcode: 'NOERROR', authoritative: true, answers, authorities: [], additionals: answers.slice(0, 5) };
}

t.test('a question is read in lower case, and answered in its own letters', (t) => {
  const query = queryOf(question('CaRt.MESH', 'A', 4_096));
  t.match(query, { id: 77, name: 'cart.mesh', type: 'A', recursionDesired: true, udpBytes: 4_096 });
  const answer = decode(encodeAnswer(query, addresses(2), 1_232, true));
  t.match(answer, {
    id: 77,
    flag_qr: true,
    flag_aa: true,
    flag_rd: true,
    flag_ra: true,
    flag_tc: false,
    questions: [{ name: 'CaRt.MESH', type: 'A', class: 'IN' }],
    answers: [{ data: '10.0.0.0' }, { data: '10.0.0.1' }],
  });
  t.match(answer.additionals!.at(-1), { type: 'OPT', udpPayloadSize: 1_232 });
  t.equal(queryOf(question('x', 'A', 100)).udpBytes, 512, 'RFC 6891, section 6.2.3');
  t.equal(queryOf(question('x')).udpBytes, null);
  t.end();
});

t.test('an answer never exceeds its limit: additionals go first, then answers, with TC', (t) => {
  const query = queryOf(question('cart.mesh'));
  fc.assert(
    fc.property(fc.nat(60), fc.integer({ min: 60, max: 2_000 }), (count, limit) => {
      const bytes = encodeAnswer(query, addresses(count), limit, false);
      const { answers, additionals } = decode(bytes);
      const cut = answers!.length < count;
      return bytes.length <= limit && isTruncated(bytes) === cut && (!cut || additionals!.length === 0);
    }),
  );
  t.match(decode(encodeTruncated(query, false)), { flag_tc: true, answers: [], questions: [{ name: 'cart.mesh' }] });
  t.end();
});

t.test('what cannot be answered gets its code, and what is no question nothing', (t) => {
  const changed = (change: (message: Buffer) => void) => {
    const message = question('cart.mesh', 'A', 1_232);
    change(message);
    return readQuery(message);
  };
  t.equal(readQuery(Buffer.alloc(11)), undefined);
  t.equal(
    changed((it) => it.writeUInt16BE(0x8000, 2)),
    undefined,
    'an answer: two servers must not talk for ever',
  );
  const refused = (change: (message: Buffer) => void, expected: object) => t.match(changed(change), expected);
  refused((it) => it.writeUInt16BE(5 << 11, 2), { rcode: 'NOTIMP', opcode: 5 });
  refused((it) => it.writeUInt16BE(2, 4), { rcode: 'FORMERR' });
  refused((it) => it.writeUInt16BE(0, 4), { rcode: 'FORMERR' });
  refused((it) => it.writeUInt16BE(0xc000, 12), { rcode: 'FORMERR' });
  refused((it) => it.writeUInt16BE(3, 12 + 11 + 2), { rcode: 'REFUSED' });
  const version = changed((it) => it.writeUInt8(1, it.length - 5));
  t.match(version, { rcode: 'BADVERS' });
  const answered = decode(encodeRefusal(version as Refusal));
  t.match(answered, { rcode: 'NOERROR', additionals: [{ type: 'OPT', extendedRcode: 1 }] });
  const notify = decode(encodeRefusal({ kind: 'refusal', id: 9, opcode: 4, rcode: 'NOTIMP' }));
  t.match(notify, { id: 9, rcode: 'NOTIMP', opcode: 'NOTIFY' });
  const odd = Buffer.from('\x03a.b\x01\xff\x00\x00\x01\x00\x01', 'latin1');
  const { name } = queryOf(Buffer.concat([question('cart.mesh').subarray(0, 12), odd]));
  t.equal(name, 'a\\046b.\\255', 'a dot in a label is none between labels');
  t.end();
});

t.test('mutated and random messages are answered or dropped, and never more', (t) => {
  const seeds = [question('catalog.mesh', 'SRV', 4_096), question('a.b.c.d.e.f', 'ANY'), question('x')];
  const mutation = fc.record({
    seed: fc.constantFrom(...seeds),
    edits: fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 8 }),
    cut: fc.nat(80),
    tail: fc.uint8Array({ maxLength: 40 }),
  });
  const holds = (message: Buffer) => {
    const query = readQuery(message);
    if (query === undefined) return true;
    const bytes = query.kind === 'refusal' ? encodeRefusal(query) : encodeAnswer(query, addresses(20), 512, false);
    return bytes.length <= 512 && bytes.readUInt16BE(0) === message.readUInt16BE(0) && (bytes[2]! & 0x80) !== 0;
  };
  fc.assert(
    fc.property(mutation, ({ seed, edits, cut, tail }) => {
      const message = Buffer.concat([seed.subarray(0, cut < 60 ? seed.length : cut), tail]);
      for (const [at, value] of edits) if (at < message.length) message[at] = value;
      return holds(message);
    }),
    { numRuns: 5_000 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => holds(Buffer.from(bytes))),
    { numRuns: 2_000 },
  );
  t.end();
});

t.test('a source that asks too often is sent to TCP, every other time, and another one is not', (t) => {
  const clock = new FakeClock();
  const limit = new SourceLimit(clock, 3);
  const admitted = (address: string, times: number) => Array.from({ length: times }, () => limit.admit(address));
  t.same(admitted('192.0.2.1', 6), ['answer', 'answer', 'answer', 'truncate', 'drop', 'truncate']);
  t.same(admitted('192.0.2.2', 1), ['answer']);
  t.same(admitted('2001:db8::1', 3), ['answer', 'answer', 'answer']);
  t.same(admitted('2001:db8::ffff:2', 1), ['truncate'], 'of the same network');
  t.same(new Set(admitted('127.0.0.1', 100)), new Set(['answer']));
  clock.advance({ seconds: 1 });
  t.same(admitted('192.0.2.1', 1), ['answer']);
  t.end();
});
