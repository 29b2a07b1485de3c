/** Circuit breakers that open by what comes back: `cluster.<name>.service_breaker.*` and `request_breaker.<name>.*`. */
import type { BreakerStats } from '../upstream/guard/breaker-stats.ts';
import { counter, gauge, type StatRow } from './stat-table.ts';

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
