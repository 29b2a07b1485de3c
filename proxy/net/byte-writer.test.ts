import fc from 'fast-check';
import t from 'tap';
import { ByteWriter } from './byte-writer.ts';

const text = fc.string({ unit: 'binary-ascii', maxLength: 40 });
const step = fc.oneof(
  text.map((value) => ({ how: 'latin1' as const, value })),
  text.map((value) => ({ how: 'bytes' as const, value })),
  text.map((value) => ({ how: 'copy' as const, value })),
);

t.test('whatever is appended comes out in order, as text or as bytes of its own', (t) => {
  const writer = new ByteWriter();
  const property = fc.property(fc.array(step, { maxLength: 20 }), fc.boolean(), (steps, asText) => {
    for (const { how, value } of steps) {
      if (how === 'latin1') writer.latin1(value);
      else if (how === 'bytes') writer.bytes(Buffer.from(value, 'latin1'));
      else writer.copy(Buffer.from(`xx${value}yy`, 'latin1'), 2, 2 + value.length);
    }
    const expected = steps.map((each) => each.value).join('');
    return (asText ? writer.take() : writer.takeBytes().latin1Slice()) === expected && writer.length === 0;
  });
  fc.assert(property, { numRuns: 200 });
  t.end();
});

t.test('it grows as far as is needed and keeps what it holds', (t) => {
  const writer = new ByteWriter();
  const large = 'x'.repeat(100_000);
  for (let i = 0; i < 5; i++) writer.latin1(large);
  writer.bytes(Buffer.alloc(300_000, 'y'));
  t.equal(writer.length, 800_000);
  t.equal(writer.take(), 'x'.repeat(500_000) + 'y'.repeat(300_000));
  t.end();
});

t.test('bytes that were taken do not change with what is written later', (t) => {
  const writer = new ByteWriter();
  writer.latin1('first');
  const taken = writer.takeBytes();
  writer.latin1('other');
  t.equal(taken.toString(), 'first');
  writer.reset();
  t.equal(writer.take(), '');
  t.end();
});
