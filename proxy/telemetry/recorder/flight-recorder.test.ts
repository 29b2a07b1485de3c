import t from 'tap';
import { FakeClock } from '../../../test/fakes/fake-clock.ts';
import { fakeExchange, requestHead } from '../../../test/fakes/fake-exchange.ts';
import type { Exchange } from '../../http/exchange.ts';
import { CONNECT_FAILURE } from '../../http/failure.ts';
import { FLIGHTS_KEPT, FlightRecorder } from './flight-recorder.ts';

function exchange(clock: FakeClock, path: string, change: (each: Exchange) => void = () => {}): Exchange {
  const each = fakeExchange(clock, requestHead(`GET ${path}`));
  each.method = 'GET';
  each.path = path;
  each.status = 200;
  each.attempts = 1;
  change(each);
  return each;
}

t.test('the latest come first, with all that is known', (t) => {
  const clock = new FakeClock();
  const recorder = new FlightRecorder();
  const failed = exchange(clock, '/b', (each) => {
    each.clusterName = 'shop';
    each.upstreamHost = '10.0.0.1:80';
    each.attempts = 2;
    each.addFlag('URX');
    each.note('attempt 1 failed');
    each.failure = CONNECT_FAILURE;
    each.status = 503;
  });
  recorder.record(exchange(clock, '/a'), clock.nowMs());
  recorder.record(failed, clock.nowMs() + 5);
  const [last, first, ...more] = recorder.flights();
  t.same(more, []);
  t.match(first, { path: '/a', method: 'GET', status: 200, flags: '', decisions: [], troubled: false });
  t.match(last, { path: '/b', cluster: 'shop', endpoint: '10.0.0.1:80', attempts: 2, flags: 'URX,UF', status: 503 });
  t.match(last, { troubled: true, decisions: [{ text: 'attempt 1 failed' }], sentence: CONNECT_FAILURE.sentence });
  t.equal(last!.endedMs - last!.startedMs, 5);
  t.end();
});

t.test('a flood of good requests does not wash away what went wrong', (t) => {
  const clock = new FakeClock();
  const recorder = new FlightRecorder();
  recorder.record(
    exchange(clock, '/bad', (each) => {
      each.status = 500;
    }),
    clock.nowMs(),
  );
  for (let i = 0; i < 3 * FLIGHTS_KEPT; i++) recorder.record(exchange(clock, `/${i}`), clock.nowMs());
  const flights = recorder.flights();
  t.equal(flights.length, FLIGHTS_KEPT + 1);
  t.equal(flights[0]!.path, `/${3 * FLIGHTS_KEPT - 1}`);
  t.equal(flights.at(-1)!.path, '/bad');
  t.end();
});

t.test('what is remembered is bounded: long paths are cut, decisions beyond a number are left out', (t) => {
  const clock = new FakeClock();
  const recorder = new FlightRecorder();
  const each = exchange(clock, `/${'x'.repeat(10_000)}`);
  for (let i = 0; i < 1_000; i++) each.note(`decision ${i}`);
  recorder.record(each, clock.nowMs());
  const [flight] = recorder.flights();
  t.equal(flight!.path.length, 256);
  t.equal(flight!.decisions.length, 32);
  t.end();
});
