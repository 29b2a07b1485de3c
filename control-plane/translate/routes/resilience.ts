/**
 * What a TrafficPolicy adds to the routes of its service: hash policies, and Outrider's own route policy as metadata. A
 * request breaker of one kind of request makes a route of its own in front of each that may take such requests.
 */
import type { Backend, SessionCookie } from '../../state/routes.ts';
import type {
  Breaker,
  Fallback,
  HashInput,
  RequestBreaker,
  Retries,
  TrafficPolicy,
} from '../../state/traffic-policy.ts';
import { isHashing } from '../../state/traffic-policy.ts';
import { duration, type JsonObject, written } from '../resource.ts';
import { policyOf, type RouteContext } from './context.ts';
import { exactHeader } from './parts.ts';

const ROUTE_POLICY = 'outrider.resilience.v1.RoutePolicy';

/** What the hash of a request is made of: the session's cookie first, then what the first hashing backend asks for. */
export function hashPolicies(
  { policies }: RouteContext,
  backends: readonly Pick<Backend, 'service'>[],
  session: SessionCookie | null,
): JsonObject {
  const balanced = backends.map(({ service }) => policies.get(service)?.loadBalancing ?? null);
  const inputs = balanced.find((each) => isHashing(each?.policy ?? null))?.hash ?? [];
  const own: HashInput[] =
    session === null
      ? []
      : [{ source: { kind: 'cookie', name: session.name, ttlMs: session.ttlMs, path: '/' }, terminal: true }];
  const all = [...own, ...inputs];
  return all.length === 0 ? {} : { hash_policy: all.map(hashJson) };
}

function hashJson({ source, terminal }: HashInput): JsonObject {
  const last = terminal ? { terminal } : {};
  switch (source.kind) {
    case 'header':
      return { header: { header_name: source.name }, ...last };
    case 'cookie': {
      const { name, ttlMs, path } = source;
      return { cookie: written({ name, ttl: ttlMs === null ? null : duration(ttlMs), path }), ...last };
    }
    case 'source-ip':
      return { connection_properties: { source_ip: true }, ...last };
    case 'query':
      return { query_parameter: { name: source.name }, ...last };
  }
}

/** `route` with Outrider's policy, behind copies of it for the request breakers that may take some of its requests. */
export function withPolicy(
  context: RouteContext,
  route: JsonObject,
  entry: { readonly route: { readonly name: string } } | null,
): JsonObject[] {
  const policy = policyOf(context);
  if (policy === null || context.dialect === 'grpc') return [route];
  const copies: JsonObject[] = [];
  for (const breaker of policy.requestBreakers) {
    const { target } = breaker;
    if (target.kind === 'route') {
      if (target.name !== entry?.route.name) continue;
      return [...copies, { ...route, ...metadata(policy, breaker) }];
    }
    const match = route.match as { readonly headers?: readonly JsonObject[] } & JsonObject;
    const method = target.method === null ? [] : [exactHeader(':method', target.method)];
    const path = { name: ':path', string_match: { safe_regex: { regex: `${target.pathRegex}(?:\\?.*)?` } } };
    const headers = [...method, path, ...(match.headers ?? [])];
    copies.push({ ...route, match: { ...match, headers }, ...metadata(policy, breaker) });
  }
  return [...copies, { ...route, ...metadata(policy, null) }];
}

function metadata(policy: TrafficPolicy, breaker: RequestBreaker | null): JsonObject {
  const { retries, hedging, fallbacks, timeouts } = policy;
  const body = written({
    safe_retries: retries === null ? null : safeRetries(retries),
    hedging:
      hedging === null
        ? null
        : written({
            percentile: hedging.percentile,
            max_extra_percent: hedging.maxExtraPercent,
            min_delay: hedging.minDelayMs === null ? null : duration(hedging.minDelayMs),
          }),
    request_breaker: breaker === null ? null : requestBreaker(policy.service, breaker),
    fallbacks: fallbacks.length === 0 ? null : fallbacks.map(fallbackJson),
    propagate_deadline: timeouts?.propagateDeadline || null,
    timeout_spares_streams: timeouts?.spareStreams || null,
  });
  if (Object.keys(body).length === 0) return {};
  const typed = { '@type': `type.googleapis.com/${ROUTE_POLICY}`, ...body };
  return { metadata: { typed_filter_metadata: { [ROUTE_POLICY]: typed } } };
}

/** Null where nothing of it is written. */
function safeRetries({ idempotencyHeaders, maxRetryAfterMs }: Retries): JsonObject | null {
  if (idempotencyHeaders === null && maxRetryAfterMs === null) return null;
  return written({
    idempotency_headers: idempotencyHeaders,
    max_retry_after: maxRetryAfterMs === null ? null : duration(maxRetryAfterMs),
  });
}

function requestBreaker(service: string, { target, breaker, shared }: RequestBreaker): JsonObject {
  const name = `${service}/${target.kind === 'template' ? target.text : target.name}`;
  return written({ name, breaker: breakerJson(breaker), shared: shared || null });
}

/** outrider.resilience.v1.Breaker. */
export function breakerJson(breaker: Breaker): JsonObject {
  const { windowMs, slowAfterMs, openMs } = breaker;
  return written({
    minimum_requests: breaker.minimumRequests,
    window: windowMs === null ? null : duration(windowMs),
    failure_percent: breaker.failurePercent,
    slow_after: slowAfterMs === null ? null : duration(slowAfterMs),
    slow_percent: breaker.slowPercent,
    consecutive_failures: breaker.consecutiveFailures,
    open_for: openMs === null ? null : duration(openMs),
    probes: breaker.probes,
    successes_to_close: breaker.successesToClose,
  });
}

function fallbackJson(fallback: Fallback): JsonObject {
  switch (fallback.kind) {
    case 'static':
      return {
        static: written({ status: fallback.status, content_type: fallback.contentType, body: fallback.body }),
      };
    case 'last-good': {
      const { maxAgeMs, maxBytes, maxEntries } = fallback;
      const maxAge = maxAgeMs === null ? null : duration(maxAgeMs);
      return { last_good: written({ max_age: maxAge, max_bytes: maxBytes, max_entries: maxEntries }) };
    }
    case 'service':
      return { cluster: fallback.service };
  }
}
