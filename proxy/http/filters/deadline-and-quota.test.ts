import fc from 'fast-check';
import t from 'tap';
import { forward, prefixMatch, route, routeTable, virtualHost } from '../../../test/fakes/config-builders.ts';
import { FakeChain, FakeSurroundings, named } from '../../../test/fakes/fake-chain.ts';
import { CONNECTION, requestHead } from '../../../test/fakes/fake-exchange.ts';
import type { PerFilterConfig, QuotaConfig, QuotaLimitConfig } from '../../config/model/http-filter.ts';
import type { TlsPeer } from '../../net/tls/tls-peer.ts';
import { FilterSlot } from '../filter-slot.ts';
import { parseGrpcTimeoutMs } from '../grpc-timeout.ts';
import type { OutgoingRequest } from '../outgoing-request.ts';
import { DeadlineFilter } from './deadline/deadline-filter.ts';
import { DeadlineStats } from './deadline/deadline-stats.ts';
import { lowerDeadlines } from './lower-deadlines.ts';
import { QuotaFilter } from './quota/quota-filter.ts';
import { QuotaStats } from './quota/quota-stats.ts';
import { RateBucket } from './quota/rate-bucket.ts';

// ---------------------------------------------------------------------------------------------------------------------
// Deadlines

function withDeadlines(perFilter: Record<string, PerFilterConfig> = {}) {
  const around = new FakeSurroundings();
  const stats = new DeadlineStats('in');
  const filter = new DeadlineFilter(named({ kind: 'deadline' }), { loop: around.loop, stats, slot: new FilterSlot(0) });
  const routes = [route(prefixMatch('/free'), forward('a'), { perFilter }), route(prefixMatch('/'), forward('a'))];
  const chain = new FakeChain(around, routeTable('t', [virtualHost(['*'], routes)]), [filter]);
  return { chain, stats, around };
}

const GRPC = 'content-type: application/grpc';

t.test('a request whose deadline has passed is refused', (t) => {
  const { chain, stats } = withDeadlines({ tested: { kind: 'disabled' } });
  const late = chain.send('GET /', 'x-outrider-deadline: 0');
  t.notOk(late.passed);
  t.match(late.exchange.failure, {
    status: 504,
    grpcStatus: 4,
    flag: 'DT',
    details: 'deadline_expired_on_arrival',
    sentence: /x-outrider-deadline: 0/,
  });
  t.notOk(chain.send('POST /', GRPC, 'grpc-timeout: 0m').passed);
  t.ok(chain.send('POST /', 'grpc-timeout: 0m').passed, 'to others that header says nothing');
  t.ok(chain.send('GET /free', 'x-outrider-deadline: 0').passed, 'where a route switches it off');
  t.match(stats, { bounded: 2, expiredOnArrival: 2, malformed: 0 });
  t.end();
});

t.test('the earlier deadline ends a request that is worked on', (t) => {
  const { chain, stats, around } = withDeadlines();
  const own = chain.send('POST /', GRPC, 'x-outrider-deadline: 100', 'grpc-timeout: 1S');
  const announced = chain.send('POST /', GRPC, 'x-outrider-deadline: 1000', 'grpc-timeout: 200000u');
  for (const { exchange } of [own, announced]) exchange.sent = {} as OutgoingRequest;
  around.advance(99);
  t.equal(own.exchange.failure, null);
  around.advance(11);
  t.match(own.exchange.failure, {
    status: 504,
    details: 'deadline_exceeded',
    sentence: /100 ms by x-outrider-deadline/,
  });
  t.equal(announced.exchange.failure, null);
  around.advance(100);
  t.match(announced.exchange.failure, { grpcStatus: 4, sentence: /200 ms by grpc-timeout/ });
  t.match(stats, { exceeded: 2, exceededWaiting: 0 });
  t.end();
});

t.test('one that ends before its deadline, and one that has become a tunnel, is left alone', (t) => {
  const { chain, stats, around } = withDeadlines();
  chain.answer(chain.send('GET /', 'x-outrider-deadline: 50'), 200);
  const tunnel = chain.send('GET /', 'x-outrider-deadline: 50');
  tunnel.exchange.tunnel = true;
  around.advance(1_000);
  t.equal(tunnel.exchange.failure, null);
  t.match(stats, { bounded: 2, exceeded: 0, exceededWaiting: 0 });
  t.end();
});

