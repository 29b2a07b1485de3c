/** The decoder against the examples and the rules of RFC 7541, and against bytes that follow no rules. */
import fc from 'fast-check';
import t from 'tap';
import { HpackDecoder } from './decoder.ts';
import { HpackEncoder } from './encoder.ts';
import { FieldTable } from './field-table.ts';
import { HuffmanDecoder } from './huffman.ts';

const LIST_BYTES = 65_536;
const FIELDS = 100;

function bytesOf(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(' ', ''), 'hex');
}

function decode(decoder: HpackDecoder, block: Buffer, listBytes = LIST_BYTES, fields = FIELDS): number {
  return decoder.decode(block, 0, block.length, listBytes, fields);
}

/** The list of the last block as lines. */
function linesOf(decoder: HpackDecoder): string[] {
  return decoder.fields.slice(0, decoder.count).map((field) => `${field.name}: ${field.value}`);
}

/** Decodes a block that is well-formed. */
function lines(decoder: HpackDecoder, hex: string): string[] {
  const result = decode(decoder, bytesOf(hex));
  return result === 0 ? linesOf(decoder) : [`error ${result}`];
}

/** The dynamic table, newest first, as the peer would refer to it. */
function tableOf(decoder: HpackDecoder): string[] {
  const block = Buffer.from(Array.from({ length: decoder.tableCount }, (_, i) => 0x80 + 62 + i));
  return decode(decoder, block) === 0 ? linesOf(decoder) : ['error'];
}

