import type { RetryPolicyConfig } from './model/route.ts';

/**
 * What a retry policy holds where nobody says otherwise: Envoy's defaults, times in milliseconds, 0 for no limit.
 * `backoffMaxMs` is ten times the base, also of a base that the configuration sets.
 * Source: envoy.config.route.v3.RetryPolicy.
 */
export const RETRY_DEFAULTS = {
  retryOn: [],
  numRetries: 1,
  perTryTimeoutMs: 0,
  perTryIdleTimeoutMs: 0,
  retriableStatusCodes: [],
  retriableHeaders: [],
  retriableRequestHeaders: [],
  backoffBaseMs: 25,
  backoffMaxMs: 250,
  rateLimitedResetHeaders: [],
  rateLimitedMaxMs: 300_000,
  omittedHosts: [],
  avoidPreviousHosts: false,
  hostSelectionMaxAttempts: 1,
} as const satisfies RetryPolicyConfig;
