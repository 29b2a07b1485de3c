/** Circuit breakers that open by what comes back: `cluster.<name>.service_breaker.*` and `request_breaker.<name>.*`. */
import type { BreakerStats, SharedBreakerStats } from '../upstream/guard/breaker-stats.ts';
import { counter, emitTable, gauge, resetTable, type StatRow } from './stat-table.ts';
import { requestBreakerScope, type StatsSource, statName } from './statistic.ts';

/** Of one breaker. */
export const BREAKER_STATS: readonly StatRow<BreakerStats>[] = [
  gauge('open', 'open', 'Whether the breaker is open'),
  gauge('halfOpen', 'half_open', 'Whether the breaker is half open'),
  counter('opened', 'opened', 'Times the breaker opened'),
  counter('openedByFailures', 'opened_by_failures', 'Times the breaker opened by the share of failures'),
  counter('openedBySlow', 'opened_by_slow', 'Times the breaker opened by the share of slow answers'),
  counter('openedByConsecutive', 'opened_by_consecutive_failures', 'Times the breaker opened by failures in a row'),
  counter('halfOpened', 'half_opened', 'Times the breaker became half open'),
  counter('closed', 'closed', 'Times the breaker closed'),
  counter('refused', 'refused', 'Requests that the breaker refused'),
  counter('probes', 'probes', 'Requests that the breaker let through to see'),
];

/** What the mesh does to one that is shared. */
export const SHARED_BREAKER_STATS: readonly StatRow<SharedBreakerStats>[] = [
  counter('opened', 'shared_opened', 'Times the mesh began to hold the breaker open'),
  counter('refused', 'shared_refused', 'Requests refused because the mesh holds the breaker open'),
];

/** A request breaker, as far as it is told. */
export interface CountedRequestBreaker {
  readonly name: string;
  readonly shared: boolean;
  readonly heldOpen: boolean;
  readonly own: { readonly stats: BreakerStats };
  readonly sharedStats: SharedBreakerStats;
}

/** `request_breaker.<name>.*` of every route template. */
export function requestBreakerStatsSource(breakers: () => readonly CountedRequestBreaker[]): StatsSource {
  return {
    collect(emit) {
      for (const { name, shared, heldOpen, own, sharedStats } of breakers()) {
        const scope = requestBreakerScope(name);
        emitTable(BREAKER_STATS, own.stats, scope, emit);
        if (!shared) continue;
        const held = statName(scope, 'shared_open', 'Whether the mesh holds the breaker open');
        emit({ kind: 'gauge', ...held, value: heldOpen ? 1 : 0 });
        emitTable(SHARED_BREAKER_STATS, sharedStats, scope, emit);
      }
    },
    reset() {
      for (const { own, sharedStats } of breakers()) {
        resetTable(BREAKER_STATS, own.stats);
        resetTable(SHARED_BREAKER_STATS, sharedStats);
      }
    },
  };
}
