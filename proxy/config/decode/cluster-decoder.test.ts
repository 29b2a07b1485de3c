import t from 'tap';
import { Cluster } from '../../../protos/gen/envoy/config/cluster/v3/cluster.ts';
import { decodeResource } from './resource-decoder.ts';
import { accepted, CLUSTER, ENDPOINTS, type Json, refused, SOURCES, TYPE } from './test-fixtures.ts';

t.test('a cluster with nothing but a name has Envoy’s defaults', (t) => {
  t.match(accepted(CLUSTER, { name: 'c' }), {
    statName: 'c',
    discovery: { kind: 'static', endpoints: { name: 'c', localities: [], overprovisioningFactor: 140 } },
    connectTimeoutMs: 5_000,
    lbPolicy: { kind: 'round-robin' },
    slowStart: null,
    panicThresholdPercent: 50,
    limits: {
      default: {
        maxConnections: 1_024,
        maxPendingRequests: 1_024,
        maxRequests: 1_024,
        maxRetries: 3,
        retryBudget: null,
      },
    },
    outlier: null,
    protocol: 'http1',
    poolIdleTimeoutMs: 3_600_000,
  });
  t.match(accepted(CLUSTER, { name: 'c', outlier_detection: {} }).outlier, {
    consecutive5xx: 5,
    intervalMs: 10_000,
    baseEjectionTimeMs: 30_000,
    maxEjectionTimeMs: 300_000,
    maxEjectionPercent: 10,
    enforcingConsecutiveGatewayFailure: 0,
    successRateStdevFactor: 1_900,
  });
  t.end();
});

t.test('limits are by priority, and connections by endpoint as well', (t) => {
  const circuit_breakers = {
    thresholds: [{ max_requests: 1 }, { priority: 'HIGH', max_requests: 2, track_remaining: true }],
    per_host_thresholds: [{ max_connections: 3 }],
  };
  t.match(accepted(CLUSTER, { name: 'c', circuit_breakers }), {
    limits: { default: { maxRequests: 1 }, high: { maxRequests: 2, trackRemaining: true, maxConnections: 1_024 } },
    maxConnectionsPerHost: { default: 3, high: Number.POSITIVE_INFINITY },
  });
  const perHost = { per_host_thresholds: [{ max_connections: 3, max_requests: 1 }] };
  t.match(refused(CLUSTER, { name: 'c', circuit_breakers: perHost }), [
    /^circuit_breakers.per_host_thresholds\[0\]: only max_connections is limited per host/,
  ]);
  t.end();
});

t.test('a cluster is divided by the labels of its endpoints', (t) => {
  const divided = (config: Json) => ({ name: 'c', lb_subset_config: config });
  t.equal(accepted(CLUSTER, divided({ fallback_policy: 'ANY_ENDPOINT' })).subsets, null, 'without selectors it is not');
  const config = {
    fallback_policy: 'DEFAULT_SUBSET',
    default_subset: { stage: 'prod' },
    subset_selectors: [
      { keys: ['version', 'stage'], fallback_policy: 'KEYS_SUBSET', fallback_keys_subset: ['stage'] },
      { keys: ['stage'], single_host_per_subset: true },
    ],
    list_as_any: true,
  };
  t.match(accepted(CLUSTER, divided(config)).subsets, {
    fallback: 'default',
    defaultSubset: { stage: '"prod"' },
    selectors: [
      { keys: ['stage', 'version'], singleHost: false, fallback: 'keys', fallbackKeys: ['stage'] },
      { keys: ['stage'], singleHost: true, fallback: null },
    ],
    listAsAny: true,
    panicModeAny: false,
  });
  const wrong = [
    { keys: ['a', 'b'], single_host_per_subset: true },
    { keys: ['a'], fallback_policy: 'KEYS_SUBSET' },
    { keys: ['a', 'b'], fallback_policy: 'KEYS_SUBSET', fallback_keys_subset: ['c'] },
    { keys: ['a', 'b'], fallback_policy: 'KEYS_SUBSET', fallback_keys_subset: ['b', 'a'] },
    { keys: ['a'], fallback_keys_subset: ['a'] },
  ];
  t.match(refused(CLUSTER, divided({ subset_selectors: wrong })), [
    /subset_selectors\[0\].single_host_per_subset: it needs exactly one key, and there are 2/,
    /\[1\].fallback_keys_subset: KEYS_SUBSET needs/,
    /\[2\].fallback_keys_subset: c is none of the keys/,
    /\[3\].fallback_keys_subset: these are all keys/,
    /\[4\].fallback_keys_subset: only KEYS_SUBSET/,
  ]);
  t.end();
});

