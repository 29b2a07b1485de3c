import t from 'tap';
import type { HttpConnectionManagerConfig } from '../../model/listener.ts';
import type { RbacConfig } from '../../model/rbac.ts';
import {
  accepted,
  type Json,
  LISTENER,
  listener,
  manager,
  ROUTER,
  ROUTES,
  refused,
  TYPE,
  table,
} from '../test-fixtures.ts';

const FILTER_CONFIG = 'type.googleapis.com/envoy.config.route.v3.FilterConfig';

const TYPES = {
  rbac: `${TYPE}.filters.http.rbac.v3.RBAC`,
  rbacPerRoute: `${TYPE}.filters.http.rbac.v3.RBACPerRoute`,
  fault: `${TYPE}.filters.http.fault.v3.HTTPFault`,
  limit: `${TYPE}.filters.http.local_ratelimit.v3.LocalRateLimit`,
  cors: `${TYPE}.filters.http.cors.v3.Cors`,
  corsPolicy: `${TYPE}.filters.http.cors.v3.CorsPolicy`,
} as const;

function typed(type: keyof typeof TYPES, fields: Json = {}): Json {
  return { '@type': TYPES[type], ...fields };
}

/** A chain with this filter in front of the router. */
function withFilter(config: Json, more: Json = {}): Json {
  return listener([{ filters: [manager({ http_filters: [{ name: 'f', typed_config: config, ...more }, ROUTER] })] }]);
}

function filtersOf(json: Json) {
  const { network } = accepted(LISTENER, json).filterChains[0]!;
  return (network as HttpConnectionManagerConfig).httpFilters;
}

const CONFIG_PATH = 'filter_chains[0].filters[0].typed_config.http_filters[0].typed_config';

/** What is wrong with the filter, with paths below its typed_config. */
function problems(config: Json): string[] {
  return refused(LISTENER, withFilter(config)).map((each) => each.replace(`${CONFIG_PATH}.`, ''));
}

const ROUTE = { match: { prefix: '/' }, route: { cluster: 'cart' } };

/** A route table whose virtual host says this about filters. */
function hostWith(perFilter: Json): Json {
  return table([ROUTE], { typed_per_filter_config: perFilter });
}

function hostSays(perFilter: Json) {
  return accepted(ROUTES, hostWith(perFilter)).virtualHosts[0]!.perFilter;
}

t.test('filters stand in the order in which they are written, and may wait for a route to want them', (t) => {
  const filters = [
    { name: 'a', typed_config: typed('cors') },
    { name: 'b', typed_config: typed('fault'), disabled: true },
    ROUTER,
  ];
  const read = filtersOf(listener([{ filters: [manager({ http_filters: filters })] }]));
  t.same(
    read.map(({ name, config, disabled }) => [name, config.kind, disabled]),
    [
      ['a', 'cors', false],
      ['b', 'fault', true],
      ['router', 'router', false],
    ],
  );
  const off = listener([{ filters: [manager({ http_filters: [{ ...ROUTER, disabled: true }] })] }]);
  t.match(refused(LISTENER, off).join(), /http_filters\[0\]\.disabled: the router cannot be disabled/);
  t.end();
});

t.test('a filter that this proxy does not have is refused, unless it is optional', (t) => {
  const unknown = { '@type': `${TYPE}.filters.http.nothing.v3.Nothing`, a: 1 };
  const known = { '@type': `${TYPE}.filters.http.header_mutation.v3.HeaderMutation` };
  t.match(refused(LISTENER, withFilter(known)), [/typed_config: HeaderMutation is not supported by Outrider/]);
  for (const config of [unknown, known]) t.equal(filtersOf(withFilter(config, { is_optional: true })).length, 1);
  t.throws(() => refused(LISTENER, withFilter(unknown)), /Nothing/);
  const broken = withFilter(typed('fault', { response_rate_limit: {} }), { is_optional: true });
  t.match(refused(LISTENER, broken).join(), /response_rate_limit/, 'what is known has to be honoured');
  t.end();
});

