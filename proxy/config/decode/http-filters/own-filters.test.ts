import t from 'tap';
import type { HttpConnectionManagerConfig } from '../../model/listener.ts';
import { accepted, type Json, LISTENER, listener, manager, ROUTER, ROUTES, refused, table } from '../test-fixtures.ts';

const OWN = 'type.googleapis.com/outrider.filters.http.v1.';
/** As the fixtures have it. */
const NOW_MS = Date.UTC(2030, 0, 1);

function chainOf(...configs: readonly Json[]): Json {
  const filters = configs.map((typed_config, i) => ({ name: `f${i}`, typed_config }));
  return listener([{ filters: [manager({ http_filters: [...filters, ROUTER] })] }]);
}

function read(message: string, fields: Json = {}) {
  const { network } = accepted(LISTENER, chainOf({ '@type': OWN + message, ...fields })).filterChains[0]!;
  return (network as HttpConnectionManagerConfig).httpFilters[0]!.config;
}

const PLACE = 'filter_chains[0].filters[0].typed_config.http_filters[0].typed_config.';

/** What is wrong, with paths below the typed_config. */
function problems(message: string, fields: Json): string[] {
  return refused(LISTENER, chainOf({ '@type': OWN + message, ...fields })).map((each) => each.replace(PLACE, ''));
}

t.test('an adaptive limit has defaults, which bounds move', (t) => {
  t.same(read('AdaptiveLimit'), {
    kind: 'adaptive-limit',
    initialLimit: 20,
    minLimit: 10,
    maxLimit: 1_000,
    tolerance: 1.5,
    maxQueue: 0,
    maxWaitMs: 100,
    priorityHeader: 'x-outrider-priority',
    exempt: [],
  });
  t.match(read('AdaptiveLimit', { max_limit: 5 }), { initialLimit: 5, minLimit: 5, maxLimit: 5 });
  t.match(read('AdaptiveLimit', { min_limit: 2_000 }), { initialLimit: 2_000, minLimit: 2_000, maxLimit: 2_000 });
  t.match(read('AdaptiveLimit', { initial_limit: 3 }), { initialLimit: 3, minLimit: 3, maxLimit: 1_000 });
  const exempt = [{ name: ':path', string_match: { prefix: '/health' } }];
  const more = { tolerance: 2, max_queue: 8, max_wait: '0.5s', priority_header: 'X-Prio', exempt };
  t.match(read('AdaptiveLimit', more), { tolerance: 2, maxQueue: 8, maxWaitMs: 500, priorityHeader: 'x-prio' });
  t.end();
});

t.test('limits that contradict each other are refused', (t) => {
  const cases: readonly [Json, RegExp][] = [
    [{ min_limit: 5, max_limit: 4 }, /^min_limit: min_limit is 5, above max_limit, which is 4/],
    [{ initial_limit: 30, max_limit: 20 }, /^initial_limit: initial_limit is 30; it lies between min_limit, 10, and/],
    [{ tolerance: 0.5 }, /^tolerance: tolerance is 0.5; it is at least 1/],
    [{ max_queue: 2_000 }, /^max_queue: max_queue is 2000; at most 1024/],
    [{ max_queue: 1, max_wait: '0s' }, /^max_wait: /],
    [{ priority_header: 'a b' }, /^priority_header: "a b" is no name/],
  ];
  for (const [fields, problem] of cases) {
    const found = problems('AdaptiveLimit', fields);
    t.equal(found.length, 1);
    t.match(found[0], problem);
  }
  const twice = chainOf(
    { '@type': `${OWN}AdaptiveLimit` },
    { '@type': `${OWN}Deadline` },
    { '@type': `${OWN}AdaptiveLimit` },
  );
  t.match(refused(LISTENER, twice), [/http_filters\[2\]: a second adaptive limit would count every request again/]);
  t.end();
});

