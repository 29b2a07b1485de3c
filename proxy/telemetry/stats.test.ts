import t from 'tap';
import { cluster, endpoint } from '../../test/fakes/config-builders.ts';
import { AdaptiveLimitStats } from '../http/filters/adaptive-limit/adaptive-limit-stats.ts';
import { CorsStats } from '../http/filters/cors/cors-stats.ts';
import { DeadlineStats } from '../http/filters/deadline/deadline-stats.ts';
import { FaultStats } from '../http/filters/fault/fault-stats.ts';
import { FilterStats } from '../http/filters/filter-stats.ts';
import { OnDemandStats } from '../http/filters/on-demand/on-demand-stats.ts';
import { QuotaStats } from '../http/filters/quota/quota-stats.ts';
import { RateLimitStats } from '../http/filters/rate-limit/rate-limit-stats.ts';
import { DecisionCounters } from '../http/filters/rbac/rbac-stats.ts';
import { Http2Stats } from '../http/http2-stats.ts';
import { LimitCounters } from '../http/limit-counters.ts';
import { ManagerStats } from '../http/manager-stats.ts';
import { ListenerStats } from '../listener/listener-stats.ts';
import { ClusterStats } from '../upstream/cluster-stats.ts';
import { BreakerStats, SharedBreakerStats } from '../upstream/guard/breaker-stats.ts';
import { HealthCheckStats } from '../upstream/guard/health-check/health-check-stats.ts';
import { BREAKER_STATS, SHARED_BREAKER_STATS } from './breaker-stat-table.ts';
import { CLUSTER_STATS, type CountedClusters, clusterStatsSource } from './cluster-stat-table.ts';
import { CORS_STATS, FAULT_STATS, filterStatsSource, RATE_LIMIT_STATS, RBAC_STATS } from './filter-stat-table.ts';
import { HEALTH_CHECK_STATS } from './health-check-stat-table.ts';
import { HTTP2_STATS } from './http2-stat-table.ts';
import { ADAPTIVE_LIMIT_STATS, DEADLINE_STATS, ON_DEMAND_STATS, QUOTA_STATS } from './inbound-stat-table.ts';
import { ANSWER_LIMIT_STATS, REQUEST_LIMIT_STATS } from './limit-stat-table.ts';
import { LISTENER_STATS, listenerStatsSource, MANAGER_STATS, managerStatsSource } from './listener-stat-table.ts';
import { type ServerState, serverStatsSource } from './server-stats.ts';
import type { StatRow } from './stat-table.ts';
import type { Statistic } from './statistic.ts';
import { metricSource, StatsRegistry } from './stats-registry.ts';

function numberFields(stats: object): string[] {
  return Object.entries(stats).flatMap(([field, value]) => (typeof value === 'number' ? [field] : []));
}

function fieldsOf<T>(table: readonly StatRow<T>[]): string[] {
  return table.map(({ field }) => field);
}

function clustersOf(stats: ClusterStats, change = {}): CountedClusters {
  const healthy = { standing: 'in', excluded: false, checked: null, config: endpoint(1) } as const;
  const endpoints = [healthy, { ...healthy, standing: 'degraded' }, { ...healthy, standing: 'out' }] as const;
  const config = cluster('shop:cart', [1], change);
  return { all: () => [{ config, stats, endpoints }], added: 1, modified: 2, removed: 3 };
}

function valuesOf(registry: StatsRegistry): Record<string, number | string> {
  const numbers = registry
    .all()
    .filter((each): each is Exclude<Statistic, { kind: 'histogram' }> => each.kind !== 'histogram');
  return Object.fromEntries(numbers.map(({ name, value }) => [name, value]));
}

t.test('every counter has a row in its table, so that none is forgotten', (t) => {
  t.same(numberFields(new ClusterStats()).sort(), fieldsOf(CLUSTER_STATS).sort());
  t.same(numberFields(new ManagerStats('x')).sort(), fieldsOf(MANAGER_STATS).sort());
  t.same(numberFields(new ListenerStats()).sort(), fieldsOf(LISTENER_STATS).sort());
  const limits = new Set([...fieldsOf(REQUEST_LIMIT_STATS), ...fieldsOf(ANSWER_LIMIT_STATS)]);
  t.same(numberFields(new LimitCounters()).sort(), [...limits].sort());
  t.same(numberFields(new Http2Stats()).sort(), fieldsOf(HTTP2_STATS).sort());
  t.same(numberFields(new FaultStats('x')).sort(), fieldsOf(FAULT_STATS).sort());
  t.same(numberFields(new CorsStats('x')).sort(), fieldsOf(CORS_STATS).sort());
  t.same(numberFields(new RateLimitStats('x')).sort(), fieldsOf(RATE_LIMIT_STATS).sort());
  t.same(numberFields(new DecisionCounters()).sort(), fieldsOf(RBAC_STATS).sort());
  t.same(numberFields(new AdaptiveLimitStats('x')).sort(), fieldsOf(ADAPTIVE_LIMIT_STATS).sort());
  t.same(numberFields(new DeadlineStats('x')).sort(), fieldsOf(DEADLINE_STATS).sort());
  t.same(numberFields(new OnDemandStats('x')).sort(), fieldsOf(ON_DEMAND_STATS).sort());
  t.same(numberFields(new QuotaStats('x', 'y')).sort(), fieldsOf(QUOTA_STATS).sort());
  t.same(numberFields(new HealthCheckStats()).sort(), fieldsOf(HEALTH_CHECK_STATS).sort());
  t.same(numberFields(new BreakerStats()).sort(), fieldsOf(BREAKER_STATS).sort());
  t.same(numberFields(new SharedBreakerStats()).sort(), fieldsOf(SHARED_BREAKER_STATS).sort());
  t.end();
});

