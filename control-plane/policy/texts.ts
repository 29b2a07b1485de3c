/**
 * Texts that end in a request's head: whatever a sidecar would refuse is refused where it is written. Lengths are Gateway
 * API's.
 */
import { toSafeRegex } from '../../protos/contract/regex/safe-regex.ts';
import type { Cursor } from './cursor.ts';
import { isToken } from './values.ts';

const NAME_CHARS_MAX = 256;
const VALUE_CHARS_MAX = 4096;
const PATH_CHARS_MAX = 1024;
/** Of what becomes the literal part of a pattern: patterns that are too large to be judged are refused. */
export const LITERAL_CHARS_MAX = 100;
const HOST_CHARS_MAX = 253;

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that are looked for.
const CONTROL = /[\0-\x1f\x7f]/;

/** The name of a header. */
export function headerText(cursor: Cursor): string | undefined {
  return cursor.parsed((text) => (isToken(text, NAME_CHARS_MAX) ? text : null), 'a header name');
}

/** The name of a header that a filter sets or takes away. The host decides where a request goes: it has a filter of its own. */
export function editableHeader(cursor: Cursor): string | undefined {
  const name = headerText(cursor);
  if (name?.toLowerCase() !== 'host') return name;
  return cursor.report('"host" is no header that can be edited: use a URLRewrite filter with "hostname"', 'URLRewrite');
}

/** What a header may hold. */
export function headerValue(cursor: Cursor): string | undefined {
  const text = cursor.text();
  if (text === undefined) return undefined;
  if (text.length > VALUE_CHARS_MAX)
    return cursor.report(`has ${text.length} characters: a header value may have ${VALUE_CHARS_MAX} at most`);
  const isOne = !CONTROL.test(text.replaceAll('\t', ''));
  return isOne ? text : cursor.report(`${JSON.stringify(text)} holds a character that a header cannot carry`);
}

/** The name of a parameter of the query. */
export function parameterName(cursor: Cursor): string | undefined {
  return bounded(cursor, NAME_CHARS_MAX, (text) => text !== '', 'the name of a query parameter');
}

/** The name of a cookie. */
export function cookieText(cursor: Cursor): string | undefined {
  return cursor.parsed((text) => (isToken(text, 128) ? text : null), 'the name of a cookie, of at most 128 characters');
}

/** A path without a query. */
export function pathText(cursor: Cursor, charsMax = PATH_CHARS_MAX): string | undefined {
  const text = bounded(cursor, charsMax, (text) => !/[\s?#]/.test(text) && !CONTROL.test(text), 'a path');
  if (text === undefined || text.startsWith('/')) return text;
  return cursor.report(`"${text}" is not a path: it must begin with /`);
}

/** What a path is replaced with. */
export function replacementText(cursor: Cursor): string | undefined {
  return bounded(cursor, PATH_CHARS_MAX, (text) => !/\s/.test(text) && !CONTROL.test(text), 'a path');
}

/** A host without a port. */
export function hostText(cursor: Cursor): string | undefined {
  const isHost = (text: string) => /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(text);
  return bounded(cursor, HOST_CHARS_MAX, isHost, 'a host name');
}

/** Reports what every proxy would refuse: what RE2 does not have, and what JavaScript might run for ever. */
export function checkRegex(cursor: Cursor, pattern: string): string {
  const result = toSafeRegex(pattern);
  if (pattern === '') cursor.report('the pattern is empty: leave the field out to match any');
  else if (!result.ok) cursor.report(result.problem);
  return pattern;
}

function bounded(cursor: Cursor, charsMax: number, isOne: (text: string) => boolean, what: string): string | undefined {
  const text = cursor.string();
  if (text === undefined) return undefined;
  if (text.length > charsMax)
    return cursor.report(`has ${text.length} characters: ${what} may have ${charsMax} at most`);
  return isOne(text) ? text : cursor.report(`${JSON.stringify(text)} is not ${what}`);
}
