import fc from 'fast-check';
import t from 'tap';
import { orderedEntries, orderedGrpcEntries } from '../../routing/order.ts';
import type { Protocol } from '../../state/model.ts';
import type { GrpcRoute, HttpRoute } from '../../state/routes.ts';
import { publishedListener } from '../listeners.ts';
import type { JsonObject } from '../resource.ts';
import { contextOf, find, grpcRoute, NOBODY, route, SERVICES, stateOf } from '../test-fixtures.ts';
import { sharedResources } from '../translate.ts';

/** The routes of one service in the sidecars' table. */
function tableOf(text: string, service: string): readonly JsonObject[] {
  const table = find(sharedResources(stateOf(text), NOBODY, 'sidecar'), 'RDS', 'outbound');
  const hosts = table.virtual_hosts as readonly { readonly name: string; readonly routes: readonly JsonObject[] }[];
  return hosts.find(({ name }) => name === service)!.routes;
}

/** The routes of service `cart`, which speaks HTTP/1.1, with one HTTPRoute. */
function routesOf(rules: string): readonly JsonObject[] {
  return tableOf(SERVICES + route('r', rules), 'cart');
}

/** The routes of service `cart` with one GRPCRoute; the last two are those that every service with GRPCRoutes has. */
function callsOf(rules: string): readonly JsonObject[] {
  return tableOf(SERVICES + grpcRoute('r', rules), 'cart');
}

const NEVER_SENT = 'connect-failure,refused-stream,reset-before-request';
const CALL_POLICY = {
  timeout: '0s',
  max_stream_duration: { grpc_timeout_header_max: '0s' },
  retry_policy: { retry_on: `${NEVER_SENT},unavailable`, num_retries: 1 },
};
const REQUEST_POLICY = { timeout: '15s', retry_policy: { retry_on: NEVER_SENT, num_retries: 1 } };

t.test('a call lives until its own deadline; where calls and requests may come, each has its own route', (t) => {
  const toGrpc = { match: { prefix: '/', grpc: {} }, route: { cluster: 'x', ...CALL_POLICY } };
  const toHttp = { match: { prefix: '/' }, route: { cluster: 'x', ...REQUEST_POLICY } };
  const routes = (protocol: Protocol) =>
    tableOf(`services: {x: {command: x, x-outrider: {protocol: ${protocol}}}}`, 'x');
  t.match(routes('grpc'), [{ match: { prefix: '/' }, route: { cluster: 'x', ...CALL_POLICY } }]);
  t.match(routes('http'), [toHttp]);
  t.match(routes('tcp'), [{ match: { connect_matcher: {} }, route: { cluster: 'x', timeout: '0s' } }, toHttp]);
  for (const protocol of ['auto', 'http2'] as const) {
    t.match(routes(protocol), [toGrpc, toHttp]);
    t.equal(routes(protocol).length, 2);
    t.notOk((routes(protocol)[1] as typeof toGrpc).match.grpc);
    t.notOk((routes(protocol)[1] as typeof toGrpc).route.max_stream_duration);
  }
  t.end();
});

t.test('an HTTPRoute of a service that may carry calls has two routes for what can be one', (t) => {
  const rules = `{matches: [{path: {type: Exact, value: /a}}, {path: {type: Exact, value: /b}, method: GET}], backendRefs: [{name: orders}]},
    {matches: [{path: {type: Exact, value: /c}}], backendRefs: [{name: orders}], timeouts: {request: 2s}},
    {matches: [{path: {type: Exact, value: /d}}], backendRefs: [{name: orders, weight: 0}]}`;
  const table = tableOf(SERVICES + route('r', rules, 'orders'), 'orders');
  t.match(table, [
    { match: { path: '/b' }, route: REQUEST_POLICY },
    { name: 'r/0', match: { path: '/a', grpc: {} }, route: { cluster: 'orders', ...CALL_POLICY } },
    { name: 'r/0', match: { path: '/a' }, route: { cluster: 'orders', ...REQUEST_POLICY } },
    { match: { path: '/c', grpc: {} }, route: { ...CALL_POLICY, timeout: '2s' } },
    { match: { path: '/c' }, route: { ...REQUEST_POLICY, timeout: '2s' } },
    { match: { path: '/d' }, direct_response: { status: 500 } },
  ]);
  t.equal(table.length, 6);
  t.end();
});

