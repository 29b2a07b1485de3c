import fc from 'fast-check';
import t from 'tap';
import { forward, NO_EDITS, prefixMatch, route, routeTable, virtualHost } from '../../test/fakes/config-builders.ts';
import { requestHead, responseHead } from '../../test/fakes/fake-exchange.ts';
import { ScriptedRandom, seededRandom } from '../../test/fakes/fake-random.ts';
import type { HeaderMatch, PathMatch, QueryMatch, RouteMatch, StringMatch } from '../config/model/match.ts';
import type { WeightedCluster } from '../config/model/route.ts';
import { compileString, HeaderMatcher, PathTest, QueryMatcher, queryParameter } from './matchers.ts';
import { RouteTable, withoutPort } from './route-table.ts';
import { drawFraction, Runtime } from './runtime.ts';
import { drawWeighted } from './weighted-split.ts';

const exact = (value: string, ignoreCase = false): StringMatch => ({ kind: 'exact', value, ignoreCase });
const regex = (source: string) => ({ kind: 'regex', regex: { pattern: source, source, flags: 's' } }) as const;

function headerMatch(name: string, test: HeaderMatch['test'], change: Partial<HeaderMatch> = {}): HeaderMatcher {
  return new HeaderMatcher({ name, test, invert: false, missingAsEmpty: false, ...change });
}

function table(hosts: readonly (readonly [readonly string[], string])[], ignorePort = false): RouteTable {
  const virtualHosts = hosts.map(([domains, name]) =>
    virtualHost(domains, [route(prefixMatch('/'), forward('a'), { name })]),
  );
  const config = { ...routeTable('t', virtualHosts), ignorePortInHostMatching: ignorePort };
  return new RouteTable(config, new Runtime(), seededRandom());
}

function routes(matches: readonly RouteMatch[], random = seededRandom(), runtime = new Runtime()): RouteTable {
  const all = matches.map((each, i) => route(each, forward('a'), { name: String(i) }));
  return new RouteTable(routeTable('t', [virtualHost(['*'], all)]), runtime, random);
}

function find(each: RouteTable, path: string, authority = 'a.test', lines: readonly string[] = []): string | null {
  return each.match({ authority, head: requestHead(`GET ${path}`, ...lines) })?.config.name ?? null;
}

t.test('a virtual host is found by its exact domain, then the longest suffix, the longest prefix, and any', (t) => {
  const each = table([
    [['*'], 'any'],
    [['*.test'], 'suffix'],
    [['*.a.test'], 'longer suffix'],
    [['a.*'], 'prefix'],
    [['a.b.*'], 'longer prefix'],
    [['x.a.test', 'y.test'], 'exact'],
  ]);
  const host = (authority: string) => find(each, '/', authority);
  t.equal(host('x.a.test'), 'exact');
  t.equal(host('y.test'), 'exact');
  t.equal(host('z.a.test'), 'longer suffix');
  t.equal(host('a.test'), 'suffix', 'suffixes go before prefixes');
  t.equal(host('.a.test'), 'suffix', 'a wildcard stands for at least one byte');
  t.equal(host('a.b.com'), 'longer prefix');
  t.equal(host('a.com'), 'prefix');
  t.equal(host('a.'), 'any');
  t.equal(host('elsewhere'), 'any');
  t.equal(find(table([[['a.test'], 'only']]), '/', 'b.test'), null, 'no virtual host');
  t.end();
});

t.test('the port of a host counts unless it is to be ignored', (t) => {
  const hosts = [[['a.test'], 'bare']] as const;
  t.equal(find(table(hosts), '/', 'a.test:8080'), null);
  t.equal(find(table(hosts, true), '/', 'a.test:8080'), 'bare');
  t.equal(withoutPort('a.test:80'), 'a.test');
  t.equal(withoutPort('[::1]:80'), '[::1]');
  t.equal(withoutPort('[::1]'), '[::1]');
  t.end();
});

t.test('the first route that matches takes the request', (t) => {
  const each = routes([
    prefixMatch('/a/b'),
    prefixMatch('/a', {
      headers: [{ name: 'x-kind', test: { kind: 'string', match: exact('v') }, invert: false, missingAsEmpty: false }],
    }),
    prefixMatch('/a', { query: [{ name: 'q', test: { kind: 'present' } }] }),
    prefixMatch('/', { grpcOnly: true }),
    prefixMatch('/'),
  ]);
  t.equal(find(each, '/a/b/c'), '0');
  t.equal(find(each, '/a', 'a.test', ['X-Kind: v']), '1');
  t.equal(find(each, '/a?q', 'a.test', ['X-Kind: w']), '2');
  t.equal(find(each, '/a?p', 'a.test', ['Content-Type: application/grpc+proto']), '3');
  t.equal(find(each, '/a', 'a.test', ['Content-Type: application/grpc-web']), '4');
  t.equal(find(routes([prefixMatch('/x')]), '/y'), null);
  t.end();
});