t.test('a cluster is told in the words of Envoy', (t) => {
  const stats = new ClusterStats();
  stats.rqTotal = 5;
  stats.byStatus[200] = 2;
  stats.byStatus[503] = 3;
  stats.inUse.requests = 1024;
  stats.inUse.clientPools = 2;
  stats.highInUse.clientPools = 1;
  const registry = new StatsRegistry();
  registry.register(clusterStatsSource(clustersOf(stats)));
  t.match(valuesOf(registry), {
    'cluster.shop_cart.upstream_rq_total': 5,
    'cluster.shop_cart.upstream_rq_200': 2,
    'cluster.shop_cart.upstream_rq_503': 3,
    'cluster.shop_cart.upstream_rq_5xx': 3,
    'cluster.shop_cart.upstream_rq_4xx': 0,
    'cluster.shop_cart.membership_total': 3,
    'cluster.shop_cart.membership_healthy': 1,
    'cluster.shop_cart.membership_degraded': 1,
    'cluster.shop_cart.circuit_breakers.default.rq_open': 1,
    'cluster.shop_cart.circuit_breakers.default.cx_open': 0,
    'cluster.shop_cart.upstream_client_pools': 3,
    'cluster_manager.active_clusters': 1,
    'cluster_manager.cluster_removed': 3,
  });
  t.notOk('cluster.shop_cart.circuit_breakers.default.remaining_rq' in valuesOf(registry));
  t.end();
});

t.test('what is left until a limit is told when track_remaining asks for it', (t) => {
  const stats = new ClusterStats();
  stats.inUse.requests = 24;
  const limits = { ...cluster('x', []).limits.default, trackRemaining: true };
  const registry = new StatsRegistry();
  registry.register(clusterStatsSource(clustersOf(stats, { limits: { default: limits, high: limits } })));
  t.equal(valuesOf(registry)['cluster.shop_cart.circuit_breakers.default.remaining_rq'], 1000);
  t.end();
});

t.test('listeners and connection managers are told in the words of Envoy', (t) => {
  const listenerStats = new ListenerStats();
  listenerStats.cxTotal = 4;
  const listener = {
    config: { name: 'in', statPrefix: '' },
    stats: listenerStats,
    address: { host: '127.0.0.1', port: 80 },
  };
  const manager = new ManagerStats('ingress');
  manager.byClass[2] = 7;
  const registry = new StatsRegistry();
  const set = { all: () => [listener], drainingCount: 2, added: 1, modified: 0, removed: 0, createFailure: 0 };
  registry.register(listenerStatsSource(set));
  registry.register(managerStatsSource(() => [manager]));
  t.match(valuesOf(registry), {
    'listener.127.0.0.1_80.downstream_cx_total': 4,
    'listener_manager.total_listeners_active': 1,
    'listener_manager.total_listeners_draining': 2,
    'http.ingress.downstream_rq_2xx': 7,
    'http.ingress.downstream_rq_total': 0,
  });
  t.end();
});

/** Counters of every kind of filter under one connection manager. */
function countedFilters() {
  const stats = new FilterStats();
  const { enforced, shadow } = stats.rbac('in:1', 'r.', 's.');
  const plain = stats.rbac('in:1', '', '').enforced;
  enforced.denied = 2;
  enforced.policy('own.rule').allowed = 3;
  shadow.allowed = 4;
  plain.allowed = 1;
  stats.faultsOf('in:1').delaysInjected = 5;
  stats.faultsOf('in:1').activeFaults = 6;
  stats.corsOf('in:1').originInvalid = 7;
  stats.limitsOf('lim').rateLimited = 8;
  return stats;
}