t.test('access rules are read with their policies in the order of their names', (t) => {
  const header = { name: 'X-A', string_match: { exact: '1' } };
  const config = typed('rbac', {
    rules: {
      action: 'DENY',
      policies: {
        b: { permissions: [{ any: true }], principals: [{ any: true }] },
        a: {
          permissions: [
            { and_rules: { rules: [{ header }, { not_rule: { url_path: { path: { prefix: '/a' } } } }] } },
            { or_rules: { rules: [{ destination_ip: { address_prefix: '10.0.0.0', prefix_len: 8 } }] } },
            { destination_port: 80 },
            { destination_port_range: { start: 1, end: 9 } },
            { requested_server_name: { suffix: '.test' } },
          ],
          principals: [
            { authenticated: {} },
            { authenticated: { principal_name: { exact: 'spiffe://a' } } },
            { source_ip: { address_prefix: '10.0.0.1', prefix_len: 32 } },
            { direct_remote_ip: { address_prefix: '::1', prefix_len: 128 } },
            { remote_ip: { address_prefix: '10.0.0.0', prefix_len: 8 } },
            { and_ids: { ids: [{ not_id: { header } }] } },
            { or_ids: { ids: [{ url_path: { path: { exact: '/' } } }] } },
          ],
        },
      },
    },
    shadow_rules: { action: 'LOG' },
    rules_stat_prefix: 'r',
    shadow_rules_stat_prefix: 's.',
    track_per_rule_stats: true,
  });
  const [first] = filtersOf(withFilter(config));
  const read = first!.config as RbacConfig;
  t.match(read, {
    kind: 'rbac',
    rules: { action: 'deny', policies: [{ name: 'a' }, { name: 'b' }] },
    shadowRules: { action: 'log', policies: [] },
    rulesStatPrefix: 'r.',
    shadowRulesStatPrefix: 's.',
    trackPerRuleStats: true,
  });
  const match = { name: 'x-a', test: { kind: 'string' } };
  t.match(read.rules!.policies[0], {
    permissions: [
      {
        kind: 'and',
        rules: [
          { kind: 'header', match },
          { kind: 'not', rule: { kind: 'path' } },
        ],
      },
      { kind: 'or', rules: [{ kind: 'address', of: 'local', range: '10.0.0.0/8' }] },
      { kind: 'port', start: 80, end: 81 },
      { kind: 'port', start: 1, end: 9 },
      { kind: 'server-name', match: { kind: 'suffix', value: '.test' } },
    ],
    principals: [
      { kind: 'authenticated', name: null },
      { kind: 'authenticated', name: { value: 'spiffe://a' } },
      { kind: 'address', of: 'source', range: '10.0.0.1/32' },
      { kind: 'address', of: 'direct', range: '::1/128' },
      { kind: 'address', of: 'remote', range: '10.0.0.0/8' },
      { kind: 'and', rules: [{ kind: 'not', rule: { kind: 'header', match } }] },
      { kind: 'or', rules: [{ kind: 'path', match: { kind: 'exact', value: '/' } }] },
    ],
  });
  t.end();
});

t.test('what is wrong with access rules, or not honoured, is told with its path', (t) => {
  const rules = (permission: Json, principal: Json = { any: true }): Json =>
    typed('rbac', { rules: { policies: { p: { permissions: [permission], principals: [principal] } } } });
  const at = 'rules.policies.p';
  const metadata = { filter: 'f', path: [{ key: 'k' }], value: { present_match: true } };
  t.match(problems(rules({ metadata })), [`${at}.permissions[0].metadata: metadata is not supported by Outrider`]);
  t.match(problems(rules({ any: true }, { not_id: { metadata } })), [
    /principals\[0\]\.not_id\.metadata: metadata is not/,
  ]);
  t.match(problems(rules({ destination_port_range: { start: 9, end: 9 } })), [
    /permissions\[0\]\.destination_port_range: \[9, 9\) holds no port/,
  ]);
  t.match(problems(rules({ destination_port: 70_000 })), [/permissions\[0\]\.destination_port: /]);
  t.match(problems(rules({ url_path: {} })).join(), /permissions\[0\]\.url_path/);
  const ip = { address_prefix: 'nowhere', prefix_len: 8 };
  t.match(problems(rules({ any: true }, { remote_ip: ip })), [/principals\[0\]\.remote_ip\.address_prefix: "nowhere"/]);
  const regex = { safe_regex: { regex: '(a+)+' } };
  t.match(problems(rules({ url_path: { path: regex } })), [/permissions\[0\]\.url_path\.path\.safe_regex\.regex: /]);
  t.match(problems(typed('rbac', { rules: { policies: { p: { principals: [{ any: true }] } } } })), [
    `${at}.permissions: at least one entry is required`,
  ]);
  t.match(problems(rules({})), [/permissions\[0\]: one of and_rules, .* is required/]);
  t.end();
});

