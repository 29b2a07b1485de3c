import fc from 'fast-check';
import t from 'tap';
import { quantile } from './histogram.ts';

const INF = Number.POSITIVE_INFINITY;

t.test('a quantile lies in its bucket, in proportion', (t) => {
  const buckets = new Map([
    [1, 50],
    [5, 90],
    [10, 100],
    [INF, 100],
  ]);
  t.equal(quantile(0.5, buckets), 1);
  t.equal(quantile(0.7, buckets), 3, 'half way through the bucket of 1 to 5');
  t.equal(quantile(0.99, buckets), 9.5);
  t.end();
});

t.test('nothing counted has no quantile', (t) => {
  t.equal(quantile(0.99, new Map()), undefined);
  t.equal(
    quantile(
      0.99,
      new Map([
        [1, 0],
        [INF, 0],
      ]),
    ),
    undefined,
  );
  t.end();
});

t.test('above the last bound the last bound is the answer', (t) => {
  t.equal(
    quantile(
      0.99,
      new Map([
        [1, 0],
        [5, 10],
        [INF, 100],
      ]),
    ),
    5,
  );
  t.end();
});

t.test('the order of the buckets does not matter', (t) => {
  t.equal(
    quantile(
      0.5,
      new Map([
        [INF, 4],
        [10, 4],
        [5, 2],
      ]),
    ),
    5,
  );
  t.end();
});

t.test('quantiles never fall as q grows, and stay within the bounds', (t) => {
  const counts = fc.array(fc.nat({ max: 1000 }), { minLength: 2, maxLength: 12 });
  const q = fc.double({ min: 0, max: 1, noNaN: true });
  const property = fc.property(counts, q, q, (perBucket, a, b) => {
    const last = perBucket.length - 1;
    const buckets = new Map<number, number>();
    let sum = 0;
    for (const [i, count] of perBucket.entries()) {
      sum += count;
      buckets.set(i === last ? INF : i + 1, sum);
    }
    const low = quantile(Math.min(a, b), buckets);
    const high = quantile(Math.max(a, b), buckets);
    if (low === undefined || high === undefined) return sum === 0;
    return low <= high + 1e-9 && low >= 0 && high <= last;
  });
  fc.assert(property);
  t.end();
});
