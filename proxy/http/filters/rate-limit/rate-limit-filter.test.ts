import fc from 'fast-check';
import t from 'tap';
import { forward, prefixMatch, route, routeTable, virtualHost } from '../../../../test/fakes/config-builders.ts';
import { FakeChain, FakeSurroundings, named } from '../../../../test/fakes/fake-chain.ts';
import { CONNECTION, requestHead } from '../../../../test/fakes/fake-exchange.ts';
import type {
  LocalRateLimitConfig,
  PerFilterConfig,
  RateLimitAction,
  RateLimitConfig,
} from '../../../config/model/http-filter.ts';
import type { RouteTableConfig } from '../../../config/model/route.ts';
import { rangeOf } from '../../../net/address-ranges.ts';
import { FilterSlot } from '../../filter-slot.ts';
import { FilterStats } from '../filter-stats.ts';
import { descriptorText } from './descriptors.ts';
import { RateLimit, RateLimits } from './rate-limit.ts';
import { RateLimitFilter } from './rate-limit-filter.ts';
import { TokenBucket } from './token-bucket.ts';

const ALWAYS = { numerator: 100, denominator: 100, runtimeKey: null } as const;

function limit(change: Partial<LocalRateLimitConfig> = {}): LocalRateLimitConfig {
  return {
    kind: 'local-rate-limit',
    statPrefix: 'lim',
    status: 429,
    bucket: { maxTokens: 1, tokensPerFill: 1, fillIntervalMs: 1_000 },
    descriptors: [],
    alwaysConsumeDefault: true,
    enabled: ALWAYS,
    enforced: ALWAYS,
    requestAddWhenNotEnforced: [],
    responseAdd: [],
    perConnection: false,
    limitHeaders: false,
    resourceExhausted: false,
    stage: 0,
    virtualHostLimits: 'override',
    ...change,
  };
}

interface Routes {
  readonly host?: Record<string, PerFilterConfig>;
  readonly own?: Record<string, PerFilterConfig>;
  readonly ownLimits?: readonly RateLimitConfig[];
  readonly hostLimits?: readonly RateLimitConfig[];
}

function table({ host = {}, own = {}, ownLimits = [], hostLimits = [] }: Routes): RouteTableConfig {
  const routes = [
    route(prefixMatch('/own'), { ...forward('a'), rateLimits: ownLimits }, { perFilter: own }),
    route(prefixMatch('/'), forward('a')),
  ];
  return routeTable('t', [{ ...virtualHost(['*'], routes), perFilter: host, rateLimits: hostLimits }]);
}

function setUp(own: LocalRateLimitConfig, routes: Routes = {}, chains = 1) {
  const around = new FakeSurroundings();
  const stats = new FilterStats();
  const { loop, runtime } = around;
  const limits = new RateLimits(
    (config) => new RateLimit(config, stats.limitsOf(config.statPrefix), runtime, loop.random),
  );
  const config = table(routes);
  const all = Array.from({ length: chains }, () => {
    const filter = new RateLimitFilter(named(own), own, { loop, limits, slot: new FilterSlot(0) });
    return new FakeChain(around, config, [filter]);
  });
  return { around, stats: stats.limitsOf('lim'), chain: all[0]!, all };
}

function passed(chain: FakeChain, count: number, target = '/', ...lines: string[]): boolean[] {
  return Array.from({ length: count }, () => chain.send(`GET ${target}`, ...lines).passed);
}

t.test('a bucket is full at first, and fills evenly up to its size', (t) => {
  const bucket = new TokenBucket({ maxTokens: 3, tokensPerFill: 3, fillIntervalMs: 1_000 });
  const at = 5_000_000.25;
  t.same([bucket.take(at), bucket.take(at), bucket.take(at), bucket.take(at)], [true, true, true, false]);
  t.equal(bucket.remaining(at), 0);
  t.ok(Math.abs(bucket.waitMs(at) - 333.33) < 0.1);
  t.notOk(bucket.take(at + 333));
  t.ok(bucket.take(at + 333.4));
  t.notOk(bucket.take(at + 333.4));
  t.equal(bucket.remaining(at + 60_000), 3);
  t.same(
    [1, 2, 3, 4].map(() => bucket.take(at + 60_000)),
    [true, true, true, false],
    'never above its size',
  );
  t.end();
});

