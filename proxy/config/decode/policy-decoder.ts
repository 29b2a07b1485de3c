/**
 * outrider.resilience.v1, as metadata of clusters and routes: `typed_filter_metadata` under the full name of the message.
 * Another name of Outrider's there is a mistake; names of others are not ours to judge.
 */
import type { Metadata } from '../../../protos/gen/envoy/config/core/v3/base.ts';
import type { Breaker } from '../../../protos/gen/outrider/resilience/v1/cluster_policy.ts';
import type { Fallback, RoutePolicy } from '../../../protos/gen/outrider/resilience/v1/route_policy.ts';
import type { MessageTypes } from '../../../protos/gen/registry.ts';
import type { Path } from '../../../protos/json/issue.ts';
import { unpackAny } from '../../../protos/json/registry.ts';
import {
  type BreakerConfig,
  type ClusterPolicyConfig,
  type FallbackConfig,
  NO_CLUSTER_POLICY,
  NO_ROUTE_POLICY,
  type RoutePolicyConfig,
} from '../model/policy.ts';
import type { Decoding } from './decoding.ts';
import { decodeConditions } from './retry-policy-decoder.ts';
import { durationMs } from './values.ts';

const CLUSTER_POLICY = 'outrider.resilience.v1.ClusterPolicy';
const ROUTE_POLICY = 'outrider.resilience.v1.RoutePolicy';

/** Decodes what a cluster's metadata say of Outrider's own policy. */
export function decodeClusterPolicy(
  metadata: Metadata | undefined,
  path: Path,
  decoding: Decoding,
): ClusterPolicyConfig {
  const policy = findPolicy(CLUSTER_POLICY, metadata, path, decoding);
  if (policy === undefined) return NO_CLUSTER_POLICY;
  const { retryBudget, serviceBreaker, ejection } = policy;
  const place = placeOf(path, CLUSTER_POLICY);
  return {
    retryBudget:
      retryBudget === undefined
        ? null
        : {
            percent: share(retryBudget.percent, 20, [...place, 'retry_budget', 'percent'], decoding),
            windowMs: durationMs(retryBudget.window, 10_000),
            minPerSecond: retryBudget.minRetriesPerSecond ?? 3,
          },
    maxPendingWaitMs: durationMs(policy.maxPendingWait, 0),
    maxRequestsPerEndpoint: policy.maxRequestsPerEndpoint || Number.POSITIVE_INFINITY,
    maxPendingPerEndpoint: policy.maxPendingPerEndpoint || Number.POSITIVE_INFINITY,
    serviceBreaker:
      serviceBreaker === undefined ? null : decodeBreaker(serviceBreaker, [...place, 'service_breaker'], decoding),
    ejection: {
      keepLast: ejection?.keepLast ?? false,
      exponential: ejection?.exponential ?? false,
      probe: ejection?.probe ?? false,
    },
    slowStartSuccesses: policy.slowStartSuccesses,
  };
}

/** Decodes what a route's metadata say of Outrider's own policy. */
export function decodeRoutePolicy(metadata: Metadata | undefined, path: Path, decoding: Decoding): RoutePolicyConfig {
  const policy = findPolicy(ROUTE_POLICY, metadata, path, decoding);
  if (policy === undefined) return NO_ROUTE_POLICY;
  const place = placeOf(path, ROUTE_POLICY);
  const { safeRetries, hedging } = policy;
  return {
    safeRetries:
      safeRetries === undefined
        ? null
        : {
            idempotencyHeaders: idempotencyHeaders(safeRetries.idempotencyHeaders),
            maxRetryAfterMs: durationMs(safeRetries.maxRetryAfter, 300_000),
            retryOn: decodeConditions(safeRetries.retryOn, [...place, 'safe_retries', 'retry_on'], decoding),
          },
    hedging:
      hedging === undefined
        ? null
        : {
            percentile: share(hedging.percentile, 95, [...place, 'hedging', 'percentile'], decoding),
            maxExtraPercent: share(hedging.maxExtraPercent, 5, [...place, 'hedging', 'max_extra_percent'], decoding),
            minDelayMs: durationMs(hedging.minDelay, 1),
          },
    requestBreaker: decodeRequestBreaker(policy, [...place, 'request_breaker'], decoding),
    fallbacks: policy.fallbacks.map((each, i) => decodeFallback(each, [...place, 'fallbacks', i], decoding)),
    propagatesDeadline: policy.propagateDeadline,
    timeoutSparesStreams: policy.timeoutSparesStreams,
  };
}

