/**
 * Gateway API HTTPRoute (gateway.networking.k8s.io/v1) with Services as parents, the GAMMA shape.
 */
import type { ResourceDraft } from '../state/command.ts';
import type {
  Backend,
  HeaderChanges,
  HeaderValue,
  HttpRouteFilter,
  HttpRouteMatch,
  HttpRouteRule,
  PathChange,
  ValueMatch,
} from '../state/model.ts';
import type { ParsedResource } from './compose.ts';
import type { Cursor, KnownFields } from './cursor.ts';
import { parseDurationMs } from './values.ts';

const NOT_YET = 'is not supported yet: remove it';
const PORT_RANGE = { min: 1, max: 65_535 };
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'] as const;

const DOCUMENT: KnownFields = { apiVersion: true, kind: true, metadata: true, spec: true, status: true };
const METADATA: KnownFields = {
  ...Object.fromEntries(['name', 'namespace', 'labels', 'annotations'].map((name) => [name, true] as const)),
  ...Object.fromEntries(
    ['uid', 'resourceVersion', 'generation', 'creationTimestamp', 'managedFields'].map((name) => [name, true] as const),
  ),
};
const SPEC: KnownFields = {
  parentRefs: true,
  rules: true,
  hostnames: 'does not apply to a route whose parent is a Service: remove it',
};
const PARENT: KnownFields = { group: true, kind: true, name: true, namespace: true, port: true, sectionName: NOT_YET };
const RULE: KnownFields = {
  name: true,
  matches: true,
  filters: true,
  backendRefs: true,
  timeouts: true,
  retry: NOT_YET,
  sessionPersistence: NOT_YET,
};
const MATCH: KnownFields = { path: true, headers: true, queryParams: true, method: true };
const BACKEND: KnownFields = {
  group: true,
  kind: true,
  name: true,
  namespace: true,
  port: true,
  weight: true,
  filters: NOT_YET,
};
const FILTER: KnownFields = {
  type: true,
  requestHeaderModifier: true,
  responseHeaderModifier: true,
  requestRedirect: true,
  urlRewrite: true,
  requestMirror: NOT_YET,
  cors: NOT_YET,
  externalAuth: NOT_YET,
  extensionRef: NOT_YET,
};

/** Parses one document. Mistakes are reported at the cursor; what has some is not to be used. */
export function parseHttpRoute(root: Cursor): ParsedResource {
  const fields = root.object(DOCUMENT);
  const spec = fields.get('spec')?.object(SPEC) ?? missing(root, 'spec');
  const parents = spec?.get('parentRefs')?.list() ?? missing(fields.get('spec') ?? root, 'parentRefs') ?? [];
  const draft: ResourceDraft = {
    kind: 'httproute',
    name: parseName(fields.get('metadata'), root),
    parents: parents.flatMap(parseParent),
    rules: spec?.get('rules')?.list().map(parseRule) ?? [],
    manifest: root.json(),
  };
  if (spec !== undefined && draft.rules.length === 0)
    (fields.get('spec') ?? root).report('has no rules: at least one is needed');
  return { draft, cursor: root };
}

function missing(cursor: Cursor, field: string): undefined {
  return cursor.report(`"${field}" is missing`);
}

function parseName(metadata: Cursor | undefined, root: Cursor): string {
  if (metadata === undefined) return missing(root, 'metadata') ?? '';
  const name = metadata.object(METADATA).get('name');
  if (name === undefined) return missing(metadata, 'name') ?? '';
  return name.label('route') ?? '';
}

function parseParent(cursor: Cursor): string[] {
  const fields = cursor.object(PARENT);
  const kind = fields.get('kind');
  if (kind === undefined) cursor.report('"kind" is missing: only "Service" can be a parent', 'Service');
  else kind.oneOf(['Service']);
  fields.get('group')?.oneOf(['', 'core']);
  fields.get('port')?.integer(PORT_RANGE);
  const name = fields.get('name');
  return name?.string() === undefined ? (missing(cursor, 'name') ?? []) : [name.string()!];
}

