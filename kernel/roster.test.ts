import fc from 'fast-check';
import t from 'tap';
import { NOWHERE, Roster } from './roster.ts';

t.test('what a Set would hold after the same steps', (t) => {
  const steps = fc.array(fc.nat(20), { maxLength: 200 });
  fc.assert(
    fc.property(steps, (steps) => {
      const all = Array.from({ length: 21 }, (_, id) => ({ id, place: NOWHERE }));
      const roster = new Roster<(typeof all)[number]>();
      const expected = new Set<(typeof all)[number]>();
      for (const id of steps) {
        const member = all[id]!;
        // Each step turns one round: in, then out.
        if (expected.has(member)) {
          if (!roster.delete(member) || roster.delete(member)) return false;
          expected.delete(member);
        } else {
          roster.add(member);
          expected.add(member);
        }
        const sorted = roster.values().sort((a, b) => a.id - b.id);
        const wanted = [...expected].sort((a, b) => a.id - b.id);
        if (roster.size !== expected.size || sorted.some((each, i) => each !== wanted[i])) return false;
      }
      return all.every((each) => expected.has(each) || each.place === NOWHERE);
    }),
  );
  t.end();
});

t.test('nothing is in it twice', (t) => {
  const roster = new Roster<{ place: number }>();
  const member = { place: NOWHERE };
  roster.add(member);
  t.throws(() => roster.add(member), /in a roster already/);
  t.end();
});
