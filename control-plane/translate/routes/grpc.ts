/**
 * GRPCRoutes into Envoy's routes. A call is a POST to `/service/method`, told by its content type.
 */

import { orderedGrpcEntries, type RouteEntry } from '../../routing/order.ts';
import type { GrpcMethodMatch, GrpcRoute, GrpcRouteMatch, GrpcRouteRule } from '../../state/routes.ts';
import type { JsonObject } from '../resource.ts';
import type { RouteContext } from './context.ts';
import { clusterChoice, hasChoice, headerEdits, mirrors, valueMatch } from './parts.ts';
import { hashPolicies, withPolicy } from './resilience.ts';
import { callPolicy, callsOnly, NO_LIMITS } from './traffic.ts';

/**
 * The GRPCRoutes of one service. In a sidecar's table they end in a route that takes the calls that none of them matched:
 * with a GRPCRoute, as with an HTTPRoute, what is not matched is not found.
 */
export function grpcRoutesJson(routes: readonly GrpcRoute[], context: RouteContext): JsonObject[] {
  const written = orderedGrpcEntries(routes).flatMap((entry) => routesJson(entry, context));
  return context.dialect === 'grpc' ? written : [...written, notFound(context.service)];
}

function routesJson(entry: RouteEntry<GrpcRouteRule>, context: RouteContext): JsonObject[] {
  const { route, rule, match, ruleIndex } = entry;
  const { dialect } = context;
  const json: JsonObject = {
    name: `${route.name}/${ruleIndex}`,
    match: { ...matchJson(match), ...callsOnly(dialect) },
    ...actionJson(route.name, rule, context),
    ...headerEdits(rule.filters),
  };
  return 'route' in json ? withPolicy(context, json, entry) : [json];
}

function matchJson({ method, headers }: GrpcRouteMatch): JsonObject {
  const path = method === null ? { prefix: '/' } : pathMatch(method);
  return { ...path, ...(headers.length === 0 ? {} : { headers: headers.map(valueMatch) }) };
}

const ANY_NAME = '[^/]+';

/** Patterns are matched against the whole path. */
function pathMatch({ kind, service, method }: GrpcMethodMatch): JsonObject {
  if (kind === 'regex') return { safe_regex: { regex: `/${group(service)}/${group(method)}` } };
  // The name of a method has no character to which a pattern would give a meaning.
  if (service === null) return { safe_regex: { regex: `/${ANY_NAME}/${method}` } };
  return method === null ? { prefix: `/${service}/` } : { path: `/${service}/${method}` };
}

/** In parentheses, so that a choice (`a|b`) does not end at the slash. */
function group(pattern: string | null): string {
  return pattern === null ? ANY_NAME : `(?:${pattern})`;
}

function actionJson(name: string, { backends, filters }: GrpcRouteRule, context: RouteContext): JsonObject {
  const { dialect } = context;
  if (hasChoice(backends)) {
    const forward = {
      ...clusterChoice(backends),
      ...(dialect === 'grpc' ? {} : mirrors(filters)),
      ...hashPolicies(context, backends, null),
    };
    return { route: { ...forward, ...callPolicy(context, NO_LIMITS) } };
  }
  if (dialect === 'grpc') return { non_forwarding_action: {} };
  // To a gRPC client 503 is UNAVAILABLE, which is what Gateway API wants.
  return answer(503, `GRPCRoute ${name}: no backend of this rule has a weight above 0`);
}

/** To a gRPC client 404 is UNIMPLEMENTED. */
function notFound(service: string): JsonObject {
  return { match: { prefix: '/', grpc: {} }, ...answer(404, `no GRPCRoute of service ${service} matches this call`) };
}

function answer(status: number, sentence: string): JsonObject {
  return { direct_response: { status, body: { inline_string: sentence } } };
}
