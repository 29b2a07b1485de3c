/** Cookies: one of a request by its name, and the line that sets one (RFC 6265, sections 4.1 and 4.2). */
import { HeaderName } from './header-name.ts';
import type { HeaderFields } from './message.ts';

const COOKIE = new HeaderName('cookie');

/** The value of the first cookie of that name, without quotes around it; null when there is none. */
export function cookieValue(head: HeaderFields, name: string): string | null {
  for (let line = head.find(COOKIE, 0); line >= 0; line = head.find(COOKIE, line + 1)) {
    const value = valueIn(head.value(line), name);
    if (value !== null) return value;
  }
  return null;
}

function valueIn(text: string, name: string): string | null {
  let from = 0;
  while (from < text.length) {
    let end = text.indexOf(';', from);
    if (end < 0) end = text.length;
    while (text.charCodeAt(from) === 32) from++;
    const equals = from + name.length;
    if (text.startsWith(name, from) && text.charCodeAt(equals) === 61 && equals < end)
      return unquoted(text.slice(equals + 1, end));
    from = end + 1;
  }
  return null;
}

function unquoted(value: string): string {
  return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}

/** An attribute of a cookie; an empty value leaves its name alone. */
export interface CookieAttribute {
  readonly name: string;
  readonly value: string;
}

/** `name="value"; Max-Age=60; Path=/; SameSite=Strict; HttpOnly`; 0 seconds make a cookie of the session, which ends with it. */
export function setCookieValue(
  name: string,
  value: string,
  ttlSeconds: number,
  path: string,
  attributes: readonly CookieAttribute[],
): string {
  let line = `${name}="${value}"`;
  if (ttlSeconds > 0) line += `; Max-Age=${ttlSeconds}`;
  if (path !== '') line += `; Path=${path}`;
  for (const each of attributes) line += each.value === '' ? `; ${each.name}` : `; ${each.name}=${each.value}`;
  return `${line}; HttpOnly`;
}
