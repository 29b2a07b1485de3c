/**
 * What sidecars do by themselves with idempotent requests (see defaults.ROUTE_POLICY), for Envoys: a copy of each route in
 * front of it, that takes the methods of RFC 9110 section 9.2.2 alone, and tries again after every failure.
 */
import * as defaults from '../defaults.ts';
import type { JsonObject } from '../resource.ts';

const IDEMPOTENT = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE'];
const METHOD = ':method';

/** The route, behind the copy where it can take such requests beside others. It forwards, and has a retry policy. */
export function withIdempotentRetries(route: JsonObject): JsonObject[] {
  const match = route.match as { readonly headers?: readonly JsonObject[] } & JsonObject;
  // A call is a POST, and a tunnel is no request.
  if (match.grpc !== undefined) return [route];
  const headers = match.headers ?? [];
  const method = headers.find(({ name }) => name === METHOD)?.string_match as { readonly exact: string } | undefined;
  if (method !== undefined) return [IDEMPOTENT.includes(method.exact) ? retried(route) : route];
  const idempotent = { name: METHOD, string_match: { safe_regex: { regex: IDEMPOTENT.join('|') } } };
  return [retried({ ...route, match: { ...match, headers: [idempotent, ...headers] } }), route];
}

function retried(route: JsonObject): JsonObject {
  const action = route.route as JsonObject;
  const policy = action.retry_policy as JsonObject;
  const retry_policy = { ...policy, retry_on: `${policy.retry_on},${defaults.SAFE_RETRY_ON}` };
  return { ...route, route: { ...action, retry_policy } };
}
