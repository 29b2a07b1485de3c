import t from 'tap';
import type { RedirectAction } from '../config/model/route.ts';
import { redirectLocation } from './redirect.ts';

function location(
  change: Partial<RedirectAction>,
  request: { scheme?: string; authority?: string; path?: string } = {},
) {
  const action: RedirectAction = {
    kind: 'redirect',
    scheme: null,
    host: null,
    port: null,
    path: null,
    stripQuery: false,
    status: 301,
    ...change,
  };
  return redirectLocation(action, { scheme: 'http', authority: 'a.test', path: '/old/x?q=1', ...request }, '/old');
}

t.test('what is not given stays as it was', (t) => {
  t.equal(location({}), 'http://a.test/old/x?q=1');
  t.equal(location({}, { authority: 'a.test:8080' }), 'http://a.test:8080/old/x?q=1');
  t.equal(location({ host: 'b.test' }), 'http://b.test/old/x?q=1');
  t.equal(location({ port: 81 }, { authority: 'a.test:8080' }), 'http://a.test:81/old/x?q=1');
  t.equal(location({ port: 81 }, { authority: '[::1]:8080' }), 'http://[::1]:81/old/x?q=1');
  t.end();
});

t.test('a port that was the default of the old scheme goes with it', (t) => {
  t.equal(location({ scheme: 'https' }, { authority: 'a.test:80' }), 'https://a.test/old/x?q=1');
  t.equal(location({ scheme: 'https' }, { authority: 'a.test:8080' }), 'https://a.test:8080/old/x?q=1');
  t.equal(location({ scheme: 'http' }, { scheme: 'https', authority: 'a.test:443' }), 'http://a.test/old/x?q=1');
  t.end();
});

t.test('the path is replaced whole, by prefix or by expression, and the query goes when asked', (t) => {
  t.equal(location({ path: { kind: 'replace', value: '/new' } }), 'http://a.test/new?q=1');
  t.equal(location({ path: { kind: 'replace', value: '/new?own=1' } }), 'http://a.test/new?own=1');
  t.equal(location({ path: { kind: 'prefix', value: '/new' } }), 'http://a.test/new/x?q=1');
  t.equal(location({ path: { kind: 'prefix', value: '/new' }, stripQuery: true }), 'http://a.test/new/x');
  const regex = { pattern: '/(x)', source: '/(x)', flags: '' };
  t.equal(location({ path: { kind: 'regex', regex, substitution: '/<$1>' } }), 'http://a.test/old/<x>?q=1');
  t.equal(location({ stripQuery: true }), 'http://a.test/old/x');
  t.end();
});
