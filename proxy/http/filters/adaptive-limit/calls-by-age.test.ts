import fc from 'fast-check';
import t from 'tap';
import { type Aged, CallsByAge } from './calls-by-age.ts';

t.test('the oldest of those that are in it, whatever comes and goes', (t) => {
  fc.assert(
    fc.property(fc.array(fc.nat(12), { maxLength: 150 }), (steps) => {
      const calls = Array.from({ length: 13 }, (): Aged => ({ older: null, younger: null }));
      const list = new CallsByAge<Aged>();
      const expected = new Set<Aged>();
      for (const at of steps) {
        const call = calls[at]!;
        if (expected.delete(call)) {
          list.delete(call);
          list.delete(call);
        } else {
          list.add(call);
          expected.add(call);
        }
        const found: Aged[] = [];
        for (let each = list.oldest; each !== null; each = each.younger) found.push(each);
        const wanted = [...expected];
        if (found.length !== wanted.length || found.some((each, i) => each !== wanted[i])) return false;
      }
      return calls.every((each) => expected.has(each) || (each.older === null && each.younger === null));
    }),
  );
  t.end();
});
