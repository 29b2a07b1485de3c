/** When the next check of an endpoint is due. PURE. envoy.config.core.v3.HealthCheck, the intervals. */
import type { Random } from '../../../../kernel/random.ts';
import type { HealthCheckConfig } from '../../../config/model/health-check.ts';
import type { CheckChange } from './check-state.ts';

type Intervals = Pick<
  HealthCheckConfig,
  | 'intervalMs'
  | 'intervalJitterMs'
  | 'intervalJitterPercent'
  | 'noTrafficIntervalMs'
  | 'noTrafficHealthyIntervalMs'
  | 'unhealthyIntervalMs'
  | 'unhealthyEdgeIntervalMs'
  | 'healthyEdgeIntervalMs'
>;

/**
 * Milliseconds until the next check, at least 1. `used`: the cluster has had a connection. While a threshold is counted
 * towards, the edge intervals hold.
 */
export function nextCheckMs(
  config: Intervals,
  used: boolean,
  succeeded: boolean,
  change: CheckChange,
  random: Random,
): number {
  const baseMs = intervalMs(config, used, succeeded, change === 'pending');
  const shareMs = (baseMs * config.intervalJitterPercent) / 100;
  const jitterMs = random.next() * shareMs + random.next() * config.intervalJitterMs;
  return Math.max(1, Math.round(baseMs + jitterMs));
}

function intervalMs(config: Intervals, used: boolean, succeeded: boolean, edge: boolean): number {
  if (!used) return succeeded && !edge ? config.noTrafficHealthyIntervalMs : config.noTrafficIntervalMs;
  if (succeeded) return edge ? config.healthyEdgeIntervalMs : config.intervalMs;
  return edge ? config.unhealthyEdgeIntervalMs : config.unhealthyIntervalMs;
}
