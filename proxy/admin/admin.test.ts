import t from 'tap';
import { Cluster } from '../../protos/gen/envoy/config/cluster/v3/cluster.ts';
import { packAny } from '../../protos/json/registry.ts';
import { cluster, endpoint, endpointSet } from '../../test/fakes/config-builders.ts';
import { LatencyHistogram } from '../telemetry/latency-histogram.ts';
import { fixedScope, statName } from '../telemetry/statistic.ts';
import { ClusterStats } from '../upstream/cluster-stats.ts';
import { healthFlags } from './cluster-health.ts';
import { clustersText } from './clusters-page.ts';
import { configDumpPage } from './config-dump-page.ts';
import { applyFieldMask } from './field-mask.ts';
import { redact } from './redact.ts';
import { guard } from './request-guard.ts';
import { statsText } from './stats-pages.ts';
import type { ConfigDumpView, EndpointView } from './views.ts';

const LOCAL = {
  method: 'GET',
  remoteAddress: '127.0.0.1',
  host: '127.0.0.1:9901',
  origin: undefined,
  fetchSite: undefined,
  acceptLanguage: undefined,
  changes: false,
};

t.test(
  'a browser has to ask by address, so that no name can be made to point here; other programs may use a name',
  (t) => {
    const browsers = [{ acceptLanguage: 'en' }, { fetchSite: 'cross-site' }, { origin: 'http://evil.example' }];
    for (const browser of browsers) {
      for (const host of [
        '127.0.0.1:9901',
        '127.0.0.1',
        'localhost:1',
        'LocalHost',
        '[::1]:9901',
        '[::1]',
        '10.1.2.3:80',
      ]) {
        t.equal(guard({ ...LOCAL, ...browser, host }), null, host);
      }
      for (const host of [
        undefined,
        '',
        'evil.example',
        'evil.example:9901',
        '127.0.0.1.evil.example',
        '[::1',
        'localhost.evil',
      ]) {
        t.equal(guard({ ...LOCAL, ...browser, host })?.status, 403, String(host));
      }
    }
    t.equal(guard({ ...LOCAL, host: 'sidecar.shop:9901' }), null);
    t.end();
  },
);

t.test('changes need POST, from this machine, and not from another page', (t) => {
  const change = { ...LOCAL, changes: true };
  t.equal(guard(change)?.status, 405);
  const post = { ...change, method: 'POST' };
  t.equal(guard(post), null);
  t.equal(guard({ ...post, remoteAddress: '::ffff:127.0.0.1' }), null);
  t.equal(guard({ ...post, remoteAddress: '::1' }), null);
  t.equal(guard({ ...post, remoteAddress: '10.0.0.7' })?.status, 403);
  t.equal(guard({ ...post, origin: 'http://127.0.0.1:9901' }), null);
  t.equal(guard({ ...post, origin: 'http://evil.example' })?.status, 403);
  t.equal(guard({ ...post, origin: 'null' })?.status, 403);
  t.equal(guard({ ...LOCAL, remoteAddress: '10.0.0.7' }), null, 'reading is free');
  t.end();
});

t.test('a field mask keeps what it names, in lists entry by entry', (t) => {
  const value = { '@type': 'x', a: { b: 1, c: 2 }, list: [{ d: 1, e: 2 }, { d: 3 }], f: 4 };
  t.same(applyFieldMask(value, ['a.b', 'list.d']), { '@type': 'x', a: { b: 1 }, list: [{ d: 1 }, { d: 3 }] });
  t.same(applyFieldMask(value, ['a']), { '@type': 'x', a: { b: 1, c: 2 } });
  t.same(applyFieldMask(value, []), value);
  t.end();
});

t.test('health flags name everything that speaks against an endpoint', (t) => {
  t.equal(healthFlags({ ejected: false, health: 'unknown', checked: null }), 'healthy');
  t.equal(healthFlags({ ejected: true, health: 'healthy', checked: null }), '/failed_outlier_check');
  t.equal(
    healthFlags({ ejected: true, health: 'unhealthy', checked: null }),
    '/failed_outlier_check/failed_eds_health',
  );
  t.equal(healthFlags({ ejected: false, health: 'draining', checked: null }), '/failed_eds_health/eds_status_draining');
  t.equal(healthFlags({ ejected: false, health: 'degraded', checked: null }), '/degraded_eds_health');
  const passing = { failed: false, degraded: false, timedOut: false, pending: false, excluded: false };
  const checked = (change: Partial<typeof passing>) =>
    healthFlags({ ejected: false, health: 'unknown', checked: { ...passing, ...change } });
  t.equal(checked({}), 'healthy');
  t.equal(checked({ failed: true, pending: true }), '/failed_active_hc/pending_active_hc');
  t.equal(checked({ failed: true, timedOut: true }), '/failed_active_hc/active_hc_timeout');
  t.equal(checked({ failed: true, excluded: true }), '/failed_active_hc/excluded_via_immediate_hc_fail');
  t.equal(checked({ degraded: true }), '/degraded_active_hc');
  t.end();
});

