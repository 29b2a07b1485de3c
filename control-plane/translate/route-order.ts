/**
 * Which route wins, as Gateway API orders them: the most specific match, then the older route, then the name, then the
 * order in the document. Regular expressions, which the specification leaves open, stand between exact and prefix.
 */
import type { HttpRoute, HttpRouteMatch, HttpRouteRule } from '../state/model.ts';

/** One match of one rule of one route. */
export interface RouteEntry {
  readonly route: HttpRoute;
  readonly rule: HttpRouteRule;
  readonly match: HttpRouteMatch;
  readonly ruleIndex: number;
  readonly matchIndex: number;
}

/** Every match of the routes, most specific first; the same input in any order gives the same list. */
export function orderedEntries(routes: readonly HttpRoute[]): RouteEntry[] {
  const entries = routes.flatMap((route) =>
    route.rules.flatMap((rule, ruleIndex) =>
      rule.matches.map((match, matchIndex) => ({ route, rule, match, ruleIndex, matchIndex })),
    ),
  );
  return entries.sort(compare);
}

const PATH_RANK = { exact: 2, regex: 1, prefix: 0 } as const;

function compare(a: RouteEntry, b: RouteEntry): number {
  return (
    PATH_RANK[b.match.path.kind] - PATH_RANK[a.match.path.kind] ||
    b.match.path.value.length - a.match.path.value.length ||
    Number(b.match.method !== null) - Number(a.match.method !== null) ||
    b.match.headers.length - a.match.headers.length ||
    b.match.query.length - a.match.query.length ||
    a.route.createdAtMs - b.route.createdAtMs ||
    byName(a.route.name, b.route.name) ||
    a.ruleIndex - b.ruleIndex ||
    a.matchIndex - b.matchIndex
  );
}

function byName(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
