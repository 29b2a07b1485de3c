/**
 * Trailer fields that may be passed on (RFC 9110 section 6.5.1): what a recipient could merge into the header section
 * must not change how the message is framed, routed, authenticated, processed or read. Everything else is dropped. COLD.
 */

import type { Trailers } from '../http/header-field.ts';
import type { RequestHead } from '../http/message.ts';
import { TRAIT_TAKES_TRAILERS } from '../http/request-traits.ts';

/** Refused by name: framing, routing, request modifiers, authentication, response control, content, and one hop's fields. */
const REFUSED = new Set(
  `
  age alt-svc authentication-info authorization cache-control connection content-disposition content-encoding
  content-language content-length content-location content-range content-security-policy content-type cookie cookie2 date
  early-data expect expires forwarded from host http2-settings keep-alive location max-forwards origin pragma
  proxy proxy-authenticate proxy-authentication-info proxy-authorization proxy-connection range referer retry-after
  set-cookie set-cookie2 strict-transport-security te trailer transfer-encoding upgrade user-agent vary via warning
  www-authenticate x-forwarded-for x-http-method x-http-method-override x-method-override x-original-url x-real-ip
  x-request-id x-rewrite-url
  `
    .trim()
    .split(/\s+/),
);

/** Refused by how they begin: conditions, negotiation, cross-origin rules, and what proxies tell each other. */
const REFUSED_PREFIXES = ['if-', 'accept', 'access-control-', 'sec-', 'x-forwarded-', 'x-envoy-', 'x-outrider-'];

/**
 * The lines of a trailer section that may be forwarded, written plainly. `section` is whole lines that a ChunkedDecoder
 * has checked; `nominated` are lower-case names that the message's Connection field holds, null for none.
 */
export function safeTrailers(section: string, nominated: readonly string[] | null): string {
  let kept = '';
  for (const line of section.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const name = line.slice(0, colon);
    if (!isSafe(name.toLowerCase()) || nominated?.includes(name.toLowerCase()) === true) continue;
    kept += `${name}: ${line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')}\r\n`;
  }
  return kept;
}

/** The lines of a trailer section one by one, names in lower case. */
export function trailerFields(section: string): Trailers {
  return section
    .split('\r\n')
    .filter((line) => line !== '')
    .map((line) => {
      const colon = line.indexOf(':');
      return { name: line.slice(0, colon).toLowerCase(), value: line.slice(colon + 1).trim() };
    });
}

/** Trailers as whole lines. */
export function trailerLines(trailers: Trailers): string {
  return trailers.map(({ name, value }) => `${name}: ${value}\r\n`).join('');
}

/** An underscore is refused as well: some recipients fold it into a dash, and would find one of the names above. */
function isSafe(name: string): boolean {
  if (REFUSED.has(name) || name.includes('_')) return false;
  return !REFUSED_PREFIXES.some((prefix) => name.startsWith(prefix));
}

/**
 * Trailers pass both ways: the client's Trailer field goes on, and `TE: trailers` is said anew for the next hop
 * (RFC 9110 sections 6.6.2 and 10.1.4).
 */
export function announceTrailers(head: RequestHead): void {
  head.restore('trailer');
  if ((head.traits & TRAIT_TAKES_TRAILERS) === 0) return;
  head.add('te', 'trailers');
  head.add('connection', 'te');
}

/**
 * The end of a chunked body with trailers in its trailer section: a copy of `buffer[start, end)`, which ends in the last
 * chunk and the empty line.
 */
export function withTrailers(buffer: Buffer, start: number, end: number, trailers: string): Buffer {
  return Buffer.concat([buffer.subarray(start, end - 2), Buffer.from(`${trailers}\r\n`, 'latin1')]);
}
