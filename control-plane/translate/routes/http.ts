/**
 * HTTPRoutes into Envoy's routes.
 */

import { orderedEntries, type RouteEntry } from '../../routing/order.ts';
import type { Protocol } from '../../state/model.ts';
import type { HttpRoute, HttpRouteFilter, HttpRouteMatch, HttpRouteRule, PathChange } from '../../state/routes.ts';
import type { Dialect } from '../dialect.ts';
import type { JsonObject } from '../resource.ts';
import type { RouteContext } from './context.ts';
import { corsPolicy } from './cors.ts';
import { clusterChoice, escapeRegex, exactHeader, hasChoice, headerEdits, mirrors, valueMatch } from './parts.ts';
import { hashPolicies, withPolicy } from './resilience.ts';
import { trafficOf } from './traffic.ts';

/** The HTTPRoutes of one service. */
export function httpRoutesJson(routes: readonly HttpRoute[], context: RouteContext): JsonObject[] {
  return orderedEntries(routes).flatMap((entry) => routesJson(entry, context));
}

function routesJson(entry: RouteEntry<HttpRouteRule>, context: RouteContext): JsonObject[] {
  const { route, rule, ruleIndex } = entry;
  const { dialect } = context;
  const name = `${route.name}/${ruleIndex}`;
  if (dialect === 'grpc' && !matchesCalls(entry.match)) return [];
  const match = dialect === 'grpc' ? callMatchJson(entry.match) : matchJson(entry.match);
  const edits = { ...headerEdits(rule.filters), ...(dialect === 'grpc' ? {} : corsPolicy(rule.filters)) };
  const answer = answerJson(entry, dialect);
  if (answer !== null) return [{ name, match, ...answer, ...edits }];
  const forward = {
    ...forwardJson(entry),
    ...(dialect === 'grpc' ? {} : mirrors(rule.filters)),
    ...hashPolicies(context, rule.backends, rule.session),
  };
  return trafficOf(context, carriedBy(entry.match, context.protocol), rule).flatMap((traffic) =>
    withPolicy(
      context,
      { name, match: { ...match, ...traffic.match }, route: { ...forward, ...traffic.policy }, ...edits },
      entry,
    ),
  );
}

/** A gRPC call is a POST: what matches another method alone carries none. */
function carriedBy({ method }: HttpRouteMatch, protocol: Protocol): Protocol {
  return method === null || method === 'POST' ? protocol : 'http';
}

function matchJson(match: HttpRouteMatch): JsonObject {
  const method: JsonObject[] = match.method === null ? [] : [exactHeader(':method', match.method)];
  const headers = [...method, ...match.headers.map(valueMatch)];
  const query = match.query.map(valueMatch);
  return {
    ...pathMatch(match.path),
    ...(headers.length === 0 ? {} : { headers }),
    ...(query.length === 0 ? {} : { query_parameters: query }),
  };
}

/** A gRPC client makes nothing but POSTs without a query. */
function matchesCalls({ method, query }: HttpRouteMatch): boolean {
  return (method === null || method === 'POST') && query.length === 0;
}

/** For gRPC clients, which do not know prefixes that end at a slash, nor the method. */
function callMatchJson({ path, headers }: HttpRouteMatch): JsonObject {
  const isSeparated = path.kind === 'prefix' && path.value !== '/';
  return {
    ...(isSeparated ? { safe_regex: { regex: `${escapeRegex(path.value)}(?:/.*)?` } } : pathMatch(path)),
    ...(headers.length === 0 ? {} : { headers: headers.map(valueMatch) }),
  };
}

function pathMatch({ kind, value }: HttpRouteMatch['path']): JsonObject {
  if (kind === 'exact') return { path: value };
  if (kind === 'regex') return { safe_regex: { regex: value } };
  // A separated prefix must not end in a slash, and the root has nothing else.
  return value === '/' ? { prefix: '/' } : { path_separated_prefix: value };
}

/** The action of a rule that forwards nothing; null for one that does. */
function answerJson({ rule, match, route }: RouteEntry<HttpRouteRule>, dialect: Dialect): JsonObject | null {
  const redirect = rule.filters.find((filter) => filter.kind === 'redirect');
  if (redirect === undefined && hasChoice(rule.backends)) return null;
  if (dialect === 'grpc') return { non_forwarding_action: {} };
  if (redirect !== undefined) return { redirect: redirectJson(redirect, match) };
  // Gateway API: without a backend that could take it the answer is 500.
  const body = `HTTPRoute ${route.name}: no backend of this rule has a weight above 0`;
  return { direct_response: { status: 500, body: { inline_string: body } } };
}

function forwardJson({ rule, match }: RouteEntry<HttpRouteRule>): JsonObject {
  const rewrite = rule.filters.find((filter) => filter.kind === 'rewrite');
  return { ...clusterChoice(rule.backends), ...(rewrite === undefined ? {} : rewriteJson(rewrite, match)) };
}

type Redirect = Extract<HttpRouteFilter, { kind: 'redirect' }>;
type Rewrite = Extract<HttpRouteFilter, { kind: 'rewrite' }>;

const REDIRECT_CODE = {
  301: 'MOVED_PERMANENTLY',
  302: 'FOUND',
  303: 'SEE_OTHER',
  307: 'TEMPORARY_REDIRECT',
  308: 'PERMANENT_REDIRECT',
} as const;

function redirectJson({ scheme, hostname, port, path, status }: Redirect, match: HttpRouteMatch): JsonObject {
  return {
    ...(scheme === null ? {} : { scheme_redirect: scheme }),
    ...(hostname === null ? {} : { host_redirect: hostname }),
    ...(port === null ? {} : { port_redirect: port }),
    ...(path === null ? {} : path.kind === 'full' ? { path_redirect: path.value } : prefixChange(path, match)),
    response_code: REDIRECT_CODE[status],
  };
}

function rewriteJson({ hostname, path }: Rewrite, match: HttpRouteMatch): JsonObject {
  return {
    ...(hostname === null ? {} : { host_rewrite_literal: hostname }),
    ...(path === null ? {} : path.kind === 'full' ? regexRewrite('^/.*$', path.value) : prefixChange(path, match)),
  };
}

/** Envoy puts the new prefix in front of what is left, slash included: a new prefix of "/" would make two of them. */
function prefixChange({ value }: PathChange, match: HttpRouteMatch): JsonObject {
  const prefix = match.path.value;
  const replacement = value.replace(/\/$/, '');
  if (prefix === '/') return { prefix_rewrite: `${replacement}/` };
  if (replacement !== '') return { prefix_rewrite: replacement };
  return regexRewrite(`^${escapeRegex(prefix)}/*`, '/');
}

function regexRewrite(regex: string, substitution: string): JsonObject {
  return { regex_rewrite: { pattern: { regex }, substitution: substitution.replaceAll('\\', '\\\\') } };
}