t.test('what cannot be read is ignored and counted, and a huge deadline extends nothing', (t) => {
  const { chain, stats, around } = withDeadlines();
  for (const value of ['', '-1', '1.5', '1e3', '0x10', '1 000', '9999999999', 'soon', '10,20'])
    t.ok(chain.send('GET /', `x-outrider-deadline: ${value}`).passed, value);
  for (const value of ['1', '100000000m', '1s', '-1S', 'S', '1Sm'])
    t.ok(chain.send('POST /', GRPC, `grpc-timeout: ${value}`).passed, value);
  t.equal(stats.malformed, 15);
  const huge = chain.send('POST /', GRPC, 'grpc-timeout: 99999999H', 'x-outrider-deadline: 60');
  around.advance(70);
  t.equal(huge.exchange.failure?.status, 504, 'the other one counts');
  chain.send('POST /', GRPC, 'grpc-timeout: 99999999H');
  t.equal(stats.bounded, 1, 'nobody can wait so long');
  t.end();
});

t.test('a deadline is lowered by what the request was kept, and never raised', (t) => {
  const linesOf = (head: ReturnType<typeof requestHead>) => {
    const lines: string[] = [];
    head.eachLine({ raw: (line) => lines.push(line), line: ({ text }) => lines.push(text.trim()) });
    return lines.filter((line) => /deadline|timeout/.test(line));
  };
  const lowered = (ms: number, ...lines: string[]) => {
    const head = requestHead('GET /', ...lines);
    lowerDeadlines(head, ms);
    return linesOf(head);
  };
  t.same(lowered(30.5, 'x-outrider-deadline: 100'), ['x-outrider-deadline: 69']);
  t.same(lowered(200, 'x-outrider-deadline: 100', 'grpc-timeout: 100m'), [
    'x-outrider-deadline: 0',
    'grpc-timeout: 0u',
  ]);
  t.same(lowered(1, 'x-outrider-deadline: nonsense'), ['x-outrider-deadline: nonsense']);
  t.same(lowered(1_000, 'grpc-timeout: 99999999S'), ['grpc-timeout: 99999998S']);
  const units = fc.constantFrom('H', 'M', 'S', 'm', 'u', 'n');
  fc.assert(
    fc.property(fc.nat(99_999_999), units, fc.double({ min: 0, max: 1e7, noNaN: true }), (count, unit, keptMs) => {
      const beforeMs = parseGrpcTimeoutMs(`${count}${unit}`)!;
      const text = lowered(keptMs, `grpc-timeout: ${count}${unit}`)[0]!.slice('grpc-timeout: '.length);
      const afterMs = parseGrpcTimeoutMs(text);
      return afterMs !== null && afterMs <= Math.max(0, beforeMs - keptMs) + 1e-6;
    }),
  );
  t.end();
});

// ---------------------------------------------------------------------------------------------------------------------
// Quotas

function limit(change: Partial<QuotaLimitConfig> = {}): QuotaLimitConfig {
  return {
    name: 'all',
    headers: [],
    per: { kind: 'all' },
    requestsPerSecond: 10,
    burst: 10,
    maxValues: 1_024,
    ...change,
  };
}

function withQuota(...limits: readonly QuotaLimitConfig[]) {
  const around = new FakeSurroundings();
  const config: QuotaConfig = { kind: 'quota', service: 'cart', limits };
  const replicas = new Map<string, number>();
  const all = new Map<string, QuotaStats>();
  const statsOf = (name: string) => {
    const stats = new QuotaStats('in', name);
    all.set(name, stats);
    return stats;
  };
  const counts = { of: (service: string) => replicas.get(service) ?? 0 };
  const deps = { loop: around.loop, replicas: counts, statsOf, slot: new FilterSlot<never>(0) };
  const table = routeTable('t', [virtualHost(['*'], [route(prefixMatch('/'), forward('a'))])]);
  const chain = new FakeChain(around, table, [new QuotaFilter(named(config), config, deps as never)]);
  const passing = (count: number, ...lines: string[]) =>
    Array.from({ length: count }, () => chain.send('GET /', ...lines)).filter(({ passed }) => passed).length;
  return { chain, around, replicas, stats: (name: string) => all.get(name)!, passing };
}

t.test('a replica lets its share of the quota through, and all of it when nothing is known of others', (t) => {
  const { around, replicas, stats, passing } = withQuota(limit());
  t.equal(passing(12), 10);
  around.advance(1_000);
  t.equal(passing(12), 10);
  replicas.set('cart', 4);
  around.advance(10_000);
  t.equal(passing(12), 2, 'a burst of 2.5');
  around.advance(4_000);
  t.equal(passing(12), 2);
  around.advance(400);
  t.equal(passing(1), 1);
  replicas.set('cart', 100);
  around.advance(100_000);
  t.equal(passing(3), 1, 'however many they are, one at a time');
  around.advance(9_000);
  t.equal(passing(1), 0);
  around.advance(1_100);
  t.equal(passing(1), 1, 'one in ten seconds');
  t.match(stats('all'), { replicas: 100, ok: 27 });
  t.end();
});

