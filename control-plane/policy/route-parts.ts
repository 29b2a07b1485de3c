/**
 * What Gateway API's HTTPRoute and GRPCRoute have in common, with Services as parents: the GAMMA shape.
 */
import { toSafeRegex } from '../../protos/contract/regex/safe-regex.ts';
import type { Backend, HeaderChanges, HeaderFilter, HeaderValue, ValueMatch } from '../state/model.ts';
import type { Cursor, KnownFields } from './cursor.ts';

/** Completes the sentence `"FIELD" ...` for what the standard has and the mesh does not. */
export const NOT_YET = 'is not supported yet: remove it';

/** What a port may be. */
export const PORT_RANGE = { min: 1, max: 65_535 };

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
const BACKEND: KnownFields = {
  group: true,
  kind: true,
  name: true,
  namespace: true,
  port: true,
  weight: true,
  filters: NOT_YET,
};

/** A route as far as its kind does not matter. */
export interface RouteParts<Rule> {
  readonly name: string;
  readonly parents: readonly string[];
  readonly rules: readonly Rule[];
  readonly manifest: unknown;
}

/** Parses the whole document but its rules, which are `parseRule`'s. */
export function parseRouteParts<Rule>(root: Cursor, parseRule: (cursor: Cursor) => Rule): RouteParts<Rule> {
  const fields = root.object(DOCUMENT);
  const spec = fields.get('spec')?.object(SPEC) ?? missing(root, 'spec');
  const parents = spec?.get('parentRefs')?.list() ?? missing(fields.get('spec') ?? root, 'parentRefs') ?? [];
  const parts = {
    name: parseName(fields.get('metadata'), root),
    parents: parents.flatMap(parseParent),
    rules: spec?.get('rules')?.list().map(parseRule) ?? [],
    manifest: root.json(),
  };
  if (spec !== undefined && parts.rules.length === 0)
    (fields.get('spec') ?? root).report('has no rules: at least one is needed');
  return parts;
}

/** Reports a field that has to be there. */
export function missing(cursor: Cursor, field: string): undefined {
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

/** One of a rule's `backendRefs`. */
export function parseBackend(cursor: Cursor): Backend[] {
  const fields = cursor.object(BACKEND);
  fields.get('kind')?.oneOf(['Service']);
  fields.get('group')?.oneOf(['', 'core']);
  const service = fields.get('name')?.string() ?? missing(cursor, 'name');
  const port = fields.get('port')?.integer(PORT_RANGE) ?? null;
  const weight = fields.get('weight')?.integer({ min: 0, max: 1_000_000 }) ?? 1;
  return service === undefined ? [] : [{ service, port, weight }];
}

/** Reports what every proxy would refuse: what RE2 does not have, and what JavaScript might run for ever. */
export function checkRegex(cursor: Cursor, pattern: string): string {
  const result = toSafeRegex(pattern);
  if (!result.ok) cursor.report(result.problem);
  return pattern;
}

/** A header and the value that it must have. Header names are the same in any case. */
export function parseHeaderMatch(cursor: Cursor): ValueMatch[] {
  return parseValueMatch(cursor).map((match) => ({ ...match, name: match.name.toLowerCase() }));
}

/** A name and the value that it must have. */
export function parseValueMatch(cursor: Cursor): ValueMatch[] {
  const fields = cursor.object({ type: true, name: true, value: true });
  const type = fields.get('type')?.oneOf(['Exact', 'RegularExpression']) ?? 'Exact';
  const name = fields.get('name')?.string() ?? missing(cursor, 'name');
  const value = fields.get('value')?.string() ?? missing(cursor, 'value');
  if (name === undefined || value === undefined) return [];
  if (type === 'Exact') return [{ name, kind: 'exact', value }];
  return [{ name, kind: 'regex', value: checkRegex(fields.get('value')!, value) }];
}

/** By type of filter: the field that holds its body, and how that is read. */
export type FilterParsers<Filter> = Readonly<
  Record<string, { readonly field: string; readonly parse: (body: Cursor) => Filter }>
>;

/** The filters that every kind of route may have. */
export const HEADER_FILTERS: FilterParsers<HeaderFilter> = {
  RequestHeaderModifier: {
    field: 'requestHeaderModifier',
    parse: (body) => ({ kind: 'request-headers', ...parseHeaderChanges(body) }),
  },
  ResponseHeaderModifier: {
    field: 'responseHeaderModifier',
    parse: (body) => ({ kind: 'response-headers', ...parseHeaderChanges(body) }),
  },
};

/** One of a rule's `filters`; `refused` are those of the standard that the mesh does not honour. */
export function parseFilter<Filter>(
  cursor: Cursor,
  parsers: FilterParsers<Filter>,
  refused: readonly string[],
): Filter[] {
  const fields = cursor.object({
    type: true,
    ...Object.fromEntries(Object.values(parsers).map(({ field }) => [field, true] as const)),
    ...Object.fromEntries(refused.map((field) => [field, NOT_YET])),
  });
  const type = fields.get('type');
  if (type === undefined) return missing(cursor, 'type') ?? [];
  const name = type.oneOf(Object.keys(parsers));
  if (name === undefined) return [];
  const { field, parse } = parsers[name]!;
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
