/**
 * HTTP filters in front of an application: deadline and adaptive limit by default, and what TrafficPolicies and
 * FaultPolicies say of its services.
 *
 *   deadline ► rate limit ► quota ► adaptive limit ► faults ► router
 *
 * What refuses for the least stands first. Faults are behind the limits, which take them for the application's own doing.
 */
import type { FaultPolicy } from '../state/fault-policy.ts';
import type { State } from '../state/model.ts';
import { policiesByService } from '../state/queries.ts';
import type { AdaptiveLimit, Quota, RateLimit, RequestMatch } from '../state/traffic-policy.ts';
import * as defaults from './defaults.ts';
import type { SidecarNode } from './node.ts';
import { duration, type JsonObject, optionalDuration, written } from './resource.ts';
import { escapeRegex, exactHeader, valueMatch } from './routes/parts.ts';

const OUTRIDER = 'outrider.filters.http';
const TYPE = `type.googleapis.com/${OUTRIDER}.v1`;
const LOCAL_RATE_LIMIT = 'envoy.filters.http.local_ratelimit';
const FAULT = 'envoy.filters.http.fault';
const FAULT_TYPE = 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault';
const LOCAL_RATE_LIMIT_TYPE = 'type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit';

/** The filters of a sidecar's inbound listener; those of its own service count before those of a group. */
export function inboundFilters(state: State, { services }: SidecarNode): JsonObject[] {
  const policies = policiesByService(state);
  const inbound = services.flatMap((service) => {
    const found = policies.get(service)?.inbound ?? null;
    return found === null ? [] : [{ service, ...found }];
  });
  const rateLimit = inbound.find((each) => each.rateLimit !== null)?.rateLimit;
  const adaptive = inbound.find((each) => each.adaptiveLimit !== null)?.adaptiveLimit;
  return [
    ...(inbound.every(({ deadline }) => deadline) ? [byDefault(filter('deadline', 'Deadline', {}))] : []),
    ...(rateLimit ? [rateLimitFilter(rateLimit)] : []),
    ...inbound.flatMap(({ service, quotas }) => (quotas.length === 0 ? [] : [quotaFilter(service, quotas)])),
    byDefault(filter('adaptive_limit', 'AdaptiveLimit', adaptiveLimit(adaptive ?? null))),
    ...faultsOf(state, services).map((fault) => filter('expiring_fault', 'ExpiringFault', faultJson(fault))),
  ];
}

/** What an Envoy has of them: the rate limit and the faults. Those that have ended are taken away by the control plane. */
export function envoyInboundFilters(state: State, services: readonly string[]): JsonObject[] {
  const policies = policiesByService(state);
  const rateLimit = services.map((service) => policies.get(service)?.inbound?.rateLimit ?? null).find(Boolean) ?? null;
  const faults = faultsOf(state, services).map(({ name, ...fault }) => ({
    name: `${FAULT}.${name}`,
    typed_config: { '@type': FAULT_TYPE, ...faultSettings(fault) },
  }));
  return [...(rateLimit === null ? [] : [rateLimitFilter(rateLimit)]), ...faults];
}

function filter(name: string, message: string, settings: JsonObject): JsonObject {
  return { name: `${OUTRIDER}.${name}`, typed_config: { '@type': `${TYPE}.${message}`, ...settings } };
}

/** An Envoy that joins the mesh does without. */
function byDefault(own: JsonObject): JsonObject {
  return { ...own, is_optional: true };
}

/** Where a policy sets bounds, those that it leaves out follow them. */
function adaptiveLimit(limit: AdaptiveLimit | null): JsonObject {
  if (limit === null) return { ...defaults.ADAPTIVE_LIMIT, ...defaults.ADAPTIVE_QUEUE };
  const queue = limit.maxQueue === null && limit.maxWaitMs === null ? defaults.ADAPTIVE_QUEUE : {};
  const set = written({
    initial_limit: limit.initial,
    min_limit: limit.min,
    max_limit: limit.max,
    tolerance: limit.tolerance,
    max_queue: limit.maxQueue,
    max_wait: optionalDuration(limit.maxWaitMs),
    priority_header: limit.priorityHeader,
  });
  return { ...set, ...queue };
}

function quotaFilter(service: string, quotas: readonly Quota[]): JsonObject {
  const limits = quotas.map((quota) => ({
    name: quota.name,
    ...headersOf(quota.match),
    requests_per_second: quota.requestsPerSecond,
    ...written({ per_header: quota.perHeader, burst: quota.burst, max_values: quota.maxValues }),
  }));
  return filter('quota', 'Quota', { service, limits });
}

/** A bucket of each replica: whole tokens, whose number or whose interval carries the rate. */
function rateLimitFilter({ requestsPerSecond, burst }: RateLimit): JsonObject {
  const isWhole = Number.isInteger(requestsPerSecond);
  const refill = isWhole ? requestsPerSecond : 1;
  return {
    name: LOCAL_RATE_LIMIT,
    typed_config: {
      '@type': LOCAL_RATE_LIMIT_TYPE,
      stat_prefix: 'inbound',
      token_bucket: {
        max_tokens: burst ?? refill,
        tokens_per_fill: refill,
        fill_interval: duration(isWhole ? 1000 : Math.round(1000 / requestsPerSecond)),
      },
      filter_enabled: { default_value: { numerator: 100 } },
      filter_enforced: { default_value: { numerator: 100 } },
    },
  };
}

function faultsOf(state: State, services: readonly string[]): FaultPolicy[] {
  const faults = [...state.faultPolicies.values()].filter(({ service }) => services.includes(service));
  return faults.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function faultJson(policy: FaultPolicy): JsonObject {
  return { fault: faultSettings(policy), expires_at: new Date(policy.expiresAtMs).toISOString() };
}

/** envoy.extensions.filters.http.fault.v3.HTTPFault. */
function faultSettings({ match, delay, abort }: Pick<FaultPolicy, 'match' | 'delay' | 'abort'>): JsonObject {
  return {
    ...headersOf(match),
    ...(delay === null
      ? {}
      : { delay: { fixed_delay: duration(delay.durationMs), percentage: percentage(delay.percent) } }),
    ...(abort === null
      ? {}
      : { abort: { [`${abort.answer.kind}_status`]: abort.answer.status, percentage: percentage(abort.percent) } }),
  };
}

function percentage(percent: number): JsonObject {
  return { numerator: Math.round(percent * 10_000), denominator: 'MILLION' };
}

/** A match by headers alone: the path is one of them, with its query. */
function headersOf({ method, path, headers }: RequestMatch): JsonObject {
  const all = [
    ...(method === null ? [] : [exactHeader(':method', method)]),
    ...(path === null || (path.kind === 'prefix' && path.value === '/') ? [] : [pathHeader(path)]),
    ...headers.map(valueMatch),
  ];
  return all.length === 0 ? {} : { headers: all };
}

function pathHeader({ kind, value }: NonNullable<RequestMatch['path']>): JsonObject {
  const quoted = kind === 'regex' ? value : escapeRegex(value);
  const rest = kind === 'prefix' ? '(?:[/?].*)?' : '(?:\\?.*)?';
  return { name: ':path', string_match: { safe_regex: { regex: `(?:${quoted})${rest}` } } };
}