const REQUESTS: readonly (readonly string[])[] = [
  [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com'],
  [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com', 'cache-control: no-cache'],
  [':method: GET', ':scheme: https', ':path: /index.html', ':authority: www.example.com', 'custom-key: custom-value'],
];
const REQUEST_TABLES: readonly (readonly string[])[] = [
  [':authority: www.example.com'],
  ['cache-control: no-cache', ':authority: www.example.com'],
  ['custom-key: custom-value', 'cache-control: no-cache', ':authority: www.example.com'],
];
const DATE = 'date: Mon, 21 Oct 2013 20:13:21 GMT';
const LATER = 'date: Mon, 21 Oct 2013 20:13:22 GMT';
const LOCATION = 'location: https://www.example.com';
const COOKIE = 'set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1';
const RESPONSES: readonly (readonly string[])[] = [
  [':status: 302', 'cache-control: private', DATE, LOCATION],
  [':status: 307', 'cache-control: private', DATE, LOCATION],
  [':status: 200', 'cache-control: private', LATER, LOCATION, 'content-encoding: gzip', COOKIE],
];
const RESPONSE_TABLES: readonly (readonly string[])[] = [
  [LOCATION, DATE, 'cache-control: private', ':status: 302'],
  [':status: 307', LOCATION, DATE, 'cache-control: private'],
  [COOKIE, 'content-encoding: gzip', LATER],
];

/** Sequences of Appendix C: the blocks, and after each one the list, the table and its size. */
const SEQUENCES = [
  {
    name: 'C.3 requests without Huffman',
    setUp: '',
    blocks: [
      '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
      '8286 84be 5808 6e6f 2d63 6163 6865',
      '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
    ],
    lists: REQUESTS,
    tables: REQUEST_TABLES,
    bytes: [57, 110, 164],
  },
  {
    name: 'C.4 requests with Huffman',
    setUp: '',
    blocks: [
      '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
      '8286 84be 5886 a8eb 1064 9cbf',
      '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
    ],
    lists: REQUESTS,
    tables: REQUEST_TABLES,
    bytes: [57, 110, 164],
  },
  {
    name: 'C.5 responses without Huffman, in a table of 256 bytes',
    setUp: '3fe101',
    blocks: [
      '4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
      '4803 3330 37c1 c0bf',
      '88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31',
    ],
    lists: RESPONSES,
    tables: RESPONSE_TABLES,
    bytes: [222, 222, 215],
  },
  {
    name: 'C.6 responses with Huffman, in a table of 256 bytes',
    setUp: '3fe101',
    blocks: [
      '4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3',
      '4883 640e ffc1 c0bf',
      '88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07',
    ],
    lists: RESPONSES,
    tables: RESPONSE_TABLES,
    bytes: [222, 222, 215],
  },
];

t.test('decodes the sequences of RFC 7541 Appendix C', (t) => {
  for (const { name, setUp, blocks, lists, tables, bytes } of SEQUENCES) {
    const decoder = new HpackDecoder(new FieldTable());
    t.same(lines(decoder, setUp), [], name);
    for (const [i, block] of blocks.entries()) {
      t.same(lines(decoder, block), lists[i], `${name}, block ${i + 1}`);
      t.equal(decoder.tableBytes, bytes[i]);
      t.same(tableOf(decoder), tables[i], `${name}, table ${i + 1}`);
    }
  }
  t.end();
});

t.test('decodes the single representations of RFC 7541 Appendix C.2', (t) => {
  const cases = [
    ['400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572', 'custom-key: custom-header', 1, false],
    ['040c 2f73 616d 706c 652f 7061 7468', ':path: /sample/path', 0, false],
    ['1008 7061 7373 776f 7264 0673 6563 7265 74', 'password: secret', 0, true],
    ['82', ':method: GET', 0, false],
  ] as const;
  for (const [hex, line, tableCount, neverIndexed] of cases) {
    const decoder = new HpackDecoder(new FieldTable());
    t.same(lines(decoder, hex), [line]);
    t.match(decoder, { tableCount, listBytes: decoder.fields[0]!.size });
    t.equal(decoder.fields[0]!.neverIndexed, neverIndexed, line);
  }
  t.end();
});

/** Blocks that break RFC 7541, for a decoder that announced 4,096 bytes and has one entry in its table. */
const MALFORMED: readonly (readonly [string, string])[] = [
  ['80', 'an index of 0'],
  ['bf', 'an index beyond the dynamic table'],
  ['ff 80 80 80 01', 'an index far beyond it'],
  ['7f 00 01 61', 'the name of an index beyond the dynamic table'],
  ['0f 30 01 61', 'the same in a literal without indexing'],
  ['1f 30 01 61', 'the same in a literal never indexed'],
  ['ff', 'an integer that is cut off at once'],
  ['ff 80', 'an integer that is cut off later'],
  ['ff 80 80 80 80 00', 'an integer of more bytes than any that is in range'],
  ['ff ff ff ff ff ff ff ff ff ff 7f', 'an integer that overflows'],
  ['7f ff ff ff ff 7f 01 61', 'a name index that overflows'],
  ['40', 'a literal without name'],
  ['40 01 61', 'a literal without value'],
  ['40 03 61 61', 'a name that is longer than the block'],
  ['40 01 61 03 61 61', 'a value that is longer than the block'],
  ['44', 'a literal with a name index and no value'],
  ['44 7f ff ff ff 7f', 'a length far beyond the block'],
  ['44 7f ff ff ff ff 7f', 'a length that overflows'],
  ['3f e2 1f', 'a table size of 4,097 bytes'],
  ['3f ff ff ff ff 0f', 'a table size that overflows'],
  ['3f', 'a table size that is cut off'],
  ['20 20 20', 'a third size update'],
  ['82 20', 'a size update behind a field'],
  ['82 3f e1 1f', 'a size update behind a field, if of the same size'],
  ['44 81 1e', 'padding of two ones and a zero'],
  ['44 81 00', 'padding of zeros'],
  ['44 81 fe', 'a code that is cut off'],
  ['44 81 ff', 'padding of 8 bits'],
  ['44 82 1f ff', 'padding of more than 7 bits behind a letter'],
  ['44 84 ff ff ff ff', 'EOS'],
  ['44 84 ff ff ff fc', 'EOS and padding of zeros'],
  ['44 85 1f ff ff ff ff', 'EOS behind a letter'],
  ['40 81 00 01 61', 'a name with padding of zeros'],
];

t.test('refuses what breaks RFC 7541, and leaves no fields', (t) => {
  for (const [hex, what] of MALFORMED) {
    const decoder = new HpackDecoder(new FieldTable());
    t.same(lines(decoder, '40 01 61 01 62'), ['a: b']);
    t.equal(decode(decoder, bytesOf(hex)), -1, `${what}: ${hex}`);
    t.equal(decoder.count, 0);
  }
  t.end();
});

t.test('takes what looks odd and is within the rules', (t) => {
  const cases = [
    ['', [], 'an empty block'],
    ['20', [], 'a table of no bytes'],
    ['20 3f e1 1f', [], 'two size updates'],
    ['44 00', [':path: '], 'an empty value'],
    ['44 80', [':path: '], 'an empty value in Huffman'],
    ['44 81 1f', [':path: a'], 'padding of three ones'],
    ['44 81 f8', [':path: &'], 'no padding'],
    [`04 7f 01 ${'61'.repeat(128)}`, [`:path: ${'a'.repeat(128)}`], 'a length of two bytes'],
    [`00 01 61 7f 80 80 00 ${'62'.repeat(127)}`, [`a: ${'b'.repeat(127)}`], 'a length padded with empty bytes'],
    ['00 00 00', [': '], 'an empty name, which is for the head to refuse'],
  ] as const;
  for (const [hex, expected, what] of cases) t.same(lines(new HpackDecoder(new FieldTable()), hex), expected, what);
  t.end();
});

t.test('an entry that is larger than the table empties it, and is no error', (t) => {
  const decoder = new HpackDecoder(new FieldTable());
  lines(decoder, '3f 09 40 01 61 01 62');
  t.match(decoder, { tableCount: 1, tableBytes: 34 });
  const value = 'x'.repeat(20);
  t.same(lines(decoder, `40 01 63 14 ${Buffer.from(value).toString('hex')}`), [`c: ${value}`]);
  t.match(decoder, { tableCount: 0, tableBytes: 0 });
  t.equal(lines(decoder, 'be')[0], 'error -1');
  t.end();
});

t.test('a name may be taken from an entry that its own field evicts', (t) => {
  const decoder = new HpackDecoder(new FieldTable());
  lines(decoder, '3f 09 40 01 61 01 62');
  t.same(lines(decoder, '7e 01 63'), ['a: c']);
  t.same(tableOf(decoder), ['a: c']);
  t.end();
});

t.test('a table of another size than the default starts at the default and follows the peer', (t) => {
  const entry = `40 01 61 7f 81 1e ${'62'.repeat(3968)}`;
  for (const [sizeMax, update, result] of [
    [65_536, '3f e1 ff 03', 0],
    [65_536, '3f e2 ff 03', -1],
    [100, '3f 45', 0],
    [100, '3f 46', -1],
    [0, '20', 0],
    [0, '21', -1],
  ] as const) {
    const decoder = new HpackDecoder(new FieldTable(), sizeMax);
    t.equal(decode(decoder, bytesOf(entry)), 0);
    t.equal(decoder.tableCount, 1, 'the peer may not have seen our settings yet');
    t.equal(decode(decoder, bytesOf(update)), result);
    if (result === 0) t.equal(decoder.tableCount, sizeMax > 4096 ? 1 : 0);
  }
  t.end();
});

t.test('a list over the limit is not stored from there on, and keeps the table in step', (t) => {
  const decoder = new HpackDecoder(new FieldTable());
  const block = bytesOf('40 01 61 01 31 40 01 62 01 32 40 01 63 01 33');
  t.equal(decode(decoder, block, 68), 0);
  t.match(decoder, { count: 2, overLimit: true, listBytes: 102, tableCount: 3 });
  t.same(tableOf(decoder), ['c: 3', 'b: 2', 'a: 1']);
  t.equal(decoder.overLimit, false);
  t.equal(decode(decoder, block, LIST_BYTES, 1), 0);
  t.match(decoder, { count: 1, overLimit: true, tableCount: 6 });
  t.equal(decode(decoder, block, 102, 3), 0);
  t.match(decoder, { count: 3, overLimit: false }, 'the limits themselves are allowed');
  t.end();
});

t.test('a small field behind the one that went over the limit is not stored either', (t) => {
  const decoder = new HpackDecoder(new FieldTable());
  t.equal(decode(decoder, bytesOf('00 01 61 0a 31313131313131313131 82'), 42), 0);
  t.match(decoder, { count: 0, overLimit: true, listBytes: 85 });
  t.end();
});

t.test('a block that refers to one large entry again and again stores no more than the limit', (t) => {
  const bomb = new HpackDecoder(new FieldTable());
  const entry = Buffer.concat([bytesOf('40 01 61 7f 81 1e'), Buffer.alloc(3968, 'b')]);
  t.equal(decode(bomb, Buffer.concat([entry, Buffer.alloc(60_000, 0xbe)])), 0);
  t.match(bomb, { overLimit: true, count: 16 });
  t.end();
});

t.test('a text of many kilobytes is decoded, in Huffman too', (t) => {
  const decoder = new HpackDecoder(new FieldTable());
  // A zero has the code 00000: eight of them in five bytes, and no padding.
  const block = Buffer.concat([bytesOf('04 ff a1 9b 01'), Buffer.alloc(20_000)]);
  t.equal(decode(decoder, block), 0);
  t.equal(decoder.fields[0]!.value, '0'.repeat(32_000));
  t.end();
});

t.test('what is received as never indexed is sent on as never indexed', (t) => {
  const table = new FieldTable();
  const decoder = new HpackDecoder(table);
  const block = bytesOf('12 03 474554 10 01 61 01 62 1f 08 05 68656c6c6f');
  const out = Buffer.alloc(200);
  const encoder = new HpackEncoder();
  for (let hop = 0; hop < 3; hop++) {
    t.equal(decode(decoder, block), 0);
    const end = decoder.fields.slice(0, decoder.count).reduce((at, field) => encoder.put(field, out, at), 0);
    t.equal(out.toString('hex', 0, end), block.toString('hex'));
  }
  t.match(encoder, { tableCount: 0 });
  t.end();
});

t.test('fields that a peer indexes are one object from one connection to the next', (t) => {
  const table = new FieldTable();
  const [one, other] = [new HpackDecoder(table), new HpackDecoder(table)];
  for (const decoder of [one, other]) lines(decoder, '82 40 01 61 01 62 04 02 2f61');
  for (let i = 0; i < 3; i++) t.equal(one.fields[i], other.fields[i]);
  t.end();
});

/** What a decode came to, with `tail` behind the block. */
function outcome(block: Uint8Array, tail: number): string {
  const buffer = Buffer.concat([Buffer.alloc(3, tail), block, Buffer.alloc(40, tail)]);
  const decoder = new HpackDecoder(new FieldTable());
  const result = decoder.decode(buffer, 3, 3 + block.length, 2000, 20);
  return JSON.stringify([result, linesOf(decoder), decoder.listBytes, decoder.tableCount, decoder.tableBytes]);
}

/** Blocks that are well-formed but for a few bytes, which get further than random ones. */
const almostWellFormed = fc
  .tuple(
    fc.array(fc.constantFrom(...SEQUENCES.flatMap(({ blocks }) => blocks)), { minLength: 1, maxLength: 4 }),
    fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }),
  )
  .map(([blocks, changes]) => {
    const bytes = bytesOf(blocks.join(''));
    for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
    return bytes;
  });

