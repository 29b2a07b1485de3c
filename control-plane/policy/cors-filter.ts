/**
 * Gateway API's CORS filter of an HTTPRoute.
 */
import type { CorsFilter } from '../state/routes.ts';
import type { Cursor } from './cursor.ts';
import { missing } from './document.ts';
import { isToken } from './values.ts';

/** A scheme and a host, which may begin with a wildcard, or any. */
const ORIGIN = /^(\*|[a-z][a-z0-9+.-]*:\/\/(\*|(\*\.)?[A-Za-z0-9.-]+|\[[0-9a-fA-F:.]+\])(:\d{1,5})?)$/;
const DAY_SECONDS = 86_400;

/** Parses the body of the filter. */
export function parseCors(cursor: Cursor): CorsFilter {
  const fields = cursor.object({
    allowOrigins: true,
    allowMethods: true,
    allowHeaders: true,
    exposeHeaders: true,
    allowCredentials: true,
    maxAge: true,
  });
  const texts = (name: string, isOne: (text: string) => boolean, what: string) =>
    fields
      .get(name)
      ?.list()
      .flatMap((each) => each.parsed((text) => (isOne(text) ? text : null), what) ?? []) ?? [];
  if (!fields.has('allowOrigins')) missing(cursor, 'allowOrigins');
  const filter: CorsFilter = {
    kind: 'cors',
    allowOrigins: texts(
      'allowOrigins',
      (text) => ORIGIN.test(text),
      'an origin such as https://shop.example or https://*.shop.example',
    ),
    allowMethods: texts('allowMethods', isToken, 'a method'),
    allowHeaders: texts('allowHeaders', isToken, 'a header name'),
    exposeHeaders: texts('exposeHeaders', isToken, 'a header name'),
    allowCredentials: fields.get('allowCredentials')?.boolean() ?? false,
    maxAgeSeconds: fields.get('maxAge')?.integer({ min: 1, max: DAY_SECONDS }) ?? 5,
  };
  // Fetch standard: with credentials a wildcard is the name of something, and fits nothing.
  for (const name of ['allowMethods', 'allowHeaders', 'exposeHeaders'] as const) {
    if (filter.allowCredentials && filter[name].includes('*'))
      fields.get(name)!.report('"*" allows nothing beside allowCredentials: name each');
  }
  return filter;
}
