/** Clusters in Envoy's words (envoyproxy.io, "Cluster manager statistics"). */
import type { ClusterConfig, ClusterLimits } from '../config/model/cluster.ts';
import type { ClusterStats, HashTableStats } from '../upstream/cluster-stats.ts';
import type { BreakerStats } from '../upstream/guard/breaker-stats.ts';
import type { InUse } from '../upstream/guard/in-use.ts';
import { BREAKER_STATS } from './breaker-stat-table.ts';
import { HEALTH_CHECK_STATS } from './health-check-stat-table.ts';
import { HTTP2_STATS } from './http2-stat-table.ts';
import { ANSWER_LIMIT_STATS } from './limit-stat-table.ts';
import { counter, emitTable, gauge, type NumberField, resetTable, type StatRow } from './stat-table.ts';
import {
  clusterScope,
  type EmitStatistic,
  type Scope,
  type StatsSource,
  statName,
  variantName,
  within,
} from './statistic.ts';
import { CLIENT_SECRET_STATS, TLS_STATS } from './tls-stat-table.ts';

/** What is told of one endpoint. The proxy's endpoints are such. */
export interface CountedEndpoint {
  readonly standing: 'in' | 'degraded' | 'out' | 'gone';
  /** Not counted for panic. */
  readonly excluded: boolean;
  /** What active checks say; null without. */
  readonly checked: { readonly failed: boolean; readonly degraded: boolean } | null;
}

/** What is told of one cluster. The proxy's clusters are such. */
export interface CountedCluster {
  readonly config: ClusterConfig;
  readonly stats: ClusterStats;
  readonly endpoints: readonly CountedEndpoint[];
  /** Of the retry budget; null when there is none. */
  readonly retriesLeft?: number | null;
  /** Null or absent: there is none. */
  readonly serviceBreaker?: { readonly stats: BreakerStats } | null;
}

/** Clusters and how often their set has changed. The proxy's cluster manager is such. */
export interface CountedClusters {
  all(): readonly CountedCluster[];
  added: number;
  modified: number;
  removed: number;
}

/** The parts of the names of ejection counters. */
type EjectionReason =
  Extract<NumberField<ClusterStats>, `ejectionsDetected${string}`> extends `ejectionsDetected${infer R}` ? R : never;

function ejections(reason: EjectionReason, name: string, why: string): StatRow<ClusterStats>[] {
  const path = (kind: string) => `outlier_detection.ejections_${kind}_${name}`;
  return [
    counter(`ejectionsDetected${reason}`, path('detected'), `Endpoints that stood out by ${why}, even if not ejected`),
    counter(`ejectionsEnforced${reason}`, path('enforced'), `Ejections because of ${why}`),
  ];
}

