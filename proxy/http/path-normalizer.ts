/**
 * Path normalisation as Envoy does it (HttpConnectionManager `normalize_path`, `merge_slashes` and
 * `path_with_escaped_slashes_action`), in Envoy's order: escaped slashes, then RFC 3986 dot segments, then slashes merged.
 * The query is left alone. PURE; only paths that look unusual come here.
 */
import type { HttpConnectionManagerConfig } from '../config/model/listener.ts';

/** The fields that say what is to be done. */
export type PathOptions = Pick<HttpConnectionManagerConfig, 'normalizePath' | 'mergeSlashes' | 'escapedSlashes'>;

/** What becomes of a path. `redirect`: the client shall ask again with that path. */
export type NormalizedPath =
  | { readonly kind: 'use'; readonly path: string }
  | { readonly kind: 'redirect'; readonly path: string }
  | { readonly kind: 'refuse' };

const REFUSE: NormalizedPath = { kind: 'refuse' };
/** A percent sign that begins no escape: decoding what is behind it could make one, `%2%65` to `%2e`. */
const MALFORMED = /%(?![0-9a-f]{2})/i;
const ESCAPED_SLASH = /%2f|%5c/i;
const ESCAPE = /%([0-9a-f]{2})/gi;
const ESCAPED_NUL = /%00/;
const UNRESERVED = /[A-Za-z0-9\-._~]/;

/** Normalises path and query. A path that is not absolute (`*`) stays as it is. */
export function normalizePath(target: string, options: PathOptions): NormalizedPath {
  if (!target.startsWith('/')) return { kind: 'use', path: target };
  const mark = target.indexOf('?');
  const query = mark < 0 ? '' : target.slice(mark);
  let path = mark < 0 ? target : target.slice(0, mark);
  let redirect = false;
  if ((options.normalizePath || options.escapedSlashes !== 'keep') && MALFORMED.test(path)) return REFUSE;
  if (options.escapedSlashes !== 'keep' && ESCAPED_SLASH.test(path)) {
    if (options.escapedSlashes === 'reject') return REFUSE;
    path = path.replace(/%2f/gi, '/').replace(/%5c/gi, '\\');
    redirect = options.escapedSlashes === 'unescape-and-redirect';
  }
  if (options.normalizePath) {
    if (ESCAPED_NUL.test(path)) return REFUSE;
    path = withoutDotSegments(decodeUnreserved(path.replaceAll('\\', '/')));
  }
  if (options.mergeSlashes) path = path.replace(/\/{2,}/g, '/');
  return { kind: redirect ? 'redirect' : 'use', path: path + query };
}

/** Escapes of unreserved characters mean the same as the characters (RFC 3986 section 2.3); others keep their case. */
function decodeUnreserved(path: string): string {
  return path.replace(ESCAPE, (escaped, digits: string) => {
    const character = String.fromCharCode(Number.parseInt(digits, 16));
    return UNRESERVED.test(character) ? character : escaped;
  });
}

/** RFC 3986 section 5.2.4 for an absolute path; segments above the root are dropped. */
function withoutDotSegments(path: string): string {
  const kept: string[] = [];
  const segments = path.slice(1).split('/');
  for (const [i, segment] of segments.entries()) {
    const last = i === segments.length - 1;
    if (segment === '..') kept.pop();
    else if (segment !== '.') kept.push(segment);
    if (last && (segment === '.' || segment === '..')) kept.push('');
  }
  return `/${kept.join('/')}`;
}
