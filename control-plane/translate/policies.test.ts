import t from 'tap';
import { inboundFilters } from './inbound-filters.ts';
import type { SidecarNode } from './node.ts';
import type { JsonObject } from './resource.ts';
import { find, NOBODY, route, SERVICES, stateOf } from './test-fixtures.ts';
import { nodeResources, sharedResources } from './translate.ts';

const document = (kind: string, name: string, spec: string) =>
  `---\napiVersion: outrider.dev/v1\nkind: ${kind}\nmetadata: {name: ${name}}\nspec: {${spec}}\n`;
const policy = (spec: string, service = 'cart') =>
  document('TrafficPolicy', service, `targetRef: {kind: Service, name: ${service}}, ${spec}`);
const cluster = (spec: string, dialect: 'sidecar' | 'grpc' = 'sidecar') =>
  find(sharedResources(stateOf(SERVICES + policy(spec)), NOBODY, dialect), 'CDS', 'cart');

/** The routes of service `cart` in the sidecars' table. */
function routes(text: string): readonly JsonObject[] {
  const table = find(sharedResources(stateOf(SERVICES + text), NOBODY, 'sidecar'), 'RDS', 'outbound');
  const hosts = table.virtual_hosts as readonly { readonly name: string; readonly routes: readonly JsonObject[] }[];
  return hosts.find(({ name }) => name === 'cart')!.routes;
}

const typed = (json: unknown, kind: string): unknown =>
  (json as { metadata: { typed_filter_metadata: JsonObject } }).metadata.typed_filter_metadata[
    `outrider.resilience.v1.${kind}`
  ];

t.test('a cluster without a policy has the defaults of the mesh, and a policy changes what it names', (t) => {
  const plain = find(sharedResources(stateOf(SERVICES), NOBODY, 'sidecar'), 'CDS', 'cart');
  const timed = cluster('timeouts: {connect: 250ms}');
  t.same({ ...timed, connect_timeout: '1s' }, plain);
  t.equal(timed.connect_timeout, '0.25s');
  const limited = cluster(
    'limits: {maxRequests: 7, maxPendingWait: 100ms, perInstance: {maxConnections: 2, maxRequests: 3}}',
  );
  t.match(limited.circuit_breakers, {
    thresholds: [{ max_requests: 7, max_connections: 1024, max_pending_requests: 128 }],
    per_host_thresholds: [{ max_connections: 2 }],
  });
  t.match(typed(limited, 'ClusterPolicy'), { max_pending_wait: '0.1s', max_requests_per_endpoint: 3 });
  t.same({ ...limited, circuit_breakers: 0, metadata: 0 }, { ...plain, circuit_breakers: 0, metadata: 0 });
  t.end();
});

t.test('our own sidecars try again what does no harm, Envoy and gRPC clients only what was never sent', (t) => {
  const plain = routes('').find(({ match }) => !(match as JsonObject).grpc)!;
  t.match(plain.route, { retry_policy: { retry_on: 'connect-failure,refused-stream,reset-before-request' } });
  t.match(typed(plain, 'RoutePolicy'), {
    safe_retries: { retry_on: '5xx' },
    propagate_deadline: true,
    timeout_spares_streams: true,
  });
  t.match(typed(cluster('timeouts: {connect: 1s}'), 'ClusterPolicy'), {
    retry_budget: { percent: 20, window: '10s', min_retries_per_second: 3 },
  });
  const own = routes(
    policy('retries: {on: [reset], idempotencyHeaders: [x-key]}, timeouts: {propagateDeadline: false}'),
  );
  t.match(typed(own.at(-1), 'RoutePolicy'), {
    safe_retries: { retry_on: undefined, idempotency_headers: ['x-key'] },
    propagate_deadline: false,
  });
  const grpc = find(sharedResources(stateOf(SERVICES), NOBODY, 'grpc'), 'RDS', 'cart');
  t.notMatch(JSON.stringify(grpc), /outrider|retry/);
  t.end();
});