t.test('a published port tells calls from requests in the same way', (t) => {
  const port = { hostIp: '127.0.0.1', hostPort: 80 };
  const listener = (protocol: Protocol) =>
    JSON.stringify(publishedListener(contextOf('shop', protocol), port, null).json);
  t.match(listener('auto'), /"match":\{"prefix":"\/","grpc":\{\}\}.*"grpc_timeout_header_max":"0s".*"timeout":"15s"/);
  t.notMatch(listener('http'), /grpc/);
  t.end();
});

t.test('the methods of a GRPCRoute become paths', (t) => {
  const match = (text: string) => callsOf(`{matches: [${text}], backendRefs: [{name: cart}]}`)[0]!.match;
  t.same(match('{method: {service: shop.Cart, method: Add}}'), { path: '/shop.Cart/Add', grpc: {} });
  t.same(match('{method: {service: shop.Cart}}'), { prefix: '/shop.Cart/', grpc: {} });
  t.same(match('{method: {method: Add}}'), { safe_regex: { regex: '/[^/]+/Add' }, grpc: {} });
  t.same(match('{}'), { prefix: '/', grpc: {} });
  const pattern = (text: string) => match(`{method: {type: RegularExpression, ${text}}}`);
  t.same(pattern("service: 'shop\\..+', method: Get|List"), {
    safe_regex: { regex: '/(?:shop\\..+)/(?:Get|List)' },
    grpc: {},
  });
  t.same(pattern('service: a.*'), { safe_regex: { regex: '/(?:a.*)/[^/]+' }, grpc: {} });
  t.same(pattern('method: a.*'), { safe_regex: { regex: '/[^/]+/(?:a.*)' }, grpc: {} });
  t.end();
});

t.test('a GRPCRoute speaks of calls alone: those it does not match are not found, requests pass as before', (t) => {
  const table = callsOf(`{
    matches: [{method: {service: shop.Cart}, headers: [{name: X, value: '1'}]}],
    filters: [{type: RequestHeaderModifier, requestHeaderModifier: {add: [{name: a, value: b}]}}],
    backendRefs: [{name: cart, weight: 90}, {name: orders, weight: 10}]}, {backendRefs: [{name: cart, weight: 0}]}`);
  t.match(table, [
    {
      name: 'r/0',
      match: { prefix: '/shop.Cart/', headers: [{ name: 'x', string_match: { exact: '1' } }], grpc: {} },
      route: { weighted_clusters: { clusters: [{ name: 'cart', weight: 90 }, {}] }, ...CALL_POLICY },
      request_headers_to_add: [{ header: { key: 'a', value: 'b' }, append_action: 'APPEND_IF_EXISTS_OR_ADD' }],
    },
    { name: 'r/1', match: { prefix: '/', grpc: {} }, direct_response: { status: 503 } },
    { match: { prefix: '/', grpc: {} }, direct_response: { status: 404 } },
    { match: { prefix: '/' }, route: { cluster: 'cart', ...REQUEST_POLICY } },
  ]);
  t.equal(table.length, 4);
  t.end();
});

