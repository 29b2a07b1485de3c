/**
 * Which route wins, as Gateway API orders them: the most specific match, then the older route, then the name, then the
 * order in the document. Regular expressions, which the specification leaves open, count for less than any exact name,
 * and for more than a part of one or none.
 */
import type {
  GrpcMethodMatch,
  GrpcRoute,
  GrpcRouteMatch,
  GrpcRouteRule,
  HttpRoute,
  HttpRouteMatch,
  HttpRouteRule,
} from '../state/routes.ts';

/** One match of one rule of one route. */
export interface RouteEntry<Rule extends { readonly matches: readonly unknown[] }> {
  readonly route: RouteOf<Rule>;
  readonly rule: Rule;
  readonly match: Rule['matches'][number];
  readonly ruleIndex: number;
  readonly matchIndex: number;
}

interface RouteOf<Rule> {
  readonly name: string;
  readonly createdAtMs: number;
  readonly rules: readonly Rule[];
}

/** Every match of the routes, most specific first; the same input in any order gives the same list. */
export function orderedEntries(routes: readonly HttpRoute[]): RouteEntry<HttpRouteRule>[] {
  return entriesOf(routes).sort((a, b) => compareHttp(a.match, b.match) || comparePlace(a, b));
}

/** The same for calls: the longest name of a service, then of a method, then the most headers. */
export function orderedGrpcEntries(routes: readonly GrpcRoute[]): RouteEntry<GrpcRouteRule>[] {
  return entriesOf(routes).sort((a, b) => compareGrpc(a.match, b.match) || comparePlace(a, b));
}

function entriesOf<Rule extends { readonly matches: readonly Rule['matches'][number][] }>(
  routes: readonly RouteOf<Rule>[],
): RouteEntry<Rule>[] {
  return routes.flatMap((route) =>
    route.rules.flatMap((rule, ruleIndex) =>
      rule.matches.map((match, matchIndex) => ({ route, rule, match, ruleIndex, matchIndex })),
    ),
  );
}

const PATH_RANK = { exact: 2, regex: 1, prefix: 0 } as const;

function compareHttp(a: HttpRouteMatch, b: HttpRouteMatch): number {
  return (
    PATH_RANK[b.path.kind] - PATH_RANK[a.path.kind] ||
    b.path.value.length - a.path.value.length ||
    Number(b.method !== null) - Number(a.method !== null) ||
    b.headers.length - a.headers.length ||
    b.query.length - a.query.length
  );
}

function compareGrpc(a: GrpcRouteMatch, b: GrpcRouteMatch): number {
  return (
    compareName(a.method, b.method, 'service') ||
    compareName(a.method, b.method, 'method') ||
    b.headers.length - a.headers.length
  );
}

function compareName(a: GrpcMethodMatch | null, b: GrpcMethodMatch | null, part: 'service' | 'method'): number {
  return nameRank(b, part) - nameRank(a, part) || (b?.[part]?.length ?? 0) - (a?.[part]?.length ?? 0);
}

function nameRank(match: GrpcMethodMatch | null, part: 'service' | 'method'): number {
  if (match === null || match[part] === null) return 0;
  return match.kind === 'exact' ? 2 : 1;
}

function comparePlace<Rule extends { readonly matches: readonly unknown[] }>(
  a: RouteEntry<Rule>,
  b: RouteEntry<Rule>,
): number {
  return (
    a.route.createdAtMs - b.route.createdAtMs ||
    byName(a.route.name, b.route.name) ||
    a.ruleIndex - b.ruleIndex ||
    a.matchIndex - b.matchIndex
  );
}

function byName(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
