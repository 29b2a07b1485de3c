/**
 * What Gateway API's HTTPRoute and GRPCRoute have in common, with Services as parents: the GAMMA shape.
 */
import type { Backend, HeaderChanges, HeaderFilter, HeaderValue, MirrorFilter, ValueMatch } from '../state/routes.ts';
import { isSubsetKey, SUBSET_KEYS } from '../state/traffic-policy.ts';
import type { Cursor, KnownFields } from './cursor.ts';
import { missing, NOT_YET, PORT_RANGE, parseDocumentParts, parseServiceName } from './document.ts';
import { checkRegex, editableHeader, headerText, headerValue, parameterName } from './texts.ts';

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
  filters: true,
  'x-subset': true,
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
  const { name, spec, at, manifest } = parseDocumentParts(root, 'route', SPEC);
  const parents = spec?.get('parentRefs')?.list() ?? missing(at, 'parentRefs') ?? [];
  const parts = {
    name,
    parents: parents.flatMap(parseParent),
    rules: spec?.get('rules')?.list().map(parseRule) ?? [],
    manifest,
  };
  if (spec !== undefined && parts.rules.length === 0) at.report('has no rules: at least one is needed');
  return parts;
}

function parseParent(cursor: Cursor): string[] {
  const fields = cursor.object(PARENT);
  if (!fields.has('kind')) cursor.report('"kind" is missing: only "Service" can be a parent', 'Service');
  fields.get('port')?.integer(PORT_RANGE);
  const name = parseServiceName(cursor, fields);
  return name === undefined ? [] : [name];
}

/** One of a rule's `backendRefs`. */
export function parseBackend(cursor: Cursor): Backend[] {
  const fields = cursor.object(BACKEND);
  const service = parseServiceName(cursor, fields);
  const port = fields.get('port')?.integer(PORT_RANGE) ?? null;
  const weight = fields.get('weight')?.integer({ min: 0, max: 1_000_000 }) ?? 1;
  const filters = fields.get('filters')?.list() ?? [];
  const edits = filters.flatMap((each) => parseFilter(each, HEADER_FILTERS, NOT_FOR_A_BACKEND));
  const subset = fields.has('x-subset') ? parseSubset(fields.get('x-subset')!) : null;
  return service === undefined ? [] : [{ service, port, weight, filters: edits, subset }];
}

/** Filters that a rule may have, and one backend of it may not. */
const NOT_FOR_A_BACKEND = ['requestRedirect', 'urlRewrite', 'requestMirror', 'cors', 'extensionRef'];

function parseSubset(cursor: Cursor): Record<string, string> {
  const written = cursor.isMap ? [...(cursor.entries()?.keys() ?? [])] : [];
  const known = [...SUBSET_KEYS, ...written.filter(isSubsetKey)];
  const fields = cursor.object(Object.fromEntries(known.map((key) => [key, true] as const)));
  if (cursor.isMap && fields.size === 0) cursor.report('names no value: leave it out to mean every instance');
  return Object.fromEntries([...fields].flatMap(([key, value]) => [[key, value.text() ?? '']]));
}

/** A header and the value that it must have. Header names are the same in any case. */
export function parseHeaderMatch(cursor: Cursor): ValueMatch[] {
  return parseValueMatch(cursor, headerText).map((match) => ({ ...match, name: match.name.toLowerCase() }));
}

/** One of `queryParams`. */
export function parseParameterMatch(cursor: Cursor): ValueMatch[] {
  return parseValueMatch(cursor, parameterName);
}

/** A name and the value that it must have. */
function parseValueMatch(cursor: Cursor, parseName: (cursor: Cursor) => string | undefined): ValueMatch[] {
  const fields = cursor.object({ type: true, name: true, value: true });
  const type = fields.get('type')?.oneOf(['Exact', 'RegularExpression']) ?? 'Exact';
  if (!fields.has('name')) missing(cursor, 'name');
  if (!fields.has('value')) missing(cursor, 'value');
  const name = fields.has('name') ? parseName(fields.get('name')!) : undefined;
  const value = fields.get('value')?.string();
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

/** The filter that HTTPRoutes and GRPCRoutes have beside. */
export const MIRROR_FILTER: FilterParsers<MirrorFilter> = {
  RequestMirror: { field: 'requestMirror', parse: parseMirror },
};

function parseMirror(cursor: Cursor): MirrorFilter {
  const fields = cursor.object({ backendRef: true, percent: true, fraction: true });
  const ref = fields.get('backendRef');
  const target = ref?.object({ group: true, kind: true, name: true, namespace: true, port: true });
  if (ref === undefined) missing(cursor, 'backendRef');
  const [percent, fraction] = [fields.get('percent'), fields.get('fraction')];
  if (percent !== undefined && fraction !== undefined)
    fraction.report('stands beside "percent": one of the two must go');
  const share = fraction?.object({ numerator: true, denominator: true });
  const denominator = share?.get('denominator')?.integer({ min: 1, max: 1_000_000 }) ?? 100;
  const numerator = share?.get('numerator')?.integer({ min: 0, max: denominator });
  if (fraction?.isMap && !share!.has('numerator')) missing(fraction, 'numerator');
  return {
    kind: 'mirror',
    service: (ref && parseServiceName(ref, target!)) ?? '',
    port: target?.get('port')?.integer(PORT_RANGE) ?? null,
    numerator: numerator ?? percent?.integer({ min: 0, max: 100 }) ?? 100,
    denominator: fraction === undefined ? 100 : denominator,
  };
}

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
        .flatMap((item) => editableHeader(item) ?? []) ?? [],
  };
}

function parseHeaderValue(cursor: Cursor): HeaderValue[] {
  const fields = cursor.object({ name: true, value: true });
  if (!fields.has('name')) missing(cursor, 'name');
  if (!fields.has('value')) missing(cursor, 'value');
  const name = fields.has('name') ? editableHeader(fields.get('name')!) : undefined;
  const value = fields.has('value') ? headerValue(fields.get('value')!) : undefined;
  return name === undefined || value === undefined ? [] : [{ name, value }];
}