t.test('the most specific call wins: service, then method, then headers, and patterns below names', (t) => {
  const matches = [
    '{method: {service: shop.Cart, method: Add}, headers: [{name: x, value: "1"}]}',
    '{method: {service: shop.Cart, method: Add}}',
    '{method: {service: shop.Cart}, headers: [{name: x, value: "1"}]}',
    '{method: {service: shop.Cart}}',
    '{method: {service: shop, method: AddEverything}}',
    '{method: {type: RegularExpression, service: "shop[.]C.+", method: A.+}}',
    '{method: {type: RegularExpression, service: "shop[.]C.+"}}',
    '{method: {type: RegularExpression, service: shop.+}}',
    '{method: {method: AddEverything}}',
    '{method: {method: Add}}',
    '{method: {type: RegularExpression, method: A.+}}',
    '{headers: [{name: x, value: "1"}]}',
    '{}',
  ];
  const rules = (list: readonly string[]) =>
    list.map((match) => `{matches: [${match}], backendRefs: [{name: cart}]}`).join();
  const order = (list: readonly string[]) => callsOf(rules(list)).map(({ match }) => JSON.stringify(match));
  const wanted = order(matches);
  t.match(wanted.slice(0, 2), [/"path":"\/shop.Cart\/Add","headers"/, /"path":"\/shop.Cart\/Add","grpc"/]);
  t.same(
    wanted.slice(0, matches.length),
    matches.map((match) => JSON.stringify(callsOf(rules([match]))[0]!.match)),
    'they stand above in their order',
  );
  const property = fc.property(fc.shuffledSubarray(matches, { minLength: matches.length }), (shuffled) => {
    return JSON.stringify(order(shuffled)) === JSON.stringify(wanted);
  });
  fc.assert(property, { numRuns: 30 });
  t.end();
});

