/**
 * Circuit breakers, outlier detection and Outrider's own policy of a cluster: the mesh's defaults, with what a TrafficPolicy
 * says over them.
 */
import type { OutlierDetection, ServiceLimits, TrafficPolicy } from '../state/traffic-policy.ts';
import * as defaults from './defaults.ts';
import { type JsonObject, optionalDuration, written } from './resource.ts';
import { breakerJson } from './routes/resilience.ts';

const CLUSTER_POLICY = 'outrider.resilience.v1.ClusterPolicy';

/** `circuit_breakers`. */
export function circuitBreakers(limits: ServiceLimits | null): JsonObject {
  if (limits === null) return defaults.CIRCUIT_BREAKERS;
  const [thresholds] = defaults.CIRCUIT_BREAKERS.thresholds as readonly JsonObject[];
  const perInstance = limits.perInstance.maxConnections;
  return {
    thresholds: [
      {
        ...thresholds,
        ...written({
          max_connections: limits.maxConnections,
          max_pending_requests: limits.maxPending,
          max_requests: limits.maxRequests,
        }),
      },
    ],
    ...(perInstance === null ? {} : { per_host_thresholds: [{ max_connections: perInstance }] }),
  };
}

/** `outlier_detection`; none where it is switched off. */
export function outlierDetection(policy: OutlierDetection | null): JsonObject {
  if (policy === null) return { outlier_detection: defaults.OUTLIER_DETECTION };
  if (!policy.enabled) return {};
  const { minSuccessPercent } = policy;
  return {
    outlier_detection: {
      ...defaults.OUTLIER_DETECTION,
      ...written({
        consecutive_gateway_failure: policy.consecutiveErrors,
        interval: optionalDuration(policy.intervalMs),
        base_ejection_time: optionalDuration(policy.baseEjectionMs),
        max_ejection_time: optionalDuration(policy.maxEjectionMs),
        max_ejection_percent: policy.maxPercent,
        failure_percentage_threshold: minSuccessPercent === null ? null : 100 - minSuccessPercent,
        failure_percentage_request_volume: policy.minRequests,
        failure_percentage_minimum_hosts: policy.minInstances,
      }),
    },
  };
}

/** Outrider's policy as typed metadata. */
export function clusterPolicy(policy: TrafficPolicy | null): JsonObject {
  const body = { ...defaults.CLUSTER_POLICY, ...(policy === null ? {} : writtenPolicy(policy)) };
  return {
    typed_filter_metadata: { [CLUSTER_POLICY]: { '@type': `type.googleapis.com/${CLUSTER_POLICY}`, ...body } },
  };
}

function writtenPolicy(policy: TrafficPolicy): JsonObject {
  const { limits, retries, serviceBreaker, outlierDetection: outlier, loadBalancing } = policy;
  const budget = retries?.budget ?? null;
  const ejection = written({
    keep_last: outlier?.keepLast ?? null,
    exponential: outlier?.exponential ?? null,
    probe: outlier?.probe ?? null,
  });
  return written({
    retry_budget:
      budget === null
        ? null
        : {
            ...(defaults.CLUSTER_POLICY.retry_budget as JsonObject),
            ...written({
              percent: budget.percent,
              window: optionalDuration(budget.windowMs),
              min_retries_per_second: budget.minPerSecond,
            }),
          },
    max_pending_wait: optionalDuration(limits?.maxPendingWaitMs ?? null),
    max_requests_per_endpoint: limits?.perInstance.maxRequests ?? null,
    max_pending_per_endpoint: limits?.perInstance.maxPending ?? null,
    service_breaker: serviceBreaker === null ? null : breakerJson(serviceBreaker),
    ejection: { ...(defaults.CLUSTER_POLICY.ejection as JsonObject), ...ejection },
    slow_start_successes: loadBalancing?.slowStart?.successes ?? null,
  });
}