t.test('faults are read with the runtime keys of Envoy where they have none', (t) => {
  const [first] = filtersOf(
    withFilter(
      typed('fault', {
        delay: { fixed_delay: '0.3s', percentage: { numerator: 5, denominator: 'TEN_THOUSAND' } },
        abort: { grpc_status: 5 },
        max_active_faults: 3,
        abort_percent_runtime: 'mine',
        upstream_cluster: 'c',
        downstream_nodes: ['n'],
        disable_downstream_cluster_stats: true,
      }),
    ),
  );
  t.match(first!.config, {
    delay: {
      fixedMs: 300,
      percentage: { numerator: 5, denominator: 10_000, runtimeKey: 'fault.http.delay.fixed_delay_percent' },
      durationRuntimeKey: 'fault.http.delay.fixed_duration_ms',
    },
    abort: {
      status: { kind: 'grpc', code: 5 },
      percentage: { numerator: 0, denominator: 100, runtimeKey: 'mine' },
      httpRuntimeKey: 'fault.http.abort.http_status',
      grpcRuntimeKey: 'fault.http.abort.grpc_status',
    },
    maxActiveFaults: 3,
    maxActiveFaultsRuntimeKey: 'fault.http.max_active_faults',
    upstreamCluster: 'c',
    downstreamNodes: ['n'],
  });
  const byHeader = typed('fault', { delay: { header_delay: {} }, abort: { header_abort: {} } });
  t.match(filtersOf(withFilter(byHeader))[0]!.config, {
    delay: { fixedMs: null },
    abort: { status: { kind: 'header' } },
  });
  t.match(problems(typed('fault', { response_rate_limit: { fixed_limit: { limit_kbps: 1 } } })), [
    'response_rate_limit: response_rate_limit is not supported by Outrider',
  ]);
  t.match(problems(typed('fault', { abort: { http_status: 600 } })), [/^abort\.http_status: /]);
  t.match(problems(typed('fault', { delay: { fixed_delay: '0s' } })), [/^delay\.fixed_delay: /]);
  t.end();
});

const BUCKET = { max_tokens: 5, tokens_per_fill: 2, fill_interval: '0.5s' };

t.test('local rate limits are read with the defaults of Envoy', (t) => {
  const read = (fields: Json) => filtersOf(withFilter(typed('limit', { stat_prefix: 'l', ...fields })))[0]!.config;
  t.match(read({}), {
    statPrefix: 'l',
    status: 429,
    bucket: null,
    enabled: null,
    enforced: null,
    alwaysConsumeDefault: true,
    perConnection: false,
    limitHeaders: false,
    resourceExhausted: false,
    stage: 0,
    virtualHostLimits: 'override',
  });
  t.match(read({ token_bucket: BUCKET }), { bucket: { maxTokens: 5, tokensPerFill: 2, fillIntervalMs: 500 } });
  t.match(read({ token_bucket: { max_tokens: 1, fill_interval: '1s' } }), { bucket: { tokensPerFill: 1 } });
  t.match(read({ status: { code: 'ServiceUnavailable' } }), { status: 503 });
  t.match(read({ status: { code: 'OK' } }), { status: 429 }, 'below 400 it would not look like a refusal');
  t.match(read({ filter_enabled: { default_value: { numerator: 7 }, runtime_key: 'k' } }), {
    enabled: { numerator: 7, denominator: 100, runtimeKey: 'k' },
  });
  const descriptor = { entries: [{ key: 'k', value: 'v' }], token_bucket: BUCKET };
  const full = { descriptors: [descriptor], always_consume_default_token_bucket: false, stage: 2 };
  t.match(read({ ...full, vh_rate_limits: 'INCLUDE', enable_x_ratelimit_headers: 'DRAFT_VERSION_03' }), {
    descriptors: [{ entries: [{ key: 'k', value: 'v' }], bucket: { maxTokens: 5 } }],
    alwaysConsumeDefault: false,
    stage: 2,
    virtualHostLimits: 'include',
    limitHeaders: true,
  });
  t.end();
});