t.test('/clusters prints limits, origin, endpoints and their counters', (t) => {
  const config = cluster('svc', [], {
    discovery: { kind: 'eds', serviceName: 'svc-eds', file: null, fetchTimeoutMs: 15_000 },
  });
  const [locality] = endpointSet('svc', []).localities;
  const view: EndpointView = {
    key: '127.0.0.1:1234',
    config: endpoint(1234, { weight: 3 }),
    locality: locality!,
    health: 'healthy',
    available: true,
    standing: 'in',
    excluded: false,
    checked: null,
    ejected: false,
    halfBack: true,
    latency: { estimateMs: 12.34, overloaded: true },
    active: 1,
    cxTotal: 2,
    cxActive: 1,
    cxConnectFail: 0,
    rqTotal: 9,
    rqSuccess: 8,
    rqError: 1,
    rqTimeout: 0,
  };
  const text = clustersText([{ config, stats: new ClusterStats(), endpoints: [view] }], new Set(['svc']));
  const lines = text.split('\n');
  for (const line of [
    'svc::observability_name::svc',
    'svc::default_priority::max_connections::1024',
    'svc::high_priority::max_retries::3',
    'svc::added_via_api::true',
    'svc::eds_service_name::svc-eds',
    'svc::127.0.0.1:1234::rq_total::9',
    'svc::127.0.0.1:1234::rq_active::1',
    'svc::127.0.0.1:1234::health_flags::healthy',
    'svc::127.0.0.1:1234::weight::3',
    'svc::127.0.0.1:1234::priority::0',
    'svc::127.0.0.1:1234::outlier_probation::true',
    'svc::127.0.0.1:1234::latency_ewma_ms::12.3',
    'svc::127.0.0.1:1234::overloaded::true',
  ]) {
    t.ok(lines.includes(line), line);
  }
  t.end();
});

t.test('/stats prints numbers, quoted texts and percentiles', (t) => {
  const histogram = new LatencyHistogram();
  const scope = fixedScope('x');
  const named = (name: string) => statName(scope, name, 'help');
  const empty = statsText([{ kind: 'histogram', ...named('time'), histogram }]);
  t.equal(empty, 'x.time: No recorded values\n');
  histogram.record(10);
  const text = statsText([
    { kind: 'histogram', ...named('time'), histogram },
    { kind: 'counter', ...named('count'), value: 3 },
    { kind: 'text', ...named('version'), value: 'v1' },
  ]);
  t.match(text, /^x\.count: 3\nx\.version: "v1"\nx\.time: P0\(nan,[\d.]+\) P25\(nan,[\d.]+\) .* P100\(nan,[\d.]+\)\n$/);
  t.end();
});

function clusterAny(name: string) {
  return packAny('envoy.config.cluster.v3.Cluster', Cluster.fromPartial({ name, connectTimeout: { seconds: 1 } }));
}

const DUMP: ConfigDumpView = {
  bootstrap: { node: { id: 'n' } },
  startedAtMs: 0,
  clustersVersion: 'v3',
  listenersVersion: '',
  resources: [
    { kind: 'cluster', origin: 'static', name: 'svc', versionInfo: '', updatedAtMs: 0, any: clusterAny('svc') },
    { kind: 'cluster', origin: 'dynamic', name: 'cart', versionInfo: 'v3', updatedAtMs: 1000, any: clusterAny('cart') },
    {
      kind: 'listener',
      origin: 'dynamic',
      name: 'bad',
      versionInfo: '',
      updatedAtMs: 0,
      refused: { any: { typeUrl: 'type.googleapis.com/x.Y', value: Buffer.from('a') }, details: 'no', atMs: 2000 },
    },
  ],
};

function dump(query: string) {
  const reply = configDumpPage(DUMP, new URLSearchParams(query));
  return { status: reply.status, configs: reply.status === 200 ? JSON.parse(reply.body).configs : reply.body };
}

t.test('/config_dump has the sections of Envoy, with resources as they came', (t) => {
  const { configs } = dump('');
  t.same(
    configs.map((each: Record<string, string>) => each['@type']?.replace(/.*\./, '')),
    ['BootstrapConfigDump', 'ClustersConfigDump', 'ListenersConfigDump', 'RoutesConfigDump', 'SecretsConfigDump'],
  );
  t.match(configs[0], { bootstrap: { node: { id: 'n' } }, last_updated: '1970-01-01T00:00:00.000Z' });
  t.match(configs[1], {
    version_info: 'v3',
    static_clusters: [{ cluster: { '@type': /Cluster$/, name: 'svc', connect_timeout: '1s' } }],
    dynamic_active_clusters: [
      { version_info: 'v3', cluster: { name: 'cart' }, last_updated: '1970-01-01T00:00:01.000Z' },
    ],
  });
  t.match(configs[2].dynamic_listeners, [{ name: 'bad', error_state: { details: 'no' } }]);
  t.equal(dump('include_eds').configs.length, 6);
  t.end();
});

t.test('/config_dump is narrowed by list, name and field', (t) => {
  t.match(dump('resource=static_clusters').configs, [
    { '@type': /ClustersConfigDump.StaticCluster$/, cluster: { name: 'svc' } },
  ]);
  const masked = dump('resource=static_clusters&mask=cluster.name').configs;
  t.same(masked[0].cluster, { '@type': 'type.googleapis.com/envoy.config.cluster.v3.Cluster', name: 'svc' });
  const named = dump('name_regex=ca.t').configs[1];
  t.equal(named.static_clusters, undefined);
  t.equal(named.dynamic_active_clusters.length, 1);
  t.equal(dump('name_regex=ca').configs[1].dynamic_active_clusters, undefined, 'the whole name must match');
  t.equal(dump('name_regex=(').status, 400);
  t.equal(dump('resource=nothing').status, 404);
  t.end();
});

t.test('secrets are not dumped', (t) => {
  const key = { inline_string: '-----BEGIN' };
  const dump = {
    tls_certificates: [
      { certificate_chain: { filename: 'a.pem' }, private_key: key, password: { inline_bytes: 'eA==' } },
    ],
  };
  t.same(redact(dump), {
    tls_certificates: [
      {
        certificate_chain: { filename: 'a.pem' },
        private_key: { inline_string: '[redacted]' },
        password: { inline_bytes: Buffer.from('[redacted]').toString('base64') },
      },
    ],
  });
  t.end();
});
