/** How this sidecar leaves, in numbers: `outrider.drain.*`. */
import type { DrainStats } from '../lifecycle/leaving.ts';
import { counter, emitTable, gauge, resetTable, type StatRow } from './stat-table.ts';
import { fixedScope, type StatsSource } from './statistic.ts';

const DRAIN_STATS: readonly StatRow<DrainStats>[] = [
  gauge('active', 'active', '1 while connections are being ended'),
  gauge('waiting', 'waiting', 'Connections that are waited for'),
  counter('asked', 'asked', 'Connections that were asked to leave'),
  counter('cut', 'cut', 'Connections that had not ended in time and were cut'),
];

/** Tells the counters. */
export function drainStatsSource(stats: DrainStats): StatsSource {
  const scope = fixedScope('outrider.drain');
  return {
    collect: (emit) => emitTable(DRAIN_STATS, stats, scope, emit),
    reset: () => resetTable(DRAIN_STATS, stats),
  };
}