t.test('a rule is translated with its matches, edits and weights', (t) => {
  const [found] = routesOf(`{
    matches: [{path: {type: PathPrefix, value: /a}, method: GET, headers: [{name: X, value: '1'}], queryParams: [{type: RegularExpression, name: q, value: 'a+'}]}],
    filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: s, value: 100%}], add: [{name: a, value: b}], remove: [r]}},
              {type: ResponseHeaderModifier, responseHeaderModifier: {remove: [server]}}],
    backendRefs: [{name: cart, weight: 90}, {name: orders, weight: 10}, {name: shop, weight: 0}], timeouts: {request: 2s}}`);
  t.match(found, {
    name: 'r/0',
    match: {
      path_separated_prefix: '/a',
      headers: [
        { name: ':method', string_match: { exact: 'GET' } },
        { name: 'x', string_match: { exact: '1' } },
      ],
      query_parameters: [{ name: 'q', string_match: { safe_regex: { regex: 'a+' } } }],
    },
    route: {
      weighted_clusters: {
        clusters: [
          { name: 'cart', weight: 90 },
          { name: 'orders', weight: 10 },
        ],
      },
      timeout: '2s',
    },
    request_headers_to_add: [
      { header: { key: 's', value: '100%%' }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' },
      { header: { key: 'a', value: 'b' }, append_action: 'APPEND_IF_EXISTS_OR_ADD' },
    ],
    request_headers_to_remove: ['r'],
    response_headers_to_remove: ['server'],
  });
  t.end();
});

t.test('paths are rewritten and redirected as Gateway API means it', (t) => {
  const one = (match: string, filter: string, backend = ', backendRefs: [{name: cart}]') =>
    routesOf(`{matches: [{path: {value: ${match}}}], filters: [${filter}]${backend}}`)[0]!;
  const rewrite = (match: string, path: string) => one(match, `{type: URLRewrite, urlRewrite: {path: ${path}}}`).route;
  t.match(rewrite('/a', '{type: ReplacePrefixMatch, replacePrefixMatch: /b/}'), { prefix_rewrite: '/b' });
  t.match(rewrite('/a.b', '{type: ReplacePrefixMatch, replacePrefixMatch: /}'), {
    regex_rewrite: { pattern: { regex: '^/a\\.b/*' }, substitution: '/' },
  });
  t.match(rewrite('/', '{type: ReplacePrefixMatch, replacePrefixMatch: /b}'), { prefix_rewrite: '/b/' });
  t.match(rewrite('/a', '{type: ReplaceFullPath, replaceFullPath: /c}'), {
    regex_rewrite: { pattern: { regex: '^/.*$' }, substitution: '/c' },
  });
  t.match(
    one(
      '/a',
      '{type: RequestRedirect, requestRedirect: {scheme: https, hostname: h, port: 8443, statusCode: 308, path: {type: ReplaceFullPath, replaceFullPath: /c}}}',
      '',
    ),
    {
      redirect: {
        scheme_redirect: 'https',
        host_redirect: 'h',
        port_redirect: 8443,
        path_redirect: '/c',
        response_code: 'PERMANENT_REDIRECT',
      },
    },
  );
  t.end();
});

t.test('a rule whose backends all weigh nothing answers 500', (t) => {
  t.match(routesOf('{backendRefs: [{name: cart, weight: 0}]}')[0], { direct_response: { status: 500 } });
  t.end();
});

t.test('the most specific match wins, whatever the order in which routes and rules were written', (t) => {
  const rule = (match: string) => `{matches: [${match}], backendRefs: [{name: cart}]}`;
  const rules = [
    rule('{path: {type: Exact, value: /a/b}}'),
    rule('{path: {type: RegularExpression, value: /a/.+}}'),
    rule('{path: {value: /a/b}, method: GET, headers: [{name: x, value: "1"}]}'),
    rule('{path: {value: /a/b}, method: GET}'),
    rule('{path: {value: /a/b}, headers: [{name: x, value: "1"}, {name: y, value: "1"}]}'),
    rule('{path: {value: /a/b}, headers: [{name: x, value: "1"}], queryParams: [{name: q, value: "1"}]}'),
    rule('{path: {value: /a/b}}'),
    rule('{path: {value: /a}, method: GET}'),
    rule('{}'),
  ];
  const property = fc.property(fc.shuffledSubarray(rules, { minLength: rules.length }), (shuffled) => {
    const wanted = routesOf(rules.join()).map(({ match }) => JSON.stringify(match));
    return (
      JSON.stringify(routesOf(shuffled.join()).map(({ match }) => JSON.stringify(match))) === JSON.stringify(wanted)
    );
  });
  fc.assert(property, { numRuns: 30 });
  t.match(
    routesOf(rules.toReversed().join()).map(({ match }) => match),
    [
      { path: '/a/b' },
      { safe_regex: {} },
      { path_separated_prefix: '/a/b', headers: [{ name: ':method' }, { name: 'x' }] },
      { path_separated_prefix: '/a/b', headers: [{ name: ':method' }] },
      { path_separated_prefix: '/a/b', headers: [{ name: 'x' }, { name: 'y' }] },
      { path_separated_prefix: '/a/b', query_parameters: [{ name: 'q' }] },
      { path_separated_prefix: '/a/b' },
      { path_separated_prefix: '/a' },
      { prefix: '/' },
    ],
  );
  t.end();
});

t.test('between equal matches the older route wins, then the name', (t) => {
  const made = (name: string, createdAtMs: number) => {
    const state = stateOf(SERVICES + route(name, '{backendRefs: [{name: cart}]}'));
    return { ...state.routes.get(name)!, createdAtMs } as HttpRoute;
  };
  const entries = orderedEntries([made('c', 2), made('b', 2), made('z', 1)]);
  t.same(
    entries.map((entry) => entry.route.name),
    ['z', 'b', 'c'],
  );
  const called = (name: string, createdAtMs: number) => {
    const state = stateOf(SERVICES + grpcRoute(name, '{backendRefs: [{name: cart}]}'));
    return { ...state.grpcRoutes.get(name)!, createdAtMs } as GrpcRoute;
  };
  t.same(
    orderedGrpcEntries([called('c', 2), called('b', 2), called('z', 1)]).map((entry) => entry.route.name),
    ['z', 'b', 'c'],
  );
  t.end();
});

t.test('a gRPC client gets the calls of GRPCRoutes, and leaves retries to itself', (t) => {
  const rules =
    '{matches: [{method: {service: a.B, method: C}}], backendRefs: [{name: cart}]}, {backendRefs: [{name: cart, weight: 0}]}';
  const table = find(sharedResources(stateOf(SERVICES + grpcRoute('r', rules)), NOBODY, 'grpc'), 'RDS', 'cart');
  const { retry_policy: _, ...policy } = CALL_POLICY;
  t.same((table.virtual_hosts as readonly JsonObject[])[0]!.routes, [
    { name: 'r/0', match: { path: '/a.B/C' }, route: { cluster: 'cart', ...policy } },
    { name: 'r/1', match: { prefix: '/' }, non_forwarding_action: {} },
  ]);
  t.end();
});