t.test('balancers, slow start and outlier detection', (t) => {
  t.match(cluster('loadBalancing: {policy: PeakEwma, slowStart: {window: 10s, successes: 20}}'), {
    lb_policy: 'LOAD_BALANCING_POLICY_CONFIG',
    load_balancing_policy: {
      policies: [
        {
          typed_extension_config: {
            typed_config: { '@type': /outrider.lb.v1.PeakEwma$/, slow_start_config: { slow_start_window: '10s' } },
          },
        },
      ],
    },
  });
  t.match(cluster('loadBalancing: {policy: RoundRobin, slowStart: {window: 0s}}'), {
    lb_policy: 'ROUND_ROBIN',
    round_robin_lb_config: { slow_start_config: undefined },
  });
  t.match(cluster('loadBalancing: {policy: Maglev, hash: [{header: a}], boundedLoad: 150, localityWeighted: true}'), {
    lb_policy: 'MAGLEV',
    common_lb_config: { consistent_hashing_lb_config: { hash_balance_factor: 150 }, locality_weighted_lb_config: {} },
  });
  t.match(cluster('loadBalancing: {subsets: [{keys: [version], fallback: NoFallback}]}'), {
    lb_policy: 'LEAST_REQUEST',
    lb_subset_config: {
      fallback_policy: 'ANY_ENDPOINT',
      subset_selectors: [{ keys: ['version'], fallback_policy: 'NO_FALLBACK' }],
    },
  });
  t.match(
    cluster('outlierDetection: {consecutiveErrors: 3, maxPercent: 20, successRate: {minPercent: 95}, keepLast: true}'),
    {
      outlier_detection: {
        consecutive_gateway_failure: 3,
        max_ejection_percent: 20,
        failure_percentage_threshold: 5,
        interval: '10s',
      },
    },
  );
  t.match(typed(cluster('outlierDetection: {probe: false}'), 'ClusterPolicy'), {
    ejection: { keep_last: true, exponential: true, probe: false },
    slow_start_successes: 50,
  });
  t.notOk(cluster('outlierDetection: {enabled: false}').outlier_detection);
  const client = cluster('loadBalancing: {policy: PeakEwma}, retries: {budget: {percent: 5}}', 'grpc');
  t.match(client, { lb_policy: 'ROUND_ROBIN' }, 'a gRPC client gets what it knows');
  t.notOk(client.metadata);
  t.end();
});

t.test(
  'time limits, retries and hash policies stand on every route of the service, and a rule has the last word',
  (t) => {
    const text =
      policy(`timeouts: {request: 3s, idle: 1m}, loadBalancing: {policy: RingHash, hash: [{cookie: {name: c, ttl: 0s}}]},
    retries: {attempts: 2, on: [reset, 503], perTryTimeout: 1s, backoff: {base: 10ms}, budget: {percent: 5}, idempotencyHeaders: [X-Id]}`);
    const [only, ...others] = routes(text);
    t.match(only, {
      route: {
        timeout: '3s',
        idle_timeout: '60s',
        hash_policy: [{ cookie: { name: 'c', ttl: '0s' } }],
        retry_policy: {
          retry_on: 'reset,retriable-status-codes',
          retriable_status_codes: [503],
          num_retries: 2,
          per_try_timeout: '1s',
          retry_back_off: { base_interval: '0.01s', max_interval: '0.1s' },
          host_selection_retry_max_attempts: 3,
        },
      },
    });
    t.match(typed(only, 'RoutePolicy'), { safe_retries: { idempotency_headers: ['x-id'] } });
    t.same(others, []);
    const rule =
      '{backendRefs: [{name: cart}], timeouts: {request: 1s, backendRequest: 200ms}, retry: {attempts: 1, codes: [500]}}';
    t.match(routes(text + route('r', rule)), [
      {
        route: {
          timeout: '1s',
          idle_timeout: '60s',
          retry_policy: {
            retry_on: /^connect-failure.*,retriable-status-codes$/,
            retriable_status_codes: [500],
            num_retries: 1,
            per_try_timeout: '0.2s',
          },
        },
      },
    ]);
    t.match(
      typed(routes(route('r', rule))[0], 'RoutePolicy'),
      { safe_retries: {} },
      'whoever asks for retries gets safe ones',
    );
    t.match(typed(cluster('retries: {budget: {percent: 5, minPerSecond: 1}}'), 'ClusterPolicy'), {
      retry_budget: { percent: 5, min_retries_per_second: 1 },
    });
    t.end();
  },
);

t.test('a session is a hash cookie, in front of what the balancer hashes', (t) => {
  const hashing = policy('loadBalancing: {policy: Maglev, hash: [{header: x-user}]}');
  const rule =
    '{backendRefs: [{name: cart}], sessionPersistence: {sessionName: s, absoluteTimeout: 1h, cookieConfig: {lifetimeType: Permanent}}}';
  t.match(routes(hashing + route('r', rule)), [
    {
      route: {
        hash_policy: [
          { cookie: { name: 's', ttl: '3600s', path: '/' }, terminal: true },
          { header: { header_name: 'x-user' } },
        ],
      },
    },
  ]);
  t.throws(() => routes(route('r', rule)), /needs a TrafficPolicy with loadBalancing.policy RingHash or Maglev/);
  t.end();
});

