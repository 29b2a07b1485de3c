import t from 'tap';
import type { MessageTypes } from '../../../protos/gen/registry.ts';
import { readJson } from '../../../protos/json/read-json.ts';
import type { ForwardAction, ListenerConfig, RouteTableConfig } from '../model.ts';
import { decodeResource, type ResourceConfigs } from './resource-decoder.ts';
import { OTHER_KEY_PEM, TEST_CERTIFICATE_PEM, TEST_KEY_PEM } from './test-certificates.ts';

type Json = Record<string, unknown>;

const LISTENER = 'envoy.config.listener.v3.Listener';
const ROUTES = 'envoy.config.route.v3.RouteConfiguration';
const CLUSTER = 'envoy.config.cluster.v3.Cluster';
const ENDPOINTS = 'envoy.config.endpoint.v3.ClusterLoadAssignment';
const TYPE = 'type.googleapis.com/envoy.extensions';
const ROUTER = { name: 'router', typed_config: { '@type': `${TYPE}.filters.http.router.v3.Router` } };

const FILES: Readonly<Record<string, string>> = {
  'a.pem': TEST_CERTIFICATE_PEM,
  'a.key': TEST_KEY_PEM,
  'b.key': OTHER_KEY_PEM,
};
const SOURCES = {
  readFile: (path: string) =>
    FILES[path] === undefined
      ? ({ ok: false, problem: `${path} is missing` } as const)
      : ({ ok: true, text: FILES[path] } as const),
  readVariable: (name: string) => ({ ok: true, text: `value of ${name}` }) as const,
  formatCommands: new Set(['REQ', 'PROTOCOL', 'START_TIME', 'RESPONSE_CODE']),
  knownClusters: new Set(['cart', 'shop']),
};

function decode<N extends keyof ResourceConfigs>(name: N, json: Json) {
  const read = readJson(name, json);
  if (!read.ok) throw new Error(JSON.stringify(read.issues));
  return decodeResource(name, read.message as MessageTypes[N], SOURCES);
}

/** The configuration; throws with all issues when it is refused. */
function accepted<N extends keyof ResourceConfigs>(name: N, json: Json): ResourceConfigs[N] {
  const result = decode(name, json);
  if (!result.ok) throw new Error(result.issues.map(({ path, message }) => `${path}: ${message}`).join('\n'));
  return result.value;
}

/** What is wrong, as `path: message`. */
function refused(name: keyof ResourceConfigs, json: Json): string[] {
  const result = decode(name, json);
  return result.ok ? [] : result.issues.map(({ path, message }) => `${path}: ${message}`);
}

function table(routes: Json[], more: Json = {}): Json {
  return { name: 'table', virtual_hosts: [{ name: 'all', domains: ['*'], routes, ...more }] };
}

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

function manager(more: Json = {}): Json {
  const routes = { route_config: table([{ match: { prefix: '/' }, route: { cluster: 'cart' } }]) };
  const type = `${TYPE}.filters.network.http_connection_manager.v3.HttpConnectionManager`;
  return {
    name: 'hcm',
    typed_config: { '@type': type, stat_prefix: 'in', http_filters: [ROUTER], ...routes, ...more },
  };
}

function listener(chains: Json[], more: Json = {}): Json {
  return {
    name: 'l',
    address: { socket_address: { address: '127.0.0.1', port_value: 80 } },
    filter_chains: chains,
    ...more,
  };
}

function managerOf(config: ListenerConfig) {
  const { network } = config.filterChains[0]!;
  if (network.kind !== 'http-connection-manager') throw new Error(network.kind);
  return network;
}

function managerProblems(more: Json): string[] {
  const place = 'filter_chains[0].filters[0].typed_config';
  return refused(LISTENER, listener([{ filters: [manager(more)] }])).map((each) => each.replace(place, 'hcm'));
}

t.test('a listener with nothing but an address and a connection manager has Envoy’s defaults', (t) => {
  const config = accepted(LISTENER, listener([{ filters: [manager()] }]));
  t.match(config, {
    address: { host: '127.0.0.1', port: 80 },
    statPrefix: '127.0.0.1_80',
    listenerFiltersTimeoutMs: 15_000,
    reusePort: true,
    bufferLimitBytes: 1_048_576,
    tlsInspector: false,
    direction: 'unspecified',
    defaultFilterChain: null,
  });
  t.match(managerOf(config), {
    codec: 'auto',
    serverName: 'envoy',
    serverHeader: 'overwrite',
    generateRequestId: true,
    normalizePath: false,
    requestTimeoutMs: 0,
    streamIdleTimeoutMs: 300_000,
    idleTimeoutMs: 3_600_000,
    drainTimeoutMs: 5_000,
    delayedCloseTimeoutMs: 1_000,
    maxRequestHeadersBytes: 61_440,
    maxHeadersCount: 100,
    http1: { allowAbsoluteUrl: true, acceptHttp10: false, enableTrailers: false },
    http2: {
      maxConcurrentStreams: 1_024,
      initialStreamWindowBytes: 16_777_216,
      initialConnectionWindowBytes: 25_165_824,
    },
    routes: { kind: 'inline', table: { validateClusters: true } },
  });
  t.end();
});