/** Fields of ClusterStats by Envoy's names. */
export const CLUSTER_STATS: readonly StatRow<ClusterStats>[] = [
  counter('cxTotal', 'upstream_cx_total', 'Connections opened to endpoints'),
  gauge('cxActive', 'upstream_cx_active', 'Connections open to endpoints'),
  counter('cxHttp1Total', 'upstream_cx_http1_total', 'Connections opened for HTTP/1.1'),
  counter('cxHttp2Total', 'upstream_cx_http2_total', 'Connections opened for HTTP/2'),
  counter('cxConnectFail', 'upstream_cx_connect_fail', 'Connections that could not be opened'),
  counter('cxConnectTimeout', 'upstream_cx_connect_timeout', 'Connections not open within connect_timeout'),
  counter('cxDestroy', 'upstream_cx_destroy', 'Connections ended'),
  counter('cxOverflow', 'upstream_cx_overflow', 'Times max_connections was reached'),
  counter('cxRxBytes', 'upstream_cx_rx_bytes_total', 'Bytes received from endpoints'),
  counter('cxTxBytes', 'upstream_cx_tx_bytes_total', 'Bytes sent to endpoints'),
  counter('cxMaxRequests', 'upstream_cx_max_requests', 'Connections closed by their number of requests'),
  counter('cxProtocolError', 'upstream_cx_protocol_error', 'Connections ended by a protocol error'),
  counter('cxIdleTimeout', 'upstream_cx_idle_timeout', 'Connections closed because they were idle'),
  counter('cxIdleRemoteClose', 'upstream_cx_idle_remote_close', 'Idle connections that the endpoint closed first'),
  counter('bindErrors', 'bind_errors', "Connections that could not have the client's address (original_src)"),
  counter('cxPoolOverflow', 'upstream_cx_pool_overflow', 'Requests refused because too many clients have connections'),
  counter('rqTotal', 'upstream_rq_total', 'Requests sent to endpoints'),
  gauge('rqActive', 'upstream_rq_active', 'Requests in flight'),
  counter('rqCompleted', 'upstream_rq_completed', 'Requests answered'),
  counter('rqPendingTotal', 'upstream_rq_pending_total', 'Requests that waited for a connection'),
  gauge('rqPendingActive', 'upstream_rq_pending_active', 'Requests waiting for a connection'),
  counter(
    'rqPendingOverflow',
    'upstream_rq_pending_overflow',
    'Requests refused by a circuit breaker before a connection',
  ),
  counter('rqPendingFailureEject', 'upstream_rq_pending_failure_eject', 'Requests failed by their connection'),
  counter('rqActiveOverflow', 'upstream_rq_active_overflow', 'Requests refused by max_requests'),
  counter(
    'rqPerEndpointOverflow',
    'upstream_rq_per_endpoint_overflow',
    'Requests refused by max_requests_per_endpoint',
  ),
  counter(
    'rqPendingPerEndpointOverflow',
    'upstream_rq_pending_per_endpoint_overflow',
    'Requests refused by max_pending_per_endpoint',
  ),
  counter('rqPendingWaitTimeout', 'upstream_rq_pending_wait_timeout', 'Requests that waited for max_pending_wait'),
  counter('rqCancelled', 'upstream_rq_cancelled', 'Requests cancelled before a connection was there'),
  counter('rqTimeout', 'upstream_rq_timeout', 'Requests not answered within the route timeout'),
  counter('rqPerTryTimeout', 'upstream_rq_per_try_timeout', 'Attempts not answered within per_try_timeout'),
  counter('rqPerTryIdleTimeout', 'upstream_rq_per_try_idle_timeout', 'Attempts silent for per_try_idle_timeout'),
  counter('rqRxReset', 'upstream_rq_rx_reset', 'Requests reset by the endpoint'),
  counter('rqTxReset', 'upstream_rq_tx_reset', 'Requests reset by this proxy'),
  counter('rqRetry', 'upstream_rq_retry', 'Retries'),
  counter('rqRetrySuccess', 'upstream_rq_retry_success', 'Retries that succeeded'),
  counter('rqRetryLimitExceeded', 'upstream_rq_retry_limit_exceeded', 'Requests that used up their retries'),
  counter('rqRetryOverflow', 'upstream_rq_retry_overflow', 'Retries refused by the retry limit or budget'),
  counter('rqRetryBackoffExponential', 'upstream_rq_retry_backoff_exponential', 'Retries after exponential backoff'),
  counter('rqRetryBackoffRatelimited', 'upstream_rq_retry_backoff_ratelimited', 'Retries when the endpoint said so'),
  counter('rqDeadlinePassed', 'upstream_rq_deadline_passed', 'Requests ended by the deadline that came with them'),
  counter('rqHedge', 'upstream_rq_hedge', 'Second attempts beside slow ones'),
  counter('rqHedgeWon', 'upstream_rq_hedge_won', 'Second attempts that answered first'),
  counter('rqHedgeRefused', 'upstream_rq_hedge_refused', 'Second attempts over the share of extra load'),
  counter('fallbackStatic', 'fallback.static', 'Failures answered by a static fallback'),
  counter('fallbackLastGood', 'fallback.last_good', 'Failures answered by the last good answer'),
  counter('fallbackCluster', 'fallback.cluster', 'Failures forwarded to another cluster'),
  counter('fallbackNone', 'fallback.none', 'Failures for which no fallback had an answer'),
  counter('rqRetryUnsafe', 'upstream_rq_retry_unsafe', 'Retries not made: an instance may have seen the request'),
  counter('retryBudgetGranted', 'retry_budget.granted', 'Retries that the retry budget let through'),
  counter('retryBudgetExhausted', 'retry_budget.exhausted', 'Retries that the retry budget had nothing left for'),
  counter('noneHealthy', 'upstream_cx_none_healthy', 'Requests without a healthy endpoint'),
  counter('lbHealthyPanic', 'lb_healthy_panic', 'Times the load balancer entered panic mode'),
  counter('lbOverloadPenalties', 'lb_overload_penalties', 'Answers by which an endpoint said that it is overloaded'),
  gauge('lbSubsetsActive', 'lb_subsets_active', 'Subsets that have endpoints'),
  counter('lbSubsetsCreated', 'lb_subsets_created', 'Subsets that came to have endpoints'),
  counter('lbSubsetsRemoved', 'lb_subsets_removed', 'Subsets that lost their last endpoint'),
  counter('lbSubsetsSelected', 'lb_subsets_selected', 'Times a subset was chosen from'),
  counter('lbSubsetsFallback', 'lb_subsets_fallback', 'Times the fallback was chosen from'),
  counter(
    'lbSubsetsFallbackPanic',
    'lb_subsets_fallback_panic',
    'Times any endpoint was chosen for want of a fallback',
  ),
  gauge(
    'lbSubsetsSingleHostPerSubsetDuplicate',
    'lb_subsets_single_host_per_subset_duplicate',
    'Endpoints that are never chosen because another one has their labels',
  ),
  counter('lbRecalculateZoneStructures', 'lb_recalculate_zone_structures', 'Times zone routing was worked out'),
  counter('lbZoneClusterTooSmall', 'lb_zone_cluster_too_small', 'Times it was left off for want of endpoints'),
  counter('lbLocalClusterNotOk', 'lb_local_cluster_not_ok', 'Times the local cluster was empty or in panic'),
  counter('lbZoneRoutingAllDirectly', 'lb_zone_routing_all_directly', 'Requests that stayed in their locality'),
  counter('lbZoneRoutingSampled', 'lb_zone_routing_sampled', 'Requests drawn to stay in their locality'),
  counter('lbZoneRoutingCrossZone', 'lb_zone_routing_cross_zone', 'Requests sent to another locality'),
  counter('lbZoneNoCapacityLeft', 'lb_zone_no_capacity_left', 'Requests for which no locality had room'),
  counter('membershipChange', 'membership_change', 'Changes of the set of endpoints'),
  counter('updateSuccess', 'update_success', 'Updates of endpoints taken in'),
  gauge('ejectionsActive', 'outlier_detection.ejections_active', 'Endpoints ejected now'),
  counter('ejectionsEnforcedTotal', 'outlier_detection.ejections_enforced_total', 'Ejections for any reason'),
  counter('ejectionsOverflow', 'outlier_detection.ejections_overflow', 'Ejections prevented by max_ejection_percent'),
  counter('ejectionsKeptLast', 'outlier_detection.ejections_kept_last', 'Ejections of the last endpoint, prevented'),
  counter('probes', 'outlier_detection.probes', 'Requests on which the return of an endpoint depended'),
  counter('probesFailed', 'outlier_detection.probes_failed', 'Those that failed, and prolonged the ejection'),
  ...ejections('Consecutive5xx', 'consecutive_5xx', 'consecutive 5xx'),
  ...ejections('ConsecutiveGatewayFailure', 'consecutive_gateway_failure', 'consecutive gateway failures'),
  ...ejections(
    'ConsecutiveLocalOriginFailure',
    'consecutive_local_origin_failure',
    'consecutive failures on the way to them',
  ),
  ...ejections('SuccessRate', 'success_rate', 'their success rate'),
  ...ejections('LocalOriginSuccessRate', 'local_origin_success_rate', 'their success rate on the way to them'),
  ...ejections('FailurePercentage', 'failure_percentage', 'their share of failures'),
  ...ejections(
    'FailurePercentageLocalOrigin',
    'local_origin_failure_percentage',
    'their share of failures on the way to them',
  ),
];

