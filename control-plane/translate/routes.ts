/**
 * Routes: HTTPRoutes into Envoy's route tables, one virtual host per service.
 */
import type {
  Backend,
  HeaderChanges,
  HttpRoute,
  HttpRouteFilter,
  HttpRouteMatch,
  PathChange,
  Protocol,
  ValueMatch,
  Workload,
} from '../state/model.ts';
import { protocolOf } from './clusters.ts';
import * as defaults from './defaults.ts';
import type { Dialect } from './dialect.ts';
import { duration, type JsonObject, resource, type XdsResource } from './resource.ts';
import { orderedEntries, type RouteEntry } from './route-order.ts';

/** The route table of every sidecar's outbound listener. */
export const OUTBOUND_ROUTES = 'outbound';

/** What the routes of one service are made from. */
export interface ServiceRoutes {
  readonly service: string;
  /** The workloads behind it, at least one. */
  readonly members: readonly Workload[];
  /** The HTTPRoutes whose parent it is. */
  readonly routes: readonly HttpRoute[];
}

/** The table that holds every service, for sidecars. */
export function outboundRoutes(services: readonly ServiceRoutes[]): XdsResource {
  return resource('RDS', OUTBOUND_ROUTES, {
    name: OUTBOUND_ROUTES,
    ignore_port_in_host_matching: true,
    virtual_hosts: services.map((each) => virtualHost(each, 'sidecar')),
  });
}

/** The table of one service alone, for gRPC clients. */
export function serviceRoutes(routes: ServiceRoutes): XdsResource {
  const json = { name: routes.service, virtual_hosts: [virtualHost(routes, 'grpc')] };
  return { ...resource('RDS', routes.service, json), onDemand: true };
}

function virtualHost({ service, members, routes }: ServiceRoutes, dialect: Dialect): JsonObject {
  const protocol = protocolOf(members);
  // gRPC knows no "ignore the port": its own names come with one.
  const withPort = dialect === 'grpc' ? [`${service}:*`, `${service}.mesh:*`] : [];
  const own = routes.length === 0 ? [defaultRoute(service, protocol, dialect)] : [];
  const written = orderedEntries(routes).map((entry) => routeJson(entry, protocol, dialect));
  return { name: service, domains: [service, `${service}.mesh`, ...withPort], routes: [...own, ...written] };
}

/** Without any HTTPRoute all calls go to the service itself; with one, what it does not match is not found. */
function defaultRoute(service: string, protocol: Protocol, dialect: Dialect): JsonObject {
  return { match: { prefix: '/' }, route: { cluster: service, ...policies(protocol, dialect, null) } };
}

function routeJson(entry: RouteEntry, protocol: Protocol, dialect: Dialect): JsonObject {
  const { route, rule, match, ruleIndex } = entry;
  return {
    name: `${route.name}/${ruleIndex}`,
    match: matchJson(match),
    ...actionJson(entry, protocol, dialect),
    ...headerEdits('request', rule.filters),
    ...headerEdits('response', rule.filters),
  };
}

function matchJson(match: HttpRouteMatch): JsonObject {
  const method: JsonObject[] = match.method === null ? [] : [exactHeader(':method', match.method)];
  const headers = [...method, ...match.headers.map((each) => ({ name: each.name, string_match: stringMatch(each) }))];
  const query = match.query.map((each) => ({ name: each.name, string_match: stringMatch(each) }));
  return {
    ...pathMatch(match.path),
    ...(headers.length === 0 ? {} : { headers }),
    ...(query.length === 0 ? {} : { query_parameters: query }),
  };
}

function pathMatch({ kind, value }: HttpRouteMatch['path']): JsonObject {
  if (kind === 'exact') return { path: value };
  if (kind === 'regex') return { safe_regex: { regex: value } };
  // A separated prefix must not end in a slash, and the root has nothing else.
  return value === '/' ? { prefix: '/' } : { path_separated_prefix: value };
}

function exactHeader(name: string, value: string): JsonObject {
  return { name, string_match: { exact: value } };
}

function stringMatch({ kind, value }: ValueMatch): JsonObject {
  return kind === 'exact' ? { exact: value } : { safe_regex: { regex: value } };
}

function actionJson({ rule, match, route }: RouteEntry, protocol: Protocol, dialect: Dialect): JsonObject {
  const redirect = rule.filters.find((filter) => filter.kind === 'redirect');
  const total = rule.backends.reduce((sum, backend) => sum + backend.weight, 0);
  if (dialect === 'grpc' && (redirect !== undefined || total === 0)) return { non_forwarding_action: {} };
  if (redirect !== undefined) return { redirect: redirectJson(redirect, match) };
  if (total === 0) {
    // Gateway API: without a backend that could take it the answer is 500.
    const body = `HTTPRoute ${route.name}: no backend of this rule has a weight above 0`;
    return { direct_response: { status: 500, body: { inline_string: body } } };
  }
  const rewrite = rule.filters.find((filter) => filter.kind === 'rewrite');
  return {
    route: {
      ...clusterChoice(rule.backends),
      ...(rewrite === undefined ? {} : rewriteJson(rewrite, match)),
      ...policies(protocol, dialect, rule.requestTimeoutMs),
    },
  };
}

function clusterChoice(backends: readonly Backend[]): JsonObject {
  const weighted = backends.filter((backend) => backend.weight > 0);
  if (weighted.length === 1) return { cluster: weighted[0]!.service };
  return { weighted_clusters: { clusters: weighted.map(({ service, weight }) => ({ name: service, weight })) } };
}

/** A gRPC call may be a stream: its own deadline holds, and no route timeout cuts it. gRPC clients retry by themselves. */
function policies(protocol: Protocol, dialect: Dialect, requestTimeoutMs: number | null): JsonObject {
  const retry: JsonObject = dialect === 'grpc' ? {} : { retry_policy: defaults.RETRY_POLICY };
  if (requestTimeoutMs !== null) return { timeout: duration(requestTimeoutMs), ...retry };
  if (protocol !== 'grpc') return { timeout: defaults.REQUEST_TIMEOUT, ...retry };
  return { timeout: '0s', max_stream_duration: { grpc_timeout_header_max: '0s' }, ...retry };
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

function escapeRegex(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

function headerEdits(side: 'request' | 'response', filters: readonly HttpRouteFilter[]): JsonObject {
  const changes = filters.filter(
    (filter): filter is Extract<HttpRouteFilter, HeaderChanges> => filter.kind === `${side}-headers`,
  );
  const add = changes.flatMap((each) => [
    ...each.set.map((header) => option(header, 'OVERWRITE_IF_EXISTS_OR_ADD')),
    ...each.add.map((header) => option(header, 'APPEND_IF_EXISTS_OR_ADD')),
  ]);
  const remove = changes.flatMap((each) => each.remove);
  return {
    ...(add.length === 0 ? {} : { [`${side}_headers_to_add`]: add }),
    ...(remove.length === 0 ? {} : { [`${side}_headers_to_remove`]: remove }),
  };
}

/** A `%` begins a command in Envoy's header values; the user meant the character. */
function option(header: { readonly name: string; readonly value: string }, action: string): JsonObject {
  return { header: { key: header.name, value: header.value.replaceAll('%', '%%') }, append_action: action };
}
