/** Literals that are known by their bytes mean what they would mean without that. */
import fc from 'fast-check';
import t from 'tap';
import { HpackDecoder } from './decoder.ts';
import { FieldTable } from './field-table.ts';

function textsOf(decoder: HpackDecoder, block: Buffer): string[] | number {
  const result = decoder.decode(block, 0, block.length, 65_536, 100);
  return result === 0 ? decoder.fields.slice(0, decoder.count).map(({ name, value }) => `${name}: ${value}`) : result;
}

function fieldOf(decoder: HpackDecoder, hex: string) {
  const block = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  t.equal(decoder.decode(block, 0, block.length, 65_536, 100), 0);
  return decoder.fields[decoder.count - 1]!;
}

t.test('a literal that comes a third time is the object of the second, on whatever connection', (t) => {
  const table = new FieldTable();
  const decoder = new HpackDecoder(table);
  const literal = '00 03 612d62 02 6f6b';
  const first = fieldOf(decoder, literal);
  const second = fieldOf(decoder, literal);
  t.not(second, first);
  t.equal(fieldOf(decoder, literal), second);
  t.equal(fieldOf(new HpackDecoder(table), literal), second);
  t.same([second.name, second.value, second.neverIndexed], ['a-b', 'ok', false]);
  const never = fieldOf(decoder, '10 03 612d62 02 6f6b');
  t.same([never.name, never.value, never.neverIndexed], ['a-b', 'ok', true], 'never indexed is other bytes');
  t.end();
});

t.test('a name of the dynamic table is looked up, whatever the bytes', (t) => {
  const table = new FieldTable();
  const one = new HpackDecoder(table);
  const other = new HpackDecoder(table);
  fieldOf(one, '40 03 6f6e65 01 31');
  fieldOf(other, '40 05 6f74686572 01 31');
  // Index 62 as the name, and a value.
  const literal = '0f 2f 01 32';
  for (let i = 0; i < 3; i++) {
    t.equal(fieldOf(one, literal).name, 'one');
    t.equal(fieldOf(other, literal).name, 'other');
  }
  t.end();
});

t.test('blocks that come again and again decode as they did the first time, good or bad', (t) => {
  const literal = fc
    .tuple(fc.constantFrom(0x00, 0x10), fc.string({ minLength: 1, maxLength: 9 }), fc.string({ maxLength: 150 }))
    .map(([flags, name, value]) => {
      const head = Buffer.from([flags, name.length]);
      const length = value.length < 127 ? [value.length] : [127, value.length - 127];
      return Buffer.concat([head, Buffer.from(name, 'latin1'), Buffer.from(length), Buffer.from(value, 'latin1')]);
    });
  const indexed = fc.tuple(fc.constantFrom(0x01, 0x0e, 0x1f), fc.nat(60)).map(([first, more]) => {
    const name = (first & 0x0f) === 0x0f ? [first, more % 47] : [first];
    return Buffer.from([...name, 2, 0x61, 0x30 + (more % 10)]);
  });
  const block = fc
    .tuple(fc.array(fc.oneof(literal, indexed), { minLength: 1, maxLength: 6 }), fc.nat(3))
    .map(([pieces, cut]) => Buffer.concat(pieces).subarray(0, Buffer.concat(pieces).length - cut));
  const table = new FieldTable();
  fc.assert(
    fc.property(block, (bytes) => {
      const expected = JSON.stringify(textsOf(new HpackDecoder(new FieldTable()), bytes));
      for (let i = 0; i < 3; i++)
        if (JSON.stringify(textsOf(new HpackDecoder(table), bytes)) !== expected) return false;
      return true;
    }),
    { numRuns: 2_000 },
  );
  t.end();
});
