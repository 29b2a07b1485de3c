import fc from 'fast-check';
import t from 'tap';
import { median, summarise, summariseRatios } from './statistics.ts';

t.test('the median is the middle of the sorted values, or between the two middle ones', (t) => {
  t.equal(median([9, 1, 10]), 9);
  t.equal(median([4, 1, 3, 2]), 2.5);
  t.ok(Number.isNaN(median([])));
  t.end();
});

t.test('a summary leaves out what is not a number and is absent without values', (t) => {
  t.same(summarise([3, Number.NaN, 1, Number.POSITIVE_INFINITY, 2]), { median: 2, min: 1, max: 3 });
  t.equal(summarise([Number.NaN]), undefined);
  t.end();
});

t.test('a ratio is taken within a round, so a slow hour cancels out', (t) => {
  const ours = new Map([
    [0, 20],
    [1, 200],
    [2, 7],
  ]);
  const theirs = new Map([
    [0, 10],
    [1, 100],
    [3, 7],
  ]);
  t.same(summariseRatios(ours, theirs), { median: 2, min: 2, max: 2 });
  t.equal(summariseRatios(ours, new Map()), undefined);
  t.end();
});

t.test('the median of two is finite and no smaller than both at the ends of the range', (t) => {
  t.equal(summarise([Number.MAX_VALUE, Number.MAX_VALUE])?.median, Number.MAX_VALUE);
  t.equal(summarise([-Number.MAX_VALUE, Number.MAX_VALUE])?.median, 0);
  t.equal(summarise([Number.MIN_VALUE, Number.MIN_VALUE])?.median, Number.MIN_VALUE);
  t.end();
});

t.test('a median lies between minimum and maximum', (t) => {
  const values = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1 });
  fc.assert(
    fc.property(values, (numbers) => {
      const summary = summarise(numbers)!;
      return summary.min <= summary.median && summary.median <= summary.max;
    }),
  );
  t.end();
});