function placeOf(path: Path, name: string): Path {
  return [...path, 'metadata', 'typed_filter_metadata', name];
}

function findPolicy<N extends keyof MessageTypes>(
  name: N,
  metadata: Metadata | undefined,
  path: Path,
  decoding: Decoding,
): MessageTypes[N] | undefined {
  let found: MessageTypes[N] | undefined;
  for (const [key, any] of Object.entries(metadata?.typedFilterMetadata ?? {})) {
    if (!key.startsWith('outrider.')) continue;
    found = key === name ? unpackAny(name, any) : undefined;
    if (found === undefined) decoding.report(placeOf(path, key), `only ${name} is known here, under its own name`);
  }
  return found;
}

function decodeRequestBreaker(
  { requestBreaker }: RoutePolicy,
  path: Path,
  decoding: Decoding,
): RoutePolicyConfig['requestBreaker'] {
  if (requestBreaker === undefined) return null;
  const { name, shared } = requestBreaker;
  if (name === '') decoding.report([...path, 'name'], 'a request breaker needs the name of its route template');
  return { name, shared, breaker: decodeBreaker(requestBreaker.breaker, [...path, 'breaker'], decoding) };
}

function decodeBreaker(message: Breaker | undefined, path: Path, decoding: Decoding): BreakerConfig {
  return {
    minimumRequests: message?.minimumRequests || 20,
    windowMs: durationMs(message?.window, 10_000),
    failurePercent: share(message?.failurePercent, 50, [...path, 'failure_percent'], decoding),
    slowAfterMs: durationMs(message?.slowAfter, 0),
    slowPercent: share(message?.slowPercent, 50, [...path, 'slow_percent'], decoding),
    consecutiveFailures: message?.consecutiveFailures ?? 0,
    openMs: durationMs(message?.openFor, 5_000),
    probes: message?.probes || 1,
    successesToClose: message?.successesToClose || 3,
  };
}

function decodeFallback({ answer }: Fallback, path: Path, decoding: Decoding): FallbackConfig {
  switch (answer?.$case) {
    case 'static': {
      const { status, contentType, body } = answer.value;
      if (status !== 0 && (status < 200 || status > 599))
        decoding.report([...path, 'static', 'status'], `${status} is no final status: 200 to 599 are`);
      return { kind: 'static', status: status || 200, contentType: contentType || 'text/plain', body };
    }
    case 'lastGood': {
      const { maxAge, maxBytes, maxEntries } = answer.value;
      return {
        kind: 'last-good',
        maxAgeMs: durationMs(maxAge, 60_000),
        maxBytes: maxBytes || 65_536,
        maxEntries: maxEntries || 128,
      };
    }
    case 'cluster':
      return { kind: 'cluster', cluster: answer.value };
    case undefined:
      decoding.report(path, 'a fallback is required: static, last_good or cluster');
      return { kind: 'cluster', cluster: '' };
  }
}

function idempotencyHeaders(names: readonly string[]): readonly string[] {
  return names.length === 0 ? ['idempotency-key'] : names.map((name) => name.toLowerCase());
}

/** A percentage; 0 stands for the default. */
function share(percent: number | undefined, fallback: number, path: Path, decoding: Decoding): number {
  if (percent === undefined || percent === 0) return fallback;
  if (percent > 0 && percent <= 100) return percent;
  decoding.report(path, `${percent} is no share: above 0 and at most 100 are`);
  return fallback;
}
