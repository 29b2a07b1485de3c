import fc from 'fast-check';
import t from 'tap';
import { forward, prefixMatch, route, routeTable, virtualHost } from '../../../../test/fakes/config-builders.ts';
import { FakeChain, FakeSurroundings, named, type SentRequest } from '../../../../test/fakes/fake-chain.ts';
import { CONNECTION, requestHead } from '../../../../test/fakes/fake-exchange.ts';
import type { PerFilterConfig } from '../../../config/model/http-filter.ts';
import type { StringMatch } from '../../../config/model/match.ts';
import type { RbacConfig, RbacPolicy, RbacRule, RbacRules } from '../../../config/model/rbac.ts';
import type { RouteTableConfig } from '../../../config/model/route.ts';
import type { TlsPeer } from '../../../net/tls/tls-peer.ts';
import { FilterStats } from '../filter-stats.ts';
import { RbacFilter } from './rbac-filter.ts';

const ANY: RbacRule = { kind: 'any' };

function exact(value: string): StringMatch {
  return { kind: 'exact', value, ignoreCase: false };
}

function path(value: string): RbacRule {
  return { kind: 'path', match: { kind: 'prefix', value, ignoreCase: false } };
}

function policy(name: string, permission: RbacRule, principal: RbacRule = ANY): RbacPolicy {
  return { name, permissions: [permission], principals: [principal] };
}

function config(change: Partial<RbacConfig>): RbacConfig {
  const prefixes = { rulesStatPrefix: '', shadowRulesStatPrefix: '', trackPerRuleStats: false };
  return { kind: 'rbac', rules: null, shadowRules: null, ...prefixes, ...change };
}

function rules(action: RbacRules['action'], ...policies: readonly RbacPolicy[]): RbacRules {
  return { action, policies };
}

function table(perFilter: Record<string, PerFilterConfig> = {}): RouteTableConfig {
  return routeTable('t', [
    virtualHost(
      ['*'],
      [route(prefixMatch('/own'), forward('a'), { perFilter }), route(prefixMatch('/'), forward('a'))],
    ),
  ]);
}

/** A chain with one RBAC filter, and its counters. */
function guarded(own: RbacConfig, routes = table()) {
  const stats = new FilterStats().rbac('in', own.rulesStatPrefix, own.shadowRulesStatPrefix);
  const chain = new FakeChain(new FakeSurroundings(), routes, [new RbacFilter(named(own), own, stats)]);
  return { chain, ...stats };
}

/** Whether a single rule lets a request through. */
function holds(rule: RbacRule, send: (chain: FakeChain) => SentRequest): boolean {
  return send(guarded(config({ rules: rules('allow', policy('p', rule)) })).chain).passed;
}

t.test('ALLOW wants a policy that holds, DENY wants none, LOG lets everything through', (t) => {
  const decisions = (action: RbacRules['action']) => {
    const { chain, enforced } = guarded(config({ rules: rules(action, policy('p', path('/pub'))) }));
    const passed = ['/pub/x', '/priv'].map((target) => chain.send(`GET ${target}`).passed);
    return [...passed, enforced.allowed, enforced.denied];
  };
  t.same(decisions('allow'), [true, false, 1, 1]);
  t.same(decisions('deny'), [false, true, 1, 1]);
  t.same(decisions('log'), [true, true, 2, 0]);
  t.same(guarded(config({ rules: rules('allow') })).chain.send('GET /').passed, false);
  t.same(guarded(config({ rules: rules('deny') })).chain.send('GET /').passed, true);
  t.end();
});

t.test('a denial has the words of Envoy, and names the policy that decided', (t) => {
  const failureOf = (each: RbacRules) => guarded(config({ rules: each })).chain.send('GET /x').exchange.failure;
  t.match(failureOf(rules('allow')), {
    status: 403,
    flag: '-',
    body: 'RBAC: access denied',
    details: 'rbac_access_denied_matched_policy[none]',
  });
  t.equal(
    failureOf(rules('deny', policy('no x\r\n', path('/x'))))?.details,
    'rbac_access_denied_matched_policy[no_x__]',
    'white space would part a field of a log, and a line break a head',
  );
  const two = rules('deny', policy('a', path('/y')), policy('b', path('/')), policy('c', ANY));
  t.equal(failureOf(two)?.details, 'rbac_access_denied_matched_policy[b]', 'the first in their order');
  t.end();
});

