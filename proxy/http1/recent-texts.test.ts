import fc from 'fast-check';
import t from 'tap';
import { RecentTexts } from './recent-texts.ts';

t.test('always the text of the bytes, whatever came before', async () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '/', '\x00', '\x80', '\xff'), maxLength: 70 });
  fc.assert(
    fc.property(fc.array(text, { maxLength: 40 }), fc.nat(5), (texts, offset) => {
      const recent = new RecentTexts();
      return [...texts, ...texts].every((each) => {
        const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(each, 'latin1'), Buffer.alloc(3)]);
        return recent.of(bytes, offset, offset + each.length) === each;
      });
    }),
  );
});

t.test('what it remembers outlives the bytes', async (t) => {
  const recent = new RecentTexts();
  const bytes = Buffer.from('shop.test');
  recent.of(bytes, 0, bytes.length);
  bytes.write('evil');
  t.equal(recent.of(Buffer.from('shop.test'), 0, 9), 'shop.test');
  t.equal(recent.of(bytes, 0, 9), 'evil.test');
});
