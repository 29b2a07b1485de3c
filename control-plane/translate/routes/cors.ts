/**
 * Gateway API's CORS filter into Envoy's: the filter stands in the listener, each route has its policy.
 */
import type { CorsFilter, HttpRoute } from '../../state/routes.ts';
import type { JsonObject } from '../resource.ts';

const NAME = 'envoy.filters.http.cors';
const TYPE = 'type.googleapis.com/envoy.extensions.filters.http.cors.v3';

/** The filter of a connection manager. Without a policy on the route it does nothing. */
export const CORS_FILTER: JsonObject = { name: NAME, typed_config: { '@type': `${TYPE}.Cors` } };

/** Whether any of the routes needs it. */
export function needCors(routes: Iterable<HttpRoute>): boolean {
  return [...routes].some(({ rules }) => rules.some(({ filters }) => filters.some(({ kind }) => kind === 'cors')));
}

/** The policy of a route; filters of other kinds are passed over. */
export function corsPolicy(filters: readonly { readonly kind: string }[]): JsonObject {
  const cors = filters.find((filter): filter is CorsFilter => filter.kind === 'cors');
  if (cors === undefined) return {};
  const list = (field: string, values: readonly string[]) =>
    values.length === 0 ? {} : { [field]: values.join(', ') };
  const policy = {
    '@type': `${TYPE}.CorsPolicy`,
    allow_origin_string_match: cors.allowOrigins.map(originMatch),
    ...list('allow_methods', cors.allowMethods),
    ...list('allow_headers', cors.allowHeaders),
    ...list('expose_headers', cors.exposeHeaders),
    max_age: String(cors.maxAgeSeconds),
    ...(cors.allowCredentials ? { allow_credentials: true } : {}),
  };
  return { typed_per_filter_config: { [NAME]: policy } };
}

function originMatch(origin: string): JsonObject {
  if (!origin.includes('*')) return { exact: origin };
  const regex = origin === '*' ? '.*' : origin.replace(/[.+[\]]/g, '\\$&').replace('*', '[^/]+');
  return { safe_regex: { regex } };
}