function hashTableStats(path: string, name: string): readonly StatRow<HashTableStats>[] {
  return [
    gauge('size', `${path}.size`, 'Slots of the table that requests are placed by'),
    gauge('least', `${path}.min_${name}_per_host`, 'Slots of the endpoint that has the fewest'),
    gauge('most', `${path}.max_${name}_per_host`, 'Slots of the endpoint that has the most'),
  ];
}

const RING_STATS = hashTableStats('ring_hash_lb', 'hashes');
const MAGLEV_STATS = hashTableStats('maglev_lb', 'entries');

const MANAGER_SCOPE: Scope = { path: 'cluster_manager', metric: 'envoy_cluster_manager', labels: {} };

type ClusterSetCounters = Pick<CountedClusters, 'added' | 'modified' | 'removed'>;

const CLUSTER_SET_STATS: readonly StatRow<ClusterSetCounters>[] = [
  counter('added', 'cluster_added', 'Clusters added'),
  counter('modified', 'cluster_modified', 'Clusters changed'),
  counter('removed', 'cluster_removed', 'Clusters removed'),
];

/** The statistics of all clusters and of their manager. */
export function clusterStatsSource(clusters: CountedClusters): StatsSource {
  return {
    collect(emit) {
      const all = clusters.all();
      for (const cluster of all) emitCluster(cluster, emit);
      emitTable(CLUSTER_SET_STATS, clusters as ClusterSetCounters, MANAGER_SCOPE, emit);
      const help = 'Clusters in use';
      emit({ kind: 'gauge', ...statName(MANAGER_SCOPE, 'active_clusters', help), value: all.length });
    },
    reset() {
      for (const { stats, serviceBreaker } of clusters.all()) {
        if (serviceBreaker) resetTable(BREAKER_STATS, serviceBreaker.stats);
        resetTable(CLUSTER_STATS, stats);
        resetTable(ANSWER_LIMIT_STATS, stats.limits);
        resetTable(TLS_STATS, stats.tls);
        resetTable(CLIENT_SECRET_STATS, stats.tls);
        resetTable(HTTP2_STATS, stats.http2);
        resetTable(HEALTH_CHECK_STATS, stats.healthCheck);
        stats.byStatus.fill(0);
      }
      resetTable(CLUSTER_SET_STATS, clusters as ClusterSetCounters);
    },
  };
}