t.test('over any time a bucket gives its size and what has been filled in, and not a token more', (t) => {
  const property = fc.property(
    fc.record({
      maxTokens: fc.integer({ min: 1, max: 20 }),
      tokensPerFill: fc.integer({ min: 1, max: 20 }),
      fillIntervalMs: fc.integer({ min: 50, max: 5_000 }),
    }),
    fc.array(fc.double({ min: 0, max: 400, noNaN: true }), { minLength: 1, maxLength: 200 }),
    (config, gaps) => {
      const bucket = new TokenBucket(config);
      let nowMs = 1_000_000;
      let given = 0;
      let tokens = config.maxTokens;
      for (const gap of gaps) {
        nowMs += gap;
        tokens = Math.min(config.maxTokens, tokens + (gap * config.tokensPerFill) / config.fillIntervalMs);
        if (Math.abs(tokens - Math.round(tokens)) < 1e-3) return true;
        if (bucket.take(nowMs) !== tokens >= 1) return false;
        if (tokens >= 1) {
          tokens--;
          given++;
        }
      }
      const elapsedMs = nowMs - 1_000_000;
      return given <= config.maxTokens + (elapsedMs * config.tokensPerFill) / config.fillIntervalMs + 1e-6;
    },
  );
  fc.assert(property, { numRuns: 200 });
  t.end();
});

t.test('requests beyond the tokens are refused in the words of Envoy', (t) => {
  const { chain, stats, around } = setUp(limit());
  t.ok(chain.send('GET /').passed);
  const over = chain.send('GET /');
  t.notOk(over.passed);
  t.match(over.exchange.failure, {
    status: 429,
    flag: 'RL',
    details: 'local_rate_limited',
    body: 'local_rate_limited',
  });
  t.match(stats, { enabled: 2, ok: 1, rateLimited: 1, enforced: 1 });
  around.advance(1_000);
  t.ok(chain.send('GET /').passed);
  t.equal(over.exchange.failure?.grpcStatus, null);
  const exhausted = setUp(limit({ resourceExhausted: true })).chain;
  exhausted.send('POST /');
  t.equal(exhausted.send('POST /').exchange.failure?.grpcStatus, 8);
  t.end();
});

t.test('without a share nothing is limited; what is not enforced passes, and is told', (t) => {
  const off = setUp(limit({ enabled: null }));
  t.equal(off.chain.bound.length, 0, 'a filter that is never asked takes no part');
  const mild = setUp(
    limit({
      enforced: null,
      requestAddWhenNotEnforced: [
        { name: 'x-over', value: [{ kind: 'text', text: 'yes' }], action: 'overwrite', keepEmptyValue: false },
      ],
    }),
  );
  const sent = [1, 2].map(() => mild.chain.send('GET /'));
  t.same(
    sent.map((each) => each.passed),
    [true, true],
  );
  const told = sent.map(({ exchange }) => {
    let text = '';
    exchange.head.eachLine({ raw: (line) => (text += line), line: (line) => (text += line.text) });
    return /x-over: ?yes/i.test(text);
  });
  t.same(told, [false, true]);
  t.match(mild.stats, { enabled: 2, ok: 1, rateLimited: 1, enforced: 0 });
  t.end();
});

t.test('answers carry what is configured, and figures of the bucket where that is wanted', (t) => {
  const text = { kind: 'text', text: 'v' } as const;
  const responseAdd = [{ name: 'x-why', value: [text], action: 'append', keepEmptyValue: false }] as const;
  const bucket = { maxTokens: 2, tokensPerFill: 2, fillIntervalMs: 10_000 };
  const { chain } = setUp(limit({ limitHeaders: true, responseAdd, bucket }));
  const first = chain.answer(chain.send('GET /'), 200);
  t.match(first, /x-ratelimit-limit: 2\r\nx-ratelimit-remaining: 1\r\nx-ratelimit-reset: 0\r\n/);
  t.notMatch(first, /x-why/);
  t.match(chain.answer(chain.send('GET /'), 200), /remaining: 0\r\nx-ratelimit-reset: 5\r\n/);
  t.match(chain.send('GET /').answer, /x-why: v\r\nx-ratelimit-limit: 2\r\nx-ratelimit-remaining: 0/);
  t.notMatch(setUp(limit()).chain.send('GET /').answer, /x-ratelimit/);
  t.end();
});

t.test('a virtual host has one limit for all its routes, a route one of its own', (t) => {
  const host = { tested: limit({ bucket: { maxTokens: 2, tokensPerFill: 1, fillIntervalMs: 60_000 } }) };
  const shared = setUp(limit({ enabled: null, bucket: null }), { host });
  t.same([...passed(shared.chain, 1, '/own'), ...passed(shared.chain, 2)], [true, true, false]);
  const apart = setUp(limit({ enabled: null, bucket: null }), { host, own: { tested: limit() } });
  t.same(passed(apart.chain, 2, '/own'), [true, false]);
  t.same(passed(apart.chain, 3), [true, true, false]);
  const off = setUp(limit(), { own: { tested: { kind: 'disabled' } } });
  t.same([...passed(off.chain, 3, '/own'), ...passed(off.chain, 2)], [true, true, true, true, false]);
  t.end();
});

