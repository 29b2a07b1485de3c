import fc from 'fast-check';
import t from 'tap';
import { forward, prefixMatch, route, routeTable, virtualHost } from '../../../../test/fakes/config-builders.ts';
import { FakeChain, FakeSurroundings, named, type SentRequest } from '../../../../test/fakes/fake-chain.ts';
import { type Scenario, simulate } from '../../../../test/fakes/overloaded-server.ts';
import type { AdaptiveLimitConfig } from '../../../config/model/http-filter.ts';
import { FilterSlot } from '../../filter-slot.ts';
import type { OutgoingRequest } from '../../outgoing-request.ts';
import { AdaptiveLimitFilter } from './adaptive-limit-filter.ts';
import { AdaptiveLimitStats } from './adaptive-limit-stats.ts';
import { Gradient2 } from './gradient2.ts';
import { Limiter } from './limiter.ts';
import type { Priority } from './priority.ts';
import { RequestLimiter } from './request-limiter.ts';
import { RequestQueue } from './request-queue.ts';

const SETTINGS = { initialLimit: 20, minLimit: 10, maxLimit: 1_000, tolerance: 1.5, maxQueue: 0, maxWaitMs: 100 };

// ---------------------------------------------------------------------------------------------------------------------
// What is learned

/** Windows of ten samples each, with as many requests at work. */
function windows(
  gradient: Gradient2,
  count: number,
  latencyMs: number,
  atWork: number,
  from = 0,
  full = false,
): number {
  let nowMs = from;
  for (let i = 0; i < count; i++) {
    gradient.atWork(atWork, nowMs);
    if (full) gradient.turnedAway();
    for (let j = 0; j < 10; j++) {
      nowMs += 12;
      gradient.sample(latencyMs, nowMs);
    }
  }
  return nowMs;
}

t.test('the limit grows while latency is what it was, and what it has is used', (t) => {
  const gradient = new Gradient2(SETTINGS);
  windows(gradient, 20, 10, 9);
  t.equal(gradient.limit, 20, 'nine of twenty say nothing');
  windows(gradient, 1, 10, 10);
  t.equal(gradient.limit, 24, 'by its own size at first: 0.8 x 20 + 0.2 x (20 + 20)');
  windows(gradient, 100, 10, 1_000);
  t.equal(gradient.limit, 1_000);
  t.end();
});

t.test('the limit shrinks when latency is more than is tolerated, and grows by its root from then on', (t) => {
  const gradient = new Gradient2({ ...SETTINGS, initialLimit: 100 });
  let nowMs = windows(gradient, 10, 10, 10);
  t.equal(gradient.longMs, 10);
  nowMs = windows(gradient, 1, 15, 100, nowMs, true);
  t.equal(gradient.limit, 120, 'half as much again is tolerated');
  nowMs = windows(gradient, 1, 30, 100, nowMs, true);
  t.equal(gradient.limit, 110, '120 x 0.9 + 0.2 x sqrt(120)');
  t.equal(gradient.longMs, 10, 'what requests wait because they are too many is not usual');
  windows(gradient, 1, 10, 120, nowMs, true);
  t.equal(gradient.limit, 112);
  t.end();
});

t.test('a long-term mean that is far above what is now is given up soon', (t) => {
  const gradient = new Gradient2(SETTINGS);
  const nowMs = windows(gradient, 20, 100, 5);
  windows(gradient, 40, 10, 5, nowMs);
  t.ok(gradient.longMs < 25, `${gradient.longMs}`);
  t.end();
});

t.test('whoever is always asked for too much is measured at the least limit, and not too often', (t) => {
  const gradient = new Gradient2({ ...SETTINGS, initialLimit: 100 });
  let nowMs = windows(gradient, 10, 10, 50);
  // The application has become slower for good.
  nowMs = windows(gradient, 20, 40, 100, nowMs, true);
  t.equal(gradient.limit, 10);
  gradient.sample(40, nowMs);
  t.equal(gradient.measurements, 0, 'first it has to be empty');
  gradient.atWork(10, nowMs);
  for (let i = 0; i < 10; i++) gradient.sample(40, nowMs + 30);
  t.equal(gradient.measurements, 0, 'those began before');
  for (let i = 0; i < 10; i++) gradient.sample(35, nowMs + 135 + i);
  t.equal(gradient.measurements, 1);
  t.equal(gradient.longMs, 35);
  t.ok(gradient.limit > 10, 'and then as before');
  windows(gradient, 100, 40, 100, nowMs + 200, true);
  t.equal(gradient.measurements, 1);
  t.end();
});

