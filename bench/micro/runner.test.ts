import t from 'tap';
import { findMicroBenchmarks } from './micro.ts';
import { calibrate, sample } from './runner.ts';

/** A benchmark whose operation takes a fixed time on a clock of its own. */
function timed(operationMs: number) {
  let atMs = 0;
  const benchmark = { name: 'timed', run: (iterations: number) => (atMs += iterations * operationMs) };
  return { benchmark, nowMs: () => atMs };
}

t.test('a sample is long enough to be timed, however short the operation', (t) => {
  for (const operationMs of [0.0001, 0.01, 3, 100]) {
    const { benchmark, nowMs } = timed(operationMs);
    const iterations = calibrate(benchmark, nowMs);
    t.ok(iterations * operationMs >= 20, `${iterations} x ${operationMs} ms`);
    t.ok(iterations === 1 || iterations * operationMs < 200, 'and not far longer');
  }
  t.end();
});

t.test('an operation that takes no time at all ends the calibration, too', (t) => {
  const { benchmark, nowMs } = timed(0);
  t.ok(calibrate(benchmark, nowMs) > 0);
  t.end();
});

t.test('a sample is told in nanoseconds per operation', (t) => {
  const { benchmark, nowMs } = timed(0.5);
  const { nsPerOperation } = sample(benchmark, 10, nowMs).figures;
  t.ok(Math.abs(nsPerOperation! - 500_000) < 1);
  t.end();
});

t.test('benchmarks are found by a part of their name, and their names are unique', async (t) => {
  const all = await findMicroBenchmarks('');
  t.equal(new Set(all.map((each) => each.name)).size, all.length);
  t.equal((await findMicroBenchmarks('hexInto')).length, 1);
  await t.rejects(findMicroBenchmarks('no such thing'), /there are .*http1\/.*, kernel\//);
});
