/** Outrider's own HTTP filters, named as Envoy names its own. */
import type { AdaptiveLimitStats } from '../http/filters/adaptive-limit/adaptive-limit-stats.ts';
import type { DeadlineStats } from '../http/filters/deadline/deadline-stats.ts';
import type { FilterStats } from '../http/filters/filter-stats.ts';
import type { OnDemandStats } from '../http/filters/on-demand/on-demand-stats.ts';
import type { QuotaStats } from '../http/filters/quota/quota-stats.ts';
import { counter, emitTable, gauge, resetTable, type StatRow } from './stat-table.ts';
import { httpScope, type Scope, type StatsSource, within } from './statistic.ts';

/** Fields of AdaptiveLimitStats by name. */
export const ADAPTIVE_LIMIT_STATS: readonly StatRow<AdaptiveLimitStats>[] = [
  gauge('limit', 'adaptive_limit.limit', 'Requests at once that are let through'),
  gauge('inFlight', 'adaptive_limit.in_flight', 'Requests that the application works on'),
  gauge('queued', 'adaptive_limit.queued', 'Requests that wait for a place'),
  gauge('usualLatencyUs', 'adaptive_limit.usual_latency_us', 'Latency that counts as usual, in microseconds'),
  counter(
    'measurements',
    'adaptive_limit.measurements',
    'Times that the usual latency was measured at the least limit',
  ),
  counter('admitted', 'adaptive_limit.admitted', 'Requests that got a place'),
  counter('exempted', 'adaptive_limit.exempted', 'Requests that got a place whatever the limit'),
  counter('waited', 'adaptive_limit.waited', 'Requests that had to wait for a place'),
  counter('waitedUs', 'adaptive_limit.waited_us', 'Microseconds that requests waited which then got a place'),
  counter('waitTimeout', 'adaptive_limit.wait_timeout', 'Requests that waited for as long as they may'),
  counter('abandoned', 'adaptive_limit.abandoned', 'Requests that ended while they waited'),
  counter('parked', 'adaptive_limit.parked', 'Silent gRPC calls that were taken for streams'),
  counter('refusedCritical', 'adaptive_limit.refused_critical', 'Requests refused that were critical'),
  counter('refusedDefault', 'adaptive_limit.refused_default', 'Requests refused of ordinary priority'),
  counter('refusedSheddable', 'adaptive_limit.refused_sheddable', 'Requests refused that were sheddable'),
];

/** Fields of OnDemandStats by name. */
export const ON_DEMAND_STATS: readonly StatRow<OnDemandStats>[] = [
  counter('waited', 'on_demand.waited', 'Requests that had to wait for their cluster'),
  counter('missing', 'on_demand.missing', 'Requests whose cluster does not exist, as the control plane says'),
  counter('timedOut', 'on_demand.timeout', 'Requests that waited for their cluster in vain'),
];

/** Fields of DeadlineStats by name. */
export const DEADLINE_STATS: readonly StatRow<DeadlineStats>[] = [
  counter('bounded', 'deadline.bounded', 'Requests that had a deadline'),
  counter('expiredOnArrival', 'deadline.expired_on_arrival', 'Requests whose deadline had passed when they came'),
  counter('exceededWaiting', 'deadline.exceeded_waiting', 'Requests whose deadline passed before they were sent on'),
  counter('exceeded', 'deadline.exceeded', 'Requests whose deadline passed while they were worked on'),
  counter('malformed', 'deadline.malformed', 'Deadlines that could not be read'),
];

/** Fields of QuotaStats by name. */
export const QUOTA_STATS: readonly StatRow<QuotaStats>[] = [
  counter('ok', 'ok', 'Requests under the limit'),
  counter('limited', 'rate_limited', 'Requests over the limit'),
  counter('overflow', 'overflow', 'Requests that had to share a bucket because there are too many values'),
  gauge('replicas', 'replicas', 'Ready replicas that share the quota'),
  gauge('values', 'values', 'Values that have a bucket'),
];

/** Their statistics. */
export function inboundStatsSource(stats: FilterStats): StatsSource {
  return {
    collect(emit) {
      for (const each of stats.adaptiveLimits) emitTable(ADAPTIVE_LIMIT_STATS, each, httpScope(each.prefix), emit);
      for (const each of stats.onDemand) emitTable(ON_DEMAND_STATS, each, httpScope(each.prefix), emit);
      for (const each of stats.deadlines) emitTable(DEADLINE_STATS, each, httpScope(each.prefix), emit);
      for (const each of stats.quotas) emitTable(QUOTA_STATS, each, quotaScope(each), emit);
    },
    reset() {
      for (const each of stats.adaptiveLimits) resetTable(ADAPTIVE_LIMIT_STATS, each);
      for (const each of stats.onDemand) resetTable(ON_DEMAND_STATS, each);
      for (const each of stats.deadlines) resetTable(DEADLINE_STATS, each);
      for (const each of stats.quotas) resetTable(QUOTA_STATS, each);
    },
  };
}

/** The name of a limit is a label for Prometheus. */
function quotaScope({ prefix, name }: QuotaStats): Scope {
  return within(within(httpScope(prefix), 'quota'), name, 'envoy_quota_name');
}