t.test('whatever is sampled, the limit stays within its bounds, also when they change', (t) => {
  const step = fc.record({
    latencyMs: fc.double({ min: 0, max: 1e6, noNaN: true }),
    atWork: fc.nat(3_000),
    full: fc.boolean(),
  });
  const bounds = fc.tuple(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 0, max: 500 }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), bounds, ([...steps], [min, more]) => {
      const gradient = new Gradient2({ initialLimit: min, minLimit: min, maxLimit: min + more, tolerance: 1.5 });
      let nowMs = 0;
      for (const { latencyMs, atWork, full } of steps) {
        nowMs = windows(gradient, 1, latencyMs, atWork, nowMs, full);
        if (!(gradient.limit >= min && gradient.limit <= min + more)) return false;
      }
      gradient.configure({ initialLimit: 5, minLimit: 5, maxLimit: 5, tolerance: 2 });
      return gradient.limit === 5;
    }),
  );
  t.end();
});

// ---------------------------------------------------------------------------------------------------------------------
// Who gets a place

const request = (priority: Priority) => ({ priority });

t.test('the less important are refused earlier', (t) => {
  const stats = new AdaptiveLimitStats('in');
  const limiter = new Limiter(SETTINGS, stats);
  const admitted = (priority: Priority) => {
    let count = 0;
    while (limiter.enter(request(priority), 0) === 'admitted') count++;
    return count;
  };
  t.equal(admitted('sheddable'), 16);
  t.equal(admitted('default'), 4);
  t.equal(admitted('critical'), 4);
  t.match(stats, { inFlight: 24, admitted: 24, limit: 20 });
  limiter.leave(0);
  t.same([admitted('sheddable'), admitted('default'), admitted('critical')], [0, 0, 1]);
  t.end();
});

t.test('those that wait are started in the order of importance, and nobody ordinary overtakes them', (t) => {
  const limiter = new Limiter(
    { ...SETTINGS, initialLimit: 10, maxLimit: 10, maxQueue: 3 },
    new AdaptiveLimitStats('in'),
  );
  for (let i = 0; i < 10; i++) limiter.enter(request('default'), 0);
  for (let i = 0; i < 2; i++) limiter.enter(request('critical'), 0);
  const [first, second, urgent] = [request('default'), request('default'), request('critical')];
  t.equal(limiter.enter(request('sheddable'), 0), 'refused');
  for (const each of [first, second, urgent]) t.equal(limiter.enter(each, 0), 'queued');
  t.equal(limiter.enter(request('default'), 0), 'refused', 'the queue is full');
  t.equal(limiter.startNext(0), null);
  for (let i = 0; i < 4; i++) limiter.leave(1);
  t.equal(limiter.enter(request('default'), 1), 'refused', 'there would be a place, but others wait for it');
  t.equal(limiter.startNext(1), urgent);
  t.equal(limiter.startNext(1), first);
  t.equal(limiter.startNext(1), null, 'the limit is for all');
  limiter.forget(second);
  limiter.leave(1);
  t.equal(limiter.startNext(1), null);
  t.match(limiter.stats, { queued: 0, waited: 3 });
  t.end();
});

t.test('a queue that is no burst starts the newest; when it lasts, those that come do not wait for long', (t) => {
  const queue = new RequestQueue<{ priority: Priority; n: number }>();
  const add = (n: number, nowMs: number) => queue.add({ priority: 'default', n }, nowMs);
  for (let n = 0; n < 4; n++) add(n, n);
  t.equal(queue.take(100).n, 0);
  t.equal(queue.take(101).n, 3);
  t.equal(queue.take(102).n, 2);
  t.equal(queue.take(103).n, 1);
  add(8, 900);
  add(9, 901);
  t.equal(queue.take(902).n, 9, 'a moment without is no recovery');
  queue.take(903);
  add(10, 2_000);
  add(11, 2_001);
  t.equal(queue.take(2_002).n, 10);
  t.equal(queue.waitMs(5_000, 3_000), 3_000);
  t.equal(queue.waitMs(5_001, 3_000), 100);
  t.equal(queue.waitMs(5_001, 50), 50);
  t.end();
});

// ---------------------------------------------------------------------------------------------------------------------
// What comes of it

function scenario(change: Partial<Scenario>): Scenario {
  const limiter = { ...SETTINGS, maxQueue: 256, maxWaitMs: 5_000 };
  return { workers: 16, serviceMs: 20, load: 1, timeoutMs: 500, forMs: 20_000, warmUpMs: 5_000, limiter, ...change };
}