t.test('localities share traffic by weight or by zone', (t) => {
  const zones = { kind: 'zone-aware', percent: 100, minClusterSize: 6, failTrafficOnPanic: false };
  t.same(accepted(CLUSTER, { name: 'c' }).localities, zones);
  const common = (config: Json) => accepted(CLUSTER, { name: 'c', common_lb_config: config }).localities;
  t.same(common({ locality_weighted_lb_config: {} }), { kind: 'weighted' });
  t.same(common({ zone_aware_lb_config: { routing_enabled: { value: 50 }, min_cluster_size: 3 } }), {
    ...zones,
    percent: 50,
    minClusterSize: 3,
  });
  const policy = (type: string, config: Json) => {
    const typed_config = { '@type': `${TYPE}.load_balancing_policies.${type}`, ...config };
    return { load_balancing_policy: { policies: [{ typed_extension_config: { name: 'p', typed_config } }] } };
  };
  const within = { locality_lb_config: { locality_weighted_lb_config: {} } };
  for (const type of ['round_robin.v3.RoundRobin', 'least_request.v3.LeastRequest', 'random.v3.Random']) {
    t.same(accepted(CLUSTER, { name: 'c', ...policy(type, within) }).localities, { kind: 'weighted' }, type);
  }
  const ring = policy('ring_hash.v3.RingHash', { locality_weighted_lb_config: {} });
  t.same(accepted(CLUSTER, { name: 'c', ...ring }).localities, { kind: 'weighted' });
  t.match(
    refused(CLUSTER, {
      name: 'c',
      ...ring,
      lb_subset_config: {},
      common_lb_config: { locality_weighted_lb_config: {}, consistent_hashing_lb_config: {} },
    }),
    [
      /^lb_subset_config: it cannot be combined/,
      /^common_lb_config.consistent_hashing_lb_config: /,
      /^common_lb_config.locality_weighted_lb_config: /,
    ],
  );
  t.end();
});

t.test('hashing policies have the same options in both places', (t) => {
  const ring = { kind: 'ring-hash', minimumSize: 1_024, maximumSize: 8_388_608, useHostname: false, boundPercent: 0 };
  t.same(accepted(CLUSTER, { name: 'c', lb_policy: 'RING_HASH' }).lbPolicy, ring);
  const maglev = { kind: 'maglev', tableSize: 65_537, useHostname: true, boundPercent: 150 };
  const hashing = { use_hostname_for_hashing: true, hash_balance_factor: 150 };
  t.same(
    accepted(CLUSTER, { name: 'c', lb_policy: 'MAGLEV', common_lb_config: { consistent_hashing_lb_config: hashing } })
      .lbPolicy,
    maglev,
  );
  const extension = (type: string, config: Json) => ({
    name: 'c',
    load_balancing_policy: {
      policies: [
        {
          typed_extension_config: {
            name: type,
            typed_config: { '@type': `${TYPE}.load_balancing_policies.${type}`, ...config },
          },
        },
      ],
    },
  });
  const sizes = { minimum_ring_size: 10, maximum_ring_size: 20 };
  t.same(accepted(CLUSTER, extension('ring_hash.v3.RingHash', sizes)).lbPolicy, {
    ...ring,
    minimumSize: 10,
    maximumSize: 20,
  });
  t.same(accepted(CLUSTER, extension('maglev.v3.Maglev', { consistent_hashing_lb_config: hashing })).lbPolicy, maglev);
  t.match(refused(CLUSTER, { name: 'c', lb_policy: 'MAGLEV', maglev_lb_config: { table_size: 65_536 } }), [
    /table_size: 65536 is no prime number/,
  ]);
  t.match(
    refused(CLUSTER, { name: 'c', lb_policy: 'RING_HASH', ring_hash_lb_config: { ...sizes, minimum_ring_size: 30 } }),
    [/minimum_ring_size 30 is greater than maximum_ring_size 20/],
  );
  t.match(
    refused(CLUSTER, { name: 'c', lb_policy: 'RING_HASH', ring_hash_lb_config: { hash_function: 'MURMUR_HASH_2' } }),
    [/ring_hash_lb_config.hash_function/],
  );
  t.end();
});

