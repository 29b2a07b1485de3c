/** What Outrider does for clusters and routes beyond Envoy's fields. outrider.resilience.v1. */

/** outrider.resilience.v1.ClusterPolicy; everything is off where nothing is said. */
export interface ClusterPolicyConfig {
  /** Null: retries are limited by the circuit breakers alone. */
  readonly retryBudget: {
    readonly percent: number;
    readonly windowMs: number;
    readonly minPerSecond: number;
  } | null;
  /** 0: none. */
  readonly maxPendingWaitMs: number;
  /** Infinity: none. */
  readonly maxRequestsPerEndpoint: number;
  readonly maxPendingPerEndpoint: number;
  readonly serviceBreaker: BreakerConfig | null;
  readonly ejection: EjectionConfig;
  /** 0: slow start ends by time alone. */
  readonly slowStartSuccesses: number;
}

/** outrider.resilience.v1.Breaker. */
export interface BreakerConfig {
  readonly minimumRequests: number;
  readonly windowMs: number;
  readonly failurePercent: number;
  /** 0: nothing is slow. */
  readonly slowAfterMs: number;
  readonly slowPercent: number;
  /** 0: never for that. */
  readonly consecutiveFailures: number;
  readonly openMs: number;
  readonly probes: number;
  readonly successesToClose: number;
}

/** outrider.resilience.v1.Ejection. */
export interface EjectionConfig {
  readonly keepLast: boolean;
  readonly exponential: boolean;
  readonly probe: boolean;
}

/** outrider.resilience.v1.RoutePolicy. Null where nothing is said. */
export interface RoutePolicyConfig {
  readonly safeRetries: {
    readonly idempotencyHeaders: readonly string[];
    readonly maxRetryAfterMs: number;
    /** Words that are added to those of the retry policy. */
    readonly retryOn: readonly string[];
  } | null;
  readonly hedging: {
    readonly percentile: number;
    readonly maxExtraPercent: number;
    readonly minDelayMs: number;
  } | null;
  readonly requestBreaker: { readonly name: string; readonly breaker: BreakerConfig; readonly shared: boolean } | null;
  readonly fallbacks: readonly FallbackConfig[];
  readonly propagatesDeadline: boolean;
  readonly timeoutSparesStreams: boolean;
}

/** outrider.resilience.v1.Fallback. */
export type FallbackConfig =
  | { readonly kind: 'static'; readonly status: number; readonly contentType: string; readonly body: string }
  | {
      readonly kind: 'last-good';
      readonly maxAgeMs: number;
      readonly maxBytes: number;
      readonly maxEntries: number;
    }
  | { readonly kind: 'cluster'; readonly cluster: string };

/** A cluster of which nothing is said. */
export const NO_CLUSTER_POLICY: ClusterPolicyConfig = {
  retryBudget: null,
  maxPendingWaitMs: 0,
  maxRequestsPerEndpoint: Number.POSITIVE_INFINITY,
  maxPendingPerEndpoint: Number.POSITIVE_INFINITY,
  serviceBreaker: null,
  ejection: { keepLast: false, exponential: false, probe: false },
  slowStartSuccesses: 0,
};

/** A route of which nothing is said. */
export const NO_ROUTE_POLICY: RoutePolicyConfig = {
  safeRetries: null,
  hedging: null,
  requestBreaker: null,
  fallbacks: [],
  propagatesDeadline: false,
  timeoutSparesStreams: false,
};
