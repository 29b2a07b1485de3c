/**
 * Gateway API HTTPRoute (gateway.networking.k8s.io/v1) with Services as parents, the GAMMA shape.
 */
import type { HttpRouteFilter, HttpRouteMatch, HttpRouteRule, PathChange } from '../state/routes.ts';
import type { ParsedResource } from './compose.ts';
import { parseCors } from './cors-filter.ts';
import type { Cursor, KnownFields } from './cursor.ts';
import { missing, PORT_RANGE } from './document.ts';
import { parseRetry, parseSession, parseTimeouts } from './http-route-limits.ts';
import {
  type FilterParsers,
  HEADER_FILTERS,
  MIRROR_FILTER,
  parseBackend,
  parseFilter,
  parseHeaderMatch,
  parseParameterMatch,
  parseRouteParts,
} from './route-parts.ts';
import { checkRegex, hostText, pathText, replacementText } from './texts.ts';

/** The methods that a match may name. */
export const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'] as const;

const RULE: KnownFields = {
  name: true,
  matches: true,
  filters: true,
  backendRefs: true,
  timeouts: true,
  retry: true,
  sessionPersistence: true,
};
const MATCH: KnownFields = { path: true, headers: true, queryParams: true, method: true };
const FILTERS: FilterParsers<HttpRouteFilter> = {
  ...HEADER_FILTERS,
  ...MIRROR_FILTER,
  CORS: { field: 'cors', parse: parseCors },
  RequestRedirect: { field: 'requestRedirect', parse: parseRedirect },
  URLRewrite: { field: 'urlRewrite', parse: parseRewrite },
};
const REFUSED_FILTERS = ['externalAuth', 'extensionRef'];

/** Parses one document. Mistakes are reported at the cursor; what has some is not to be used. */
export function parseHttpRoute(root: Cursor): ParsedResource {
  return { draft: { kind: 'httproute', ...parseRouteParts(root, parseRule) }, cursor: root };
}

function parseRule(cursor: Cursor): HttpRouteRule {
  const fields = cursor.object(RULE);
  const filters =
    fields
      .get('filters')
      ?.list()
      .flatMap((each) => parseFilter(each, FILTERS, REFUSED_FILTERS)) ?? [];
  const backends = fields.get('backendRefs')?.list().flatMap(parseBackend) ?? [];
  const redirects = filters.some((filter) => filter.kind === 'redirect');
  if (backends.length === 0 && !redirects) cursor.report('has no backendRefs: name at least one Service, or redirect');
  if (backends.length > 0 && redirects)
    cursor.report('has backendRefs beside a RequestRedirect: one of the two must go');
  const matches = fields.get('matches')?.list().map(parseMatch) ?? [];
  const session = fields.get('sessionPersistence');
  const rule: HttpRouteRule = {
    matches: matches.length === 0 ? [ANY] : matches,
    filters,
    backends,
    ...parseTimeouts(fields.get('timeouts')),
    retry: fields.has('retry') ? parseRetry(fields.get('retry')!) : null,
    session: session === undefined ? null : parseSession(session),
  };
  checkPrefixChanges(cursor, rule);
  if (session !== undefined && backends.filter(({ weight }) => weight > 0).length > 1)
    session.report('keeps a client at an instance of one service: the rule has several backends');
  return rule;
}

const ANY: HttpRouteMatch = { path: { kind: 'prefix', value: '/' }, method: null, headers: [], query: [] };

/** ReplacePrefixMatch means something only where every match has a prefix. */
function checkPrefixChanges(cursor: Cursor, rule: HttpRouteRule): void {
  const changesPrefix = rule.filters.some((each) => 'path' in each && each.path?.kind === 'prefix');
  if (changesPrefix && rule.matches.some((match) => match.path.kind !== 'prefix')) {
    cursor.report('ReplacePrefixMatch needs a PathPrefix in every match of the rule');
  }
}

function parseMatch(cursor: Cursor): HttpRouteMatch {
  const fields = cursor.object(MATCH);
  return {
    path: fields.has('path') ? parsePath(fields.get('path')!) : ANY.path,
    method: fields.get('method')?.oneOf(METHODS) ?? null,
    headers: fields.get('headers')?.list().flatMap(parseHeaderMatch) ?? [],
    query: fields.get('queryParams')?.list().flatMap(parseParameterMatch) ?? [],
  };
}

/** A path as HTTPRoutes match it, of at most `charsMax` characters (1,024). */
export function parsePath(cursor: Cursor, charsMax?: number): HttpRouteMatch['path'] {
  const fields = cursor.object({ type: true, value: true });
  const type = fields.get('type')?.oneOf(['Exact', 'PathPrefix', 'RegularExpression']) ?? 'PathPrefix';
  const at = fields.get('value');
  if (type === 'RegularExpression') return { kind: 'regex', value: checkRegex(at ?? cursor, at?.string() ?? '/') };
  const value = (at === undefined ? undefined : pathText(at, charsMax)) ?? '/';
  return type === 'Exact' ? { kind: 'exact', value } : { kind: 'prefix', value: value.replace(/(?<=.)\/$/, '') };
}

const STATUSES = { '301': 301, '302': 302, '303': 303, '307': 307, '308': 308 } as const;

function parseRedirect(cursor: Cursor): HttpRouteFilter {
  const fields = cursor.object({ scheme: true, hostname: true, path: true, port: true, statusCode: true });
  const status = fields.get('statusCode')?.oneOf(['301', '302', '303', '307', '308']) ?? '302';
  return {
    kind: 'redirect',
    scheme: fields.get('scheme')?.oneOf(['http', 'https']) ?? null,
    hostname: parseHostname(fields.get('hostname')),
    port: fields.get('port')?.integer(PORT_RANGE) ?? null,
    path: parsePathChange(fields.get('path')),
    status: STATUSES[status],
  };
}

function parseRewrite(cursor: Cursor): HttpRouteFilter {
  const fields = cursor.object({ hostname: true, path: true });
  return {
    kind: 'rewrite',
    hostname: parseHostname(fields.get('hostname')),
    path: parsePathChange(fields.get('path')),
  };
}

function parseHostname(cursor: Cursor | undefined): string | null {
  return (cursor && hostText(cursor)) ?? null;
}

function parsePathChange(cursor: Cursor | undefined): PathChange | null {
  if (cursor === undefined) return null;
  const fields = cursor.object({ type: true, replaceFullPath: true, replacePrefixMatch: true });
  const type = fields.get('type')?.oneOf(['ReplaceFullPath', 'ReplacePrefixMatch']);
  if (type === undefined) return fields.has('type') ? null : (missing(cursor, 'type') ?? null);
  const field = type === 'ReplaceFullPath' ? 'replaceFullPath' : 'replacePrefixMatch';
  const at = fields.get(field);
  const value = at === undefined ? missing(cursor, field) : replacementText(at);
  return value === undefined ? null : { kind: type === 'ReplaceFullPath' ? 'full' : 'prefix', value };
}
