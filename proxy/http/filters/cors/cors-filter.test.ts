import t from 'tap';
import { forward, prefixMatch, route, routeTable, virtualHost } from '../../../../test/fakes/config-builders.ts';
import { FakeChain, FakeSurroundings, named } from '../../../../test/fakes/fake-chain.ts';
import type { CorsPolicyConfig, PerFilterConfig } from '../../../config/model/http-filter.ts';
import type { StringMatch } from '../../../config/model/match.ts';
import { FilterSlot } from '../../filter-slot.ts';
import { CorsFilter } from './cors-filter.ts';
import { CorsStats } from './cors-stats.ts';

function exact(value: string): StringMatch {
  return { kind: 'exact', value, ignoreCase: false };
}

function policy(change: Partial<CorsPolicyConfig> = {}): CorsPolicyConfig {
  return {
    kind: 'cors-policy',
    allowOrigins: [exact('https://ok.test')],
    allowMethods: '',
    allowHeaders: '',
    exposeHeaders: '',
    maxAge: '',
    allowCredentials: null,
    allowPrivateNetworkAccess: null,
    forwardNotMatchingPreflights: null,
    enabled: null,
    shadowEnabled: null,
    ...change,
  };
}

function setUp(host: PerFilterConfig | null, own: PerFilterConfig | null = null) {
  const around = new FakeSurroundings();
  const { runtime, loop } = around;
  const stats = new CorsStats('in');
  const deps = { runtime, random: loop.random, stats, slot: new FilterSlot<never>(0) };
  const part = new CorsFilter(named({ kind: 'cors' }), deps);
  const levelOf = (each: PerFilterConfig | null): Record<string, PerFilterConfig> =>
    each === null ? {} : { tested: each };
  const routes = [
    route(prefixMatch('/own'), forward('a'), { perFilter: levelOf(own) }),
    route(prefixMatch('/direct'), { kind: 'direct-response', status: 200, body: '' }),
    route(prefixMatch('/'), forward('a')),
  ];
  const config = routeTable('t', [{ ...virtualHost(['*'], routes), perFilter: levelOf(host) }]);
  return { chain: new FakeChain(around, config, [part]), stats, runtime };
}

const ORIGIN = 'Origin: https://ok.test';
const PREFLIGHT = [ORIGIN, 'Access-Control-Request-Method: PUT', 'Access-Control-Request-Headers: x-a, x-b'] as const;

t.test('an answer says so when its origin is allowed, whatever the endpoint says', (t) => {
  const { chain, stats } = setUp(policy({ allowCredentials: true, exposeHeaders: 'x-up' }));
  const answer = chain.answer(chain.send('GET /', ORIGIN), 200, 'Access-Control-Allow-Origin: *', 'X-Up: 1');
  t.same(answer.match(/access-control-allow-origin: \S+/g), ['access-control-allow-origin: https://ok.test']);
  t.match(answer, /access-control-allow-credentials: true/);
  t.match(answer, /access-control-expose-headers: x-up/);
  for (const lines of [[], ['Origin: https://evil.test'], ['Origin:']]) {
    const sent = chain.send('GET /', ...lines);
    t.ok(sent.passed, 'keeping an answer from a page is up to the browser');
    t.notMatch(chain.answer(sent, 200), /access-control/);
  }
  t.match(stats, { originValid: 1, originInvalid: 1 });
  t.end();
});

t.test('a preflight is answered here', (t) => {
  const { chain } = setUp(
    policy({ allowMethods: 'GET,PUT', allowHeaders: 'x-a', maxAge: '600', allowCredentials: true }),
  );
  const sent = chain.send('OPTIONS /', ...PREFLIGHT);
  t.notOk(sent.passed);
  t.same(sent.answer.trim().split('\r\n').sort(), [
    '200',
    'access-control-allow-credentials: true',
    'access-control-allow-headers: x-a',
    'access-control-allow-methods: get,put',
    'access-control-allow-origin: https://ok.test',
    'access-control-max-age: 600',
  ]);
  t.ok(chain.send('OPTIONS /', ORIGIN).passed, 'without a method in question it is a request like any other');
  t.ok(chain.send('GET /', ...PREFLIGHT).passed);
  t.end();
});