t.test('chains that share a route table share its limits, and a chain that gets new routes keeps its own', (t) => {
  const { all } = setUp(limit({ enabled: null }), { own: { tested: limit() } }, 2);
  t.same([...passed(all[0]!, 1, '/own'), ...passed(all[1]!, 1, '/own')], [true, false]);
  const around = new FakeSurroundings();
  const { loop, runtime } = around;
  const stats = new FilterStats().limitsOf('lim');
  const own = limit();
  const limits = new RateLimits((config) => new RateLimit(config, stats, runtime, loop.random));
  const part = new RateLimitFilter(named(own), own, { loop, limits, slot: new FilterSlot(0) });
  t.same(passed(new FakeChain(around, table({}), [part]), 1), [true]);
  t.same(passed(new FakeChain(around, table({}), [part]), 1), [false], 'a push of routes refills nothing');
  t.end();
});

t.test('every connection may have a bucket of its own', (t) => {
  const { chain } = setUp(limit({ perConnection: true }));
  const by = (connection = CONNECTION) => chain.sendHead(requestHead('GET /'), { connection }).passed;
  const other = { ...CONNECTION, id: 7 };
  t.same([by(), by(), by(other), by(other)], [true, false, true, false]);
  t.end();
});

function descriptor(entries: Readonly<Record<string, string>>, maxTokens = 1) {
  const list = Object.entries(entries).map(([key, value]) => ({ key, value }));
  return { entries: list, bucket: { maxTokens, tokensPerFill: 1, fillIntervalMs: 60_000 } };
}

const BY_USER: RateLimitAction = { kind: 'request-header', name: 'x-user', key: 'user', skipIfAbsent: false };

t.test('requests with a descriptor have its bucket, and count in the bucket of all unless told not to', (t) => {
  const ten = { maxTokens: 3, tokensPerFill: 1, fillIntervalMs: 60_000 };
  const ownLimits = [{ stage: 0, actions: [BY_USER] }];
  const own = limit({ bucket: ten, descriptors: [descriptor({ user: 'ann' })] });
  const { chain } = setUp(own, { ownLimits });
  t.same(passed(chain, 2, '/own', 'x-user: ann'), [true, false]);
  t.same(passed(chain, 3, '/own', 'x-user: bob'), [true, true, false], 'ann has taken one of the three');
  const apart = setUp({ ...own, alwaysConsumeDefault: false }, { ownLimits }).chain;
  t.same(passed(apart, 2, '/own', 'x-user: ann'), [true, false]);
  t.same(passed(apart, 4, '/own', 'x-user: bob'), [true, true, true, false]);
  t.end();
});

t.test('a descriptor is made of what its actions see', (t) => {
  const match = (value: string) => ({ kind: 'string', match: { kind: 'exact', value, ignoreCase: false } }) as const;
  const header = { name: 'x-kind', test: match('big'), invert: false, missingAsEmpty: false };
  const limitedBy = (actions: readonly RateLimitAction[], entries: Record<string, string>, ...lines: string[]) => {
    const { chain } = setUp(limit({ bucket: null, descriptors: [descriptor(entries)] }), {
      ownLimits: [{ stage: 0, actions }],
    });
    return passed(chain, 2, '/own?q=1', ...lines)[1] === false;
  };
  t.ok(limitedBy([{ kind: 'generic-key', key: 'k', value: 'v' }], { k: 'v' }));
  t.notOk(limitedBy([{ kind: 'generic-key', key: 'k', value: 'v' }], { k: 'w' }));
  t.ok(limitedBy([{ kind: 'destination-cluster' }], { destination_cluster: 'a' }));
  t.ok(limitedBy([{ kind: 'remote-address' }], { remote_address: '10.0.0.7' }));
  t.ok(limitedBy([{ kind: 'masked-remote-address', v4Bits: 8, v6Bits: 64 }], { masked_remote_address: '10.0.0.0/8' }));
  const kind = { kind: 'header-match', key: 'kind', value: 'big', headers: [header] } as const;
  t.ok(limitedBy([{ ...kind, expectMatch: true }], { kind: 'big' }, 'x-kind: big'));
  t.notOk(limitedBy([{ ...kind, expectMatch: true }], { kind: 'big' }, 'x-kind: small'));
  t.ok(limitedBy([{ ...kind, expectMatch: false }], { kind: 'big' }, 'x-kind: small'));
  const query = { kind: 'query-match', key: 'q', value: 'one', expectMatch: true } as const;
  t.ok(limitedBy([{ ...query, parameters: [{ name: 'q', test: match('1') }] }], { q: 'one' }));
  t.notOk(limitedBy([{ ...query, parameters: [{ name: 'q', test: match('2') }] }], { q: 'one' }));
  const key: RateLimitAction = { kind: 'generic-key', key: 'k', value: 'v' };
  t.notOk(limitedBy([key, BY_USER], { k: 'v' }), 'an action without a value leaves the whole descriptor out');
  t.ok(limitedBy([key, { ...BY_USER, skipIfAbsent: true }], { k: 'v' }), 'unless it may be skipped');
  t.notOk(limitedBy([key, BY_USER], { k: 'v' }, 'x-user: ann'), 'all entries have to fit');
  t.ok(limitedBy([key, BY_USER], { k: 'v', user: 'ann' }, 'x-user: ann'));
  t.end();
});

