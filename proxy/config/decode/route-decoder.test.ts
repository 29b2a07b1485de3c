import t from 'tap';
import type { ForwardAction, RouteTableConfig } from '../model/route.ts';
import { TEST_KEY_PEM } from './test-certificates.ts';
import { accepted, type Json, ROUTES, refused, table } from './test-fixtures.ts';

function routeTable(route: Json, more: Json = {}): RouteTableConfig {
  return accepted(ROUTES, table([{ match: { prefix: '/' }, ...route }], more));
}

function forward(route: Json): ForwardAction {
  const { action } = routeTable({ route }).virtualHosts[0]!.routes[0]!;
  if (action.kind !== 'forward') throw new Error(action.kind);
  return action;
}

function routeProblems(route: Json): string[] {
  return refused(ROUTES, table([{ match: { prefix: '/' }, ...route }])).map((each) =>
    each.replace('virtual_hosts[0].routes[0]', 'route'),
  );
}

t.test('routes keep their order, hosts are lower case, names of headers too', (t) => {
  const config = accepted(ROUTES, {
    name: 'table',
    virtual_hosts: [
      {
        name: 'a',
        domains: ['Foo.Test', '*.Bar.test'],
        routes: [
          {
            match: {
              path: '/x',
              case_sensitive: false,
              headers: [{ name: 'X-Kind', string_match: { prefix: 'a' }, invert_match: true }],
            },
            direct_response: { status: 201 },
          },
          {
            match: { safe_regex: { regex: '/v[0-9]+' }, query_parameters: [{ name: 'q' }] },
            redirect: { https_redirect: true, response_code: 'SEE_OTHER' },
          },
          {
            match: {
              prefix: '/',
              grpc: {},
              runtime_fraction: { default_value: { numerator: 5, denominator: 'MILLION' }, runtime_key: 'k' },
            },
            non_forwarding_action: {},
          },
        ],
      },
    ],
  });
  const [host] = config.virtualHosts;
  t.same(host!.domains, ['foo.test', '*.bar.test']);
  t.match(host!.routes[0], {
    match: {
      path: { kind: 'exact', value: '/x', caseSensitive: false },
      headers: [{ name: 'x-kind', invert: true, test: { kind: 'string' } }],
    },
    action: { kind: 'direct-response', status: 201, body: '' },
  });
  t.match(host!.routes[1], {
    match: {
      path: { kind: 'regex', regex: { pattern: '/v[0-9]+' } },
      query: [{ name: 'q', test: { kind: 'present' } }],
    },
    action: { kind: 'redirect', scheme: 'https', status: 303, port: null },
  });
  t.match(host!.routes[2], {
    match: { grpcOnly: true, runtimeFraction: { numerator: 5, denominator: 1_000_000, runtimeKey: 'k' } },
    action: { kind: 'non-forwarding' },
  });
  t.equal(config.validateClusters, false, 'a table of its own does not know the clusters');
  t.end();
});

t.test('a domain may stand only once in a table', (t) => {
  const host = (name: string, domain: string) => ({ name, domains: [domain], routes: [] });
  t.same(refused(ROUTES, { name: 't', virtual_hosts: [host('a', 'x.test'), host('b', 'X.test')] }), [
    'virtual_hosts[1].domains[0]: domain X.test stands in virtual host a already; each may stand only once',
  ]);
  t.end();
});

t.test('weights are added up, and must not be nothing', (t) => {
  const weighted = (...weights: number[]) => ({
    weighted_clusters: { clusters: weights.map((weight) => ({ name: 'cart', weight })) },
  });
  t.match(forward(weighted(3, 1)).cluster, { kind: 'weighted', totalWeight: 4 });
  t.match(routeProblems({ route: weighted(0, 0) }), [/^route\.route\.weighted_clusters: the weights add up to 0/]);
  t.match(routeProblems({ route: weighted(4_294_967_295, 1) }), [/add up to 4294967296; at most 4294967295/]);
  t.end();
});

t.test('rewrites are decoded for JavaScript, and exclude each other', (t) => {
  const rewrite = { pattern: { regex: '^/a/(.*)$' }, substitution: '/b/\\1' };
  t.match(forward({ cluster: 'cart', regex_rewrite: rewrite }).pathRewrite, { kind: 'regex', substitution: '/b/$01' });
  t.match(forward({ cluster: 'cart', prefix_rewrite: '/x' }).pathRewrite, { kind: 'prefix', value: '/x' });
  t.match(routeProblems({ route: { cluster: 'cart', prefix_rewrite: '/x', regex_rewrite: rewrite } }), [
    /exclude each other/,
  ]);
  t.match(routeProblems({ route: { cluster: 'cart', regex_rewrite: { ...rewrite, substitution: '\\2' } } }), [
    /substitution: \\2 refers to a group/,
  ]);
  t.match(routeProblems({ match: { safe_regex: { regex: '(a)\\1' } }, route: { cluster: 'cart' } }), [
    /safe_regex\.regex: .* back-reference/,
  ]);
  t.end();
});