t.test('a star for methods or headers allows what is asked for', (t) => {
  const { chain } = setUp(policy({ allowMethods: '*', allowHeaders: '*' }));
  const { answer } = chain.send('OPTIONS /', ...PREFLIGHT);
  t.match(answer, /access-control-allow-methods: put\r/);
  t.match(answer, /access-control-allow-headers: x-a, x-b\r/);
  t.notMatch(answer, /credentials|max-age|private/);
  t.end();
});

t.test('a preflight of another origin is forwarded, or answered without a permission', (t) => {
  const foreign = ['Origin: https://evil.test', ...PREFLIGHT.slice(1)];
  t.ok(setUp(policy()).chain.send('OPTIONS /', ...foreign).passed);
  const kept = setUp(policy({ forwardNotMatchingPreflights: false, allowMethods: 'GET' })).chain;
  const { answer, passed } = kept.send('OPTIONS /', ...foreign);
  t.notOk(passed);
  t.match(answer, /^200\r\naccess-control-allow-methods: get\r\n$/);
  t.end();
});

t.test('a private network is opened only to who asks for it', (t) => {
  const { chain } = setUp(policy({ allowPrivateNetworkAccess: true }));
  const asking = chain.send('OPTIONS /', ...PREFLIGHT, 'Access-Control-Request-Private-Network: true');
  t.match(asking.answer, /access-control-allow-private-network: true/);
  t.notMatch(chain.send('OPTIONS /', ...PREFLIGHT).answer, /private/);
  t.end();
});

t.test('a matcher that takes a star takes every origin', (t) => {
  const { chain } = setUp(policy({ allowOrigins: [exact('*')] }));
  t.match(chain.answer(chain.send('GET /', 'Origin: https://any.test'), 200), /allow-origin: https:\/\/any\.test/);
  t.end();
});

t.test('a route takes from its virtual host what it does not say itself', (t) => {
  const host = policy({ allowMethods: 'GET', maxAge: '1', allowCredentials: true });
  const { chain } = setUp(host, policy({ allowOrigins: [], maxAge: '2', allowCredentials: false }));
  const own = chain.send('OPTIONS /own', ...PREFLIGHT).answer;
  t.match(own, /allow-methods: get/);
  t.match(own, /max-age: 2/);
  t.notMatch(own, /credentials/);
  t.match(chain.send('OPTIONS /', ...PREFLIGHT).answer, /max-age: 1/);
  t.ok(setUp(host, { kind: 'disabled' }).chain.send('OPTIONS /own', ...PREFLIGHT).passed);
  t.end();
});

t.test('a policy may be off, or only counted', (t) => {
  const never = { numerator: 0, denominator: 100, runtimeKey: 'cors.on' } as const;
  const always = { numerator: 100, denominator: 100, runtimeKey: null } as const;
  const off = setUp(policy({ enabled: never }));
  t.ok(off.chain.send('OPTIONS /', ...PREFLIGHT).passed);
  t.equal(off.stats.originValid, 0);
  off.runtime.set('cors.on', '100');
  t.notOk(off.chain.send('OPTIONS /', ...PREFLIGHT).passed, 'until the runtime says otherwise');
  const shadow = setUp(policy({ enabled: never, shadowEnabled: always }));
  const sent = shadow.chain.send('GET /', ORIGIN);
  t.notMatch(shadow.chain.answer(sent, 200), /access-control/);
  t.equal(shadow.stats.originValid, 1);
  t.end();
});

t.test('routes without a policy, and those that answer by themselves, are left alone', (t) => {
  t.equal(setUp(null).chain.bound.length, 0);
  const { chain } = setUp(null, policy());
  t.ok(chain.send('OPTIONS /', ...PREFLIGHT).passed);
  t.notOk(chain.send('OPTIONS /own', ...PREFLIGHT).passed);
  t.ok(setUp(policy()).chain.send('OPTIONS /direct', ...PREFLIGHT).passed);
  t.end();
});