t.test('asked for twice and four times what it can do, a server still does nine tenths of its best', (t) => {
  for (const queue of [{ maxQueue: 0 }, { maxQueue: 256, maxWaitMs: 5_000 }]) {
    const goodput = (load: number) => simulate(scenario({ load, limiter: { ...SETTINGS, ...queue } })).goodput;
    const [half, full, twice, four] = [0.5, 1, 2, 4].map(goodput) as [number, number, number, number];
    const peak = Math.max(half, full, twice, four);
    t.ok(peak > 760 && peak < 840, `${peak} of 800 a second`);
    t.ok(Math.abs(half - 400) < 20, `${half}: nothing is refused that could be done`);
    t.ok(full > 0.9 * peak, `${full}`);
    t.ok(twice > 0.9 * peak, `${twice}`);
    t.ok(four > 0.9 * peak, `${four}`);
  }
  const unlimited = simulate(scenario({ load: 2, limiter: null }));
  t.ok(unlimited.goodput < 100, `without the limit ${unlimited.goodput}`);
  t.end();
});

t.test('the limit does not creep up under a load that lasts', (t) => {
  const lasting = { load: 2, workers: 4, serviceMs: 100, forMs: 1_200_000, warmUpMs: 1_140_000 };
  const { goodput, stats } = simulate(scenario({ ...lasting, timeoutMs: 1_000 }));
  t.ok(goodput > 36, `${goodput} of 40 a second after 20 minutes`);
  t.ok(stats.measurements > 30, 'what is usual is measured now and then');
  t.end();
});

t.test('a server that becomes slower for good, under load, is learned anew', (t) => {
  const slowdown = (nowMs: number) => (nowMs < 20_000 ? 1 : 4);
  const { goodput } = simulate(scenario({ load: 2, slowdown, forMs: 80_000, warmUpMs: 60_000 }));
  t.ok(goodput > 180, `${goodput} of 200 a second`);
  t.end();
});

t.test('what is important gets through when it is too much together', (t) => {
  const priorityOf = (random: number) =>
    (random < 0.2 ? 'critical' : random < 0.5 ? 'default' : 'sheddable') as Priority;
  const { good, sent } = simulate(scenario({ load: 2, priorityOf }));
  const share = (priority: Priority) => good[priority] / sent[priority];
  t.ok(share('critical') > 0.95, `critical ${share('critical')}`);
  t.ok(share('default') > 0.6, `default ${share('default')}`);
  t.ok(share('sheddable') < 0.35, `sheddable ${share('sheddable')}`);
  t.end();
});

// ---------------------------------------------------------------------------------------------------------------------
// The filter

const CONFIG: AdaptiveLimitConfig = {
  kind: 'adaptive-limit',
  ...SETTINGS,
  initialLimit: 1,
  minLimit: 1,
  maxLimit: 1,
  priorityHeader: 'x-outrider-priority',
  exempt: [],
};

function setUp(change: Partial<AdaptiveLimitConfig> = {}, perFilter: Record<string, { kind: 'disabled' }> = {}) {
  const around = new FakeSurroundings();
  const config = { ...CONFIG, ...change };
  const stats = new AdaptiveLimitStats('in');
  const limiter = new RequestLimiter(config, stats, around.loop);
  const filter = new AdaptiveLimitFilter(named(config), config, {
    loop: around.loop,
    limiter,
    slot: new FilterSlot(0),
  });
  const routes = [route(prefixMatch('/free'), forward('a'), { perFilter }), route(prefixMatch('/'), forward('a'))];
  const chain = new FakeChain(around, routeTable('t', [virtualHost(['*'], routes)]), [filter]);
  return { chain, stats, around };
}

/** The endpoint has it. */
function forwarded(sent: SentRequest): SentRequest {
  sent.exchange.sent = {} as OutgoingRequest;
  return sent;
}