t.test('shadow rules are counted and change nothing; policies are counted where that is wanted', (t) => {
  const own = config({
    rules: rules('deny', policy('x', path('/x')), policy('y', path('/y'))),
    shadowRules: rules('allow', policy('s', path('/s'))),
    trackPerRuleStats: true,
  });
  const { chain, enforced, shadow } = guarded(own);
  t.same(
    ['/s', '/x', '/y', '/z'].map((target) => chain.send(`GET ${target}`).passed),
    [true, false, false, true],
  );
  t.match(enforced, { allowed: 2, denied: 2 });
  t.match(shadow, { allowed: 1, denied: 3 });
  t.same(Object.fromEntries(enforced.policies), { x: { allowed: 0, denied: 1 }, y: { allowed: 0, denied: 1 } });
  t.same(Object.fromEntries(shadow.policies), { s: { allowed: 1, denied: 0 } });
  t.equal(guarded({ ...own, trackPerRuleStats: false }).enforced.policies.size, 0);
  t.end();
});

t.test('a route replaces all rules, with its own or with none; what it decides counts with the filter', (t) => {
  const closed = config({ rules: rules('allow') });
  const free = guarded(closed, table({ tested: config({}) })).chain;
  t.same([free.send('GET /own').passed, free.send('GET /').passed], [true, false]);
  t.ok(guarded(closed, table({ tested: { kind: 'disabled' } })).chain.send('GET /own').passed);
  t.notOk(guarded(closed, table({ other: { kind: 'disabled' } })).chain.send('GET /own').passed);
  const { chain, enforced } = guarded(
    config({}),
    table({ tested: config({ rules: rules('deny', policy('p', ANY)) }) }),
  );
  t.same([chain.send('GET /own').passed, chain.send('GET /').passed], [false, true]);
  t.same([enforced.allowed, enforced.denied], [0, 1]);
  t.end();
});

t.test('a filter that does nothing on any route takes no part', (t) => {
  t.equal(guarded(config({})).chain.bound.length, 0);
  t.equal(guarded(config({}), table({ tested: config({ rules: rules('deny') }) })).chain.bound.length, 1);
  t.end();
});

t.test('rules see the request', (t) => {
  const get =
    (target: string, ...lines: string[]) =>
    (chain: FakeChain) =>
      chain.send(`GET ${target}`, ...lines);
  const header: RbacRule = {
    kind: 'header',
    match: { name: 'x-a', test: { kind: 'string', match: exact('1') }, invert: false, missingAsEmpty: false },
  };
  t.ok(holds(header, get('/', 'X-A: 1')));
  t.notOk(holds(header, get('/')));
  const method = { ...header.match, name: ':method', test: { kind: 'string', match: exact('GET') } } as const;
  t.ok(holds({ kind: 'header', match: method }, get('/')));
  const scheme = { ...header.match, name: ':scheme', test: { kind: 'string', match: exact('https') } } as const;
  t.ok(holds({ kind: 'header', match: scheme }, get('/', 'X-Forwarded-Proto: https')));
  t.notOk(holds({ kind: 'header', match: scheme }, get('/')));
  t.notOk(holds({ kind: 'not', rule: header }, get('/', 'X-A: 2', 'X-A: 1')), 'a second line hides nothing');
  const bare: RbacRule = { kind: 'path', match: exact('/a') };
  t.ok(holds(bare, get('/a?b=/c')), 'the query is no part of the path');
  t.notOk(holds(bare, get('/a/b')));
  t.notOk(
    holds(path(''), (chain) => chain.send('CONNECT a.test:443')),
    'a CONNECT has no path',
  );
  t.end();
});