t.test('what is wrong with a local rate limit is told with its path', (t) => {
  const wrong = (fields: Json) => problems(typed('limit', { stat_prefix: 'l', ...fields }));
  t.match(wrong({ token_bucket: { ...BUCKET, fill_interval: '0.049s' } }), [
    'token_bucket.fill_interval: fill_interval is 49 ms; at least 50 ms are needed',
  ]);
  t.match(wrong({ token_bucket: { ...BUCKET, max_tokens: 0 } }), [/^token_bucket\.max_tokens: /]);
  const descriptor = { entries: [{ key: 'k', value: 'v' }], token_bucket: BUCKET };
  t.match(wrong({ descriptors: [descriptor, descriptor] }), [
    'descriptors[1].entries: another descriptor has the same entries',
  ]);
  t.match(problems(typed('limit')), [/^stat_prefix: /]);
  const add = [{ header: { key: ':path', value: '/' } }];
  t.match(wrong({ response_headers_to_add: add }), [/^response_headers_to_add\[0\]\.header\.key: :path cannot be/]);
  t.end();
});

t.test('every level of a route table may say something about a filter', (t) => {
  const per = { typed_per_filter_config: { f: typed('rbacPerRoute') } };
  const weighted = { weighted_clusters: { clusters: [{ name: 'cart', weight: 1, ...per }] } };
  const json = { ...table([{ match: { prefix: '/' }, route: weighted, ...per }], per), ...per };
  const config = accepted(ROUTES, json);
  const [host] = config.virtualHosts;
  const { action, perFilter } = host!.routes[0]!;
  const cluster = action.kind === 'forward' && action.cluster.kind === 'weighted' ? action.cluster.clusters[0] : null;
  for (const level of [config.perFilter, host!.perFilter, perFilter, cluster!.perFilter])
    t.match(level, { f: { kind: 'rbac', rules: null, shadowRules: null } });
  t.end();
});

t.test('a level replaces settings, or switches', (t) => {
  const limit = { stat_prefix: 'l', token_bucket: BUCKET };
  t.match(
    hostSays({
      a: typed('fault', { abort: { http_status: 500 } }),
      b: typed('limit', limit),
      c: typed('corsPolicy', { allow_origin_string_match: [{ exact: 'o' }], allow_credentials: false }),
      d: { '@type': FILTER_CONFIG, disabled: true },
      e: { '@type': FILTER_CONFIG, config: {} },
      f: { '@type': FILTER_CONFIG, config: typed('fault') },
      g: { '@type': FILTER_CONFIG, is_optional: true, config: { '@type': 'type.googleapis.com/x.Y' } },
    }),
    {
      a: { kind: 'fault', abort: { status: { code: 500 } } },
      b: { kind: 'local-rate-limit', bucket: { maxTokens: 5 } },
      c: { kind: 'cors-policy', allowOrigins: [{ value: 'o' }], allowCredentials: false, maxAge: '' },
      d: { kind: 'disabled' },
      e: { kind: 'enabled' },
      f: { kind: 'fault', abort: null },
      g: undefined,
    },
  );
  t.end();
});

