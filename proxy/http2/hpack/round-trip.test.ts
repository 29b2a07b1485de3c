/** The encoder: its bytes, against our decoder, and both against nghttp2 as Node has it, over streams without a socket. */
import { connect, constants, performServerHandshake } from 'node:http2';
import { type Duplex, duplexPair } from 'node:stream';
import fc from 'fast-check';
import t from 'tap';
import { HpackDecoder } from './decoder.ts';
import { HpackEncoder } from './encoder.ts';
import type { Field } from './field.ts';
import { FieldTable } from './field-table.ts';
import { writeInteger } from './integer.ts';

/** One block; the room is what the encoder asks for. */
function encode(encoder: HpackEncoder, fields: readonly Field[]): Buffer {
  const room = fields.reduce((bytes, field) => bytes + field.size + 16, 12);
  const out = Buffer.alloc(room);
  const end = fields.reduce((at, field) => encoder.put(field, out, at), encoder.begin(out, 0));
  return out.subarray(0, end);
}

function hexOf(encoder: HpackEncoder, ...fields: Field[]): string {
  return encode(encoder, fields).toString('hex');
}

function linesOf(decoder: HpackDecoder): string[] {
  return decoder.fields.slice(0, decoder.count).map((field) => `${field.name}: ${field.value}`);
}

t.test('integers are those of RFC 7541 Appendix C.1', (t) => {
  const out = Buffer.alloc(10);
  const written = (flags: number, bits: number, value: number) =>
    out.toString('hex', 0, writeInteger(out, 0, flags, bits, value));
  t.equal(written(0, 5, 10), '0a');
  t.equal(written(0, 5, 1337), '1f9a0a');
  t.equal(written(0, 8, 42), '2a');
  t.equal(written(0x80, 7, 126), 'fe');
  t.equal(written(0x80, 7, 127), 'ff00');
  t.equal(written(0x20, 5, 2 ** 31 - 1), '3fe0ffffff07');
  t.end();
});

t.test('a field costs its text the first time and one byte from then on', (t) => {
  const table = new FieldTable();
  const encoder = new HpackEncoder();
  const fields = [table.intern(':method', 'GET'), table.intern(':authority', 'a'), table.intern('x-a', 'b')];
  t.equal(hexOf(encoder, ...fields), '82410161' + '4003782d610162');
  t.equal(hexOf(encoder, ...fields), '82bfbe');
  t.end();
});

t.test('what is not indexable is a literal each time, and the table stays as it is', (t) => {
  const table = new FieldTable();
  const encoder = new HpackEncoder();
  const fields = [
    table.fresh('etag', 'a'),
    table.fresh('x-request-id', 'b'),
    table.intern('authorization', 'c'),
    table.fresh('x-a', 'd', true),
  ];
  const expected = '0f130161' + '000c782d726571756573742d69640162' + '1f080163' + '1003782d610164';
  for (let i = 0; i < 4; i++) t.equal(hexOf(encoder, ...fields), expected);
  t.equal(encoder.tableCount, 0);
  t.end();
});

t.test('a field that is larger than the table is a literal', (t) => {
  const encoder = new HpackEncoder(40);
  const table = new FieldTable();
  t.equal(hexOf(encoder, table.intern('a', '1234567')), '3f09' + '40016107' + '31323334353637');
  t.equal(hexOf(encoder, table.intern('a', '12345678')), '00016108' + '3132333435363738');
  t.equal(encoder.tableCount, 1, 'and it does not empty the table');
  t.end();
});

t.test('changes of the table size are announced at the start of the next block, and only then', (t) => {
  const block = (...sizes: number[]) => {
    const encoder = new HpackEncoder();
    for (const size of sizes) encoder.setTableSizeMax(size);
    const first = hexOf(encoder);
    t.equal(hexOf(encoder), '');
    return first;
  };
  t.equal(block(4096), '', 'what it is already');
  t.equal(block(0), '20');
  t.equal(block(100), '3f45');
  t.equal(block(65_536, 2 ** 32 - 1), '', 'more than we use');
  t.equal(block(100, 0, 200), '203fa901', 'the smallest and the last');
  t.equal(block(100, 65_536), '3f453fe11f', 'down and up again');
  t.equal(block(200, 100), '3f45');
  t.equal(hexOf(new HpackEncoder(0)), '20', 'less than the default is announced from the start');
  const large = new HpackEncoder(8192);
  t.equal(hexOf(large), '', 'more is for the peer to allow');
  large.setTableSizeMax(8192);
  t.equal(hexOf(large), '3fe13f');
  t.end();
});

