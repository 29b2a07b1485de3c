/**
 * Where a request would go, from what users wrote: the rules in the order in which the translator writes them, and what each
 * does. The proxy's own table is asked the same questions by a property test, which holds both to one answer.
 */
import { toSafeRegex } from '../../protos/contract/regex/safe-regex.ts';
import type { RoutesOfService } from '../state/queries.ts';
import type { TestRequest } from '../state/route-test.ts';
import type {
  Backend,
  GrpcMethodMatch,
  GrpcRoute,
  GrpcRouteMatch,
  HeaderFilter,
  HttpRoute,
  HttpRouteFilter,
  HttpRouteMatch,
  PathChange,
  ValueMatch,
} from '../state/routes.ts';
import { orderedEntries, orderedGrpcEntries } from './order.ts';

/** What becomes of a request. */
export interface Outcome {
  /** The rule that takes it, such as `HTTPRoute "cart", rule 0`; null: none does. */
  readonly rule: string | null;
  /** Those with a weight; empty when the sidecar answers itself. */
  readonly backends: readonly Pick<Backend, 'service' | 'weight'>[];
  /** Of the sidecar's own answer; null: it is the backend's. */
  readonly status: number | null;
  /** `location` of a redirect. */
  readonly redirect: string | null;
  /** What the backend gets, without the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What becomes of `request`, by the routes of its service. */
export function routed(request: TestRequest, routes: RoutesOfService): Outcome {
  if (routes.http.length > 0) return httpOutcome(request, routes.http);
  const { path, headers } = request;
  const toService = { rule: null, backends: [{ service: request.service, weight: 1 }], status: null, redirect: null };
  if (routes.tcp !== null)
    return {
      ...toService,
      rule: `TCPRoute "${routes.tcp.name}"`,
      ...choice(routes.tcp.rules[0]!.backends),
      path,
      headers,
    };
  if (routes.grpc.length > 0 && isCall(headers)) return grpcOutcome(request, routes.grpc);
  return { ...toService, path, headers };
}

function httpOutcome(request: TestRequest, routes: readonly HttpRoute[]): Outcome {
  const entry = orderedEntries(routes).find(({ match }) => matchesHttp(match, request));
  if (entry === undefined) return notFound(request);
  const { rule, match, route, ruleIndex } = entry;
  const at = `HTTPRoute "${route.name}", rule ${ruleIndex}`;
  const redirect = rule.filters.find((filter) => filter.kind === 'redirect');
  const { path, headers } = request;
  if (redirect !== undefined) {
    const redirected = { status: redirect.status, redirect: locationOf(redirect, match, request) };
    return { rule: at, backends: [], ...redirected, path, headers };
  }
  const backends = choice(rule.backends).backends;
  if (backends.length === 0) return { rule: at, backends, status: 500, redirect: null, path, headers };
  const rewrite = rule.filters.find((filter) => filter.kind === 'rewrite');
  return {
    rule: at,
    backends,
    status: null,
    redirect: null,
    path: changedPath(rewrite?.path ?? null, match, path),
    headers: edited(headers, rule.filters, rule.backends),
  };
}

function grpcOutcome(request: TestRequest, routes: readonly GrpcRoute[]): Outcome {
  const entry = orderedGrpcEntries(routes).find(({ match }) => matchesCall(match, request));
  if (entry === undefined) return notFound(request);
  const { rule, route, ruleIndex } = entry;
  const backends = choice(rule.backends).backends;
  return {
    rule: `GRPCRoute "${route.name}", rule ${ruleIndex}`,
    backends,
    status: backends.length === 0 ? 503 : null,
    redirect: null,
    path: request.path,
    headers: edited(request.headers, rule.filters, rule.backends),
  };
}

function notFound({ path, headers }: TestRequest): Outcome {
  return { rule: null, backends: [], status: 404, redirect: null, path, headers };
}

function choice(backends: readonly Backend[]): Pick<Outcome, 'backends'> {
  return { backends: backends.filter(({ weight }) => weight > 0) };
}

/** As proxies tell a gRPC call. */
function isCall(headers: Readonly<Record<string, string>>): boolean {
  return /^application\/grpc(\+|;|$)/.test(headers['content-type'] ?? '');
}

function matchesHttp({ path, method, headers, query }: HttpRouteMatch, request: TestRequest): boolean {
  return (
    matchesPath(path, request.path) &&
    (method === null || method === request.method) &&
    matchesHeaders(headers, request) &&
    query.every((each) => fits(each, queryParameter(request.query, each.name)))
  );
}

function matchesPath({ kind, value }: HttpRouteMatch['path'], path: string): boolean {
  if (kind === 'exact') return path === value;
  if (kind === 'regex') return matchesWhole(value, path);
  return value === '/' || path === value || path.startsWith(`${value}/`);
}

function matchesCall({ method, headers }: GrpcRouteMatch, request: TestRequest): boolean {
  return (method === null || matchesMethod(method, request.path)) && matchesHeaders(headers, request);
}

function matchesMethod({ kind, service, method }: GrpcMethodMatch, path: string): boolean {
  if (kind === 'regex') return matchesWhole(`/${group(service)}/${group(method)}`, path);
  if (service === null) return matchesWhole(`/[^/]+/${method}`, path);
  return method === null ? path.startsWith(`/${service}/`) : path === `/${service}/${method}`;
}

function group(pattern: string | null): string {
  return pattern === null ? '[^/]+' : `(?:${pattern})`;
}

function matchesHeaders(matches: readonly ValueMatch[], { headers }: TestRequest): boolean {
  return matches.every((each) => fits(each, Object.hasOwn(headers, each.name) ? headers[each.name]! : null));
}

function fits({ kind, value }: ValueMatch, found: string | null): boolean {
  if (found === null) return false;
  return kind === 'exact' ? found === value : matchesWhole(value, found);
}

/** Patterns were checked when they were read. */
function matchesWhole(pattern: string, text: string): boolean {
  const safe = toSafeRegex(pattern);
  return safe.ok && new RegExp(`^(?:${safe.regex.source})$`, safe.regex.flags).test(text);
}

/** The raw value of the first parameter of that name, or null, as proxies read it. */
function queryParameter(query: string, name: string): string | null {
  for (const part of query.split('&')) {
    if (part === name) return '';
    if (part.startsWith(`${name}=`)) return part.slice(name.length + 1);
  }
  return null;
}

function changedPath(change: PathChange | null, match: HttpRouteMatch, path: string): string {
  if (change === null) return path;
  if (change.kind === 'full') return change.value;
  const prefix = match.path.value === '/' ? '' : match.path.value;
  const rest = path.slice(prefix.length);
  const start = change.value.replace(/\/$/, '');
  return start === '' ? `/${rest.replace(/^\/+/, '')}` : start + rest;
}

type Redirect = Extract<HttpRouteFilter, { kind: 'redirect' }>;

function locationOf(redirect: Redirect, match: HttpRouteMatch, { service, path, query }: TestRequest): string {
  const port = redirect.port === null ? '' : `:${redirect.port}`;
  const target = changedPath(redirect.path, match, path);
  const origin = `${redirect.scheme ?? 'http'}://${redirect.hostname ?? service}${port}`;
  return `${origin}${target}${query === '' ? '' : `?${query}`}`;
}

/** Edits of the only backend come first, then the rule's; each removes before it adds. */
function edited(
  headers: Readonly<Record<string, string>>,
  filters: readonly { readonly kind: string }[],
  backends: readonly Backend[],
): Readonly<Record<string, string>> {
  const chosen = backends.filter(({ weight }) => weight > 0);
  const own = chosen.length === 1 ? chosen[0]!.filters : [];
  let result = { ...headers };
  for (const list of [own, filters]) {
    const edits = list.filter((filter): filter is HeaderFilter => filter.kind === 'request-headers');
    const removed = new Set(edits.flatMap(({ remove }) => remove.map((name) => name.toLowerCase())));
    result = Object.fromEntries(Object.entries(result).filter(([name]) => !removed.has(name)));
    for (const { set, add } of edits) {
      for (const { name, value } of set) result[name.toLowerCase()] = value;
      for (const { name, value } of add) {
        const before = result[name.toLowerCase()];
        result[name.toLowerCase()] = before === undefined ? value : `${before},${value}`;
      }
    }
  }
  return result;
}
