/**
 * Timeouts and retries, by what is carried. A request has a time limit; a gRPC call may be a stream that lives for hours,
 * so that nothing ends it but the deadline that its client sets (grpc-timeout).
 *
 * A service of which is known what it speaks needs one route. One that may carry both, plain requests and calls, needs
 * two of the same: the first takes the calls (`grpc: {}` looks at the content type), the second what is left. Envoy has
 * no other way to give them different limits.
 *
 * What a route says counts, then what the TrafficPolicy of the called service says, then the mesh's defaults.
 */
import type { Protocol } from '../../state/model.ts';
import type { RouteRetry } from '../../state/routes.ts';
import type { Retries, TrafficPolicy } from '../../state/traffic-policy.ts';
import * as defaults from '../defaults.ts';
import type { Dialect } from '../dialect.ts';
import { duration, type JsonObject } from '../resource.ts';
import { policyOf, type RouteContext } from './context.ts';

/** What a route adds for one kind of traffic. */
export interface Traffic {
  /** To its match. */
  readonly match: JsonObject;
  /** To its action. */
  readonly policy: JsonObject;
}

/** What one rule says for itself; null: nothing. */
export interface RouteLimits {
  /** Also for calls; 0: none. */
  readonly requestTimeoutMs: number | null;
  readonly backendTimeoutMs: number | null;
  readonly retry: RouteRetry | null;
}

/** A rule that says nothing. */
export const NO_LIMITS: RouteLimits = { requestTimeoutMs: null, backendTimeoutMs: null, retry: null };

/** Matches calls only. gRPC clients make nothing else. */
export function callsOnly(dialect: Dialect): JsonObject {
  return dialect === 'grpc' ? {} : { grpc: {} };
}

/** What one route becomes, in the order in which the routes must stand; it carries `protocol`. */
export function trafficOf(context: RouteContext, protocol: Protocol, limits: RouteLimits): Traffic[] {
  const { dialect } = context;
  if (dialect === 'grpc') return [{ match: {}, policy: clientPolicy(context, protocol, limits) }];
  const calls = callPolicy(context, limits);
  const requests = requestPolicy(context, limits);
  switch (protocol) {
    case 'grpc':
      return [{ match: {}, policy: calls }];
    case 'http':
    case 'tcp':
      return [{ match: {}, policy: requests }];
    case 'auto':
    case 'http2':
      return [
        { match: callsOnly(dialect), policy: calls },
        { match: {}, policy: requests },
      ];
  }
}

/** For plain requests. */
export function requestPolicy(context: RouteContext, limits: RouteLimits): JsonObject {
  const policy = policyOf(context);
  return {
    timeout: duration(timeoutOf(limits, policy) ?? defaults.REQUEST_TIMEOUT_MS),
    ...idleTimeout(policy),
    retry_policy: retryPolicy(defaults.RETRY_POLICY, limits, policy?.retries ?? null),
  };
}

/** For calls; a time limit that the user wrote holds beside the client's own deadline. gRPC clients retry by themselves. */
export function callPolicy(context: RouteContext, limits: RouteLimits): JsonObject {
  const policy = policyOf(context);
  return {
    timeout: duration(timeoutOf(limits, policy) ?? 0),
    ...(context.dialect === 'grpc' ? {} : idleTimeout(policy)),
    max_stream_duration: defaults.CLIENT_DEADLINE,
    ...(context.dialect === 'grpc'
      ? {}
      : { retry_policy: retryPolicy(defaults.GRPC_RETRY_POLICY, limits, policy?.retries ?? null) }),
  };
}

/** gRPC clients read `max_stream_duration` alone. */
function clientPolicy(context: RouteContext, protocol: Protocol, limits: RouteLimits): JsonObject {
  const timeoutMs = timeoutOf(limits, policyOf(context));
  if (timeoutMs !== null) return { timeout: duration(timeoutMs) };
  return protocol === 'grpc' ? callPolicy(context, NO_LIMITS) : { timeout: duration(defaults.REQUEST_TIMEOUT_MS) };
}

function timeoutOf({ requestTimeoutMs }: RouteLimits, policy: TrafficPolicy | null): number | null {
  return requestTimeoutMs ?? policy?.timeouts?.requestMs ?? null;
}

function idleTimeout(policy: TrafficPolicy | null): JsonObject {
  const idleMs = policy?.timeouts?.idleMs ?? null;
  return idleMs === null ? {} : { idle_timeout: duration(idleMs) };
}

/** `written` over `base`, and the rule's own `retry` over both. */
function retryPolicy(base: JsonObject, limits: RouteLimits, written: Retries | null): JsonObject {
  const { retry, backendTimeoutMs } = limits;
  const codes = retry?.codes ?? written?.codes ?? [];
  const attempts = retry?.attempts ?? written?.attempts ?? null;
  const tryMs = backendTimeoutMs ?? written?.perTryTimeoutMs ?? null;
  const on = retry === null ? (written?.on?.join() ?? base.retry_on!) : base.retry_on!;
  return {
    ...base,
    retry_on: codes.length === 0 ? on : `${on},retriable-status-codes`,
    ...(codes.length === 0 ? {} : { retriable_status_codes: codes }),
    ...(attempts === null ? {} : { num_retries: attempts }),
    ...(tryMs === null || tryMs === 0 ? {} : { per_try_timeout: duration(tryMs) }),
    ...backOff(retry?.backoffMs ?? written?.backoff?.baseMs ?? null, written?.backoff?.maxMs ?? null),
  };
}

/** Envoy's rule where the longest wait is not said: ten times the shortest. */
function backOff(baseMs: number | null, maxMs: number | null): JsonObject {
  if (baseMs === null && maxMs === null) return {};
  const shortestMs = baseMs ?? Math.min(defaults.RETRY_BACKOFF_MS, maxMs!);
  const longestMs = Math.max(shortestMs, maxMs ?? shortestMs * 10);
  return { retry_back_off: { base_interval: duration(shortestMs), max_interval: duration(longestMs) } };
}