t.test('filters are told in the words of Envoy', (t) => {
  const registry = new StatsRegistry();
  registry.register(filterStatsSource(countedFilters()));
  const values = {
    'http.in_1.rbac.allowed': 1,
    'http.in_1.rbac.denied': 0,
    'http.in_1.rbac.shadow_denied': 0,
    'http.in_1.rbac.r.denied': 2,
    'http.in_1.rbac.r.policy.own.rule.allowed': 3,
    'http.in_1.rbac.s.shadow_allowed': 4,
    'http.in_1.fault.delays_injected': 5,
    'http.in_1.fault.active_faults': 6,
    'http.in_1.fault.response_rl_injected': 0,
    'http.in_1.cors.origin_invalid': 7,
    'lim.http_local_rate_limit.rate_limited': 8,
    'lim.http_local_rate_limit.ok': 0,
  };
  t.match(valuesOf(registry), values);
  registry.resetCounters();
  const gauge = 'http.in_1.fault.active_faults';
  t.same(
    Object.entries(valuesOf(registry)).filter(([, value]) => value !== 0),
    [[gauge, 6]],
  );
  t.end();
});

t.test('a reset zeroes counters and leaves gauges', (t) => {
  const stats = new ClusterStats();
  stats.rqTotal = 5;
  stats.cxActive = 2;
  stats.byStatus[200] = 5;
  const manager = new ManagerStats('ingress');
  manager.byClass[2] = 7;
  const clusters = clustersOf(stats);
  const registry = new StatsRegistry();
  registry.register(clusterStatsSource(clusters));
  const unregister = registry.register(managerStatsSource(() => [manager]));
  registry.resetCounters();
  t.equal(stats.rqTotal, 0);
  t.equal(stats.cxActive, 2);
  t.equal(stats.byStatus[200], 0);
  t.equal(manager.byClass[2], 0);
  t.equal(clusters.added, 0);
  unregister();
  t.notOk(registry.all().some(({ name }) => name.startsWith('http.')));
  t.end();
});

t.test('the process is told in the words of Envoy', (t) => {
  let state: ServerState = 'PRE_INITIALIZING';
  const registry = new StatsRegistry();
  const memory = () => ({ allocatedBytes: 1, heapBytes: 2, residentBytes: 3 });
  const server = {
    state: () => state,
    uptimeMs: () => 12_345,
    memory,
    concurrency: 1,
    epoch: 0,
    connectionCount: () => 9,
  };
  registry.register(serverStatsSource(server));
  t.match(valuesOf(registry), {
    'server.live': 0,
    'server.state': 2,
    'server.uptime': 12,
    'server.memory_allocated': 1,
  });
  state = 'LIVE';
  t.match(valuesOf(registry), { 'server.live': 1, 'server.state': 0, 'server.total_connections': 9 });
  t.end();
});

t.test('Prometheus gets the variable parts of names as labels, and each metric one type and one help', (t) => {
  const stats = new ClusterStats();
  stats.byStatus[503] = 3;
  stats.timeMs.record(7);
  const registry = new StatsRegistry();
  registry.register(clusterStatsSource(clustersOf(stats)));
  const manager = new ManagerStats('ingress');
  registry.register(managerStatsSource(() => [manager]));
  registry.register(filterStatsSource(countedFilters()));
  const samples: { name: string; labels: object; type: string; help: string }[] = [];
  metricSource(registry)((sample) => samples.push(sample));
  const name = { envoy_cluster_name: 'shop_cart' };
  const has = (metric: string, labels: object) =>
    t.ok(
      samples.some((each) => each.name === metric && JSON.stringify(each.labels) === JSON.stringify(labels)),
      metric,
    );
  has('envoy_cluster_upstream_rq', { ...name, envoy_response_code: '503' });
  has('envoy_cluster_upstream_rq_xx', { ...name, envoy_response_code_class: '5' });
  has('envoy_cluster_upstream_rq_total', name);
  has('envoy_cluster_upstream_rq_time', name);
  has('envoy_cluster_outlier_detection_ejections_active', name);
  has('envoy_cluster_circuit_breakers_default_rq_open', name);
  has('envoy_http_downstream_rq_xx', { envoy_http_conn_manager_prefix: 'ingress', envoy_response_code_class: '2' });
  has('envoy_cluster_manager_active_clusters', {});
  const inbound = { envoy_http_conn_manager_prefix: 'in_1' };
  has('envoy_http_rbac_allowed', inbound);
  has('envoy_http_rbac_denied', { ...inbound, envoy_rbac_http_prefix: 'r' });
  const rule = { envoy_rbac_http_prefix: 'r', envoy_rbac_policy_name: 'own.rule' };
  has('envoy_http_rbac_policy_allowed', { ...inbound, ...rule });
  has('envoy_http_fault_active_faults', inbound);
  has('envoy_http_local_rate_limit_ok', { envoy_local_http_ratelimit_prefix: 'lim' });
  const seen = new Map<string, string>();
  for (const { name: metric, type, help } of samples) {
    const kind = `${type}: ${help}`;
    if ((seen.get(metric) ?? kind) !== kind) t.fail(`${metric} is told in two ways`);
    seen.set(metric, kind);
  }
  t.end();
});