/** Fields that meet again, of sizes that evict. */
const texts = fc.tuple(
  fc.constantFrom(':path', ':status', 'cookie', 'x-a', 'x-bb', 'etag', 'authorization', 'x-ccc'),
  fc.oneof(fc.constantFrom('', 'a', '200', '/', 'x'.repeat(30)), fc.string({ unit: 'binary-ascii', maxLength: 300 })),
);
const use = fc.constantFrom('intern', 'intern', 'fresh', 'never');
const step = fc.oneof(
  { weight: 4, arbitrary: fc.array(fc.tuple(texts, use), { maxLength: 12 }) },
  { weight: 1, arbitrary: fc.oneof(fc.nat(400), fc.nat(5000)) },
);

t.test('a decoder reads what was written and stays in step, whatever fields and sizes come', (t) => {
  const property = fc.property(
    fc.array(step, { maxLength: 40 }),
    fc.constantFrom(0, 150, 4096, 20_000),
    (steps, useMax) => {
      const [sending, receiving] = [new FieldTable(), new FieldTable()];
      const encoder = new HpackEncoder(useMax);
      const decoder = new HpackDecoder(receiving, 20_000);
      for (const each of steps) {
        if (typeof each === 'number') {
          encoder.setTableSizeMax(each);
          continue;
        }
        const fields = each.map(([[name, value], how]) =>
          how === 'intern' ? sending.intern(name, value) : sending.fresh(name, value, how === 'never'),
        );
        const block = encode(encoder, fields);
        if (decoder.decode(block, 0, block.length, 1e6, 1000) !== 0 || decoder.count !== fields.length) return false;
        for (const [i, field] of fields.entries()) {
          const { name, value, size, neverIndexed } = decoder.fields[i]!;
          if (name !== field.name || value !== field.value || size !== field.size) return false;
          if (neverIndexed !== field.neverIndexed) return false;
        }
        if (decoder.tableBytes !== encoder.tableBytes || decoder.tableCount !== encoder.tableCount) return false;
      }
      return true;
    },
  );
  fc.assert(property, { numRuns: 500 });
  t.end();
});

t.test('a table of many entries grows its ring and keeps its order', (t) => {
  const table = new FieldTable();
  const encoder = new HpackEncoder(16_384);
  encoder.setTableSizeMax(16_384);
  const decoder = new HpackDecoder(table, 16_384);
  const fields = Array.from({ length: 450 }, (_, i) => table.intern('a', `${i}`));
  for (let round = 0; round < 3; round++) {
    for (let from = 0; from < fields.length; from += 90) {
      const some = fields.slice(from, from + 90);
      const block = encode(encoder, some);
      t.equal(decoder.decode(block, 0, block.length, 1e6, 1000), 0);
      t.ok(some.every((field, i) => decoder.fields[i] === field));
    }
  }
  t.equal(encoder.tableCount, 450);
  t.end();
});

// ---------------------------------------------------------------------------------------------------------------------
// nghttp2

const HEADERS = 1;
const SETTINGS = 4;
const ACK = 1;
const END_STREAM = 1;
const END_HEADERS = 4;
const PADDED = 8;
const PRIORITY = 32;

function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Whole frames, one by one, of what comes in. */
class Frames {
  #rest = Buffer.alloc(0);

