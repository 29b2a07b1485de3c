/**
 * Compiled matchers: built once when configuration changes, called per request. HOT: no allocation beyond the strings
 * the head hands out.
 */
import type { SafeRegex } from '../../protos/contract/regex/safe-regex.ts';
import type { HeaderMatch, PathMatch, QueryMatch, StringMatch } from '../config/model/match.ts';
import { HeaderName } from '../http/header-name.ts';
import type { HeaderFields, RequestHead, ResponseHead } from '../http/message.ts';

/** Tests one value. */
export type StringTest = (value: string) => boolean;

/** A regular expression that matches the whole value, as RE2::FullMatch does. */
export function compileRegex(regex: SafeRegex): RegExp {
  return new RegExp(`^(?:${regex.source})$`, regex.flags);
}

export function compileString(match: StringMatch): StringTest {
  if (match.kind === 'regex') {
    const regex = compileRegex(match.regex);
    return (value) => regex.test(value);
  }
  const { ignoreCase } = match;
  const want = ignoreCase ? match.value.toLowerCase() : match.value;
  switch (match.kind) {
    case 'exact':
      return ignoreCase ? (value) => value.toLowerCase() === want : (value) => value === want;
    case 'prefix':
      return ignoreCase ? (value) => value.toLowerCase().startsWith(want) : (value) => value.startsWith(want);
    case 'suffix':
      return ignoreCase ? (value) => value.toLowerCase().endsWith(want) : (value) => value.endsWith(want);
    case 'contains':
      return ignoreCase ? (value) => value.toLowerCase().includes(want) : (value) => value.includes(want);
  }
}

/**
 * Tests a path without its query. Whether the request is a CONNECT is looked at elsewhere. The plain prefix, which most
 * routes have, is no function of its own: calling one of many takes longer than the comparison.
 */
export class PathTest {
  /** Null where the test is another one. */
  readonly #prefix: string | null;
  readonly #test: StringTest;

  constructor(match: PathMatch) {
    this.#prefix = match.kind === 'prefix' && match.caseSensitive ? match.value : null;
    this.#test = compilePath(match);
  }

  fits(path: string): boolean {
    return this.#prefix !== null ? path.startsWith(this.#prefix) : this.#test(path);
  }
}

function compilePath(match: PathMatch): StringTest {
  switch (match.kind) {
    case 'prefix':
      return compileString({ kind: 'prefix', value: match.value, ignoreCase: !match.caseSensitive });
    case 'exact':
      return compileString({ kind: 'exact', value: match.value, ignoreCase: !match.caseSensitive });
    case 'regex':
      return compileString({ kind: 'regex', regex: match.regex });
    case 'connect':
      return () => true;
    case 'separated-prefix': {
      const exact = compileString({ kind: 'exact', value: match.value, ignoreCase: !match.caseSensitive });
      const below = compileString({ kind: 'prefix', value: `${match.value}/`, ignoreCase: !match.caseSensitive });
      return (path) => exact(path) || below(path);
    }
  }
}

/**
 * envoy.config.route.v3.HeaderMatcher. Lines of one name are tested one by one, and one that fits is enough; inverted, none
 * of them may. A header that is missing fits no test, inverted or not, unless it is to be treated as empty.
 */
export class HeaderMatcher {
  readonly #name: HeaderName;
  readonly #startLine: boolean;
  readonly #test: StringTest | null;
  readonly #wantPresent: boolean;
  readonly #invert: boolean;
  readonly #missingAsEmpty: boolean;

  constructor(match: HeaderMatch) {
    this.#name = new HeaderName(match.name);
    this.#startLine = match.name.startsWith(':') || match.name === 'host';
    this.#invert = match.invert;
    this.#missingAsEmpty = match.missingAsEmpty;
    this.#wantPresent = match.test.kind === 'present' ? match.test.present : true;
    this.#test =
      match.test.kind === 'string'
        ? compileString(match.test.match)
        : match.test.kind === 'range'
          ? integerRange(match.test.start, match.test.end)
          : null;
  }

  matches(head: HeaderFields): boolean {
    if (this.#startLine) return this.matchesValue(startLineValue(head, this.#name.name));
    let line = head.find(this.#name, 0);
    if (line < 0) return this.matchesValue(head.first(this.#name));
    if (this.#test === null) return this.#wantPresent !== this.#invert;
    for (; line >= 0; line = head.find(this.#name, line + 1)) {
      if (this.#test(head.value(line))) return !this.#invert;
    }
    return this.#invert;
  }

  /** The same with the only value there is; null when it is missing. */
  matchesValue(value: string | null): boolean {
    if (value === null && !this.#missingAsEmpty) return this.#test === null && this.#wantPresent === this.#invert;
    const fits = this.#test === null ? this.#wantPresent : this.#test(value ?? '');
    return fits !== this.#invert;
  }
}

/** What Envoy calls by the pseudo-headers of HTTP/2, of a request or of a response; null when there is none. */
function startLineValue(head: HeaderFields, name: string): string | null {
  const message = head as Partial<RequestHead & ResponseHead>;
  switch (name) {
    case ':method':
      return message.method ?? null;
    case ':path':
      return message.path ?? null;
    case ':authority':
    case 'host':
      return message.authority ?? null;
    case ':status':
      return message.status === undefined ? null : String(message.status);
    default:
      return null;
  }
}

function integerRange(start: number, end: number): StringTest {
  return (value) => {
    if (!/^[-+]?[0-9]{1,18}$/.test(value)) return false;
    const number = Number(value);
    return number >= start && number < end;
  };
}

/** envoy.config.route.v3.QueryParameterMatcher over the query string behind `?`. The first parameter of a name counts. */
export class QueryMatcher {
  readonly #name: string;
  readonly #test: StringTest | null;

  constructor(match: QueryMatch) {
    this.#name = match.name;
    this.#test = match.test.kind === 'string' ? compileString(match.test.match) : null;
  }

  matches(query: string): boolean {
    const value = queryParameter(query, this.#name);
    if (value === null) return false;
    return this.#test === null || this.#test(value);
  }
}

/** The raw value of the first parameter of that name, empty when it has none, or null. */
export function queryParameter(query: string, name: string): string | null {
  let from = 0;
  while (from < query.length) {
    let end = query.indexOf('&', from);
    if (end < 0) end = query.length;
    if (query.startsWith(name, from)) {
      const after = from + name.length;
      if (after === end) return '';
      if (after < end && query.charCodeAt(after) === 61) return query.slice(after + 1, end);
    }
    from = end + 1;
  }
  return null;
}
