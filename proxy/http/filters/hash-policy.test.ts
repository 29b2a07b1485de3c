import t from 'tap';
import { FakeClock } from '../../../test/fakes/fake-clock.ts';
import { fakeExchange, requestHead } from '../../../test/fakes/fake-exchange.ts';
import type { HashPolicyConfig } from '../../config/model/route.ts';
import { XxHash64 } from '../../upstream/picker/hashing/xx-hash.ts';
import { HashPolicy } from './hash-policy.ts';

type Source = HashPolicyConfig['source'];

const header = (name: string, rewrite: Extract<Source, { kind: 'header' }>['rewrite'] = null): Source => ({
  kind: 'header',
  name,
  rewrite,
});
const query = (name: string): Source => ({ kind: 'query', name });
const cookie = (ttlSeconds: number | null): Source => ({
  kind: 'cookie',
  name: 'sess',
  ttlSeconds,
  path: '/p',
  attributes: [
    { name: 'SameSite', value: 'Strict' },
    { name: 'Secure', value: '' },
  ],
});

const text = ({ hi, lo }: { readonly hi: number; readonly lo: number }) => `${hi.toString(16)}.${lo.toString(16)}`;
const plain = (value: string) => text(new XxHash64().of(value));

function hashOf(policies: readonly (Source | HashPolicyConfig)[], path: string, ...lines: readonly string[]) {
  const exchange = fakeExchange(new FakeClock(), requestHead(`GET ${path}`, ...lines));
  const complete = policies.map((each) => ('source' in each ? each : { source: each, terminal: false }));
  return new HashPolicy(complete).hash(exchange);
}

/** The same as text, or null. */
function hashText(...args: Parameters<typeof hashOf>): string | null {
  const hash = hashOf(...args);
  return hash === null ? null : text(hash);
}

t.test('one policy hashes what it finds, and nothing when it finds nothing', (t) => {
  t.equal(hashText([header('x-user')], '/', 'X-User: ann'), plain('ann'));
  t.equal(hashText([header('x-user')], '/'), null);
  t.equal(hashText([header(':path')], '/a?b'), plain('/a?b'));
  t.equal(hashText([header(':authority')], '/'), plain('a.test'));
  t.equal(hashText([query('q')], '/a?p=1&q=2&q=3'), plain('2'));
  t.equal(hashText([query('q')], '/a?p=1'), null);
  t.equal(hashText([query('q')], '/a'), null);
  t.equal(hashText([{ kind: 'source-ip' }], '/'), plain('10.0.0.7'));
  t.equal(hashText([cookie(null)], '/', 'Cookie: a=b; sess="v"; c=d'), plain('v'));
  t.equal(hashText([cookie(null)], '/', 'Cookie: asess=b;sessx=2'), null);
  t.end();
});

t.test('a header is hashed behind its rewrite, and several lines whatever their order', (t) => {
  const rewrite = { regex: { pattern: '^/(\\w+)/.*$', source: '^/(\\w+)/.*$', flags: '' }, substitution: '$1' };
  t.equal(hashText([header('x-path', rewrite)], '/', 'X-Path: /shop/cart'), plain('shop'));
  const one = hashText([header('x-user')], '/', 'X-User: a', 'X-User: b');
  t.equal(hashText([header('x-user')], '/', 'X-User: b', 'X-User: a'), one);
  t.not(hashText([header('x-user')], '/', 'X-User: ab'), one);
  t.end();
});

t.test('policies add up, in their order, until a terminal one follows what was found', (t) => {
  const both = [header('x-a'), header('x-b')];
  const lines = ['X-A: 1', 'X-B: 2'];
  t.not(hashText(both, '/', ...lines), hashText([...both].reverse(), '/', ...lines));
  t.not(hashText([header('x-a'), header('x-a')], '/', ...lines), '0.0', 'the same twice does not cancel out');
  const terminal = [{ source: header('x-a'), terminal: true }, header('x-b')];
  t.equal(hashText(terminal, '/', ...lines), plain('1'));
  t.equal(hashText(terminal, '/', 'X-B: 2'), plain('2'), 'nothing found is no end');
  t.end();
});

t.test('a cookie is made for a client that has none, where a lifetime is configured', (t) => {
  const made = hashOf([cookie(30)], '/');
  const value = /^sess="([0-9a-f]{16})"; Max-Age=30; Path=\/p; SameSite=Strict; Secure; HttpOnly$/.exec(
    made!.newCookies![0]!,
  );
  t.equal(text(made!), plain(value![1]!), 'it comes back to the same place with it');
  t.equal(hashOf([cookie(30)], '/', 'Cookie: sess=v')!.newCookies, null);
  t.match(hashOf([cookie(0)], '/')!.newCookies![0], /^sess="[0-9a-f]{16}"; Path/);
  t.equal(hashOf([cookie(null)], '/'), null);
  t.end();
});