t.test('an explicit zero switches a timeout off, and a short one never becomes zero', (t) => {
  const config = managerOf(
    accepted(LISTENER, listener([{ filters: [manager({ stream_idle_timeout: '0s', request_timeout: '0.0001s' })] }])),
  );
  t.equal(config.streamIdleTimeoutMs, 0);
  t.equal(config.requestTimeoutMs, 1);
  t.equal(forward({ cluster: 'cart', timeout: '0s' }).timeoutMs, 0);
  t.equal(forward({ cluster: 'cart' }).timeoutMs, 15_000);
  t.end();
});

t.test('the router must be there, and last', (t) => {
  t.match(managerProblems({ http_filters: [] }), [
    /^hcm\.http_filters: the filters must end in envoy\.filters\.http\.router/,
  ]);
  t.match(managerProblems({ http_filters: [ROUTER, ROUTER] }), [
    /^hcm\.http_filters\[0\]: the router must be the last filter/,
  ]);
  const cors = { name: 'cors', typed_config: { '@type': `${TYPE}.filters.http.cors.v3.Cors` } };
  t.match(managerProblems({ http_filters: [cors, ROUTER] }), [
    /^hcm\.http_filters\[0\]\.typed_config: Cors is not supported by Outrider$/,
  ]);
  const raw = { name: 'raw', typed_config: { '@type': `${TYPE}.transport_sockets.raw_buffer.v3.RawBuffer` } };
  t.match(managerProblems({ http_filters: [raw, ROUTER] }), [/RawBuffer is no HTTP filter$/]);
  t.end();
});

t.test('what is set and not honoured is refused with its path', (t) => {
  t.match(managerProblems({ codec_type: 'HTTP3' }), [
    /^hcm\.codec_type: codec_type HTTP3 is not supported by Outrider, only AUTO, HTTP1, HTTP2$/,
  ]);
  t.match(managerProblems({ add_user_agent: true }), [/^hcm\.add_user_agent: add_user_agent is not supported/]);
  t.match(refused(CLUSTER, { name: 'c', lb_policy: 'MAGLEV' }), [
    /^lb_policy: lb_policy MAGLEV is not supported by Outrider, only/,
  ]);
  t.end();
});

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

