/** The HTTP filters of a connection manager, in the order in which requests pass them. */
import type { OnDemand } from '../../../../protos/gen/envoy/extensions/filters/http/on_demand/v3/on_demand.ts';
import type { HttpFilter } from '../../../../protos/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.ts';
import type { Any } from '../../../../protos/gen/google/protobuf/any.ts';
import type { Path } from '../../../../protos/json/issue.ts';
import { typeNameOf, unpackAny } from '../../../../protos/json/registry.ts';
import type { HttpFilterConfig, NamedHttpFilter, OnDemandConfig } from '../../model/http-filter.ts';
import type { Decoding } from '../decoding.ts';
import { durationMs } from '../values.ts';
import { decodeAdaptiveLimit } from './adaptive-limit-decoder.ts';
import { decodeExpiringFault, decodeFault } from './fault-decoder.ts';
import { decodeHealthCheckFilter } from './health-check-filter-decoder.ts';
import { decodeLocalRateLimit } from './local-rate-limit-decoder.ts';
import { decodeQuota } from './quota-decoder.ts';
import { decodeRbac } from './rbac-decoder.ts';
import { decodeStatefulSession } from './stateful-session-decoder.ts';

/** Envoy's default. */
const ON_DEMAND_TIMEOUT_MS = 5_000;

/** The router answers or forwards whatever reaches it, so it must be there once, and last. */
export function decodeHttpFilters(filters: readonly HttpFilter[], path: Path, decoding: Decoding): NamedHttpFilter[] {
  const decoded = filters.map((filter, i) => decodeHttpFilter(filter, [...path, i], decoding));
  const routerAt = decoded.findIndex((filter) => filter?.config.kind === 'router');
  if (routerAt < 0) decoding.report(path, 'the filters must end in envoy.filters.http.router, which is missing');
  else if (routerAt < filters.length - 1)
    decoding.report([...path, routerAt], 'the router must be the last filter: nothing behind it would run');
  else if (decoded[routerAt]!.disabled)
    decoding.report([...path, routerAt, 'disabled'], 'the router cannot be disabled: nothing would be forwarded');
  reportSecondLimits(decoded, path, decoding);
  return decoded.filter((filter) => filter !== undefined);
}

/** What is learned of the application is one figure, and a request that counts twice would make it half. */
function reportSecondLimits(filters: readonly (NamedHttpFilter | undefined)[], path: Path, decoding: Decoding): void {
  const first = filters.findIndex((each) => each?.config.kind === 'adaptive-limit');
  for (const [i, each] of filters.entries()) {
    if (i > first && each?.config.kind === 'adaptive-limit')
      decoding.report([...path, i], 'a second adaptive limit would count every request again; one is enough');
  }
}

function decodeHttpFilter(filter: HttpFilter, path: Path, decoding: Decoding): NamedHttpFilter | undefined {
  const any = filter.configType?.value;
  if (any === undefined) {
    decoding.report(path, `filter ${filter.name} has no typed_config`);
    return undefined;
  }
  const place = [...path, 'typed_config'];
  const config = decodeSettings(any, place, decoding);
  if (config !== undefined) return { name: filter.name, config, disabled: filter.disabled };
  if (!filter.isOptional) decoding.report(place, `${typeNameOf(any.typeUrl)} is no HTTP filter of this proxy`);
  return undefined;
}

function decodeSettings(any: Any, path: Path, decoding: Decoding): HttpFilterConfig | undefined {
  const router = unpackAny('envoy.extensions.filters.http.router.v3.Router', any);
  if (router !== undefined) return { kind: 'router', suppressEnvoyHeaders: router.suppressEnvoyHeaders };
  const rbac = unpackAny('envoy.extensions.filters.http.rbac.v3.RBAC', any);
  if (rbac !== undefined) return decodeRbac(rbac, path, decoding);
  const fault = unpackAny('envoy.extensions.filters.http.fault.v3.HTTPFault', any);
  if (fault !== undefined) return decodeFault(fault, path, decoding);
  const limit = unpackAny('envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit', any);
  if (limit !== undefined) return decodeLocalRateLimit(limit, false, path, decoding);
  const health = unpackAny('envoy.extensions.filters.http.health_check.v3.HealthCheck', any);
  if (health !== undefined) return decodeHealthCheckFilter(health, path, decoding);
  const session = unpackAny('envoy.extensions.filters.http.stateful_session.v3.StatefulSession', any);
  if (session !== undefined) return decodeStatefulSession(session, path, decoding);
  const onDemand = unpackAny('envoy.extensions.filters.http.on_demand.v3.OnDemand', any);
  if (onDemand !== undefined) return decodeOnDemand(onDemand, path, decoding);
  const cors = unpackAny('envoy.extensions.filters.http.cors.v3.Cors', any);
  return cors === undefined ? decodeOwn(any, path, decoding) : { kind: 'cors' };
}

function decodeOnDemand({ odcds }: OnDemand, path: Path, decoding: Decoding): OnDemandConfig {
  const source = odcds?.source?.configSourceSpecifier?.$case;
  if (source !== 'ads') decoding.report([...path, 'odcds', 'source'], 'clusters on demand come over ads: {} alone');
  return { kind: 'on-demand', timeoutMs: durationMs(odcds?.timeout, ON_DEMAND_TIMEOUT_MS) };
}

/** Outrider's own filters. */
function decodeOwn(any: Any, path: Path, decoding: Decoding): HttpFilterConfig | undefined {
  const adaptive = unpackAny('outrider.filters.http.v1.AdaptiveLimit', any);
  if (adaptive !== undefined) return decodeAdaptiveLimit(adaptive, path, decoding);
  if (unpackAny('outrider.filters.http.v1.Deadline', any) !== undefined) return { kind: 'deadline' };
  const quota = unpackAny('outrider.filters.http.v1.Quota', any);
  if (quota !== undefined) return decodeQuota(quota, path, decoding);
  const fault = unpackAny('outrider.filters.http.v1.ExpiringFault', any);
  return fault === undefined ? undefined : decodeExpiringFault(fault, path, decoding);
}
