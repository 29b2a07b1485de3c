import t from 'tap';
import { lines, parse } from '../policy/test-fixtures.ts';
import { apply } from '../state/apply.ts';
import type { Command } from '../state/command.ts';
import { EMPTY_STATE, type State } from '../state/model.ts';
import { grpcRoute, route } from '../translate/test-fixtures.ts';

const MESH = `services:
  cart: {command: x}
  v1: {command: x}
  v2: {command: x}
`;
const tests = (list: string) =>
  `---\napiVersion: outrider.dev/v1\nkind: RouteTest\nmetadata: {name: cart}\nspec:\n  tests:\n${list.replace(/^/gm, '    ')}\n`;
const test = (request: string, expect: string) => `- {request: {service: cart, ${request}}, expect: {${expect}}}`;

/** What is said of one test of service `cart` with these rules; empty when it holds. */
function verdict(rules: string, request: string, expect: string, kind: 'http' | 'grpc' = 'http'): string {
  const made = kind === 'http' ? route('r', rules) : grpcRoute('r', rules);
  return lines(`${MESH}${made}${tests(test(request, expect))}`).join('\n');
}

const CANARY = `{matches: [{path: {value: /a}, headers: [{name: X-Canary, value: '1'}]}], backendRefs: [{name: v2}]},
  {matches: [{path: {value: /a}}], backendRefs: [{name: v1, weight: 9}, {name: v2, weight: 1}]}`;

t.test('a test says where a request is to go, and a failing one what would happen instead', (t) => {
  t.equal(verdict(CANARY, 'path: /a/b, headers: {x-canary: 1}', 'backend: v2'), '');
  t.equal(verdict(CANARY, 'path: /a', 'weights: {v1: 90, v2: 10}'), '');
  t.equal(verdict(CANARY, 'path: /a', 'weights: {v1: 900, v2: 100}'), '', 'shares, whatever their sum');
  t.equal(verdict(CANARY, 'path: /b', 'status: 404'), '');
  t.equal(
    verdict(CANARY, 'path: /a', 'backend: v2'),
    '17:7 spec.tests[0]: test 0 (compose.yaml:17): GET cart/a would go to v1 (90 %) and v2 (10 %) as /a by HTTPRoute "r", rule 1; expected v2',
  );
  t.match(verdict(CANARY, 'path: /ab', 'backend: v1'), /would be answered with 404, as no rule takes it; expected v1$/);
  t.match(verdict('{backendRefs: [{name: v1, weight: 0}]}', 'path: /', 'backend: v1'), /answered with 500 by/);
  t.end();
});

t.test('rewrites, redirects and header edits are looked at', (t) => {
  const rewrite = (value: string, change: string) =>
    `{matches: [{path: {value: ${value}}}], filters: [{type: URLRewrite, urlRewrite: {path: ${change}}}], backendRefs: [{name: v1}]}`;
  const prefix = (value: string) => `{type: ReplacePrefixMatch, replacePrefixMatch: ${value}}`;
  t.equal(verdict(rewrite('/a', prefix('/b')), 'path: /a/c', 'pathRewrite: /b/c'), '');
  t.equal(verdict(rewrite('/a', prefix('/')), 'path: /a/c', 'pathRewrite: /c'), '');
  t.equal(verdict(rewrite('/a', prefix('/')), 'path: /a', 'pathRewrite: /'), '');
  t.equal(verdict(rewrite('/', prefix('/b')), 'path: /c', 'pathRewrite: /b/c'), '');
  t.equal(verdict(rewrite('/a', '{type: ReplaceFullPath, replaceFullPath: /z}'), 'path: /a/c', 'pathRewrite: /z'), '');
  t.match(
    verdict(rewrite('/a', prefix('/b')), 'path: /a/c', 'pathRewrite: /c'),
    /as \/b\/c by .*expected the path \/c$/,
  );
  const redirect =
    '{filters: [{type: RequestRedirect, requestRedirect: {scheme: https, port: 8443, statusCode: 308, path: {type: ReplaceFullPath, replaceFullPath: /n}}}]}';
  t.equal(verdict(redirect, 'path: /x?q=1', 'redirect: "https://cart:8443/n?q=1", status: 308'), '');
  t.equal(verdict(redirect, 'path: /x', 'redirect: /n'), '');
  t.match(
    verdict(redirect, 'path: /x', 'redirect: /m, status: 301'),
    /redirected to https:\/\/cart:8443\/n with 308 .*expected a redirect to \/m, status 301/,
  );
  const edits = `{filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: X-A, value: new}], add: [{name: x-b, value: more}], remove: [x-c]}}],
    backendRefs: [{name: v1, filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: x-d, value: own}]}}]}]}`;
  const sent = 'path: /, headers: {x-a: old, x-b: one, x-c: gone}';
  t.equal(verdict(edits, sent, 'headers: {X-A: new, x-b: "one,more", x-c: null, x-d: own}'), '');
  t.match(
    verdict(edits, sent, 'headers: {x-a: old, x-c: gone}'),
    /header x-a "old" \(it is "new"\), header x-c "gone" \(it is not there\)/,
  );
  t.end();
});

