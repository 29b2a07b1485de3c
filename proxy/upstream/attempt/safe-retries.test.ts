import fc from 'fast-check';
import t from 'tap';
import { FakeClock } from '../../../test/fakes/fake-clock.ts';
import { fakeExchange, requestHead, responseHead } from '../../../test/fakes/fake-exchange.ts';
import type { Exchange } from '../../http/exchange.ts';
import { retryAfterMs } from '../../http/retry-after.ts';
import { Http1Outgoing } from '../../http1/outgoing.ts';
import { RetriedMarks } from './retried-marks.ts';
import { RetryBudget } from './retry-budget.ts';
import { comesAgain, countAttempt, SafeRetries } from './safe-retries.ts';

const BUDGET = { percent: 20, windowMs: 10_000, minPerSecond: 3 };

/** Spends until the budget refuses. */
function drain(budget: RetryBudget, nowMs: number): number {
  let granted = 0;
  while (budget.withdraw(nowMs)) granted++;
  return granted;
}

t.test('the retry budget is a share of the first attempts, or the floor, whichever is more', (t) => {
  const table = [
    { firsts: 0, granted: 30 },
    { firsts: 150, granted: 30 },
    { firsts: 200, granted: 40 },
    { firsts: 1_000, granted: 200 },
  ];
  for (const { firsts, granted } of table) {
    const budget = new RetryBudget(BUDGET);
    for (let i = 0; i < firsts; i++) budget.deposit(5);
    t.equal(budget.balance(5), granted, `${firsts} first attempts`);
    t.equal(drain(budget, 5), granted);
    t.equal(budget.balance(5), 0);
  }
  t.end();
});

t.test('what leaves the window is forgotten, spent or not', (t) => {
  const budget = new RetryBudget({ ...BUDGET, minPerSecond: 0 });
  for (let i = 0; i < 100; i++) budget.deposit(500);
  t.equal(drain(budget, 9_999), 20);
  t.equal(budget.balance(10_000), -20, 'the first attempts have left, the retries have not');
  t.equal(budget.balance(19_000), 0);
  for (let i = 0; i < 5; i++) budget.deposit(1e9);
  t.equal(drain(budget, 1e9), 1, 'after a long pause');
  t.end();
});

t.test('whatever the order of events, no window holds more retries than it allows', (t) => {
  const event = fc.constantFrom('attempt', 'attempt', 'attempt', 'retry', 'wait');
  const property = fc.property(fc.array(event, { maxLength: 400 }), fc.integer({ min: 0, max: 3 }), (events, min) => {
    const budget = new RetryBudget({ ...BUDGET, minPerSecond: min });
    const firsts: number[] = [];
    const retries: number[] = [];
    let now = 0;
    const inWindow = (slots: number[]) => slots.filter((each) => each > now - 10).length;
    for (const each of events) {
      if (each === 'wait') now++;
      else if (each === 'attempt') {
        budget.deposit(now * 1_000);
        firsts.push(now);
      } else {
        const before = inWindow(retries);
        const allowed = Math.max(0.2 * inWindow(firsts), min * 10);
        const granted = budget.withdraw(now * 1_000);
        if (granted !== before + 1 <= allowed) return false;
        if (granted) retries.push(now);
      }
    }
    return true;
  });
  fc.assert(property);
  t.end();
});

function exchangeOf(method: string, lines: readonly string[], attempts = 1): Exchange {
  const exchange = fakeExchange(new FakeClock(), requestHead(`${method} /`));
  exchange.sent = new Http1Outgoing(
    `${method} / HTTP/1.1\r\nhost: a\r\n${lines.map((each) => `${each}\r\n`).join('')}\r\n`,
  );
  exchange.attempts = attempts;
  return exchange;
}