t.test('no bytes throw, and none behind the block have a say', (t) => {
  const block = fc.oneof(fc.uint8Array({ maxLength: 100 }), almostWellFormed);
  const property = fc.property(block, (bytes) => outcome(bytes, 0) === outcome(bytes, 0xff));
  fc.assert(property, { numRuns: 3000 });
  t.end();
});

t.test('no blocks make a table grow past its size, or the interned fields past theirs', (t) => {
  const table = new FieldTable();
  const property = fc.property(fc.array(fc.oneof(fc.uint8Array({ maxLength: 60 }), almostWellFormed)), (blocks) => {
    const decoder = new HpackDecoder(table, 300);
    for (const block of blocks) {
      const result = decode(decoder, Buffer.from(block), 500, 5);
      if (decoder.count > 5 || decoder.tableBytes > 4096 || decoder.tableCount * 32 > decoder.tableBytes) return false;
      if (result < 0) break;
    }
    return table.kept.fields <= 8192;
  });
  fc.assert(property, { numRuns: 1000 });
  t.end();
});

/** Symbols and their codes from RFC 7541 Appendix B, of every length that occurs but a few. */
const CODES: readonly (readonly [number, string])[] = [
  [0x30, '00000'],
  [0x74, '01001'],
  [0x20, '010100'],
  [0x3a, '1011100'],
  [0x5a, '11111101'],
  [0x21, '1111111000'],
  [0x7c, '11111111100'],
  [0x23, '111111111010'],
  [0x00, '1111111111000'],
  [0x5e, '11111111111100'],
  [0x3c, '111111111111100'],
  [0x5c, '1111111111111110000'],
  [0xe2, '11111111111111101101'],
  [0x99, '111111111111111011100'],
  [0x81, '1111111111111111010010'],
  [0x01, '11111111111111111011000'],
  [0x09, '111111111111111111101010'],
  [0xc7, '1111111111111111111101100'],
  [0xff, '11111111111111111111101110'],
  [0xcb, '111111111111111111111011110'],
  [0xf9, '1111111111111111111111111110'],
  [0x0a, '111111111111111111111111111100'],
  [0x16, '111111111111111111111111111110'],
];

t.test('every code of RFC 7541 Appendix B stands for its symbol, wherever it begins', (t) => {
  const huffman = new HuffmanDecoder();
  const property = fc.property(fc.array(fc.constantFrom(...CODES), { maxLength: 30 }), (symbols) => {
    const bits = symbols.map(([, code]) => code).join('');
    const bytes = (bits + '1'.repeat(-bits.length & 7)).match(/.{8}/g)?.map((byte) => Number.parseInt(byte, 2)) ?? [];
    const text = huffman.decode(Uint8Array.from(bytes), 0, bytes.length);
    return text === String.fromCharCode(...symbols.map(([symbol]) => symbol));
  });
  fc.assert(property);
  t.end();
});
