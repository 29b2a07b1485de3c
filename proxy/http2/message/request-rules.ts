/**
 * What makes a list of fields a request (RFC 9113 section 8): which pseudo-header fields there are, in what order, and
 * which of the others may not cross from one connection to the next. What is let through can be written as HTTP/1.1
 * without meaning something else there: no byte of it ends a line, a word or a name. HOT.
 */
import { isIPv6 } from 'node:net';
import type { Framing } from '../../http/message.ts';
import {
  TRAIT_CONNECT,
  TRAIT_TAKES_TRAILERS,
  TRAIT_TRACE,
  TRAIT_UNKNOWN_EXPECTATION,
  TRAIT_UNUSUAL_PATH,
  TRAIT_UPGRADE,
} from '../../http/request-traits.ts';
import { type Field, KIND } from '../hpack/field.ts';
import type { FieldTable } from '../hpack/field-table.ts';
import { isRegular, lengthOf } from './regular-field.ts';
import { Http2RequestHead } from './request-head.ts';

const METHOD_BYTES = 24;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*$/;
/** Visible ASCII without `#`, which never reaches a server. */
const PATH = /^\/[\x21\x22\x24-\x7e]*$/;
/** What the path normaliser would change or refuse. */
const UNUSUAL_PATH = /[%\\]|\/[/.]/;
const REGISTERED_NAME = /^[A-Za-z0-9\-._~!$&'()*+,;=]+$/;
const IP_LITERAL = /^\[([0-9A-Fa-f:.]+)\]$/;
const PORT = /:([0-9]{0,5})$/;

/** Verdicts on the value of a field; a field that comes again has been judged before. */
const FINE = 1;
const UNUSUAL = 2;
const REFUSED = 3;

/** Reads a request; null when it is malformed (RFC 9113 section 8.1.1). `takesConnect`: extended CONNECT was offered. */
export function readRequest(
  table: FieldTable,
  fields: readonly Field[],
  count: number,
  endStream: boolean,
  takesConnect: boolean,
): Http2RequestHead | null {
  let method: Field | null = null;
  let scheme: Field | null = null;
  let authorityField: Field | null = null;
  let path: Field | null = null;
  let protocol: Field | null = null;
  let host: Field | null = null;
  let length: Field | null = null;
  let traits = 0;
  let cookies = 0;
  let regular = 0;
  const lines: Field[] = [];
  for (let i = 0; i < count; i++) {
    const field = fields[i]!;
    if (!field.valid) return null;
    traits |= field.traits;
    const { kind } = field;
    if (kind === KIND.plain) {
      lines.push(field);
      regular++;
      continue;
    }
    // Pseudo-header fields stand in front of all others, each once.
    if (kind > KIND.unknownPseudo) regular++;
    else if (regular > 0) return null;
    switch (kind) {
      case KIND.method:
        if (method !== null) return null;
        method = field;
        break;
      case KIND.scheme:
        if (scheme !== null) return null;
        scheme = field;
        break;
      case KIND.authority:
        if (authorityField !== null) return null;
        authorityField = field;
        break;
      case KIND.path:
        if (path !== null) return null;
        path = field;
        break;
      case KIND.protocol:
        if (protocol !== null) return null;
        protocol = field;
        break;
      case KIND.host:
        if (host !== null) return null;
        host = field;
        break;
      case KIND.contentLength:
        if (length !== null || lengthOf(field) < 0) return null;
        length = field;
        lines.push(field);
        break;
      case KIND.te:
        if (field.value.toLowerCase() !== 'trailers') return null;
        traits |= TRAIT_TAKES_TRAILERS;
        lines.push(field);
        break;
      case KIND.cookie:
        cookies++;
        lines.push(field);
        break;
      case KIND.expect:
        if (field.value.toLowerCase() !== '100-continue') traits |= TRAIT_UNKNOWN_EXPECTATION;
        lines.push(field);
        break;
      default:
        return null;
    }
  }
  if (method === null || verdictOf(method) === REFUSED) return null;
  const named = authorityField ?? host;
  if (named !== null && verdictOf(named) === REFUSED) return null;
  const authority = named === null ? '' : named.value;
  if (authorityField !== null && host !== null && host.value.toLowerCase() !== authority.toLowerCase()) return null;
  const contentLength = length === null ? -1 : lengthOf(length);
  if (endStream && contentLength > 0) return null;
  if (cookies > 1) joinCookies(table, lines);
  const pseudo = { method, scheme, authority, authorityField, path, protocol };
  // A length would be one of bytes that belong to the tunnel; an HTTP/1.1 endpoint that refuses it waits for them.
  if (method.value === 'CONNECT' && length !== null) return null;
  if (method.value === 'CONNECT' && protocol === null) {
    if (scheme !== null || path !== null || authority === '' || endStream) return null;
    return new Http2RequestHead(pseudo, lines, traits | TRAIT_CONNECT, 'none', contentLength);
  }
  if (scheme === null || path === null || verdictOf(scheme) === REFUSED) return null;
  const pathVerdict = verdictOf(path);
  if (pathVerdict === UNUSUAL) traits |= TRAIT_UNUSUAL_PATH;
  else if (pathVerdict === REFUSED && (path.value !== '*' || method.value !== 'OPTIONS')) return null;
  if (protocol !== null) {
    if (!takesConnect || method.value !== 'CONNECT' || endStream || verdictOf(protocol) === REFUSED) return null;
    return new Http2RequestHead(pseudo, lines, traits | TRAIT_UPGRADE, 'none', contentLength);
  }
  if (method.value === 'TRACE') traits |= TRAIT_TRACE;
  const framing: Framing = endStream ? 'none' : contentLength >= 0 ? 'length' : 'close';
  return new Http2RequestHead(pseudo, lines, traits, framing, contentLength);
}

function verdictOf(field: Field): number {
  if (field.verdict === 0) field.verdict = judge(field.kind, field.value);
  return field.verdict;
}

function judge(kind: number, value: string): number {
  switch (kind) {
    case KIND.method:
      return value.length <= METHOD_BYTES && TOKEN.test(value) ? FINE : REFUSED;
    case KIND.scheme:
      return SCHEME.test(value) ? FINE : REFUSED;
    case KIND.path:
      if (!PATH.test(value)) return REFUSED;
      return UNUSUAL_PATH.test(value) ? UNUSUAL : FINE;
    case KIND.protocol:
      return TOKEN.test(value) ? FINE : REFUSED;
    default:
      return validAuthority(value) ? FINE : REFUSED;
  }
}

/** `uri-host [":" port]`: as strict as the HTTP/1.1 codec is, without user information and percent escapes. */
export function validAuthority(authority: string): boolean {
  const port = PORT.exec(authority);
  if (port !== null && !authority.endsWith(']') && Number(port[1]) > 65_535) return false;
  const host = port === null ? authority : authority.slice(0, port.index);
  const literal = IP_LITERAL.exec(host);
  return literal === null ? REGISTERED_NAME.test(host) : isIPv6(literal[1]!);
}

/** Cookies may come as one field each; everybody else knows one list (RFC 9113 section 8.2.3). */
function joinCookies(table: FieldTable, lines: Field[]): void {
  const first = lines.findIndex(({ kind }) => kind === KIND.cookie);
  const cookies = lines.filter(({ kind }) => kind === KIND.cookie);
  const joined = table.fresh('cookie', cookies.map(({ value }) => value).join('; '));
  lines[first] = joined;
  let kept = first + 1;
  for (let i = first + 1; i < lines.length; i++) if (lines[i]!.kind !== KIND.cookie) lines[kept++] = lines[i]!;
  lines.length = kept;
}

/** Trailers may hold neither pseudo-header fields nor those of one connection (RFC 9113 section 8.1). */
export function validTrailers(fields: readonly Field[], count: number): boolean {
  for (let i = 0; i < count; i++) {
    if (!isRegular(fields[i]!)) return false;
  }
  return true;
}