t.test('nothing that may have been seen is done twice, unless that does no harm', (t) => {
  const safe = new SafeRetries({
    idempotencyHeaders: ['idempotency-key', 'x-key'],
    maxRetryAfterMs: 2_000,
    retryOn: [],
  });
  const table: readonly (readonly [string, readonly string[], boolean])[] = [
    ['GET', [], true],
    ['HEAD', [], true],
    ['OPTIONS', [], true],
    ['TRACE', [], true],
    ['PUT', [], true],
    ['DELETE', [], true],
    ['POST', [], false],
    ['PATCH', [], false],
    ['CONNECT', [], false],
    ['get', [], false],
    ['POST', ['Idempotency-Key: 7'], true],
    ['PATCH', ['x-key: 7'], true],
    ['GET', ['x-outrider-attempt: 1'], true],
    ['GET', ['x-outrider-attempt: 2'], false],
    ['GET', ['x-outrider-attempt: -5'], true],
    ['GET', ['x-outrider-attempt: 99999999999'], true],
    ['POST', ['idempotency-key: 7', 'x-outrider-attempt: 3'], false],
  ];
  for (const [method, lines, allowed] of table) {
    const exchange = exchangeOf(method, lines);
    const name = `${method} ${lines.join()}`;
    t.equal(safe.allowsFailure(exchange, true), allowed, `${name}, seen`);
    t.equal(safe.allowsFailure(exchange, false), true, `${name}, never sent`);
    t.equal(safe.allowsAnswer(exchange, responseHead(503)), allowed, `${name}, answered`);
    t.equal(safe.allowsAnswer(exchange, responseHead(503, 'x-outrider-retried: budget')), false, `${name}, marked`);
  }
  const call = exchangeOf('POST', []);
  call.grpc = true;
  t.equal(safe.allowsAnswer(call, responseHead(200, 'grpc-status: 14')), true, 'UNAVAILABLE is an invitation');
  t.equal(safe.allowsAnswer(call, responseHead(200, 'grpc-status: 13')), false);
  t.end();
});

t.test('attempts are counted from layer to layer, and our own are not taken for those of a layer above', (t) => {
  const safe = new SafeRetries({ idempotencyHeaders: [], maxRetryAfterMs: 0, retryOn: [] });
  const own = exchangeOf('GET', []);
  countAttempt(own.sent!);
  own.attempts = 2;
  t.match((own.sent as Http1Outgoing).text, /x-outrider-attempt: 2\r\n/);
  t.equal(safe.allowsFailure(own, true), true);
  const above = exchangeOf('GET', ['x-outrider-attempt: 2']);
  countAttempt(above.sent!);
  above.attempts = 2;
  t.match((above.sent as Http1Outgoing).text, /x-outrider-attempt: 3\r\n/);
  t.equal(safe.allowsFailure(above, true), false);
  t.equal(comesAgain(requestHead('GET /', 'x-outrider-attempt: 2')), true);
  t.equal(comesAgain(requestHead('GET /', 'x-outrider-attempt: 1')), false);
  t.equal(comesAgain(requestHead('GET /')), false);
  t.end();
});

t.test('Retry-After is seconds or any of the three forms of a date', (t) => {
  const wallMs = Date.UTC(1994, 10, 6, 8, 49, 30);
  const table: readonly (readonly [string, number | null])[] = [
    ['0', 0],
    ['7', 7_000],
    ['Sun, 06 Nov 1994 08:49:37 GMT', 7_000],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 7_000],
    ['Sun Nov  6 08:49:37 1994', 7_000],
    ['Sun, 06 Nov 1994 08:49:00 GMT', 0],
    ['Sun, 99 Nov 1994 08:49:00 GMT', null],
    ['-1', null],
    ['1.5', null],
    ['soon', null],
    ['', null],
  ];
  for (const [text, ms] of table) t.equal(retryAfterMs(text, wallMs), ms, JSON.stringify(text));
  const safe = new SafeRetries({ idempotencyHeaders: [], maxRetryAfterMs: 7_000, retryOn: [] });
  t.equal(safe.waitMs(responseHead(503, 'Retry-After: 7'), wallMs), 7_000);
  t.equal(safe.waitMs(responseHead(503, 'Retry-After: 8'), wallMs), Number.POSITIVE_INFINITY);
  t.equal(safe.waitMs(responseHead(503), wallMs), null);
  t.end();
});

t.test('a mark explains one failure of a request during whose time it was made', (t) => {
  const marks = new RetriedMarks();
  t.equal(marks.explain(0), false);
  marks.add(100);
  t.equal(marks.explain(101), false, 'it began later');
  t.equal(marks.explain(90), true);
  t.equal(marks.explain(90), false, 'the mark is used up');
  marks.add(200);
  marks.add(200);
  marks.add(90_000);
  t.equal(marks.explain(0), true);
  t.equal(marks.explain(0), false, 'old ones are forgotten');
  t.end();
});