function emitCluster(
  { config, stats, endpoints, serviceBreaker, retriesLeft = null }: CountedCluster,
  emit: EmitStatistic,
): void {
  const scope = clusterScope(config.statName);
  emitTable(CLUSTER_STATS, stats, scope, emit);
  emitTable(ANSWER_LIMIT_STATS, stats.limits, scope, emit);
  emitTable(TLS_STATS, stats.tls, scope, emit);
  if (config.tls !== null) emitTable(CLIENT_SECRET_STATS, stats.tls, scope, emit);
  if (stats.cxHttp2Total > 0) emitTable(HTTP2_STATS, stats.http2, scope, emit);
  if (config.lbPolicy.kind === 'ring-hash') emitTable(RING_STATS, stats.hashTable, scope, emit);
  if (config.lbPolicy.kind === 'maglev') emitTable(MAGLEV_STATS, stats.hashTable, scope, emit);
  emitByStatus(stats.byStatus, scope, emit);
  emitMembership(endpoints, scope, emit);
  if (serviceBreaker) emitTable(BREAKER_STATS, serviceBreaker.stats, within(scope, 'service_breaker'), emit);
  emitBreakers('default', config.limits.default, stats.inUse, scope, emit);
  emitBreakers('high', config.limits.high, stats.highInUse, scope, emit);
  const pools = statName(scope, 'upstream_client_pools', 'Pools that belong to one client each (original_src)');
  emit({ kind: 'gauge', ...pools, value: stats.inUse.clientPools + stats.highInUse.clientPools });
  if (retriesLeft !== null) {
    const balance = statName(scope, 'retry_budget.balance', 'Retries that the retry budget has left');
    emit({ kind: 'gauge', ...balance, value: Math.floor(retriesLeft) });
  }
  if (config.healthCheck !== null) emitChecks(stats, endpoints, scope, emit);
  const time = statName(scope, 'upstream_rq_time', 'Time from request to complete answer, in milliseconds');
  emit({ kind: 'histogram', ...time, histogram: stats.timeMs });
  const connect = statName(scope, 'upstream_cx_connect_ms', 'Time to open a connection, in milliseconds');
  emit({ kind: 'histogram', ...connect, histogram: stats.connectMs });
}