t.test('paths match without their query, by prefix, whole, by segment or by expression', (t) => {
  const fits = (match: PathMatch, path: string) => new PathTest(match).fits(path);
  t.ok(fits({ kind: 'prefix', value: '/ab', caseSensitive: true }, '/abc'));
  t.notOk(fits({ kind: 'prefix', value: '/ab', caseSensitive: true }, '/ABc'));
  t.ok(fits({ kind: 'prefix', value: '/Ab', caseSensitive: false }, '/aBc'));
  t.notOk(fits({ kind: 'exact', value: '/ab', caseSensitive: true }, '/ab/'));
  t.ok(fits({ kind: 'separated-prefix', value: '/ab', caseSensitive: true }, '/ab'));
  t.ok(fits({ kind: 'separated-prefix', value: '/ab', caseSensitive: true }, '/ab/c'));
  t.notOk(fits({ kind: 'separated-prefix', value: '/ab', caseSensitive: true }, '/abc'));
  t.ok(fits(regex('/[a-z]+'), '/abc'));
  t.notOk(fits(regex('/[a-z]+'), '/abc/'), 'expressions match the whole path');
  t.notOk(fits(regex('/a|/b'), '/bc'), 'all of their alternatives');
  t.equal(
    find(routes([{ ...prefixMatch('/'), path: { kind: 'exact', value: '/a', caseSensitive: true } }]), '/a?b'),
    '0',
  );
  t.end();
});

t.test('strings match in every way, with and without case', (t) => {
  const property = fc.property(
    fc.constantFrom('exact' as const, 'prefix' as const, 'suffix' as const, 'contains' as const),
    fc.string({ unit: fc.constantFrom('a', 'A', 'b'), maxLength: 3 }),
    fc.string({ unit: fc.constantFrom('a', 'A', 'b'), maxLength: 5 }),
    fc.boolean(),
    (kind, want, value, ignoreCase) => {
      const [w, v] = ignoreCase ? [want.toLowerCase(), value.toLowerCase()] : [want, value];
      const expected = { exact: v === w, prefix: v.startsWith(w), suffix: v.endsWith(w), contains: v.includes(w) };
      return compileString({ kind, value: want, ignoreCase })(value) === expected[kind];
    },
  );
  fc.assert(property, { numRuns: 300 });
  t.end();
});

t.test('a header matches by one of its lines, and inverted by all of them', (t) => {
  const is = headerMatch('x-a', { kind: 'string', match: exact('1') });
  t.ok(is.matches(requestHead('GET /', 'X-A: 1')));
  t.notOk(is.matches(requestHead('GET /', 'X-A: 2')));
  const both = requestHead('GET /', 'X-A: 2', 'x-a: 1');
  t.ok(is.matches(both));
  t.notOk(headerMatch('x-a', { kind: 'string', match: exact('2,1') }).matches(both), 'they are not joined');
  const isNot = headerMatch('x-a', { kind: 'string', match: exact('1') }, { invert: true });
  t.notOk(isNot.matches(both));
  t.ok(isNot.matches(requestHead('GET /', 'X-A: 2', 'X-A: 3')));
  const added = requestHead('GET /');
  added.add('X-A', '1');
  t.ok(is.matches(added), 'also when it was added here');
  t.end();
});

t.test('a missing header fits no test, inverted or not, unless it counts as empty', (t) => {
  const none = requestHead('GET /');
  const some = requestHead('GET /', 'X-A: 1');
  const test = { kind: 'string', match: exact('1') } as const;
  const result = (change: Partial<HeaderMatch>) =>
    [none, some].map((head) => headerMatch('x-a', test, change).matches(head));
  t.same(result({}), [false, true]);
  t.same(result({ invert: true }), [false, false]);
  t.same(result({ invert: true, missingAsEmpty: true }), [true, false]);
  t.same(result({ missingAsEmpty: true }), [false, true]);
  const presence = (present: boolean, invert: boolean) =>
    [none, some].map((head) => headerMatch('x-a', { kind: 'present', present }, { invert }).matches(head));
  t.same(presence(true, false), [false, true]);
  t.same(presence(true, true), [true, false]);
  t.same(presence(false, false), [true, false]);
  t.same(presence(false, true), [false, true]);
  t.end();
});

