import fc from 'fast-check';
import t from 'tap';
import { contentVersion } from './content-version.ts';

const contents = fc.dictionary(fc.string({ maxLength: 5 }), fc.constantFrom('1', '2', 'abc'), { maxKeys: 5 });

t.test('a version depends on the contents, and not on their order', (t) => {
  const property = fc.property(contents, contents, (a, b) => {
    const entries = Object.entries(a);
    const version = contentVersion(new Map(entries));
    const same = JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort());
    const equal = version === contentVersion(new Map(Object.entries(b)));
    return /^[0-9a-f]{16}$/.test(version) && version === contentVersion(new Map(entries.reverse())) && equal === same;
  });
  fc.assert(property, { numRuns: 2000 });
  t.end();
});

t.test('many contents that differ little have versions that all differ', (t) => {
  const versions = new Set(Array.from({ length: 50_000 }, (_, i) => contentVersion(new Map([['service', `${i}`]]))));
  t.equal(versions.size, 50_000);
  t.end();
});
