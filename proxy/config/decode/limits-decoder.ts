/** envoy.config.cluster.v3.CircuitBreakers with Envoy's defaults. */
import {
  type CircuitBreakers,
  CircuitBreakers_Thresholds,
} from '../../../protos/gen/envoy/config/cluster/v3/circuit_breaker.ts';
import { RoutingPriority } from '../../../protos/gen/envoy/config/core/v3/base.ts';
import type { Path } from '../../../protos/json/issue.ts';
import type { ClusterConfig, ClusterLimits } from '../model/cluster.ts';
import type { Decoding } from './decoding.ts';

/** Decodes the limits of both priorities. */
export function decodeLimits(
  breakers: CircuitBreakers | undefined,
  path: Path,
  decoding: Decoding,
): Pick<ClusterConfig, 'limits' | 'maxConnectionsPerHost'> {
  for (const [i, thresholds] of (breakers?.perHostThresholds ?? []).entries()) {
    const { priority, maxConnections } = thresholds;
    const known = CircuitBreakers_Thresholds.fromPartial({ priority, maxConnections });
    if (JSON.stringify(thresholds) !== JSON.stringify(known))
      decoding.report([...path, 'per_host_thresholds', i], 'only max_connections is limited per host');
  }
  const { DEFAULT, HIGH } = RoutingPriority;
  const perHost = (priority: RoutingPriority) =>
    breakers?.perHostThresholds.find((each) => each.priority === priority)?.maxConnections ?? Number.POSITIVE_INFINITY;
  return {
    limits: { default: decodePriority(breakers, DEFAULT), high: decodePriority(breakers, HIGH) },
    maxConnectionsPerHost: { default: perHost(DEFAULT), high: perHost(HIGH) },
  };
}

function decodePriority(breakers: CircuitBreakers | undefined, priority: RoutingPriority): ClusterLimits {
  const thresholds = breakers?.thresholds.find((each) => each.priority === priority);
  const budget = thresholds?.retryBudget;
  return {
    maxConnections: thresholds?.maxConnections ?? 1_024,
    maxPendingRequests: thresholds?.maxPendingRequests ?? 1_024,
    maxRequests: thresholds?.maxRequests ?? 1_024,
    maxRetries: thresholds?.maxRetries ?? 3,
    retryBudget:
      budget === undefined
        ? null
        : { percent: budget.budgetPercent?.value ?? 20, minConcurrency: budget.minRetryConcurrency ?? 3 },
    trackRemaining: thresholds?.trackRemaining ?? false,
  };
}
