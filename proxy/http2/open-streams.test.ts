import fc from 'fast-check';
import t from 'tap';
import { OpenStreams } from './open-streams.ts';

t.test('what a Map would hold after the same steps, whatever ids come and go', (t) => {
  // Near each other, as ids are, and on top of each other, as those of streams that stay open for long.
  const id = fc.oneof(fc.nat(40), fc.nat(0x7fffffff)).map((n) => n | 1);
  const steps = fc.array(fc.record({ id, open: fc.boolean() }), { maxLength: 200 });
  fc.assert(
    fc.property(steps, (steps) => {
      const streams = new OpenStreams<{ readonly id: number }>();
      const expected = new Map<number, { readonly id: number }>();
      for (const { id, open } of steps) {
        if (open && !expected.has(id)) {
          const stream = { id };
          streams.add(stream);
          expected.set(id, stream);
        } else {
          streams.delete(id);
          expected.delete(id);
        }
        if (streams.size !== expected.size || streams.get(id) !== expected.get(id)) return false;
      }
      const sorted = [...expected.values()].sort((a, b) => a.id - b.id);
      return (
        streams.values().every((each, i) => each === sorted[i]) &&
        sorted.every((each) => streams.get(each.id) === each) &&
        streams.values().length === sorted.length
      );
    }),
  );
  t.end();
});