t.test('clusters find their endpoints in four ways', (t) => {
  const endpoints = (address: string) => ({
    cluster_name: 'c',
    endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address, port_value: 1 } } } }] }],
  });
  t.match(accepted(CLUSTER, { name: 'c', load_assignment: endpoints('::1') }).discovery, { kind: 'static' });
  t.match(refused(CLUSTER, { name: 'c', load_assignment: endpoints('db') }), [
    /"db" is no IP address; a host name needs a cluster of type STRICT_DNS/,
  ]);
  t.match(
    accepted(CLUSTER, { name: 'c', type: 'STRICT_DNS', load_assignment: endpoints('db'), dns_lookup_family: 'V4_ONLY' })
      .discovery,
    {
      kind: 'strict-dns',
      refreshMs: 5_000,
      family: 'v4-only',
    },
  );
  t.match(refused(CLUSTER, { name: 'c', type: 'LOGICAL_DNS' }), [/LOGICAL_DNS has exactly one endpoint/]);
  t.same(accepted(CLUSTER, { name: 'c', type: 'EDS', eds_cluster_config: { eds_config: { ads: {} } } }).discovery, {
    kind: 'eds',
    serviceName: 'c',
    file: null,
    fetchTimeoutMs: 15_000,
  });
  const patient = { ads: {}, initial_fetch_timeout: '0s' };
  t.match(accepted(CLUSTER, { name: 'c', type: 'EDS', eds_cluster_config: { eds_config: patient } }).discovery, {
    fetchTimeoutMs: 0,
  });
  t.match(refused(CLUSTER, { name: 'c', type: 'EDS' }), [/a cluster of type EDS needs eds_cluster_config/]);
  const original = { name: 'c', type: 'ORIGINAL_DST', lb_policy: 'CLUSTER_PROVIDED' };
  t.same(accepted(CLUSTER, original).discovery, { kind: 'original-dst', portOverride: null, cleanupMs: 5_000 });
  const more = { original_dst_lb_config: { upstream_port_override: 15006 }, cleanup_interval: '9s' };
  t.match(accepted(CLUSTER, { ...original, ...more }).discovery, { portOverride: 15006, cleanupMs: 9_000 });
  t.match(refused(CLUSTER, { ...original, lb_policy: 'RANDOM' }), [/^lb_policy: .* needs lb_policy CLUSTER_PROVIDED/]);
  t.match(refused(CLUSTER, { ...original, load_assignment: endpoints('::1') }), [/^load_assignment: .* by itself/]);
  const byHeader = { original_dst_lb_config: { use_http_header: true } };
  t.match(refused(CLUSTER, { ...original, ...byHeader }), [/use_http_header is not supported/]);
  t.end();
});

