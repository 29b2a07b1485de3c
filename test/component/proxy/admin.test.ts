import { execFileSync, spawnSync } from 'node:child_process';
import t, { type Test } from 'tap';
import { request } from 'undici';
import { SystemClock } from '../../../kernel/clock.ts';
import type { Logger, LogLevel } from '../../../kernel/log.ts';
import { silentLogger } from '../../../kernel/log.ts';
import { ok } from '../../../kernel/result.ts';
import { createAdminServer } from '../../../proxy/admin/admin-server.ts';
import type { AdminViews, ClusterView, ListenerView } from '../../../proxy/admin/views.ts';
import { ListenerStats } from '../../../proxy/listener/listener-stats.ts';
import { Runtime } from '../../../proxy/routing/runtime.ts';
import { clusterStatsSource } from '../../../proxy/telemetry/cluster-stat-table.ts';
import { type CountedListener, listenerStatsSource } from '../../../proxy/telemetry/listener-stat-table.ts';
import { type ServerState, serverStatsSource } from '../../../proxy/telemetry/server-stats.ts';
import { StatsRegistry } from '../../../proxy/telemetry/stats-registry.ts';
import { ClusterStats } from '../../../proxy/upstream/cluster-stats.ts';
import { cluster, endpoint, endpointSet, httpManager, listener, routeTable } from '../../fakes/config-builders.ts';

/** What Envoy does not have. */
const OWN = { halfBack: false, latency: null };

function endpointView(port: number, ejected = false) {
  const [locality] = endpointSet('svc', []).localities;
  const counters = {
    active: 0,
    cxTotal: 1,
    cxActive: 1,
    cxConnectFail: 0,
    rqTotal: 5,
    rqSuccess: 5,
    rqError: 0,
    rqTimeout: 0,
  };
  const config = endpoint(port);
  const health = 'unknown' as const;
  const standing = ejected ? ('out' as const) : ('in' as const);
  const known = { health, standing, available: !ejected, ejected, excluded: false, checked: null };
  return { key: `127.0.0.1:${port}`, config, locality: locality!, ...known, ...OWN, ...counters };
}

/** An admin port over a small made-up proxy. */
async function startAdmin(t: Test) {
  const state: { server: ServerState; level: LogLevel; done: string[] } = { server: 'LIVE', level: 'info', done: [] };
  const stats = new ClusterStats();
  stats.rqTotal = 5;
  stats.timeMs.record(3);
  const clusters: ClusterView[] = [
    { config: cluster('svc', [1]), stats, endpoints: [endpointView(1), endpointView(2, true)] },
  ];
  const config = listener('main', httpManager(routeTable('local', [])));
  const listeners: (ListenerView & CountedListener)[] = [
    { config, stats: new ListenerStats(), address: { host: '127.0.0.1', port: 8080 } },
  ];
  const server = {
    version: '0.1.0',
    node: { id: 'n' },
    configPath: 'x.yaml',
    concurrency: 1,
    epoch: 0,
    state: () => state.server,
    waitingFor: () => ['listeners (LDS)'],
    lastKnownGood: () => null,
    uptimeMs: () => 5_000,
    memory: () => ({ allocatedBytes: 1, heapBytes: 2, residentBytes: 3 }),
    connectionCount: () => 0,
  };
  const registry = new StatsRegistry();
  registry.register(clusterStatsSource({ all: () => clusters, added: 0, modified: 0, removed: 0 }));
  const listenerSet = { all: () => listeners, drainingCount: 0, added: 1, modified: 0, removed: 0, createFailure: 0 };
  registry.register(listenerStatsSource(listenerSet));
  registry.register(serverStatsSource(server));
  const views: AdminViews = {
    server,
    stats: registry,
    runtime: new Runtime(),
    runtimeMayChange: true,
    actions: {
      leave: async () => state.done.push('leave') - 1,
      probe: (name) => (name === 'web-liveness' ? Promise.resolve('it is ill') : undefined),
      failHealthChecks: (failed) => state.done.push(`fail ${failed}`),
      drainListeners: ({ graceful, inboundOnly }) => state.done.push(`drain ${graceful} ${inboundOnly}`),
      quit: () => state.done.push('quit'),
      hotRestart: async () => ok(4711),
    },
    clusters: () => clusters,
    listeners: () => listeners,
    secrets: () => new Map(),
    httpListeners: () => [],
    flights: () => ({ flights: [], wallTimeOf: (ms) => new Date(ms) }),
    configDump: () => ({ bootstrap: {}, startedAtMs: 0, clustersVersion: '', listenersVersion: '', resources: [] }),
  };
  const logger: Logger = {
    ...silentLogger,
    get level() {
      return state.level;
    },
    set level(level) {
      state.level = level;
    },
  };
  const admin = createAdminServer(views, { clock: new SystemClock(), logger, address: { host: '127.0.0.1', port: 0 } });
  const { port } = await admin.start();
  t.teardown(() => admin.close());
  const ask = async (path: string, method: 'GET' | 'POST' = 'GET', headers: Record<string, string> = {}) => {
    const {
      statusCode,
      body,
      headers: answered,
    } = await request(`http://127.0.0.1:${port}${path}`, { method, headers });
    return { status: statusCode, body: await body.text(), type: answered['content-type'] };
  };
  return { ask, state, stats, views };
}

