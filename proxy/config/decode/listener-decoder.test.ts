import t from 'tap';
import type { ListenerConfig } from '../model/listener.ts';
import { TEST_CERTIFICATE_PEM, TEST_KEY_PEM } from './test-certificates.ts';
import {
  accepted,
  CLUSTER,
  decodedListener,
  type Json,
  LISTENER,
  listener,
  manager,
  ROUTER,
  refused,
  TYPE,
  table,
} from './test-fixtures.ts';

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
    filters: {
      timeoutMs: 15_000,
      continueOnTimeout: false,
      tlsInspector: false,
      httpInspector: false,
      proxyProtocol: null,
    },
    reusePort: true,
    bufferLimitBytes: 1_048_576,
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
      initialStreamWindowBytes: 65_536,
      initialConnectionWindowBytes: 1_048_576,
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
  t.end();
});

t.test('the router must be there, and last', (t) => {
  t.match(managerProblems({ http_filters: [] }), [
    /^hcm\.http_filters: the filters must end in envoy\.filters\.http\.router/,
  ]);
  t.match(managerProblems({ http_filters: [ROUTER, ROUTER] }), [
    /^hcm\.http_filters\[0\]: the router must be the last filter/,
  ]);
  const type = `${TYPE}.filters.http.header_mutation.v3.HeaderMutation`;
  const mutation = { name: 'mutation', typed_config: { '@type': type } };
  t.match(managerProblems({ http_filters: [mutation, ROUTER] }), [
    /^hcm\.http_filters\[0\]\.typed_config: HeaderMutation is not supported by Outrider$/,
  ]);
  const raw = { name: 'raw', typed_config: { '@type': `${TYPE}.transport_sockets.raw_buffer.v3.RawBuffer` } };
  t.match(managerProblems({ http_filters: [raw, ROUTER] }), [/RawBuffer is no HTTP filter of this proxy$/]);
  t.end();
});