t.test('whoever is refused is told when to come again', (t) => {
  const { chain, replicas } = withQuota(limit({ requestsPerSecond: 1, burst: 2 }));
  replicas.set('cart', 2);
  const first = chain.send('GET /');
  t.match(chain.answer(first, 200), /x-ratelimit-limit: 1\r\nx-ratelimit-remaining: 0\r\nx-ratelimit-reset: 2\r\n/);
  const refused = chain.send('GET /');
  t.match(refused.exchange.failure, { status: 429, grpcStatus: 8, flag: 'RL', details: 'quota_exceeded' });
  t.match(refused.exchange.failure?.sentence, /quota all of cart is used up: 1 .* each of 2 ready replicas lets 0\.5/);
  t.match(refused.answer, /retry-after: 2\r\n/);
  t.match(refused.answer, /x-ratelimit-remaining: 0\r\n/);
  t.end();
});

t.test('a request counts in every limit that it fits, and in none when one refuses it', (t) => {
  const is = (value: string) => ({ kind: 'string', match: { kind: 'exact', value, ignoreCase: false } }) as const;
  const header = { name: 'x-plan', test: is('free'), invert: false, missingAsEmpty: false };
  const { passing, stats } = withQuota(limit({ burst: 5 }), limit({ name: 'free', burst: 2, headers: [header] }));
  t.equal(passing(4, 'x-plan: free'), 2);
  t.equal(passing(9), 3, 'the refused ones have left their places to others');
  t.match(stats('free'), { ok: 2, limited: 2 });
  t.match(stats('all'), { ok: 5, limited: 6 });
  t.end();
});

t.test('each value of a header has a bucket; those for which there is no room share one', (t) => {
  const per = { kind: 'header', name: 'x-user' } as const;
  const { around, passing, stats } = withQuota(limit({ per, burst: 2, requestsPerSecond: 1, maxValues: 2 }));
  t.equal(passing(3, 'x-user: a'), 2);
  t.equal(passing(3, 'x-user: b'), 2);
  t.equal(passing(3, 'x-user: c') + passing(3, 'x-user: d') + passing(1), 2);
  t.match(stats('all'), { values: 2, overflow: 7 });
  t.equal(passing(1, 'x-user: a'), 0, 'many values free nobody of the limit');
  around.advance(3_000);
  t.equal(passing(3, 'x-user: c'), 2, 'a bucket that is full again is forgotten');
  t.equal(stats('all').values, 2);
  t.end();
});

t.test('callers are told apart by their certificates, and by nothing that they write', (t) => {
  const { chain } = withQuota(limit({ per: { kind: 'caller' }, burst: 1, requestsPerSecond: 0.1 }));
  const from = (...identities: string[]) => ({ ...CONNECTION, tls: { identities } as unknown as TlsPeer });
  const passes = (connection = CONNECTION) =>
    chain.sendHead(requestHead('GET /', 'x-forwarded-client-cert: URI=spiffe://a'), { connection }).passed;
  t.ok(passes(from('spiffe://a', 'CN=a')));
  t.notOk(passes(from('spiffe://a', 'CN=other')));
  t.ok(passes(from('spiffe://b')));
  t.ok(passes());
  t.notOk(passes(from('')), 'without a certificate they are nobody');
  t.end();
});

t.test('a bucket never lets more through than its rate allows, also when that changes', (t) => {
  const step = fc.record({ ms: fc.nat(2_000), perSecond: fc.integer({ min: 1, max: 50 }), takes: fc.nat(20) });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const bucket = new RateBucket();
      let nowMs = 0;
      let allowed = 5;
      let taken = 0;
      for (const { ms, perSecond, takes } of steps) {
        const rate = { perSecond, burst: 5 };
        nowMs += ms;
        allowed += (ms / 1_000) * perSecond;
        for (let i = 0; i < takes; i++) {
          if (bucket.tokens(rate, nowMs) < 1) break;
          bucket.take();
          taken++;
        }
        if (bucket.waitMs(rate, nowMs) > 1_000) return false;
      }
      return taken <= allowed + 1e-3;
    }),
  );
  t.end();
});
