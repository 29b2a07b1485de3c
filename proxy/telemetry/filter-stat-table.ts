/** HTTP filters in Envoy's words (the "Statistics" of RBAC, Fault injection, Local rate limit and CORS). */
import type { CorsStats } from '../http/filters/cors/cors-stats.ts';
import type { FaultStats } from '../http/filters/fault/fault-stats.ts';
import type { FilterStats } from '../http/filters/filter-stats.ts';
import type { RateLimitStats } from '../http/filters/rate-limit/rate-limit-stats.ts';
import type { DecisionCounters, RuleCounters } from '../http/filters/rbac/rbac-stats.ts';
import { counter, emitTable, gauge, resetTable, type StatRow } from './stat-table.ts';
import { type EmitStatistic, httpScope, rateLimitScope, type Scope, type StatsSource, within } from './statistic.ts';

/** Fields of FaultStats by Envoy's names. */
export const FAULT_STATS: readonly StatRow<FaultStats>[] = [
  counter('delaysInjected', 'fault.delays_injected', 'Requests that were delayed'),
  counter('abortsInjected', 'fault.aborts_injected', 'Requests that were made to fail'),
  counter('responseRlInjected', 'fault.response_rl_injected', 'Answers that were slowed down'),
  counter('faultsOverflow', 'fault.faults_overflow', 'Faults left out at the limit of active ones'),
  gauge('activeFaults', 'fault.active_faults', 'Faults that are active'),
];

/** Fields of CorsStats by Envoy's names. */
export const CORS_STATS: readonly StatRow<CorsStats>[] = [
  counter('originValid', 'cors.origin_valid', 'Requests of origins that are allowed'),
  counter('originInvalid', 'cors.origin_invalid', 'Requests of origins that are not allowed'),
];

/** Fields of RateLimitStats by Envoy's names. */
export const RATE_LIMIT_STATS: readonly StatRow<RateLimitStats>[] = [
  counter('enabled', 'enabled', 'Requests for which the limit was asked'),
  counter('enforced', 'enforced', 'Requests over the limit that were refused'),
  counter('rateLimited', 'rate_limited', 'Requests over the limit'),
  counter('ok', 'ok', 'Requests under the limit'),
];

/** Fields of DecisionCounters by Envoy's names. */
export const RBAC_STATS: readonly StatRow<DecisionCounters>[] = [
  counter('allowed', 'allowed', 'Requests that access rules allow'),
  counter('denied', 'denied', 'Requests that access rules deny'),
];

const SHADOW_RBAC_STATS: readonly StatRow<DecisionCounters>[] = [
  counter('allowed', 'shadow_allowed', 'Requests that shadow rules would allow'),
  counter('denied', 'shadow_denied', 'Requests that shadow rules would deny'),
];

/** The statistics of all HTTP filters but the router. */
export function filterStatsSource(stats: FilterStats): StatsSource {
  return {
    collect(emit) {
      for (const each of stats.rules) emitRules(each, emit);
      for (const each of stats.faults) emitTable(FAULT_STATS, each, httpScope(each.prefix), emit);
      for (const each of stats.cors) emitTable(CORS_STATS, each, httpScope(each.prefix), emit);
      for (const each of stats.limits) emitTable(RATE_LIMIT_STATS, each, rateLimitScope(each.prefix), emit);
    },
    reset() {
      for (const each of stats.rules) {
        resetTable(RBAC_STATS, each as DecisionCounters);
        for (const policy of each.policies.values()) resetTable(RBAC_STATS, policy);
      }
      for (const each of stats.faults) resetTable(FAULT_STATS, each);
      for (const each of stats.cors) resetTable(CORS_STATS, each);
      for (const each of stats.limits) resetTable(RATE_LIMIT_STATS, each);
    },
  };
}

function emitRules(rules: RuleCounters, emit: EmitStatistic): void {
  const table = rules.shadow ? SHADOW_RBAC_STATS : RBAC_STATS;
  const scope = rulesScope(rules);
  emitTable(table, rules as DecisionCounters, scope, emit);
  for (const [name, policy] of rules.policies) {
    const ofPolicy = within(within(scope, 'policy'), name, 'envoy_rbac_policy_name');
    emitTable(table, policy, ofPolicy, emit);
  }
}

/** Prefixes of rules are a label for Prometheus, where there are any. */
function rulesScope({ managerPrefix, rulesPrefix }: RuleCounters): Scope {
  const scope = within(httpScope(managerPrefix), 'rbac');
  return rulesPrefix === '' ? scope : within(scope, rulesPrefix.slice(0, -1), 'envoy_rbac_http_prefix');
}