t.test('a request breaker makes a route of its own in front of each that it concerns', (t) => {
  const text = policy(
    `requestBreakers: [{template: 'GET /products/{id}', shared: true, breaker: {failurePercent: 30}}, {route: r}, {template: /never}]`,
  );
  const table = routes(
    `${text}${route('r', '{matches: [{headers: [{name: x, value: y}]}], backendRefs: [{name: cart}]}')}${route('s', '{backendRefs: [{name: orders}]}')}`,
  );
  t.match(table, [
    {
      name: 'r/0',
      match: {
        prefix: '/',
        headers: [
          { name: ':method', string_match: { exact: 'GET' } },
          { name: ':path', string_match: { safe_regex: { regex: '/products/[^/?]+(?:\\?.*)?' } } },
          { name: 'x' },
        ],
      },
      metadata: {
        typed_filter_metadata: {
          'outrider.resilience.v1.RoutePolicy': {
            request_breaker: { name: 'cart/GET /products/{id}', shared: true, breaker: { failure_percent: 30 } },
          },
        },
      },
    },
    {
      name: 'r/0',
      match: { headers: [{ name: 'x' }] },
      metadata: {
        typed_filter_metadata: { 'outrider.resilience.v1.RoutePolicy': { request_breaker: { name: 'cart/r' } } },
      },
    },
    { name: 's/0', match: { headers: [{ name: ':method' }, { name: ':path' }] } },
    { name: 's/0', match: { headers: [{ name: ':path' }] } },
    { name: 's/0', match: { prefix: '/', headers: undefined } },
  ]);
  t.equal(table.length, 5);
  t.end();
});

const NODE: SidecarNode = {
  kind: 'sidecar',
  id: 'cart-0',
  workload: 'cart',
  services: ['cart'],
  version: 'v1',
  outboundPort: 4001,
  inboundPort: 4002,
  appPort: 4003,
};

t.test('what a service says of its own sidecars becomes filters of their inbound listeners, in a fixed order', (t) => {
  const fault = document(
    'FaultPolicy',
    'slow',
    `targetRef: {kind: Service, name: cart}, for: 5m, match: {method: GET, path: {value: /a.b}}, delay: {duration: 1s, percent: 0.5}, abort: {grpcStatus: UNAVAILABLE}`,
  );
  const state = stateOf(
    SERVICES +
      policy(
        `inbound: {adaptiveLimit: {}, deadline: true, rateLimit: {requestsPerSecond: 0.5}, quotas: [{requestsPerSecond: 10, perHeader: x-tenant}]}`,
      ) +
      fault,
  );
  const filters = inboundFilters(state, NODE);
  t.match(filters, [
    { name: 'outrider.filters.http.deadline' },
    {
      name: 'envoy.filters.http.local_ratelimit',
      typed_config: { token_bucket: { max_tokens: 1, tokens_per_fill: 1, fill_interval: '2s' } },
    },
    {
      name: 'outrider.filters.http.quota',
      typed_config: { service: 'cart', limits: [{ name: 'default', requests_per_second: 10, per_header: 'x-tenant' }] },
    },
    { name: 'outrider.filters.http.adaptive_limit' },
    {
      name: 'outrider.filters.http.expiring_fault',
      typed_config: {
        expires_at: '1970-01-01T00:05:00.000Z',
        fault: {
          headers: [
            { name: ':method' },
            { name: ':path', string_match: { safe_regex: { regex: '(?:/a\\.b)(?:[/?].*)?' } } },
          ],
          delay: { fixed_delay: '1s', percentage: { numerator: 5000, denominator: 'MILLION' } },
          abort: { grpc_status: 14, percentage: { numerator: 1_000_000 } },
        },
      },
    },
  ]);
  t.equal(filters.length, 5);
  t.match(
    JSON.stringify(find(nodeResources(state, new Map(), NODE), 'LDS', 'inbound')),
    /adaptive_limit.*expiring_fault.*router/,
  );
  const byDefault = inboundFilters(state, { ...NODE, services: ['orders'] });
  t.match(byDefault, [
    { name: 'outrider.filters.http.deadline', is_optional: true },
    {
      name: 'outrider.filters.http.adaptive_limit',
      typed_config: { initial_limit: 64, min_limit: 64, max_limit: 1_000, max_queue: 256, max_wait: '5s' },
      is_optional: true,
    },
  ]);
  t.equal(byDefault.length, 2);
  const changed = stateOf(SERVICES + policy(`inbound: {deadline: false, adaptiveLimit: {max: 50}}`));
  const { '@type': _, ...settings } = inboundFilters(changed, NODE)[0]!.typed_config as Record<string, unknown>;
  t.same(settings, { max_limit: 50, max_queue: 256, max_wait: '5s' }, 'what is left out follows');
  t.end();
});