t.test('readiness says what is waited for', async (t) => {
  const { ask, state } = await startAdmin(t);
  t.match(await ask('/ready'), { status: 200, body: 'LIVE\n' });
  state.server = 'PRE_INITIALIZING';
  t.match(await ask('/ready'), { status: 503, body: 'PRE_INITIALIZING\nwaiting for listeners (LDS)\n' });
});

t.test('the application is checked by name, and traffic ends on demand from this machine', async (t) => {
  const { ask, state } = await startAdmin(t);
  t.match(await ask('/probe?name=web-liveness'), { status: 503, body: 'it is ill\n' });
  t.match(await ask('/probe?name=nope'), { status: 404, body: 'there is no probe "nope" in the bootstrap\n' });
  t.equal((await ask('/leave')).status, 405);
  t.same(state.done, []);
  t.match(await ask('/leave', 'POST'), { status: 200, body: 'connections that were cut: 0\n' });
  t.same(state.done, ['leave']);
});

t.test('statistics are filtered by pattern, by type and by use', async (t) => {
  const { ask } = await startAdmin(t);
  t.equal((await ask('/stats?filter=^cluster\\.svc\\.upstream_rq_total$')).body, 'cluster.svc.upstream_rq_total: 5\n');
  t.notMatch((await ask('/stats?usedonly')).body, /upstream_rq_retry:/);
  t.match((await ask('/stats?type=Gauges')).body, /^(?!.*upstream_rq_total).*membership_total: 2/s);
  t.match((await ask('/stats?type=Histograms')).body, /^cluster\.svc\.upstream_cx_connect_ms: No recorded values\n/);
  t.equal((await ask('/stats?type=Nothing')).status, 400);
  t.equal((await ask('/stats?filter=(')).status, 400);
  const json = JSON.parse((await ask('/stats?format=json&filter=upstream_rq_t')).body);
  t.match(json.stats[0], { name: 'cluster.svc.upstream_rq_timeout', value: 0 });
  t.equal(json.stats.at(-1).histograms.computed_quantiles[0].name, 'cluster.svc.upstream_rq_time');
});

t.test('Prometheus reads the statistics', async (t) => {
  const { ask } = await startAdmin(t);
  const { body, type } = await ask('/stats/prometheus');
  t.match(type, /^text\/plain; version=0\.0\.4/);
  t.match(body, /^envoy_cluster_upstream_rq_total\{envoy_cluster_name="svc"\} 5$/m);
  t.match(body, /^envoy_cluster_upstream_rq_time_bucket\{le="5",envoy_cluster_name="svc"\} 1$/m);
  t.match(body, /^envoy_server_live 1$/m);
  t.equal((await ask('/stats?format=prometheus&filter=server.live')).body.match(/^envoy/gm)?.length, 1);
});