t.test('an inline table may only name clusters that exist', (t) => {
  const routes = (cluster: string) => ({ route_config: table([{ match: { prefix: '/' }, route: { cluster } }]) });
  t.same(managerProblems(routes('shop')), []);
  t.same(managerProblems(routes('shp')), [
    'hcm.route_config.virtual_hosts[0].routes[0].route.cluster: there is no cluster shp; did you mean shop?',
  ]);
  t.same(managerProblems({ route_config: { ...routes('other').route_config, validate_clusters: false } }), []);
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

t.test('filter chains come with the most specific match first', (t) => {
  const chain = (name: string, match: Json) => ({ name, filter_chain_match: match, filters: [manager()] });
  const config = accepted(
    LISTENER,
    listener([
      chain('any', {}),
      chain('wildcard', { server_names: ['*.test'] }),
      chain('longer', { server_names: ['*.a.test'] }),
      chain('exact', { server_names: ['B.test'] }),
      chain('range', { prefix_ranges: [{ address_prefix: '10.0.0.0', prefix_len: 8 }] }),
      chain('port', { destination_port: 443 }),
    ]),
  );
  t.same(
    config.filterChains.map(({ name }) => name),
    ['port', 'range', 'exact', 'longer', 'wildcard', 'any'],
  );
  t.same(refused(LISTENER, listener([chain('a', { server_names: ['a'] }), chain('b', { server_names: ['A'] })])), [
    'filter_chains[1]: the same match as filter_chains[0]; only one chain can take a connection',
  ]);
  t.match(refused(LISTENER, listener([chain('a', { server_names: ['a.*.b'] })])), [
    /server_names\[0\]: a\.\*\.b is no server name/,
  ]);
  t.end();
});

t.test('a listener needs an address to bind, a chain, and one network filter', (t) => {
  t.match(refused(LISTENER, listener([])), [/^filter_chains: at least one filter chain is required/]);
  t.match(refused(LISTENER, listener([{ filters: [] }])), [
    /^filter_chains\[0\]\.filters: 0 network filters; a chain has exactly one/,
  ]);
  const named = { address: { socket_address: { address: 'localhost', port_value: 1 } } };
  t.match(refused(LISTENER, listener([{ filters: [manager()] }], named)), [
    /"localhost" is no IP address; a listener binds one/,
  ]);
  t.end();
});

t.test('certificates are read and checked', (t) => {
  const tls = (chain: string, key: string) => {
    const certificate = { certificate_chain: { filename: chain }, private_key: { filename: key } };
    const context = {
      '@type': `${TYPE}.transport_sockets.tls.v3.DownstreamTlsContext`,
      common_tls_context: { tls_certificates: [certificate] },
    };
    return listener([{ filters: [manager()], transport_socket: { name: 'tls', typed_config: context } }]);
  };
  t.match(accepted(LISTENER, tls('a.pem', 'a.key')).filterChains[0]!.tls, {
    certificates: [{ chainPem: TEST_CERTIFICATE_PEM, keyPem: TEST_KEY_PEM }],
    requireClientCertificate: false,
    trustedCaPem: null,
  });
  t.match(refused(LISTENER, tls('a.pem', 'b.key')), [/private_key: this key does not belong to the certificate$/]);
  t.match(refused(LISTENER, tls('a.key', 'a.key')), [/certificate_chain: no certificate in PEM/]);
  t.match(refused(LISTENER, tls('none', 'a.key')), [/certificate_chain\.filename: none is missing$/]);
  t.end();
});

t.test('access logs have Envoy’s default line, and JSON of texts', (t) => {
  const log = (format?: Json) => ({
    access_log: [
      {
        name: 'f',
        typed_config: {
          '@type': `${TYPE}.access_loggers.stream.v3.StdoutAccessLog`,
          ...(format && { log_format: format }),
        },
      },
    ],
  });
  const logs = (format: Json) =>
    managerOf(accepted(LISTENER, listener([{ filters: [manager(log(format))] }]))).accessLogs;
  t.match(logs({ json_format: { code: '%RESPONSE_CODE%' } }), [
    {
      sink: { kind: 'stdout' },
      format: { kind: 'json', fields: [{ key: 'code', parts: [{ command: 'RESPONSE_CODE' }] }] },
    },
  ]);
  t.match(logs({ text_format_source: { inline_string: '%START_TIME(%Y)%\n' } }), [
    {
      format: {
        kind: 'text',
        parts: [
          { command: 'START_TIME', args: ['%Y'] },
          { kind: 'text', text: '\n' },
        ],
      },
    },
  ]);
  t.match(managerProblems(log({ json_format: { nested: {} } })), [/only texts are supported here/]);
  t.match(
    managerProblems(log())[0],
    /access_log\[0\]\.typed_config\.log_format\.text_format_source: %RESPONSE_FLAGS% is not supported/,
  );
  t.end();
});

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
  });
  t.match(refused(CLUSTER, { name: 'c', type: 'EDS' }), [/a cluster of type EDS needs eds_cluster_config/]);
  t.match(refused(CLUSTER, { name: 'c', type: 'ORIGINAL_DST' }), [
    /type ORIGINAL_DST is not supported by Outrider, only STATIC/,
  ]);
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
  const maglev = policy(`${base}.maglev.v3.Maglev`);
  t.match(
    refused(CLUSTER, { name: 'c', load_balancing_policy: { policies: [maglev] } })[0],
    /Maglev is not supported by Outrider/,
  );
  t.match(refused(CLUSTER, { name: 'c', lb_policy: 'LOAD_BALANCING_POLICY_CONFIG' }), [/needs load_balancing_policy/]);
  t.end();
});

t.test('HTTP/2 to the upstream is asked for by typed options', (t) => {
  const type = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
  const options = {
    [type]: {
      '@type': `type.googleapis.com/${type}`,
      explicit_http_config: { http2_protocol_options: { max_concurrent_streams: 7 } },
    },
  };
  t.match(accepted(CLUSTER, { name: 'c', typed_extension_protocol_options: options }), {
    protocol: 'http2',
    http2: { maxConcurrentStreams: 7 },
  });
  t.match(refused(CLUSTER, { name: 'c', typed_extension_protocol_options: { other: options[type] } }), [
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
          metadata: { 'envoy.lb': { stage: 'canary' } },
        },
      ],
    },
  ]);
  t.end();
});

t.test('all problems of a resource are reported together', (t) => {
  const problems = refused(CLUSTER, {
    name: '',
    connect_timeout: '0s',
    lb_policy: 'MAGLEV',
    type: 'EDS',
    health_checks: [],
  });
  t.same(
    problems.map((each) => each.split(':')[0]),
    ['name', 'connect_timeout', 'lb_policy', 'eds_cluster_config'],
  );
  t.end();
});