t.test('a load balancing policy is the first of the list that is known', (t) => {
  const policy = (type: string, more: Json = {}) => ({
    typed_extension_config: { name: 'p', typed_config: { '@type': type, ...more } },
  });
  const base = `${TYPE}.load_balancing_policies`;
  const least = policy(`${base}.least_request.v3.LeastRequest`, {
    choice_count: 3,
    slow_start_config: { slow_start_window: '30s' },
  });
  t.match(accepted(CLUSTER, { name: 'c', load_balancing_policy: { policies: [least] } }), {
    lbPolicy: { kind: 'least-request', choices: 3, activeRequestBias: 1 },
    slowStart: { windowMs: 30_000, aggression: 1, minWeightPercent: 10 },
  });
  const peak = policy('type.googleapis.com/outrider.lb.v1.PeakEwma', { overload_penalty: '2s' });
  t.match(accepted(CLUSTER, { name: 'c', load_balancing_policy: { policies: [peak, least] } }), {
    lbPolicy: {
      kind: 'peak-ewma',
      decayMs: 10_000,
      initialLatencyMs: 30,
      overloadPenaltyMs: 2_000,
      maxOverloadPenaltyMs: 300_000,
    },
    slowStart: null,
  });
  const first = policy(`${base}.pick_first.v3.PickFirst`);
  t.match(
    refused(CLUSTER, { name: 'c', load_balancing_policy: { policies: [first] } })[0],
    /PickFirst is not supported by Outrider/,
  );
  t.match(refused(CLUSTER, { name: 'c', lb_policy: 'LOAD_BALANCING_POLICY_CONFIG' }), [/needs load_balancing_policy/]);
  t.end();
});

t.test('a cluster says what its endpoints are spoken to with', (t) => {
  const type = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
  const optionsOf = (choice: object) => ({ [type]: { '@type': `type.googleapis.com/${type}`, ...choice } });
  const decoded = (choice: object, more: object = {}) =>
    accepted(CLUSTER, { name: 'c', typed_extension_protocol_options: optionsOf(choice), ...more });
  t.match(decoded({ explicit_http_config: { http2_protocol_options: { max_concurrent_streams: 7 } } }), {
    protocol: 'http2',
    http2: { maxConcurrentStreams: 7, initialStreamWindowBytes: 65_536, initialConnectionWindowBytes: 1_048_576 },
  });
  t.match(decoded({ explicit_http_config: { http_protocol_options: { enable_trailers: true } } }), {
    protocol: 'http1',
    enableTrailers: true,
  });
  t.match(
    decoded({
      use_downstream_protocol_config: { http_protocol_options: { enable_trailers: true }, http2_protocol_options: {} },
    }),
    { protocol: 'downstream', enableTrailers: true },
  );
  const refusedAuto = refused(CLUSTER, { name: 'c', typed_extension_protocol_options: optionsOf({ auto_config: {} }) });
  t.match(refusedAuto, [/^typed_extension_protocol_options: auto_config lets TLS choose the protocol/]);
  const other = { other: optionsOf({ explicit_http_config: { http_protocol_options: {} } })[type] };
  t.match(refused(CLUSTER, { name: 'c', typed_extension_protocol_options: other }), [
    /only envoy\.extensions\.upstreams/,
  ]);
  t.end();
});

t.test('endpoints keep locality, priority, weight, health and metadata', (t) => {
  const config = accepted(ENDPOINTS, {
    cluster_name: 'c',
    endpoints: [
      {
        locality: { region: 'r', zone: 'z' },
        priority: 1,
        lb_endpoints: [
          {
            endpoint: { address: { socket_address: { address: '10.0.0.1', port_value: 8080 } }, hostname: 'h' },
            health_status: 'DRAINING',
            load_balancing_weight: 5,
            metadata: { filter_metadata: { 'envoy.lb': { stage: 'canary' } } },
          },
        ],
      },
    ],
  });
  t.same(config.localities, [
    {
      region: 'r',
      zone: 'z',
      subZone: '',
      weight: 0,
      priority: 1,
      endpoints: [
        {
          address: { host: '10.0.0.1', port: 8080 },
          hostname: 'h',
          health: 'draining',
          weight: 5,
          check: null,
          labels: { stage: '"canary"' },
          metadata: { 'envoy.lb': { stage: 'canary' } },
        },
      ],
    },
  ]);
  t.end();
});

const TIMES = { timeout: '1s', interval: '5s', unhealthy_threshold: 3, healthy_threshold: 2 };

function checked(check: Json) {
  return accepted(CLUSTER, { name: 'c', health_checks: [{ ...TIMES, ...check }] }).healthCheck;
}

