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
import * as defaults from '../defaults.ts';
import { type JsonObject, optionalDuration, written } from '../resource.ts';
import { policyOf, type RouteContext } from './context.ts';
import { withIdempotentRetries } from './envoy-retries.ts';
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
      return { cookie: written({ name, ttl: optionalDuration(ttlMs), path }), ...last };
    }
    case 'source-ip':
      return { connection_properties: { source_ip: true }, ...last };
    case 'query':
      return { query_parameter: { name: source.name }, ...last };
  }
}

/** The rule that a route is made from, as far as it says something of retries. */
interface RuleEntry {
  readonly route: { readonly name: string };
  readonly rule: object;
}

/**
 * `route` with Outrider's policy, behind copies of it for the request breakers that may take some of its requests. Envoys
 * get the retries of it, gRPC clients the route alone.
 */
export function withPolicy(context: RouteContext, route: JsonObject, entry: RuleEntry | null): JsonObject[] {
  if (context.dialect === 'grpc') return [route];
  const policy = policyOf(context);
  if (context.dialect === 'envoy')
    return context.protocol === 'grpc' || isChosen(policy?.retries ?? null, entry)
      ? [route]
      : withIdempotentRetries(route);
  const own = routePolicy(policy, entry);
  const copies: JsonObject[] = [];
  for (const breaker of policy?.requestBreakers ?? []) {
    const { target } = breaker;
    const guarded = { ...own, request_breaker: requestBreaker(context.service, breaker) };
    if (target.kind === 'route') {
      if (target.name !== entry?.route.name) continue;
      return [...copies, { ...route, ...metadata(guarded) }];
    }
    const match = route.match as { readonly headers?: readonly JsonObject[] } & JsonObject;
    const method = target.method === null ? [] : [exactHeader(':method', target.method)];
    const path = { name: ':path', string_match: { safe_regex: { regex: `${target.pathRegex}(?:\\?.*)?` } } };
    const headers = [...method, path, ...(match.headers ?? [])];
    copies.push({ ...route, match: { ...match, headers }, ...metadata(guarded) });
  }
  return [...copies, { ...route, ...metadata(own) }];
}

function metadata(body: JsonObject): JsonObject {
  const typed = { '@type': `type.googleapis.com/${ROUTE_POLICY}`, ...body };
  return { metadata: { typed_filter_metadata: { [ROUTE_POLICY]: typed } } };
}

/** The mesh's defaults with what is written over them. */
function routePolicy(policy: TrafficPolicy | null, entry: RuleEntry | null): JsonObject {
  const retries = policy?.retries ?? null;
  const on = isChosen(retries, entry) ? {} : { retry_on: defaults.SAFE_RETRY_ON };
  const safe = { ...on, ...(retries === null ? {} : safeRetries(retries)) };
  return { ...defaults.ROUTE_POLICY, safe_retries: safe, ...(policy === null ? {} : writtenPolicy(policy)) };
}

/** Whoever has written on what is tried again means that and no more. */
function isChosen(retries: Retries | null, entry: RuleEntry | null): boolean {
  const rule = entry?.rule ?? {};
  if (retries !== null && (retries.on !== null || retries.codes.length > 0)) return true;
  return 'retry' in rule && rule.retry !== null;
}

function writtenPolicy({ hedging, fallbacks, timeouts }: TrafficPolicy): JsonObject {
  return written({
    hedging:
      hedging === null
        ? null
        : written({
            percentile: hedging.percentile,
            max_extra_percent: hedging.maxExtraPercent,
            min_delay: optionalDuration(hedging.minDelayMs),
          }),
    fallbacks: fallbacks.length === 0 ? null : fallbacks.map(fallbackJson),
    propagate_deadline: timeouts?.propagateDeadline ?? null,
    timeout_spares_streams: timeouts?.spareStreams ?? null,
  });
}

function safeRetries({ idempotencyHeaders, maxRetryAfterMs }: Retries): JsonObject {
  return written({
    idempotency_headers: idempotencyHeaders,
    max_retry_after: optionalDuration(maxRetryAfterMs),
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
    window: optionalDuration(windowMs),
    failure_percent: breaker.failurePercent,
    slow_after: optionalDuration(slowAfterMs),
    slow_percent: breaker.slowPercent,
    consecutive_failures: breaker.consecutiveFailures,
    open_for: optionalDuration(openMs),
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
      return {
        last_good: written({ max_age: optionalDuration(maxAgeMs), max_bytes: maxBytes, max_entries: maxEntries }),
      };
    }
    case 'service':
      return { cluster: fallback.service };
  }
}