t.test('what is set and not honoured is refused with its path', (t) => {
  t.match(managerProblems({ codec_type: 'HTTP3' }), [
    /^hcm\.codec_type: codec_type HTTP3 is not supported by Outrider, only AUTO, HTTP1, HTTP2$/,
  ]);
  t.match(managerProblems({ add_user_agent: true }), [/^hcm\.add_user_agent: add_user_agent is not supported/]);
  t.match(refused(CLUSTER, { name: 'c', lb_policy: 'CLUSTER_PROVIDED' }), [
    /^lb_policy: CLUSTER_PROVIDED is for clusters of type ORIGINAL_DST$/,
  ]);
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

t.test('what filter chains match is checked, and server names ask for an inspector', (t) => {
  const chain = (name: string, match: Json) => ({ name, filter_chain_match: match, filters: [manager()] });
  const { config } = decodedListener(listener([chain('a', { server_names: ['B.test'] }), chain('b', {})]));
  t.same(
    config.filterChains.map(({ match }) => match.serverNames),
    [['b.test'], []],
  );
  t.equal(config.filters.tlsInspector, true);
  t.same(
    decodedListener(listener([chain('a', { server_names: ['a'] }), chain('b', { server_names: ['A'] })])).problems,
    ['filter_chains[1]: the same match as filter_chains[0]; only one chain can take a connection'],
  );
  t.match(decodedListener(listener([chain('a', { server_names: ['a.*.b'] })])).problems, [
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

t.test('a listener of UDP answers DNS, and does nothing else', (t) => {
  const address = { socket_address: { protocol: 'UDP', address: '127.0.0.1', port_value: 15053 } };
  const filter = (more: Json, type = 'filters.udp.dns_filter.v3.DnsFilterConfig') => ({
    name: 'dns',
    typed_config: { '@type': `${TYPE}.${type}`, ...more },
  });
  const dns = (more: Json, table: Json = {}) => ({
    name: 'names',
    address,
    udp_listener_config: {},
    listener_filters: [
      filter({ stat_prefix: 'm', server_config: { inline_dns_table: { virtual_domains: [], ...table } }, ...more }),
    ],
  });
  const domain = (name: string, endpoint: Json, more: Json = {}) => ({
    virtual_domains: [{ name, endpoint, ...more }],
  });
  const at = (...list: string[]) => ({ address_list: { address: list } });
  t.match(
    accepted(LISTENER, dns({}, { ...domain('A.Mesh.', at('127.77.0.1')), known_suffixes: [{ suffix: '.mesh' }] })),
    {
      address: { host: '127.0.0.1', port: 15053 },
      filterChains: [],
      dns: {
        statPrefix: 'm',
        domains: [{ name: 'a.mesh', ttlSeconds: 5, leadsTo: { kind: 'addresses', addresses: ['127.77.0.1'] } }],
        suffixes: ['mesh'],
        forward: null,
      },
    },
  );
  const cares = (more: Json) => ({
    typed_dns_resolver_config: {
      name: 'c',
      typed_config: { '@type': `${TYPE}.network.dns_resolver.cares.v3.CaresDnsResolverConfig`, ...more },
    },
  });
  const client = (more: Json) => ({ client_config: { max_pending_lookups: 9, ...more } });
  const server = { socket_address: { address: '10.0.0.2', port_value: 5353 } };
  t.match(accepted(LISTENER, dns(client({ resolver_timeout: '2s', ...cares({ resolvers: [server] }) }))).dns?.forward, {
    resolvers: [{ host: '10.0.0.2', port: 5353 }],
    systemFirst: false,
    timeoutMs: 2_000,
    tries: 3,
    pendingMax: 9,
  });
  t.match(accepted(LISTENER, dns(client({}), { external_retry_count: 1 })).dns?.forward, { resolvers: [], tries: 2 });
  const wrong = (json: Json, message: RegExp) => t.match(refused(LISTENER, json), [message]);
  wrong(
    dns({}, domain('a', at('10.0.0'))),
    /virtual_domains\[0\]\.endpoint\.address_list\.address\[0\]: "10\.0\.0" is no IP address/,
  );
  wrong(dns({}, domain('a..b', at('10.0.0.1'))), /\.name: "a\.\.b" is no name of DNS/);
  wrong(dns({}, domain('a', {})), /endpoint/);
  wrong(dns({}, { known_suffixes: [{ prefix: 'mesh' }] }), /known_suffixes\[0\]: a known suffix is a suffix/);
  wrong(dns({}, domain('a', at('10.0.0.1'), { answer_ttl: '5s' })), /answer_ttl/);
  wrong(
    dns(client(cares({ resolvers: [{ socket_address: { address: 'dns.example', port_value: 53 } }] }))),
    /who would resolve it/,
  );
  const service = { service_name: 'http', protocol: { name: 'tcp' }, ttl: '5s', targets: [{ host_name: 'a' }] };
  wrong(dns({}, domain('a', { service_list: { services: [service] } })), /targets\[0\]\.port: a host needs its port/);
  wrong({ ...dns({}), transparent: true }, /transparent: it is for listeners of TCP/);
  wrong({ ...dns({}), listener_filters: [] }, /a listener of UDP has one filter/);
  wrong({ ...dns({}), filter_chains: [{ filters: [manager()] }] }, /a listener of UDP has none/);
  wrong(listener([{ filters: [manager()] }], { udp_listener_config: {} }), /udp_listener_config: it is for an address/);
  const endpoint = { endpoint: { address } };
  const load_assignment = { cluster_name: 'c', endpoints: [{ lb_endpoints: [endpoint] }] };
  t.match(refused(CLUSTER, { name: 'c', type: 'STATIC', load_assignment }), [/protocol UDP is for listeners of DNS/]);
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
  t.match(decodedListener(tls('a.pem', 'a.key')).config.filterChains[0]!.tls, {
    certificates: [{ chainPem: TEST_CERTIFICATE_PEM, keyPem: TEST_KEY_PEM }],
    requireClientCertificate: false,
    requireSni: false,
    resumption: true,
    validation: null,
    parameters: { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3', ciphers: null },
  });
  t.match(decodedListener(tls('a.pem', 'b.key')).problems, [
    /private_key: this key does not belong to the certificate$/,
  ]);
  t.match(decodedListener(tls('a.key', 'a.key')).problems, [/certificate_chain: no certificate in PEM/]);
  t.match(decodedListener(tls('none', 'a.key')).problems, [/certificate_chain\.filename: none is missing$/]);
  t.end();
});

t.test('certificates can be secrets, of the bootstrap, the ADS stream or a server of their own', (t) => {
  const tls = (common: Json) => {
    const context = { '@type': `${TYPE}.transport_sockets.tls.v3.DownstreamTlsContext`, common_tls_context: common };
    return listener([{ filters: [manager()], transport_socket: { name: 'tls', typed_config: context } }]);
  };
  const secret = (name: string, sds_config?: Json) => ({ name, ...(sds_config && { sds_config }) });
  const server = (clusterName: string) => ({
    api_config_source: {
      api_type: 'GRPC',
      transport_api_version: 'V3',
      grpc_services: [{ envoy_grpc: { cluster_name: clusterName } }],
    },
  });
  const of = (...secrets: Json[]) => decodedListener(tls({ tls_certificate_sds_secret_configs: secrets }));
  t.match(of(secret('own'), secret('a', { ads: {} }), secret('a', server('sds'))).config.filterChains[0]!.tls, {
    certificates: [],
    certificateSecrets: [{ key: 'static own' }, { key: 'ads a' }, { key: 'grpc:sds:sds a' }],
    validation: null,
    validationSecret: null,
  });
  const place = 'tls_certificate_sds_secret_configs\\[0\\]';
  t.match(of(secret('owm')).problems, [
    new RegExp(`${place}.name: static_resources.secrets has no owm; did you mean own`),
  ]);
  t.match(of(secret('a', server('sdz'))).problems, [
    /cluster_name: there is no static cluster sdz; did you mean sds\?/,
  ]);
  t.match(of(secret('', { ads: {} })).problems, [/name is required|name: /]);
  const trust = { validation_context_sds_secret_config: secret('t', { ads: {} }) };
  const names = { match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: 'a' } }] };
  const common = { tls_certificate_sds_secret_configs: [secret('own')] };
  const combined = { default_validation_context: names, ...trust };
  t.match(decodedListener(tls({ ...common, combined_validation_context: combined })).config.filterChains[0]!.tls, {
    validation: { trustedCa: null, sans: [{ kind: 'dns' }] },
    validationSecret: { key: 'ads t' },
    resumption: false,
  });
  t.match(decodedListener(tls({ ...common, combined_validation_context: trust })).problems, [
    /default_validation_context: it is required/,
  ]);
  t.end();
});

t.test('whom a server trusts is checked as well', (t) => {
  const tls = (validation_context: Json, more: Json = {}) => {
    const certificate = { certificate_chain: { filename: 'a.pem' }, private_key: { filename: 'a.key' } };
    const context = {
      '@type': `${TYPE}.transport_sockets.tls.v3.DownstreamTlsContext`,
      common_tls_context: { tls_certificates: [certificate], validation_context },
      ...more,
    };
    return decodedListener(
      listener([{ filters: [manager()], transport_socket: { name: 'tls', typed_config: context } }]),
    );
  };
  const trusted = { trusted_ca: { filename: 'a.pem' } };
  const named = { san_type: 'URI', matcher: { prefix: 'spiffe://mesh/' } };
  const { config } = tls({ ...trusted, match_typed_subject_alt_names: [named] }, { require_client_certificate: true });
  t.match(config.filterChains[0]!.tls, {
    requireClientCertificate: true,
    resumption: false,
    validation: {
      trustedCa: { kind: 'pem', pem: TEST_CERTIFICATE_PEM },
      sans: [{ kind: 'uri', match: { kind: 'prefix', value: 'spiffe://mesh/' } }],
    },
  });
  t.match(tls({ match_typed_subject_alt_names: [named] }).problems, [/a name proves nothing without a trusted_ca/]);
  t.match(tls({ trusted_ca: { filename: 'a.key' } }).problems, [/trusted_ca: certificate 1 of 1 cannot be read/]);
  t.match(tls({ verify_certificate_hash: ['abc'] }).problems, [/"abc" is not the 64 hexadecimal digits of a SHA-256/]);
  const versions = { tls_minimum_protocol_version: 'TLSv1_3', tls_maximum_protocol_version: 'TLSv1_2' };
  const common = { tls_certificates: [], tls_params: versions };
  t.match(tls(trusted, { common_tls_context: common }).problems, [
    /tls_minimum_protocol_version: TLSv1\.3 is newer than the maximum, TLSv1\.2/,
    /a server needs at least one certificate/,
  ]);
  t.match(
    tls(trusted, { common_tls_context: { ...common, tls_params: {} }, require_client_certificate: true }).problems,
    [/a server needs at least one certificate/, /nothing says which client certificates are accepted/],
  );
  t.end();
});

t.test('access logs have Envoy’s default line, and JSON of any shape', (t) => {
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
  t.match(logs({ json_format: { code: '%RESPONSE_CODE%', nested: { list: [1, true, '%PROTOCOL%'] } } }), [
    {
      sink: { kind: 'stdout' },
      format: {
        kind: 'json',
        value: {
          kind: 'object',
          members: [
            { key: 'code', value: { kind: 'format', parts: [{ command: 'RESPONSE_CODE' }] } },
            { key: 'nested', value: { kind: 'object', members: [{ key: 'list', value: { kind: 'list' } }] } },
          ],
        },
      },
      filter: null,
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
  t.match(managerProblems(log({ text_format_source: { inline_string: '%START_TIME(%Q)%' } })), [
    /START_TIME\(%Q\)% has a letter that is not supported/,
  ]);
  t.match(
    managerProblems(log())[0],
    /access_log\[0\]\.typed_config\.log_format\.text_format_source: %RESPONSE_FLAGS% is not supported/,
  );
  t.end();
});