t.test('what a level says wrongly is told with its path', (t) => {
  const wrong = (config: Json) =>
    refused(ROUTES, hostWith({ 'a.b': config })).map((each) =>
      each.replace('virtual_hosts[0].typed_per_filter_config["a.b"]', ''),
    );
  t.match(wrong(typed('limit', { stat_prefix: 'l' })), [/^\.token_bucket: token_bucket is required where a route/]);
  t.match(wrong(typed('cors')), [
    /^: envoy\.extensions\.filters\.http\.cors\.v3\.Cors is nothing that a route can say/,
  ]);
  t.match(wrong({ '@type': FILTER_CONFIG }), [/^\.config: config or disabled is required/]);
  const mutation = { '@type': `${TYPE}.filters.http.header_mutation.v3.HeaderMutationPerRoute` };
  t.match(wrong(mutation), [/^: HeaderMutationPerRoute is not supported by Outrider/]);
  t.match(wrong({ '@type': FILTER_CONFIG, config: mutation }), [
    /^\.config: HeaderMutationPerRoute is not supported by Outrider/,
  ]);
  const broken = typed('rbacPerRoute', { rbac: { rules: { policies: { p: { permissions: [{ any: true }] } } } } });
  t.match(wrong(broken), [/^\.rbac\.rules\.policies\.p\.principals: /]);
  t.end();
});

t.test('rate limits of routes are read, and what they cannot be made of here is refused', (t) => {
  const withActions = (actions: Json[], more: Json = {}): Json =>
    table([{ match: { prefix: '/' }, route: { cluster: 'cart', rate_limits: [{ actions, ...more }] } }]);
  const actions = [
    { request_headers: { header_name: 'X-User', descriptor_key: 'user', skip_if_absent: true } },
    { remote_address: {} },
    { generic_key: { descriptor_value: 'v' } },
    { destination_cluster: {} },
    { masked_remote_address: { v4_prefix_mask_len: 24 } },
    { header_value_match: { descriptor_value: 'v', headers: [{ name: 'A', present_match: true }] } },
    {
      query_parameter_value_match: {
        descriptor_key: 'k',
        descriptor_value: 'v',
        expect_match: false,
        query_parameters: [{ name: 'q', present_match: true }],
      },
    },
  ];
  const { action } = accepted(ROUTES, withActions(actions, { stage: 1 })).virtualHosts[0]!.routes[0]!;
  t.match(action, {
    rateLimits: [
      {
        stage: 1,
        actions: [
          { kind: 'request-header', name: 'x-user', key: 'user', skipIfAbsent: true },
          { kind: 'remote-address' },
          { kind: 'generic-key', key: 'generic_key', value: 'v' },
          { kind: 'destination-cluster' },
          { kind: 'masked-remote-address', v4Bits: 24, v6Bits: 128 },
          { kind: 'header-match', key: 'header_match', expectMatch: true, headers: [{ name: 'a' }] },
          { kind: 'query-match', key: 'k', expectMatch: false, parameters: [{ name: 'q' }] },
        ],
      },
    ],
  });
  const at = /^virtual_hosts\[0\]\.routes\[0\]\.route\.rate_limits\[0\]/;
  const source = refused(ROUTES, withActions([{ source_cluster: {} }]));
  t.match(source, [/actions\[0\]\.source_cluster: source_cluster is not supported by Outrider/]);
  t.match(source, [at]);
  t.match(refused(ROUTES, withActions([{ remote_address: {} }], { disable_key: 'k' })), [/\.disable_key: /]);
  t.end();
});

t.test('the health check filter takes what Envoy takes', (t) => {
  const type = `${TYPE}.filters.http.health_check.v3.HealthCheck`;
  const percent = { c: { value: 33.4 } };
  const headers = [{ name: ':path', string_match: { exact: '/healthz' } }];
  const own = { '@type': type, pass_through_mode: false, cluster_min_healthy_percentages: percent, headers };
  t.match(filtersOf(withFilter(own))[0]!.config, {
    ...{ kind: 'health-check', passThrough: false, cacheTimeMs: 0 },
    clusters: [{ name: 'c', minHealthyPercent: 33 }],
    headers: [{ name: ':path' }],
  });
  const cached = { '@type': type, pass_through_mode: true, cache_time: '2s' };
  t.match(filtersOf(withFilter(cached))[0]!.config, { passThrough: true, cacheTimeMs: 2_000 });
  t.match(refused(LISTENER, withFilter({ ...cached, pass_through_mode: false })), [/cache_time: only answers of the/]);
  t.match(refused(LISTENER, withFilter({ ...own, pass_through_mode: true })), [/clusters are not looked at/]);
  t.match(refused(LISTENER, withFilter({ '@type': type })), [/pass_through_mode/]);
  t.end();
});
