import fc from 'fast-check';
import t from 'tap';
import { ENVOY_BOUNDS_MS, LatencyHistogram } from './latency-histogram.ts';

function filled(values: readonly number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const each of values) histogram.record(each);
  return histogram;
}

/** Microseconds up to an hour, as many small as large. */
const latency = fc.double({ min: 0, max: Math.log(3_600_000_000), noNaN: true }).map((log) => Math.exp(log) / 1_000);

t.test('a quantile is within 6 % of the value that has that rank', (t) => {
  const property = fc.property(
    fc.array(latency, { minLength: 1, maxLength: 200 }),
    fc.double({ min: 0.01, max: 1, noNaN: true }),
    (values, q) => {
      const sorted = values.toSorted((a, b) => a - b);
      const exact = sorted[Math.max(0, Math.ceil(q * values.length - 1e-9) - 1)]!;
      const told = filled(values).quantileMs(q);
      // Below 16 microseconds a bucket is one microsecond wide.
      return Math.abs(told - exact) <= Math.max(exact * 0.0625, 0.001);
    },
  );
  fc.assert(property, { numRuns: 500 });
  t.end();
});

t.test('count and sum are exact, and every observation is in one bucket', (t) => {
  const property = fc.property(fc.array(latency, { maxLength: 50 }), (values) => {
    const histogram = filled(values);
    const counted = histogram.bucketCounts().reduce((sum, each) => sum + each, 0);
    const sum = values.reduce((total, each) => total + each, 0);
    return (
      histogram.count === values.length && counted === values.length && Math.abs(histogram.sumMs - sum) <= sum * 1e-9
    );
  });
  fc.assert(property, { numRuns: 200 });
  t.end();
});

t.test('buckets follow the bounds, with one more above the last', (t) => {
  const counts = filled([0.2, 3, 3, 40, 1e9]).bucketCounts([1, 10, 100]);
  t.same(counts, [1, 2, 1, 1]);
  t.equal(filled([]).bucketCounts().length, ENVOY_BOUNDS_MS.length + 1);
  t.end();
});

t.test('nothing recorded, or forgotten, is zero', (t) => {
  const histogram = filled([5, 6]);
  histogram.reset();
  t.equal(histogram.count, 0);
  t.equal(histogram.sumMs, 0);
  t.equal(histogram.quantileMs(0.99), 0);
  t.end();
});

t.test('times that make no sense do no harm', (t) => {
  const histogram = filled([-1, 1e12, 3_600_000]);
  t.equal(histogram.count, 3);
  t.ok(Number.isFinite(histogram.quantileMs(0.5)));
  t.end();
});
