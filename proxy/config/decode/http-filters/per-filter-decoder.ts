/**
 * typed_per_filter_config of one level: settings of filters by their names in the chain, or a switch
 * (envoy.config.route.v3.FilterConfig).
 */
import type { Any } from '../../../../protos/gen/google/protobuf/any.ts';
import type { Path } from '../../../../protos/json/issue.ts';
import { typeNameOf, unpackAny } from '../../../../protos/json/registry.ts';
import type { PerFilterConfig, PerFilterConfigs } from '../../model/http-filter.ts';
import type { Decoding } from '../decoding.ts';
import { decodeCorsPolicy } from './cors-decoder.ts';
import { decodeExpiringFault, decodeFault } from './fault-decoder.ts';
import { decodeLocalRateLimit } from './local-rate-limit-decoder.ts';
import { decodeQuota } from './quota-decoder.ts';
import { decodeRbacPerRoute } from './rbac-decoder.ts';
import { decodeStatefulSessionPerRoute } from './stateful-session-decoder.ts';

/** The settings of one level. What is optional and not known here is left out. */
export function decodePerFilter(
  configs: Readonly<Record<string, Any | undefined>>,
  path: Path,
  decoding: Decoding,
): PerFilterConfigs {
  const decoded: Record<string, PerFilterConfig> = {};
  for (const [name, any] of Object.entries(configs)) {
    const value = any && decodeEntry(any, [...path, 'typed_per_filter_config', name], decoding);
    if (value !== undefined) Object.defineProperty(decoded, name, { value, enumerable: true });
  }
  return decoded;
}

function decodeEntry(any: Any, path: Path, decoding: Decoding): PerFilterConfig | undefined {
  const wrapper = unpackAny('envoy.config.route.v3.FilterConfig', any);
  if (wrapper === undefined) return decodeSettings(any, false, path, decoding);
  if (wrapper.disabled) return { kind: 'disabled' };
  if (wrapper.config === undefined) {
    decoding.report([...path, 'config'], 'config or disabled is required; an empty config switches the filter on');
    return undefined;
  }
  if (wrapper.config.typeUrl === '') return { kind: 'enabled' };
  return decodeSettings(wrapper.config, wrapper.isOptional, [...path, 'config'], decoding);
}

function decodeSettings(any: Any, optional: boolean, path: Path, decoding: Decoding): PerFilterConfig | undefined {
  const rbac = unpackAny('envoy.extensions.filters.http.rbac.v3.RBACPerRoute', any);
  if (rbac !== undefined) return decodeRbacPerRoute(rbac, path, decoding);
  const fault = unpackAny('envoy.extensions.filters.http.fault.v3.HTTPFault', any);
  if (fault !== undefined) return decodeFault(fault, path, decoding);
  const limit = unpackAny('envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit', any);
  if (limit !== undefined) return decodeLocalRateLimit(limit, true, path, decoding);
  const cors = unpackAny('envoy.extensions.filters.http.cors.v3.CorsPolicy', any);
  if (cors !== undefined) return decodeCorsPolicy(cors, path, decoding);
  const session = unpackAny('envoy.extensions.filters.http.stateful_session.v3.StatefulSessionPerRoute', any);
  if (session !== undefined) return decodeStatefulSessionPerRoute(session, path, decoding);
  const expiring = unpackAny('outrider.filters.http.v1.ExpiringFault', any);
  if (expiring !== undefined) return decodeExpiringFault(expiring, path, decoding);
  const quota = unpackAny('outrider.filters.http.v1.Quota', any);
  if (quota !== undefined) return decodeQuota(quota, path, decoding);
  if (!optional)
    decoding.report(
      path,
      `${typeNameOf(any.typeUrl)} is nothing that a route can say about an HTTP filter of this proxy`,
    );
  return undefined;
}