t.test('mirrors, CORS and edits of one backend', (t) => {
  const rule = `{filters: [{type: RequestMirror, requestMirror: {backendRef: {name: orders}}}, {type: RequestMirror, requestMirror: {backendRef: {name: shop}, percent: 5}},
      {type: RequestMirror, requestMirror: {backendRef: {name: shop}, fraction: {numerator: 1, denominator: 3}}},
      {type: CORS, cors: {allowOrigins: ['https://a.b', 'https://*.a.b'], allowMethods: [GET, PUT]}}],
    backendRefs: [{name: cart, filters: [{type: ResponseHeaderModifier, responseHeaderModifier: {remove: [server]}}]}]}`;
  t.match(routes(route('r', rule)), [
    {
      route: {
        request_mirror_policies: [
          { cluster: 'orders', runtime_fraction: undefined },
          { cluster: 'shop', runtime_fraction: { default_value: { numerator: 5, denominator: 'HUNDRED' } } },
          { cluster: 'shop', runtime_fraction: { default_value: { numerator: 333_333, denominator: 'MILLION' } } },
        ],
        weighted_clusters: { clusters: [{ name: 'cart', weight: 1, response_headers_to_remove: ['server'] }] },
      },
      typed_per_filter_config: {
        'envoy.filters.http.cors': {
          allow_origin_string_match: [{ exact: 'https://a.b' }, { safe_regex: { regex: 'https://[^/]+\\.a\\.b' } }],
          allow_methods: 'GET, PUT',
        },
      },
    },
  ]);
  const outbound = (text: string) =>
    JSON.stringify(find(nodeResources(stateOf(SERVICES + text), new Map(), NODE), 'LDS', 'outbound'));
  t.match(outbound(route('r', rule)), /http\.cors.*http\.router/);
  t.notMatch(outbound(''), /http\.cors/);
  t.end();
});

t.test(
  'connections to a service of bytes go where its TCPRoute sends them, from a published port and through a tunnel',
  (t) => {
    const mail = `services:
  mail: {command: x, ports: ['2525:25'], x-outrider: {protocol: tcp}}
  mail-v2: {command: x, x-outrider: {protocol: tcp}}
  web: {command: x}
`;
    const tcp = (rules: string, parent = 'mail') => mail + route('m', rules, parent, 'TCPRoute');
    const state = stateOf(tcp('{backendRefs: [{name: mail, weight: 9}, {name: mail-v2, weight: 1}]}'));
    const clusters = {
      clusters: [
        { name: 'mail', weight: 9 },
        { name: 'mail-v2', weight: 1 },
      ],
    };
    const table = find(sharedResources(state, NOBODY, 'sidecar'), 'RDS', 'outbound');
    t.match(table, {
      virtual_hosts: [
        {
          name: 'mail',
          routes: [
            {
              match: { connect_matcher: {} },
              route: {
                weighted_clusters: clusters,
                upgrade_configs: [{ upgrade_type: 'CONNECT', connect_config: {} }],
              },
            },
            {},
          ],
        },
        { name: 'mail-v2', routes: [{ route: { cluster: 'mail-v2' } }, {}] },
        {},
      ],
    });
    const node = { ...NODE, workload: 'mail', services: ['mail'] };
    const published = find(nodeResources(state, new Map(), node), 'LDS', 'published-2525');
    t.match(published, {
      filter_chains: [{ filters: [{ typed_config: { weighted_clusters: clusters, cluster: undefined } }] }],
    });
    t.throws(() => stateOf(tcp('{backendRefs: [{name: mail}]}', 'web')), /a TCPRoute is for services with x-outrider/);
    t.throws(() => stateOf(tcp('{backendRefs: [{name: mail, weight: 0}]}')), /no backend with a weight above 0/);
    t.throws(() => stateOf(tcp('{backendRefs: [{name: mail}]}, {backendRefs: [{name: mail}]}')), /never reached/);
    t.end();
  },
);