/** Places are given away at the end of the turn. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

const GRPC = 'content-type: application/grpc';

t.test('a request over the limit is refused before it is forwarded, and may be sent elsewhere', (t) => {
  const { chain, stats } = setUp();
  const first = forwarded(chain.send('GET /'));
  const second = chain.send('GET /', 'x-outrider-priority: sheddable');
  t.ok(first.passed);
  t.notOk(second.passed);
  const { failure } = second.exchange;
  t.match(failure, { status: 503, flag: 'UO', retry: 'yes', details: 'adaptive_limit_overflow' });
  t.match(failure?.sentence, /1 requests are in flight and 0 wait, the adaptive limit is 1; .* is sheddable/);
  chain.send('GET /', 'x-outrider-priority: nonsense');
  t.match(stats, { inFlight: 1, refusedSheddable: 1, refusedDefault: 1, refusedCritical: 0 });
  chain.answer(first, 200);
  t.equal(stats.inFlight, 0);
  t.ok(chain.send('GET /').passed);
  t.end();
});

t.test('requests that are exempt, and routes that switch it off, are never refused', (t) => {
  const path = { kind: 'string', match: { kind: 'prefix', value: '/health', ignoreCase: false } } as const;
  const exempt = [{ name: ':path', test: path, invert: false, missingAsEmpty: false }];
  const { chain, stats } = setUp({ exempt }, { tested: { kind: 'disabled' } });
  t.ok(chain.send('GET /').passed);
  t.ok(chain.send('GET /health').passed);
  t.ok(chain.send('GET /free').passed);
  t.notOk(chain.send('GET /').passed);
  t.match(stats, { inFlight: 2, exempted: 1 });
  t.end();
});

t.test('one that waits goes on when there is a place, with a lower deadline', async (t) => {
  const { chain, stats, around } = setUp({ maxQueue: 1 });
  const first = forwarded(chain.send('GET /'));
  const second = chain.send('POST /', 'x-outrider-deadline: 500', 'grpc-timeout: 1S');
  t.notOk(second.passed);
  t.match(stats, { queued: 1, waited: 1 });
  t.notOk(chain.send('GET /').passed, 'there is room for one');
  around.advance(40);
  chain.answer(first, 200);
  t.notOk(second.passed, 'not in the middle of the answer');
  await turn();
  t.ok(second.passed);
  const lines: string[] = [];
  second.exchange.head.eachLine({ raw: (line) => lines.push(line), line: ({ text }) => lines.push(text.trim()) });
  t.match(lines.join('\n'), /x-outrider-deadline: 460\ngrpc-timeout: 960000u/);
  t.match(stats, { queued: 0, inFlight: 1, waitedUs: 40_000 });
});

t.test('one that waits too long is refused, and one whose client leaves is forgotten', async (t) => {
  const { chain, stats, around } = setUp({ maxQueue: 2 });
  const first = forwarded(chain.send('GET /'));
  const late = chain.send('GET /', GRPC);
  const gone = chain.send('GET /');
  gone.exchange.clientGone();
  t.match(stats, { queued: 1, abandoned: 1 });
  around.advance(120);
  t.match(late.exchange.failure, { status: 503, details: 'adaptive_limit_wait_timeout' });
  t.match(late.answer, /grpc-status: 14|503/);
  chain.answer(first, 200);
  await turn();
  t.match(stats, { queued: 0, inFlight: 0, waitTimeout: 1, refusedDefault: 1 });
});

t.test('what counts is the time to the head of ordinary answers', (t) => {
  const wide = { initialLimit: 100, minLimit: 100, maxLimit: 100 };
  const cases: readonly [string, readonly string[], readonly string[], number][] = [
    ['a plain answer', [], [], 30],
    ['server-sent events', [], ['Content-Type: text/event-stream; charset=utf-8'], 0],
    ['server-sent events, in another case', [], ['Content-Type: Text/Event-Stream'], 0],
    ['a gRPC call', [GRPC], ['Content-Type: application/grpc'], 30],
  ];
  for (const [name, fields, answer, expectedMs] of cases) {
    const { chain, stats, around } = setUp(wide);
    for (let i = 0; i < 12; i++) {
      const sent = forwarded(chain.send('GET /', ...fields));
      sent.exchange.grpc = fields.length > 0;
      around.advance(30);
      chain.answer(sent, 200, ...answer);
    }
    t.equal(Math.round(stats.usualLatencyUs / 1_000), expectedMs, name);
    t.equal(stats.inFlight, 0);
  }
  const { chain, stats, around } = setUp(wide);
  for (let i = 0; i < 12; i++) {
    const sent = chain.send('GET /');
    around.advance(30);
    sent.exchange.answer(200, '', 'made here');
  }
  t.equal(stats.usualLatencyUs, 0, 'an answer that is made here');
  for (let i = 0; i < 12; i++) {
    const sent = forwarded(chain.send('GET /'));
    around.advance(400);
    sent.exchange.clientGone();
  }
  t.equal(stats.usualLatencyUs, 400_000, 'clients that lose patience');
  t.equal(stats.inFlight, 0);
  t.end();
});

t.test('gRPC calls that say nothing are taken for streams after a while, unless they have a deadline', (t) => {
  const { chain, stats, around } = setUp();
  const silent = forwarded(chain.send('POST /', GRPC));
  around.advance(900);
  t.notOk(chain.send('GET /').passed);
  around.advance(200);
  const other = forwarded(chain.send('POST /', GRPC, 'grpc-timeout: 9S'));
  t.ok(other.passed);
  t.match(stats, { inFlight: 1, parked: 1 });
  around.advance(5_000);
  t.notOk(chain.send('GET /').passed);
  silent.exchange.grpc = true;
  chain.answer(silent, 200);
  t.equal(stats.inFlight, 1, 'its place has been given back before');
  t.end();
});