t.test('calls are told from requests, and a host stands for its service', (t) => {
  const rules = '{matches: [{method: {service: shop.Cart, method: Add}}], backendRefs: [{name: v1}]}';
  const call = 'method: POST, headers: {content-type: application/grpc+proto}';
  t.equal(verdict(rules, `path: /shop.Cart/Add, ${call}`, 'backend: v1', 'grpc'), '');
  t.equal(verdict(rules, `path: /shop.Cart/Get, ${call}`, 'status: 404', 'grpc'), '');
  t.equal(verdict(rules, 'path: /shop.Cart/Add', 'backend: cart', 'grpc'), '');
  const host = '- {request: {host: "Cart.mesh:80", path: /}, expect: {backend: cart}}';
  t.same(lines(`${MESH}${tests(host)}`), []);
  t.end();
});

t.test('a test with mistakes is refused', (t) => {
  const refusal = (text: string) => lines(`${MESH}${tests(text)}`).join('\n');
  t.match(
    refusal('- {request: {service: crat}, expect: {backend: v1}}'),
    /request\.service: there is no service "crat" \(cart\)/,
  );
  t.match(refusal('- {request: {service: cart}, expect: {backend: v3}}'), /expect: there is no service "v3" \(v1\)/);
  t.match(refusal('- {request: {service: cart}, expect: {}}'), /expects nothing/);
  t.match(
    refusal('- {request: {service: cart, host: cart}, expect: {status: 404}}'),
    /needs one of "service" and "host"/,
  );
  t.match(refusal('- {request: {service: cart}, expect: {bakend: v1}}'), /\(backend\)/);
  t.match(refusal('- {request: {service: cart}, expect: {weights: {v1: 0}}}'), /no weight above 0/);
  t.match(refusal('[]'), /has no tests/);
  t.end();
});

t.test('a change that breaks a test is refused, whatever file it comes from, and nothing of it is done', (t) => {
  const command = (text: string, origin: string, state: State): Command => {
    const parsed = parse(text, state, origin);
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
    return { kind: 'apply', origin, prune: true, resources: parsed.value };
  };
  let state = EMPTY_STATE;
  for (const [text, origin] of [
    [MESH, '/m/mesh.yaml'],
    [route('r', CANARY), '/m/routes.yaml'],
    [
      tests(`- name: stable\n  request: {service: cart, path: /a}\n  expect: {weights: {v1: 90, v2: 10}}`),
      '/m/tests.yaml',
    ],
  ] as const) {
    const applied = apply(state, command(text, origin, state), 1);
    if (!applied.ok) throw new Error(applied.error.message);
    state = applied.value.state;
  }
  const flipped = command(route('r', CANARY.replace('weight: 9', 'weight: 1')), '/m/routes.yaml', state);
  const expected =
    /^routetest\/cart\.spec\.tests\[0\]: "stable" \(tests\.yaml:7\): GET cart\/a would go to v1 \(50 %\) and v2 \(50 %\)/;
  t.match(apply(state, flipped, 2), { ok: false, error: { code: 'invalid', message: expected } });
  const removed = apply(state, { kind: 'delete', resource: 'httproute', name: 'r' }, 2);
  t.match(removed, { ok: false, error: { message: /would go to cart as \/a; expected v1 \(90 %\) and v2 \(10 %\)/ } });
  t.match(apply(state, { kind: 'delete', resource: 'routetest', name: 'cart' }, 2), { ok: true });
  t.end();
});