t.test('promtool finds nothing but what Envoy names so', { skip: promtoolMissing() }, async (t) => {
  const { ask } = await startAdmin(t);
  const { body } = await ask('/stats/prometheus');
  const { stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: body, encoding: 'utf8' });
  const complaints = `${stdout}${stderr}`.split('\n').filter((line) => line !== '');
  const known = [/counter metrics should have "_total" suffix/, /non-counter metrics should not have "_total" suffix/];
  t.same(
    complaints.filter(
      (line) => !known.some((pattern) => pattern.test(line)) && !/abbreviated units|base unit/.test(line),
    ),
    [],
  );
});

t.test('clusters and listeners are printed and told as JSON', async (t) => {
  const { ask } = await startAdmin(t);
  t.match((await ask('/clusters')).body, /^svc::127\.0\.0\.1:2::health_flags::\/failed_outlier_check$/m);
  const { cluster_statuses } = JSON.parse((await ask('/clusters?format=json')).body);
  t.match(cluster_statuses, [
    {
      name: 'svc',
      host_statuses: [
        { address: { socket_address: { port_value: 1 } }, health_status: { eds_health_status: 'HEALTHY' } },
        { health_status: { failed_outlier_check: true } },
      ],
    },
  ]);
  t.equal((await ask('/listeners')).body, 'main::127.0.0.1:8080\n');
  const { listener_statuses } = JSON.parse((await ask('/listeners?format=json')).body);
  t.match(listener_statuses, [{ name: 'main', local_address: { socket_address: { port_value: 8080 } } }]);
});

t.test('actions need POST and do what they say', async (t) => {
  const { ask, state, stats, views } = await startAdmin(t);
  t.equal((await ask('/quitquitquit')).status, 405);
  t.same(state.done, []);
  t.equal((await ask('/healthcheck/fail', 'POST')).body, 'OK\n');
  t.equal((await ask('/healthcheck/ok', 'POST')).status, 200);
  t.equal((await ask('/drain_listeners?graceful', 'POST')).status, 200);
  t.equal((await ask('/quitquitquit', 'POST')).status, 200);
  t.same(state.done, ['fail true', 'fail false', 'drain true false', 'quit']);
  t.equal((await ask('/reset_counters', 'POST')).status, 200);
  t.equal(stats.rqTotal, 0);
  t.equal((await ask('/logging')).status, 405);
  t.match(await ask('/logging', 'POST'), { status: 200, body: /outrider: / });
  t.match(await ask('/logging?level=debug', 'POST'), { status: 200, body: /outrider: debug/ });
  t.equal(state.level, 'debug');
  t.equal((await ask('/logging?level=loud', 'POST')).status, 400);
  t.equal((await ask('/runtime_modify?my.key=100&b=', 'POST')).status, 200);
  t.same(views.runtime.entries(), [['my.key', '100']]);
  t.match(JSON.parse((await ask('/runtime')).body), { entries: { 'my.key': { final_value: '100' } } });
});

t.test('names from elsewhere are refused, unknown paths are told what there is', async (t) => {
  const { ask } = await startAdmin(t);
  t.equal((await ask('/ready', 'GET', { host: 'evil.example', 'accept-language': 'en' })).status, 403);
  t.equal((await ask('/quitquitquit', 'POST', { origin: 'http://evil.example' })).status, 403);
  t.match(await ask('/no-such-thing'), { status: 404, body: /^invalid path\. admin commands are:\n.*\/stats/s });
  t.match((await ask('/help')).body, /\/config_dump \[\?resource=LIST/);
  t.match(await ask('/'), { type: /^text\/html/, body: /<a href="\/stats">/ });
  t.match(JSON.parse((await ask('/server_info')).body), {
    version: 'outrider/0.1.0',
    state: 'LIVE',
    node: { id: 'n' },
  });
  t.same(JSON.parse((await ask('/certs')).body), { certificates: [] });
  t.match(JSON.parse((await ask('/memory')).body), { allocated: '1', heap_size: '2' });
});

function promtoolMissing(): string | false {
  try {
    execFileSync('promtool', ['--version'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'no promtool: .ci/run installs it';
  }
}