t.test('a range holds its start and not its end, and whole numbers only', (t) => {
  const range = headerMatch('x-n', { kind: 'range', start: -10, end: 10 });
  const fits = (value: string) => range.matches(requestHead('GET /', `X-N: ${value}`));
  for (const value of ['-10', '0', '9', '+1']) t.ok(fits(value), value);
  for (const value of ['-11', '10', '1.5', '0x1', '1 2', 'a']) t.notOk(fits(value), value);
  t.end();
});

t.test('the parts of the start line match by the names that HTTP/2 has for them', (t) => {
  const fits = (name: string, value: string, head = requestHead('POST /a?b')) =>
    headerMatch(name, { kind: 'string', match: exact(value) }).matches(head);
  t.ok(fits(':method', 'POST'));
  t.ok(fits(':path', '/a?b'));
  t.ok(fits(':authority', 'a.test'));
  t.ok(fits('host', 'a.test'));
  t.ok(fits(':status', '503', responseHead(503)));
  t.notOk(fits(':unknown', ''));
  t.ok(headerMatch(':method', { kind: 'present', present: true }).matches(requestHead('GET /')));
  t.end();
});

t.test('the first parameter of a name counts, as it was written', (t) => {
  t.equal(queryParameter('a=1&b=2&a=3', 'a'), '1');
  t.equal(queryParameter('a=1&b', 'b'), '');
  t.equal(queryParameter('aa=1&a=%20', 'a'), '%20');
  t.equal(queryParameter('a=b=c', 'a'), 'b=c');
  t.equal(queryParameter('A=1', 'a'), null);
  t.equal(queryParameter('', 'a'), null);
  const fits = (test: QueryMatch['test'], query: string) => new QueryMatcher({ name: 'q', test }).matches(query);
  t.ok(fits({ kind: 'present' }, 'q'));
  t.ok(fits({ kind: 'string', match: exact('x') }, 'p=1&q=x'));
  t.notOk(fits({ kind: 'string', match: exact('x') }, 'q=y'));
  t.end();
});

t.test('a share of requests takes that share, and one number serves all routes of a request', (t) => {
  const share = (numerator: number, runtimeKey: string | null = null) =>
    prefixMatch('/', { runtimeFraction: { numerator, denominator: 100, runtimeKey } });
  const each = routes([share(30), share(20), prefixMatch('/')], seededRandom(3));
  const counts: Record<string, number> = {};
  for (let i = 0; i < 10_000; i++) {
    const name = find(each, '/')!;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  t.ok(Math.abs(counts[0]! - 3_000) < 200, `${counts[0]} of 10,000`);
  t.equal(counts[1], undefined, 'whom 30 % leaves out, 20 % leaves out');
  const runtime = new Runtime(new Map([['k', '100']]));
  t.equal(find(routes([share(0, 'k')], seededRandom(), runtime), '/'), '0', 'an override counts in hundredths');
  runtime.set('k', '');
  t.equal(find(routes([share(0, 'k')], seededRandom(), runtime), '/'), null, 'which can be taken back');
  const million = { numerator: 1, denominator: 1_000_000, runtimeKey: null } as const;
  t.ok(drawFraction(million, runtime, new ScriptedRandom(0.000_000_9)));
  t.notOk(drawFraction(million, runtime, new ScriptedRandom(0.000_001)));
  t.end();
});

t.test('split traffic goes to clusters in proportion to their weights', (t) => {
  const property = fc.property(
    fc.array(fc.integer({ min: 0, max: 10 }), { minLength: 1, maxLength: 4 }).filter((each) => each.some((w) => w > 0)),
    fc.integer(),
    (weights, seed) => {
      const clusters = weights.map(
        (weight, i): WeightedCluster => ({
          name: String(i),
          weight,
          edits: NO_EDITS,
          subset: null,
          hostRewrite: null,
          perFilter: {},
        }),
      );
      const total = weights.reduce((sum, each) => sum + each, 0);
      const random = seededRandom(seed);
      const counts = weights.map(() => 0);
      for (let i = 0; i < 4_000; i++) counts[Number(drawWeighted(clusters, total, random).name)]!++;
      return counts.every((count, i) =>
        weights[i] === 0 ? count === 0 : Math.abs(count - (4_000 * weights[i]!) / total) < 200,
      );
    },
  );
  fc.assert(property, { numRuns: 30 });
  t.end();
});

t.test('every compiled route is listed once', (t) => {
  const each = table([
    [['a.test', 'b.test'], 'twice'],
    [['*'], 'any'],
  ]);
  t.same([...each.routes()].map((one) => one.config.name).sort(), ['any', 'twice']);
  t.end();
});