t.test('a quota names its service and its limits', (t) => {
  const limits = [
    { name: 'all', requests_per_second: 100 },
    { name: 'user', requests_per_second: 5, burst: 20, per_header: 'X-User', max_values: 9 },
    { name: 'caller', requests_per_second: 5, per_caller: true, headers: [{ name: 'x-a', present_match: true }] },
  ];
  const { service, limits: decoded } = read('Quota', { service: 'cart', limits }) as never as Record<string, Json[]>;
  t.equal(service, 'cart');
  t.match(decoded, [
    { name: 'all', per: { kind: 'all' }, requestsPerSecond: 100, burst: 100, maxValues: 1_024, headers: [] },
    { name: 'user', per: { kind: 'header', name: 'x-user' }, burst: 20, maxValues: 9 },
    { name: 'caller', per: { kind: 'caller' }, burst: 5, headers: [{ name: 'x-a' }] },
  ]);
  t.match(problems('Quota', {}), [/^service: /, /^limits: /]);
  const wrong = [
    { name: 'a', requests_per_second: 1 },
    { name: 'a', requests_per_second: -1, burst: -1, per_caller: true, per_header: 'x' },
  ];
  t.match(problems('Quota', { service: 's', limits: wrong }), [
    /^limits\[1\]\.name: /,
    /^limits\[1\]\.requests_per_second: requests_per_second is -1/,
    /^limits\[1\]\.burst: /,
    /^limits\[1\]\.per_caller: /,
  ]);
  t.end();
});

t.test('faults that expire say when, and no more than a day ahead', (t) => {
  const fault = { abort: { http_status: 503, percentage: { numerator: 100 } } };
  const at = (ms: number) => new Date(NOW_MS + ms).toISOString();
  t.match(read('ExpiringFault', { fault, expires_at: at(3_600_000) }), {
    kind: 'expiring-fault',
    expiresAtMs: NOW_MS + 3_600_000,
    fault: { kind: 'fault', abort: { status: { kind: 'http', code: 503 } } },
  });
  t.match(read('ExpiringFault', { fault, expires_at: at(-1) }), { expiresAtMs: NOW_MS - 1 }, 'it may be pushed again');
  t.match(problems('ExpiringFault', { fault }), [/^expires_at: expires_at is required/]);
  t.match(problems('ExpiringFault', { expires_at: at(1) }), [/^fault: fault is required/]);
  t.match(problems('ExpiringFault', { fault, expires_at: at(25 * 3_600_000) }), [/^expires_at: .* more than 24 hours/]);
  const unhonoured = { ...fault, response_rate_limit: { fixed_limit: { limit_kbps: 1 } } };
  t.match(problems('ExpiringFault', { fault: unhonoured, expires_at: at(1) })[0], /^fault\.response_rate_limit/);
  t.end();
});

t.test('routes may have faults that expire and quotas of their own, and switch the rest off', (t) => {
  const expiring = { '@type': `${OWN}ExpiringFault`, fault: {}, expires_at: new Date(NOW_MS).toISOString() };
  const limits = [{ name: 'all', requests_per_second: 1 }];
  const quota = { '@type': `${OWN}Quota`, service: 's', limits };
  const disabled = { '@type': 'type.googleapis.com/envoy.config.route.v3.FilterConfig', disabled: true };
  const routes = [{ match: { prefix: '/' }, route: { cluster: 'cart' } }];
  const says = (perFilter: Json) => table(routes, { typed_per_filter_config: perFilter });
  const { perFilter } = accepted(ROUTES, says({ a: expiring, b: quota, c: disabled })).virtualHosts[0]!;
  t.match(perFilter, { a: { kind: 'expiring-fault' }, b: { kind: 'quota' }, c: { kind: 'disabled' } });
  t.match(refused(ROUTES, says({ a: { '@type': `${OWN}AdaptiveLimit` } })), [/nothing that a route can say/]);
  t.end();
});

t.test('who calls may be an entry of a descriptor, as Envoy writes it; other expressions are refused', (t) => {
  const type = 'type.googleapis.com/envoy.extensions.rate_limit_descriptors.expr.v3.Descriptor';
  const reading = (config: Json) => {
    const extension = { name: 'envoy.rate_limit_descriptors.expr', typed_config: config };
    return table([{ match: { prefix: '/' }, route: { cluster: 'cart', rate_limits: [{ actions: [{ extension }] }] } }]);
  };
  const expression = { '@type': type, descriptor_key: 'caller', text: 'connection.uri_san_peer_certificate' };
  const { action } = accepted(ROUTES, reading({ ...expression, skip_if_error: true })).virtualHosts[0]!.routes[0]!;
  const entry = { kind: 'peer-certificate', name: 'uri', key: 'caller', skipIfAbsent: true };
  t.match(action, { rateLimits: [{ actions: [entry] }] });
  t.match(refused(ROUTES, reading({ ...expression, text: 'request.path' })), [
    /extension\.typed_config\.text: "request\.path" is no expression that is understood here: connection\.uri_san/,
  ]);
  t.match(refused(ROUTES, reading({ '@type': `${OWN}Deadline` })), [/extension\.typed_config: .*Deadline makes no/]);
  t.end();
});