function parseRule(cursor: Cursor): HttpRouteRule {
  const fields = cursor.object(RULE);
  const filters = fields.get('filters')?.list().flatMap(parseFilter) ?? [];
  const backends = fields.get('backendRefs')?.list().flatMap(parseBackend) ?? [];
  const redirects = filters.some((filter) => filter.kind === 'redirect');
  if (backends.length === 0 && !redirects) cursor.report('has no backendRefs: name at least one Service, or redirect');
  if (backends.length > 0 && redirects)
    cursor.report('has backendRefs beside a RequestRedirect: one of the two must go');
  const matches = fields.get('matches')?.list().map(parseMatch) ?? [];
  const timeouts = fields.get('timeouts')?.object({ request: true, backendRequest: NOT_YET });
  const rule: HttpRouteRule = {
    matches: matches.length === 0 ? [ANY] : matches,
    filters,
    backends,
    requestTimeoutMs: timeouts?.get('request')?.parsed(parseDurationMs, 'a duration such as 10s') ?? null,
  };
  checkPrefixChanges(cursor, rule);
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
    query: fields.get('queryParams')?.list().flatMap(parseValueMatch) ?? [],
  };
}

function parsePath(cursor: Cursor): HttpRouteMatch['path'] {
  const fields = cursor.object({ type: true, value: true });
  const type = fields.get('type')?.oneOf(['Exact', 'PathPrefix', 'RegularExpression']) ?? 'PathPrefix';
  const value = fields.get('value')?.string() ?? '/';
  if (type === 'RegularExpression') return { kind: 'regex', value: checkRegex(fields.get('value') ?? cursor, value) };
  if (!value.startsWith('/')) fields.get('value')?.report(`"${value}" is not a path: it must begin with /`);
  return type === 'Exact' ? { kind: 'exact', value } : { kind: 'prefix', value: value.replace(/(?<=.)\/$/, '') };
}

