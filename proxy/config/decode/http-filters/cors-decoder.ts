/** envoy.extensions.filters.http.cors.v3.CorsPolicy of one level. */
import type { CorsPolicy } from '../../../../protos/gen/envoy/extensions/filters/http/cors/v3/cors.ts';
import type { Path } from '../../../../protos/json/issue.ts';
import type { CorsPolicyConfig } from '../../model/http-filter.ts';
import type { Decoding } from '../decoding.ts';
import { decodeStringMatch } from '../matcher-decoder.ts';
import { runtimeFraction } from '../values.ts';

/** A policy as written: what it leaves out, a less specific level may say. */
export function decodeCorsPolicy(message: CorsPolicy, path: Path, decoding: Decoding): CorsPolicyConfig {
  const { filterEnabled, shadowEnabled } = message;
  const origins = [...path, 'allow_origin_string_match'];
  return {
    kind: 'cors-policy',
    allowOrigins: message.allowOriginStringMatch.map((each, i) => decodeStringMatch(each, [...origins, i], decoding)),
    allowMethods: message.allowMethods,
    allowHeaders: message.allowHeaders,
    exposeHeaders: message.exposeHeaders,
    maxAge: message.maxAge,
    allowCredentials: message.allowCredentials ?? null,
    allowPrivateNetworkAccess: message.allowPrivateNetworkAccess ?? null,
    forwardNotMatchingPreflights: message.forwardNotMatchingPreflights ?? null,
    enabled: filterEnabled === undefined ? null : runtimeFraction(filterEnabled),
    shadowEnabled: shadowEnabled === undefined ? null : runtimeFraction(shadowEnabled),
  };
}