  constructor(stream: Duplex, prefaceBytes: number, take: (type: number, flags: number, payload: Buffer) => void) {
    let skip = prefaceBytes;
    stream.on('data', (chunk: Buffer) => {
      this.#rest = Buffer.concat([this.#rest, chunk]);
      if (this.#rest.length < skip) return;
      this.#rest = this.#rest.subarray(skip);
      skip = 0;
      while (this.#rest.length >= 9) {
        const length = this.#rest.readUIntBE(0, 3);
        if (this.#rest.length < 9 + length) break;
        const frame = this.#rest.subarray(0, 9 + length);
        this.#rest = this.#rest.subarray(9 + length);
        take(frame[3]!, frame[4]!, frame.subarray(9));
      }
    });
  }
}

/** Heads of requests that nghttp2 passes on as they are. */
const requestHead = fc.array(
  fc.tuple(
    fc.constantFrom('x-a', 'x-bb', 'via', 'x-request-id', 'accept', 'x-long'),
    fc.oneof(
      fc.constantFrom('a', 'grpc-node', '4999m', 'w'.repeat(200)),
      fc.string({
        unit: fc
          .integer({ min: 0x21, max: 0xff })
          .filter((c) => c !== 0x7f)
          .map((c) => String.fromCharCode(c)),
        minLength: 1,
      }),
    ),
  ),
  { maxLength: 20 },
);
const HEADS = fc.sample(requestHead, { numRuns: 60, seed: 7541 });

t.test('nghttp2 decodes what the encoder writes, through changes of the table size', async (t) => {
  const [ours, theirs] = duplexPair();
  const received: string[][] = [];
  const all = Promise.withResolvers<void>();
  const session = performServerHandshake(theirs, { settings: { headerTableSize: 500 } });
  session.on('error', all.reject);
  session.on('stream', (_stream, _headers, _flags, raw: string[]) => {
    received.push(Array.from({ length: raw.length / 2 }, (_, i) => `${raw[2 * i]}: ${raw[2 * i + 1]}`));
    if (received.length === HEADS.length) all.resolve();
  });
  const table = new FieldTable();
  const encoder = new HpackEncoder();
  const sent: string[][] = [];
  const send = (head: readonly (readonly [string, string])[]) => {
    const pseudo = [
      [':method', 'GET'],
      [':scheme', 'http'],
      [':path', `/${sent.length % 3}`],
      [':authority', 'a'],
    ] as const;
    const fields = [...pseudo, ...head].map(([name, value]) => table.intern(name, value));
    sent.push(fields.map((field) => `${field.name}: ${field.value}`));
    ours.write(frame(HEADERS, END_HEADERS | END_STREAM, sent.length * 2 - 1, encode(encoder, fields)));
  };
  const settled = Promise.withResolvers<void>();
  new Frames(ours, 0, (type, flags) => {
    if (type === SETTINGS && (flags & ACK) === 0) settled.resolve();
  });
  ours.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  ours.write(frame(SETTINGS, 0, 0, Buffer.alloc(0)));
  for (const head of HEADS.slice(0, 20)) send(head);
  await settled.promise;
  ours.write(frame(SETTINGS, ACK, 0, Buffer.alloc(0)));
  encoder.setTableSizeMax(500);
  for (const head of HEADS.slice(20)) send(head);
  await all.promise;
  t.same(received, sent);
  t.ok(encoder.tableCount > 2 && encoder.tableBytes <= 500);
  session.destroy();
});

t.test('the decoder reads what nghttp2 writes, Huffman and evictions included', async (t) => {
  const [ours, theirs] = duplexPair();
  const decoder = new HpackDecoder(new FieldTable(), 300);
  const received: string[][] = [];
  const all = Promise.withResolvers<void>();
  new Frames(ours, 24, (type, flags, payload) => {
    if (type !== HEADERS) return;
    const padding = (flags & PADDED) === 0 ? 0 : payload[0]!;
    const start = ((flags & PADDED) === 0 ? 0 : 1) + ((flags & PRIORITY) === 0 ? 0 : 5);
    t.equal(decoder.decode(payload, start, payload.length - padding, 1e6, 1000), 0);
    received.push(linesOf(decoder));
    if (received.length === HEADS.length) all.resolve();
  });
  const tableSize = Buffer.from([0, constants.NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, 0, 0, 1, 0x2c]);
  ours.write(frame(SETTINGS, 0, 0, tableSize));
  const session = connect('http://a', { createConnection: () => theirs });
  session.on('error', () => {});
  await new Promise((resolve) => session.once('remoteSettings', resolve));
  const sent = HEADS.map((head, i) => {
    const pseudo = [`:method: GET`, `:scheme: http`, `:path: /${i % 3}`, `:authority: a`];
    const raw = [':method', 'GET', ':scheme', 'http', ':path', `/${i % 3}`, ':authority', 'a', ...head.flat()];
    session
      .request(raw)
      .on('error', () => {})
      .end();
    return [...pseudo, ...head.map(([name, value]) => `${name}: ${value}`)];
  });
  await all.promise;
  t.same(received, sent);
  t.ok(decoder.tableCount > 0 && decoder.tableBytes <= 300);
  session.destroy();
});
