/**
 * Gateway API GRPCRoute (gateway.networking.k8s.io/v1) with Services as parents, the GAMMA shape.
 *
 * The standard has neither timeouts nor retries here: a call lives until the deadline that its client sets.
 */
import type { GrpcMethodMatch, GrpcRouteMatch, GrpcRouteRule, HeaderFilter, MirrorFilter } from '../state/routes.ts';
import type { ParsedResource } from './compose.ts';
import type { Cursor, KnownFields } from './cursor.ts';
import { NOT_YET } from './document.ts';
import {
  type FilterParsers,
  HEADER_FILTERS,
  MIRROR_FILTER,
  parseBackend,
  parseFilter,
  parseHeaderMatch,
  parseRouteParts,
} from './route-parts.ts';
import { checkRegex, LITERAL_CHARS_MAX } from './texts.ts';

const RULE: KnownFields = {
  name: true,
  matches: true,
  filters: true,
  backendRefs: true,
  sessionPersistence: NOT_YET,
  timeouts: 'is not part of a GRPCRoute: remove it, the deadline that the client sets holds',
  retry: 'is not part of a GRPCRoute: remove it',
};
const MATCH: KnownFields = {
  method: true,
  headers: true,
  path: 'is not part of a GRPCRoute: name the service and the method under "method"',
  queryParams: 'is not part of a GRPCRoute: remove it, a call has no query',
};
const FILTERS: FilterParsers<HeaderFilter | MirrorFilter> = { ...HEADER_FILTERS, ...MIRROR_FILTER };
const REFUSED_FILTERS = ['extensionRef'];

/** Gateway API's limit for the name of a service or method, or a pattern for them. */
const NAME_CHARS_MAX = 1024;

/** What a name may look like, and the words for it. */
interface NameForm {
  readonly what: string;
  readonly pattern: RegExp;
  readonly rule: string;
}

const SERVICE: NameForm = {
  what: 'gRPC service',
  pattern: /^\.?[A-Za-z_][A-Za-z_0-9]*(\.[A-Za-z_][A-Za-z_0-9]*)*$/,
  rule: 'use letters, digits and "_" with "." between, such as shop.v1.Cart',
};
const METHOD: NameForm = {
  what: 'gRPC method',
  pattern: /^[A-Za-z_][A-Za-z_0-9]*$/,
  rule: 'use letters, digits and "_", such as AddItem',
};

/** Parses one document. Mistakes are reported at the cursor; what has some is not to be used. */
export function parseGrpcRoute(root: Cursor): ParsedResource {
  return { draft: { kind: 'grpcroute', ...parseRouteParts(root, parseRule) }, cursor: root };
}

function parseRule(cursor: Cursor): GrpcRouteRule {
  const fields = cursor.object(RULE);
  const matches = fields.get('matches')?.list().map(parseMatch) ?? [];
  const filters = fields.get('filters')?.list() ?? [];
  const backends = fields.get('backendRefs')?.list().flatMap(parseBackend) ?? [];
  if (backends.length === 0) cursor.report('has no backendRefs: name at least one Service');
  return {
    matches: matches.length === 0 ? [{ method: null, headers: [] }] : matches,
    filters: filters.flatMap((each) => parseFilter(each, FILTERS, REFUSED_FILTERS)),
    backends,
  };
}

function parseMatch(cursor: Cursor): GrpcRouteMatch {
  const fields = cursor.object(MATCH);
  const method = fields.get('method');
  return {
    method: method === undefined ? null : parseMethod(method),
    headers: fields.get('headers')?.list().flatMap(parseHeaderMatch) ?? [],
  };
}

function parseMethod(cursor: Cursor): GrpcMethodMatch {
  const fields = cursor.object({ type: true, service: true, method: true });
  const type = fields.get('type')?.oneOf(['Exact', 'RegularExpression']) ?? 'Exact';
  const [service, method] = [fields.get('service'), fields.get('method')];
  if (cursor.isMap && service === undefined && method === undefined)
    cursor.report('names neither "service" nor "method": at least one is needed');
  const read = type === 'Exact' ? parseName : parsePattern;
  // A method of any service is found by a pattern.
  const length = service === undefined && type === 'Exact' ? (method?.string() ?? '').length : 0;
  if (length > LITERAL_CHARS_MAX)
    method!.report(`has ${length} characters: without "service" at most ${LITERAL_CHARS_MAX} are allowed`);
  return {
    kind: type === 'Exact' ? 'exact' : 'regex',
    service: service === undefined ? null : read(service, SERVICE),
    method: method === undefined ? null : read(method, METHOD),
  };
}

function parseName(cursor: Cursor, { what, pattern, rule }: NameForm): string | null {
  const name = boundedString(cursor, what);
  if (name !== null && !pattern.test(name)) cursor.report(`"${name}" is no ${what}: ${rule}`);
  return name;
}

function parsePattern(cursor: Cursor, { what }: NameForm): string | null {
  const pattern = boundedString(cursor, what);
  if (pattern === null) return null;
  // It becomes the middle of a pattern for the whole path, where an anchor can never hold.
  if (/^\^|(?<!\\)\$$/.test(pattern))
    cursor.report(`"${pattern}" has an anchor: the whole name is matched anyway, leave out ^ and $`);
  return checkRegex(cursor, pattern);
}

function boundedString(cursor: Cursor, what: string): string | null {
  const text = cursor.string();
  if (text === undefined) return null;
  if (text.length <= NAME_CHARS_MAX) return text;
  return cursor.report(`the ${what} has ${text.length} characters: at most ${NAME_CHARS_MAX} are allowed`) ?? null;
}