t.test('a health check has Envoy’s defaults', (t) => {
  t.equal(accepted(CLUSTER, { name: 'c' }).healthCheck, null);
  const http = { path: '/', expected_statuses: [], request_headers_to_add: [{ header: { key: 'A', value: '100%%' } }] };
  t.match(checked({ http_health_check: http }), {
    ...{ timeoutMs: 1_000, intervalMs: 5_000, unhealthyThreshold: 3, healthyThreshold: 2, reuseConnection: true },
    ...{ noTrafficIntervalMs: 60_000, noTrafficHealthyIntervalMs: 60_000, altPort: null, initialJitterMs: 0 },
    ...{ unhealthyIntervalMs: 5_000, unhealthyEdgeIntervalMs: 5_000, healthyEdgeIntervalMs: 5_000 },
    probe: {
      ...{ kind: 'http', codec: 'http1', method: 'GET', host: '', path: '/', bodyBytes: 1_024, serviceName: null },
      expectedStatuses: [{ start: 200, end: 201 }],
      headers: [{ name: 'A', value: '100%', action: 'append' }],
    },
  });
  const edges = { unhealthy_interval: '2s', no_traffic_interval: '9s', tcp_health_check: {} };
  t.match(checked(edges), { unhealthyEdgeIntervalMs: 2_000, noTrafficHealthyIntervalMs: 9_000 });
  const tcp = { send: { text: '00ff' }, receive: [{ binary: 'b25l' }] };
  t.match(checked({ tcp_health_check: tcp }), { probe: { kind: 'tcp', send: '\x00\xff', receive: ['one'] } });
  t.match(checked({ grpc_health_check: { service_name: 's' } }), { probe: { kind: 'grpc', service: 's' } });
  t.end();
});

t.test('a health check that cannot be made is refused with its place', (t) => {
  const problem = (check: Json) => refused(CLUSTER, { name: 'c', health_checks: [{ ...TIMES, ...check }] });
  const http = (fields: Json) => ({ http_health_check: { path: '/', ...fields } });
  t.match(problem({}), [/health_checks\[0\]/]);
  t.match(problem({ ...http({}), unhealthy_threshold: 0 }), [/unhealthy_threshold: 0 checks decide nothing/]);
  t.match(problem(http({ expected_statuses: [{ start: 300, end: 200 }] })), [/expected_statuses\[0\]: 300 to 200/]);
  t.match(problem(http({ method: 'HEAD', receive: [{ text: '00' }] })), [/receive: the answer to HEAD has no body/]);
  const command = [{ header: { key: 'a', value: '%START_TIME%' } }];
  t.match(problem(http({ request_headers_to_add: command })), [/checks have literal headers only/]);
  t.match(problem({ tcp_health_check: { send: { text: 'xyz' } } }), [/send.text: "xyz" is not hexadecimal/]);
  t.match(problem(http({ codec_client_type: 'HTTP3' })), [/codec_client_type/]);
  const one = { ...TIMES, tcp_health_check: {} };
  t.match(refused(CLUSTER, { name: 'c', health_checks: [one, one] }), [
    /health_checks\[1\]: an endpoint is checked in one way/,
  ]);
  t.end();
});

t.test('all problems of a resource are reported together', (t) => {
  const problems = refused(CLUSTER, {
    name: '',
    connect_timeout: '0s',
    lb_policy: 'CLUSTER_PROVIDED',
    type: 'EDS',
    health_checks: [],
  });
  t.same(
    problems.map((each) => each.split(':')[0]),
    ['name', 'connect_timeout', 'lb_policy', 'eds_cluster_config'],
  );
  t.end();
});

t.test('the bytes of a message within that cannot be read refuse the resource, and throw nothing', (t) => {
  const policy = { typeUrl: 'type.googleapis.com/outrider.resilience.v1.ClusterPolicy', value: Buffer.from([0x36]) };
  const metadata = { filterMetadata: {}, typedFilterMetadata: { 'outrider.resilience.v1.ClusterPolicy': policy } };
  const message = Cluster.fromPartial({ name: 'c', metadata });
  const decoded = decodeResource(CLUSTER, message, SOURCES);
  t.match(decoded.ok ? [] : decoded.issues.map((each) => each.message), [
    /^the bytes of this .*ClusterPolicy cannot be decoded/,
  ]);
  t.end();
});