t.test('rules see both ends of the connection', (t) => {
  const connection = {
    ...CONNECTION,
    directRemote: { host: '192.0.2.9', port: 1 },
    serverName: 'shop.test',
  };
  const from = (rule: RbacRule, hop = -1, ...lines: string[]) =>
    holds(rule, (chain) => chain.sendHead(requestHead('GET /', ...lines), { connection, hop }));
  const address = (of: 'local' | 'source' | 'direct' | 'remote', range: string) =>
    from({ kind: 'address', of, range }, 0, 'X-Forwarded-For: 198.51.100.1, 203.0.113.5');
  t.ok(address('local', '10.0.0.1/32'));
  t.ok(address('source', '10.0.0.7/32'));
  t.ok(address('direct', '192.0.2.0/24'));
  t.ok(address('remote', '203.0.113.0/24'), 'the client that trusted proxies tell of');
  t.notOk(address('remote', '198.51.100.0/24'));
  t.notOk(address('direct', '10.0.0.0/8'));
  t.ok(from({ kind: 'address', of: 'remote', range: '10.0.0.7/32' }), 'without them that of the connection');
  t.ok(from({ kind: 'port', start: 80, end: 81 }));
  t.notOk(from({ kind: 'port', start: 70, end: 80 }), 'the end is no part of a range');
  t.ok(from({ kind: 'server-name', match: exact('shop.test') }));
  t.end();
});

t.test('an authenticated principal is known by the names of its certificate', (t) => {
  const by = (name: StringMatch | null, identities: readonly string[] | null) =>
    holds({ kind: 'authenticated', name }, (chain) => {
      const tls = identities === null ? null : ({ identities } as unknown as TlsPeer);
      return chain.sendHead(requestHead('GET /'), { connection: { ...CONNECTION, tls } });
    });
  t.notOk(by(null, null), 'in the clear nobody is');
  t.ok(by(null, ['']), 'by TLS, whoever the listener lets in');
  t.ok(by(exact('spiffe://mesh/a'), ['spiffe://mesh/a', 'a.test', 'CN=a']));
  t.ok(by(exact('CN=a'), ['spiffe://mesh/a', 'a.test', 'CN=a']));
  t.notOk(by(exact('spiffe://mesh/b'), ['spiffe://mesh/a', '']));
  t.end();
});

const LEAVES = [ANY, path('/x'), { kind: 'port', start: 80, end: 81 }, { kind: 'port', start: 1, end: 2 }] as const;

interface Node {
  readonly rule: RbacRule;
  readonly expected: boolean;
}

t.test('and, or and not combine as in logic, however they are nested', (t) => {
  const { tree } = fc.letrec<{ tree: Node }>((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom(...LEAVES.map((rule, i) => ({ rule, expected: i === 0 || i === 2 }))),
      tie('tree').map(({ rule, expected }) => ({ rule: { kind: 'not', rule } as const, expected: !expected })),
      fc
        .tuple(fc.constantFrom('and' as const, 'or' as const), fc.array(tie('tree'), { minLength: 1, maxLength: 3 }))
        .map(([kind, nodes]) => ({
          rule: { kind, rules: nodes.map((each) => each.rule) },
          expected: kind === 'and' ? nodes.every((each) => each.expected) : nodes.some((each) => each.expected),
        })),
    ),
  }));
  fc.assert(
    fc.property(tree, ({ rule, expected }) => holds(rule, (chain) => chain.send('GET /y')) === expected),
    { numRuns: 200 },
  );
  t.end();
});

t.test('a filter tells which headers its rules look at', (t) => {
  const match = { name: 'x-request-id', test: { kind: 'present', present: true }, invert: false } as const;
  const deep: RbacRule = { kind: 'not', rule: { kind: 'header', match: { ...match, missingAsEmpty: false } } };
  const { chain } = guarded(config({ rules: rules('deny', policy('p', { kind: 'and', rules: [deep] })) }));
  t.same([...chain.bound[0]!.headersRead], ['x-request-id']);
  t.end();
});
