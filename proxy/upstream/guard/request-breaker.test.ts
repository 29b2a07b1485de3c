import t from 'tap';
import { breakerConfig } from '../../../test/fakes/config-builders.ts';
import type { RequestBreaker, SharedOpening } from './request-breaker.ts';
import { RequestBreakers } from './request-breakers.ts';

const BREAKER = breakerConfig({ consecutiveFailures: 2, successesToClose: 1 });
const NAME = 'catalog/GET /products/{id}';
const OPENING: SharedOpening = { sequence: 1, ttlMs: 1_000, open: 2, callers: 3 };

function setUp(shared = true) {
  const clock = { nowMs: 0, refresh: () => clock.nowMs };
  const breakers = new RequestBreakers(clock);
  const breaker = breakers.of({ name: NAME, shared, breaker: BREAKER })!;
  const holds = (opening: SharedOpening) => breakers.hold(new Map([[NAME, opening]]));
  return { clock, breakers, breaker, holds };
}

function fail(breaker: RequestBreaker): void {
  if (breaker.enter() === null) breaker.record(breaker.epoch, true, 1);
}

t.test('what the mesh holds open is refused until its time is over, without being told so', (t) => {
  const { clock, breaker, holds } = setUp();
  holds(OPENING);
  const refusal = breaker.refuse();
  t.equal(refusal?.details, 'request_breaker[catalog/GET_/products/{id}]_shared_open{open=2,callers=3}');
  t.match(refusal?.sentence, /held open by the mesh, for at most 1000 ms .* 2 of 3 callers/);
  t.match(refusal, { flag: 'UO', retry: 'if-unsent' });
  clock.nowMs = 999;
  holds(OPENING);
  t.not(breaker.enter(), null);
  clock.nowMs = 1_000;
  t.equal(breaker.refuse(), null, 'the same words again are not news');
  holds({ ...OPENING, sequence: 2 });
  t.ok(breaker.heldOpen, 'said anew');
  t.match(breaker.sharedStats, { opened: 2, refused: 2 });
  t.end();
});

t.test('what the mesh no longer holds open is let through', (t) => {
  const { breakers, breaker, holds } = setUp();
  holds(OPENING);
  breakers.hold(new Map());
  t.equal(breaker.refuse(), null);
  t.end();
});

t.test('a breaker that is open itself sends its probes, whatever the mesh says', (t) => {
  const { breaker, holds } = setUp();
  fail(breaker);
  fail(breaker);
  holds(OPENING);
  t.match(breaker.refuse()?.details, /_open\{consecutive_failures=2\}/);
  breaker.destroy();
  t.end();
});

t.test('a breaker that is not shared does not listen', (t) => {
  const { breaker, holds } = setUp(false);
  holds(OPENING);
  t.equal(breaker.refuse(), null);
  t.end();
});

t.test('what was said before its route came counts as well', (t) => {
  const clock = { nowMs: 0, refresh: () => clock.nowMs };
  const breakers = new RequestBreakers(clock);
  breakers.hold(new Map([[NAME, OPENING]]));
  t.not(breakers.of({ name: NAME, shared: true, breaker: BREAKER })!.refuse(), null);
  t.end();
});

t.test('what is told upward is what the shared ones see themselves', (t) => {
  const { breakers, breaker } = setUp();
  t.same(breakers.views(), [], 'nothing while nothing is asked');
  fail(breaker);
  t.same(breakers.views(), [{ name: NAME, open: false, requests: 1 }]);
  fail(breaker);
  fail(breaker);
  breaker.refuse();
  t.same(breakers.views(), [{ name: NAME, open: true, requests: 4 }], 'with those that it refused itself');
  breakers.destroy();
  const other = setUp();
  other.holds(OPENING);
  other.breaker.refuse();
  t.same(other.breakers.views(), [], 'and not those that the mesh refused');
  t.end();
});