/** Classes always, so that a rate over them exists before the first error; single codes once they were seen. */
function emitByStatus(byStatus: Float64Array, scope: Scope, emit: EmitStatistic): void {
  for (let statusClass = 1; statusClass <= 5; statusClass++) {
    let sum = 0;
    for (let status = statusClass * 100; status < statusClass * 100 + 100; status++) {
      const value = byStatus[status] ?? 0;
      if (value === 0) continue;
      sum += value;
      const variant = {
        stat: `upstream_rq_${status}`,
        metric: 'upstream_rq',
        label: 'envoy_response_code',
        value: `${status}`,
      };
      emit({ kind: 'counter', ...variantName(scope, variant, 'Requests answered, by status'), value });
    }
    const variant = {
      stat: `upstream_rq_${statusClass}xx`,
      metric: 'upstream_rq_xx',
      label: 'envoy_response_code_class',
      value: `${statusClass}`,
    };
    emit({ kind: 'counter', ...variantName(scope, variant, 'Requests answered, by class of status'), value: sum });
  }
}

function emitMembership(endpoints: readonly CountedEndpoint[], scope: Scope, emit: EmitStatistic): void {
  let healthy = 0;
  let degraded = 0;
  let excluded = 0;
  for (const endpoint of endpoints) {
    if (endpoint.standing === 'degraded') degraded++;
    else if (endpoint.standing === 'in') healthy++;
    if (endpoint.excluded) excluded++;
  }
  const gaugeOf = (name: string, help: string, value: number) =>
    emit({ kind: 'gauge', ...statName(scope, name, help), value });
  gaugeOf('membership_total', 'Endpoints', endpoints.length);
  gaugeOf('membership_healthy', 'Endpoints that may be picked', healthy);
  gaugeOf('membership_degraded', 'Endpoints that are picked when no healthy one is left', degraded);
  gaugeOf('membership_excluded', 'Endpoints left out of the panic threshold', excluded);
}

function emitChecks(
  { healthCheck }: ClusterStats,
  endpoints: readonly CountedEndpoint[],
  scope: Scope,
  emit: EmitStatistic,
): void {
  emitTable(HEALTH_CHECK_STATS, healthCheck, scope, emit);
  const passing = endpoints.filter(({ checked }) => checked?.failed === false);
  const healthy = statName(scope, 'health_check.healthy', 'Endpoints that pass their check');
  emit({ kind: 'gauge', ...healthy, value: passing.length });
  const degraded = statName(scope, 'health_check.degraded', 'Endpoints that pass and ask to be picked last');
  emit({ kind: 'gauge', ...degraded, value: passing.filter((each) => each.checked?.degraded).length });
}

/** 1 when the limit is reached: the next one is refused. */
function emitBreakers(priority: string, limits: ClusterLimits, inUse: InUse, scope: Scope, emit: EmitStatistic): void {
  const { maxConnections, maxPendingRequests, maxRequests, maxRetries, trackRemaining } = limits;
  const breakers = [
    { name: 'cx', active: inUse.connections, max: maxConnections, what: 'max_connections' },
    { name: 'rq_pending', active: inUse.pending, max: maxPendingRequests, what: 'max_pending_requests' },
    { name: 'rq', active: inUse.requests, max: maxRequests, what: 'max_requests' },
    { name: 'rq_retry', active: inUse.retries, max: maxRetries, what: 'max_retries' },
  ];
  const remainingNames = { cx: 'cx', rq_pending: 'pending', rq: 'rq', rq_retry: 'retries' };
  for (const { name, active, max, what } of breakers) {
    const open = statName(scope, `circuit_breakers.${priority}.${name}_open`, `Whether ${what} is reached`);
    emit({ kind: 'gauge', ...open, value: active >= max ? 1 : 0 });
    if (!trackRemaining) continue;
    const left = `circuit_breakers.${priority}.remaining_${remainingNames[name as keyof typeof remainingNames]}`;
    emit({
      kind: 'gauge',
      ...statName(scope, left, `What is left until ${what}`),
      value: Math.max(0, max - active),
    });
  }
}
