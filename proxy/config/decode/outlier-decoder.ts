/** envoy.config.cluster.v3.OutlierDetection with Envoy's defaults. */
import type { OutlierDetection } from '../../../protos/gen/envoy/config/cluster/v3/outlier_detection.ts';
import type { OutlierConfig } from '../model/cluster.ts';
import { durationMs } from './values.ts';

const BASE_EJECTION_MS = 30_000;
const MAX_EJECTION_MS = 300_000;

/** Decodes outlier detection. The longest ejection is never below the base. */
export function decodeOutlier(message: OutlierDetection): OutlierConfig {
  const baseEjectionTimeMs = durationMs(message.baseEjectionTime, BASE_EJECTION_MS);
  return {
    consecutive5xx: message.consecutive5xx ?? 5,
    enforcingConsecutive5xx: message.enforcingConsecutive5xx ?? 100,
    consecutiveGatewayFailure: message.consecutiveGatewayFailure ?? 5,
    enforcingConsecutiveGatewayFailure: message.enforcingConsecutiveGatewayFailure ?? 0,
    splitExternalLocalOriginErrors: message.splitExternalLocalOriginErrors,
    consecutiveLocalOriginFailure: message.consecutiveLocalOriginFailure ?? 5,
    enforcingConsecutiveLocalOriginFailure: message.enforcingConsecutiveLocalOriginFailure ?? 100,
    intervalMs: durationMs(message.interval, 10_000),
    baseEjectionTimeMs,
    maxEjectionTimeMs: durationMs(message.maxEjectionTime, Math.max(MAX_EJECTION_MS, baseEjectionTimeMs)),
    maxEjectionTimeJitterMs: durationMs(message.maxEjectionTimeJitter, 0),
    maxEjectionPercent: message.maxEjectionPercent ?? 10,
    alwaysEjectOneHost: message.alwaysEjectOneHost ?? false,
    successRateMinimumHosts: message.successRateMinimumHosts ?? 5,
    successRateRequestVolume: message.successRateRequestVolume ?? 100,
    successRateStdevFactor: message.successRateStdevFactor ?? 1_900,
    enforcingSuccessRate: message.enforcingSuccessRate ?? 100,
    enforcingLocalOriginSuccessRate: message.enforcingLocalOriginSuccessRate ?? 100,
    failurePercentageThreshold: message.failurePercentageThreshold ?? 85,
    enforcingFailurePercentage: message.enforcingFailurePercentage ?? 0,
    enforcingFailurePercentageLocalOrigin: message.enforcingFailurePercentageLocalOrigin ?? 0,
    failurePercentageMinimumHosts: message.failurePercentageMinimumHosts ?? 5,
    failurePercentageRequestVolume: message.failurePercentageRequestVolume ?? 50,
    successfulActiveHealthCheckUnejects: message.successfulActiveHealthCheckUnejectHost ?? true,
  };
}