/** Syntax that RE2 does not have would be refused by every proxy. */
function checkRegex(cursor: Cursor, pattern: string): string {
  try {
    new RegExp(pattern, 'u');
  } catch {
    cursor.report(`"${pattern}" is not a regular expression`);
  }
  if (/\(\?<?[=!]|\\[1-9]/.test(pattern))
    cursor.report(`"${pattern}" uses look-around or back-references, which RE2 does not have`);
  return pattern;
}

/** Header names are the same in any case. */
function parseHeaderMatch(cursor: Cursor): ValueMatch[] {
  return parseValueMatch(cursor).map((match) => ({ ...match, name: match.name.toLowerCase() }));
}

function parseValueMatch(cursor: Cursor): ValueMatch[] {
  const fields = cursor.object({ type: true, name: true, value: true });
  const type = fields.get('type')?.oneOf(['Exact', 'RegularExpression']) ?? 'Exact';
  const name = fields.get('name')?.string() ?? missing(cursor, 'name');
  const value = fields.get('value')?.string() ?? missing(cursor, 'value');
  if (name === undefined || value === undefined) return [];
  if (type === 'Exact') return [{ name, kind: 'exact', value }];
  return [{ name, kind: 'regex', value: checkRegex(fields.get('value')!, value) }];
}

function parseBackend(cursor: Cursor): Backend[] {
  const fields = cursor.object(BACKEND);
  fields.get('kind')?.oneOf(['Service']);
  fields.get('group')?.oneOf(['', 'core']);
  const service = fields.get('name')?.string() ?? missing(cursor, 'name');
  const port = fields.get('port')?.integer(PORT_RANGE) ?? null;
  const weight = fields.get('weight')?.integer({ min: 0, max: 1_000_000 }) ?? 1;
  return service === undefined ? [] : [{ service, port, weight }];
}

function parseFilter(cursor: Cursor): HttpRouteFilter[] {
  const fields = cursor.object(FILTER);
  const type = fields.get('type');
  if (type === undefined) return missing(cursor, 'type') ?? [];
  switch (type.oneOf(['RequestHeaderModifier', 'ResponseHeaderModifier', 'RequestRedirect', 'URLRewrite'])) {
    case 'RequestHeaderModifier':
      return withBody(cursor, fields, 'requestHeaderModifier', (body) => ({
        kind: 'request-headers',
        ...parseHeaderChanges(body),
      }));
    case 'ResponseHeaderModifier':
      return withBody(cursor, fields, 'responseHeaderModifier', (body) => ({
        kind: 'response-headers',
        ...parseHeaderChanges(body),
      }));
    case 'RequestRedirect':
      return withBody(cursor, fields, 'requestRedirect', parseRedirect);
    case 'URLRewrite':
      return withBody(cursor, fields, 'urlRewrite', parseRewrite);
    default:
      return [];
  }
}

/** Each type of filter has its body under a field of its own. */
function withBody(
  cursor: Cursor,
  fields: Map<string, Cursor>,
  field: string,
  parse: (body: Cursor) => HttpRouteFilter,
): HttpRouteFilter[] {
  const body = fields.get(field);
  return body === undefined ? (missing(cursor, field) ?? []) : [parse(body)];
}

function parseHeaderChanges(cursor: Cursor): HeaderChanges {
  const fields = cursor.object({ set: true, add: true, remove: true });
  return {
    set: fields.get('set')?.list().flatMap(parseHeaderValue) ?? [],
    add: fields.get('add')?.list().flatMap(parseHeaderValue) ?? [],
    remove:
      fields
        .get('remove')
        ?.list()
        .flatMap((item) => item.string() ?? []) ?? [],
  };
}

function parseHeaderValue(cursor: Cursor): HeaderValue[] {
  const fields = cursor.object({ name: true, value: true });
  const name = fields
    .get('name')
    ?.parsed((text) => (/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text) ? text : null), 'a header name');
  const value = fields.get('value')?.text() ?? missing(cursor, 'value');
  return name === undefined || value === undefined ? [] : [{ name, value }];
}

const STATUSES = { '301': 301, '302': 302, '303': 303, '307': 307, '308': 308 } as const;

function parseRedirect(cursor: Cursor): HttpRouteFilter {
  const fields = cursor.object({ scheme: true, hostname: true, path: true, port: true, statusCode: true });
  const status = fields.get('statusCode')?.oneOf(['301', '302', '303', '307', '308']) ?? '302';
  return {
    kind: 'redirect',
    scheme: fields.get('scheme')?.oneOf(['http', 'https']) ?? null,
    hostname: fields.get('hostname')?.string() ?? null,
    port: fields.get('port')?.integer(PORT_RANGE) ?? null,
    path: parsePathChange(fields.get('path')),
    status: STATUSES[status],
  };
}

function parseRewrite(cursor: Cursor): HttpRouteFilter {
  const fields = cursor.object({ hostname: true, path: true });
  return {
    kind: 'rewrite',
    hostname: fields.get('hostname')?.string() ?? null,
    path: parsePathChange(fields.get('path')),
  };
}

function parsePathChange(cursor: Cursor | undefined): PathChange | null {
  if (cursor === undefined) return null;
  const fields = cursor.object({ type: true, replaceFullPath: true, replacePrefixMatch: true });
  const type = fields.get('type')?.oneOf(['ReplaceFullPath', 'ReplacePrefixMatch']);
  if (type === undefined) return fields.has('type') ? null : (missing(cursor, 'type') ?? null);
  const field = type === 'ReplaceFullPath' ? 'replaceFullPath' : 'replacePrefixMatch';
  const value = fields.get(field)?.string() ?? missing(cursor, field);
  return value === undefined ? null : { kind: type === 'ReplaceFullPath' ? 'full' : 'prefix', value };
}
