/**
 * Which requests a policy means: method, path and headers, as an HTTPRoute says them.
 */
import type { RequestMatch } from '../state/traffic-policy.ts';
import type { Cursor } from './cursor.ts';
import { METHODS, parsePath } from './http-route.ts';
import { parseHeaderMatch } from './route-parts.ts';
import { LITERAL_CHARS_MAX } from './texts.ts';

/** Every request. */
const ANY_REQUEST: RequestMatch = { method: null, path: null, headers: [] };

/** Parses `match`; absent means every request. */
export function parseRequestMatch(cursor: Cursor | undefined): RequestMatch {
  if (cursor === undefined) return ANY_REQUEST;
  const fields = cursor.object({ method: true, path: true, headers: true });
  if (cursor.isMap && fields.size === 0) cursor.report('names nothing: leave it out to mean every request');
  return {
    method: fields.get('method')?.oneOf(METHODS) ?? null,
    path: fields.has('path') ? parsePath(fields.get('path')!, LITERAL_CHARS_MAX) : null,
    headers: fields.get('headers')?.list().flatMap(parseHeaderMatch) ?? [],
  };
}