t.test('a caller is limited by what its certificate proves, and by nothing that it writes', (t) => {
  const from = (name: string | null) => ({ ...CONNECTION, tls: { firstName: () => name, subject: name } as never });
  const limitedFor = (connection: typeof CONNECTION, name: 'uri' | 'subject', skipIfAbsent: boolean) => {
    const actions = [{ kind: 'peer-certificate', name, key: 'caller', skipIfAbsent }] as const;
    const bucket = descriptor({ caller: 'spiffe://mesh/cart' });
    const { chain } = setUp(limit({ bucket: null, descriptors: [bucket] }), { ownLimits: [{ stage: 0, actions }] });
    const send = () =>
      chain.sendHead(requestHead('GET /own', 'x-forwarded-client-cert: URI=spiffe://mesh/cart'), { connection });
    send();
    return !send().passed;
  };
  t.ok(limitedFor(from('spiffe://mesh/cart'), 'uri', false));
  t.ok(limitedFor(from('spiffe://mesh/cart'), 'subject', false));
  t.notOk(limitedFor(from('spiffe://mesh/shop'), 'uri', false));
  t.notOk(limitedFor(from(null), 'uri', true));
  t.notOk(limitedFor(CONNECTION, 'uri', false), 'in the clear nobody is known');
  t.end();
});

t.test('the limits of a virtual host count where the filter says so, and those of its stage alone', (t) => {
  const ofHost = [{ stage: 0, actions: [{ kind: 'generic-key', key: 'h', value: '1' }] }] as const;
  const ofRoute = [{ stage: 0, actions: [{ kind: 'generic-key', key: 'r', value: '1' }] }] as const;
  const limitedBy = (change: Partial<LocalRateLimitConfig>, ownLimits: readonly RateLimitConfig[]) => {
    const own = limit({ bucket: null, descriptors: [descriptor({ h: '1' })], ...change });
    return passed(setUp(own, { hostLimits: ofHost, ownLimits }).chain, 2, '/own')[1] === false;
  };
  t.same([limitedBy({}, []), limitedBy({}, ofRoute)], [true, false]);
  t.same(
    [limitedBy({ virtualHostLimits: 'include' }, ofRoute), limitedBy({ virtualHostLimits: 'ignore' }, [])],
    [true, false],
  );
  t.notOk(limitedBy({ stage: 1 }, []));
  t.end();
});

t.test('of several descriptors the slowest bucket is asked first', (t) => {
  const actions = (key: string) => ({ stage: 0, actions: [{ kind: 'generic-key', key, value: '1' }] }) as const;
  const fast = { ...descriptor({ a: '1' }), bucket: { maxTokens: 9, tokensPerFill: 9, fillIntervalMs: 1_000 } };
  const own = limit({ bucket: null, limitHeaders: true, descriptors: [fast, descriptor({ b: '1' })] });
  const { chain } = setUp(own, { ownLimits: [actions('a'), actions('b')] });
  t.match(chain.answer(chain.send('GET /own'), 200), /x-ratelimit-limit: 1\r/);
  t.match(chain.send('GET /own').answer, /x-ratelimit-limit: 1\r/);
  t.end();
});

t.test('no two descriptors look the same', (t) => {
  const entries = fc.array(fc.record({ key: fc.string(), value: fc.string() }), { maxLength: 3 });
  const property = fc.property(
    entries,
    entries,
    (a, b) => (descriptorText(a) === descriptorText(b)) === (JSON.stringify(a) === JSON.stringify(b)),
  );
  fc.assert(property);
  t.end();
});

t.test('an address lies in the range of its first bits', (t) => {
  t.equal(rangeOf('10.1.2.3', 8), '10.0.0.0/8');
  t.equal(rangeOf('10.1.2.3', 32), '10.1.2.3/32');
  t.equal(rangeOf('10.1.2.3', 0), '0.0.0.0/0');
  t.equal(rangeOf('255.255.255.255', 25), '255.255.255.128/25');
  t.equal(rangeOf('2001:db8:1:2::3', 48), '2001:db8:1::/48');
  t.equal(rangeOf('2001:db8:1:2::3', 128), '2001:db8:1:2::3/128');
  t.equal(rangeOf('::1', 64), '::/64');
  t.end();
});