t.test('retry policies have Envoy’s defaults, and unknown conditions are refused', (t) => {
  t.match(forward({ cluster: 'cart', retry_policy: { retry_on: '5xx, reset' } }).retryPolicy, {
    retryOn: ['5xx', 'reset'],
    numRetries: 1,
    backoffBaseMs: 25,
    backoffMaxMs: 250,
    perTryTimeoutMs: 0,
    avoidPreviousHosts: false,
    hostSelectionMaxAttempts: 1,
  });
  const problems = (policy: Json) => routeProblems({ route: { cluster: 'cart', retry_policy: policy } });
  t.match(problems({ retry_on: '5xx,conect-failure' }), [
    /retry_on: "conect-failure" is no retry condition; did you mean connect-failure\?/,
  ]);
  t.match(problems({ retry_back_off: { base_interval: '1s', max_interval: '0.5s' } }), [
    /500 ms is below the base_interval of 1000 ms/,
  ]);
  t.end();
});

t.test('header edits hold parsed formats, and leave alone what is no ordinary header', (t) => {
  const edits = (key: string, value: string) => ({
    request_headers_to_add: [{ header: { key, value } }],
    route: { cluster: 'cart' },
  });
  t.match(
    routeTable(edits('X-A', 'p=%PROTOCOL% 100%% %REQ(x?:PATH):3%')).virtualHosts[0]!.routes[0]!.edits.requestAdd,
    [
      {
        name: 'X-A',
        action: 'append',
        value: [
          { kind: 'text', text: 'p=' },
          { kind: 'command', command: 'PROTOCOL', args: [], maxLength: null },
          { kind: 'text', text: ' 100% ' },
          { kind: 'command', command: 'REQ', args: ['x', ':PATH'], maxLength: 3 },
        ],
      },
    ],
  );
  t.match(routeProblems(edits('x', '%PROTOCL%')), [
    /%PROTOCL% is not supported by Outrider; did you mean %PROTOCOL%\?/,
  ]);
  t.match(routeProblems(edits('x', '50% off')), [/"% off" is no %COMMAND%; write %%/]);
  t.match(routeProblems(edits(':path', '/')), [/:path cannot be edited as a header/]);
  t.match(routeProblems({ ...edits('x', 'y'), request_headers_to_remove: ['Host'] }), [/Host cannot be edited/]);
  t.end();
});

t.test('a body of a direct response is bounded, and may come from a file', (t) => {
  const direct = (body: Json) => ({ direct_response: { status: 200, body } });
  t.match(routeTable(direct({ filename: 'a.key' })).virtualHosts[0]!.routes[0]!.action, { body: TEST_KEY_PEM });
  t.match(routeTable(direct({ environment_variable: 'X' })).virtualHosts[0]!.routes[0]!.action, { body: 'value of X' });
  t.match(routeProblems(direct({ inline_string: 'x'.repeat(4_097) })), [
    /the body has 4097 bytes; max_direct_response_body_size_bytes allows 4096/,
  ]);
  t.match(routeProblems(direct({ filename: 'nope' })), [/direct_response\.body\.filename: nope is missing/]);
  t.end();
});

t.test('a route has 15 s unless it says otherwise, and 0 means without end', (t) => {
  t.equal(forward({ cluster: 'cart' }).timeoutMs, 15_000);
  t.equal(forward({ cluster: 'cart', timeout: '0s' }).timeoutMs, 0);
  t.end();
});

t.test('host predicates of retries are read, and whether a slow try goes on beside the next', (t) => {
  const predicate = (type: string, more: Json = {}) => ({
    name: 'p',
    typed_config: { '@type': `type.googleapis.com/envoy.extensions.retry.host.${type}`, ...more },
  });
  const labels = { metadata_match: { filter_metadata: { 'envoy.lb': { stage: 'dark', rank: 2 } } } };
  const action = forward({
    cluster: 'a',
    hedge_policy: { hedge_on_per_try_timeout: true },
    retry_policy: {
      retry_on: '5xx',
      retry_host_predicate: [
        predicate('omit_canary_hosts.v3.OmitCanaryHostsPredicate'),
        predicate('omit_host_metadata.v3.OmitHostMetadataConfig', labels),
      ],
    },
  });
  t.match(action.retryPolicy, { avoidPreviousHosts: false });
  t.same(action.retryPolicy?.omittedHosts, [{ canary: 'true' }, { stage: '"dark"', rank: '2' }]);
  t.equal(action.hedgesOnPerTryTimeout, true);
  t.equal(forward({ cluster: 'a' }).hedgesOnPerTryTimeout, null);
  t.end();
});
