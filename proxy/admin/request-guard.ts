/**
 * Who may ask the admin port for what. The port has no passwords; it is guarded against the ways in which others come by:
 *
 *   a web page whose name was made to resolve to this machine (DNS rebinding)   a browser's Host must be an address
 *   a web page that posts to a loopback address (cross-site request)            the Origin must be the port itself
 *   another machine, when the port is bound beyond loopback                      may read, may not change
 */
import { isIP } from 'node:net';

/** What is looked at. */
export interface GuardedRequest {
  readonly method: string;
  /** The peer's address. */
  readonly remoteAddress: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  /** Sec-Fetch-Site, which browsers send to addresses and to names with TLS; pages cannot forge it. */
  readonly fetchSite: string | undefined;
  /** Accept-Language, which browsers send always: a page may change it, but not leave it out. */
  readonly acceptLanguage: string | undefined;
  /** The request changes something. */
  readonly changes: boolean;
}

/** Why a request is refused. */
export interface Refusal {
  readonly status: 403 | 405;
  readonly message: string;
}

/** Decides; null lets it pass. */
export function guard(request: GuardedRequest): Refusal | null {
  const { method, remoteAddress, host, origin, fetchSite, acceptLanguage, changes } = request;
  const browser = fetchSite !== undefined || origin !== undefined || acceptLanguage !== undefined;
  if (browser && !isAddress(hostname(host ?? ''))) {
    return { status: 403, message: `Host is "${host ?? ''}": browsers have to ask by IP address or localhost` };
  }
  if (!changes) return null;
  if (method !== 'POST') return { status: 405, message: `Method ${method} not allowed, POST required.` };
  if (!isLoopback(remoteAddress)) {
    return { status: 403, message: `${remoteAddress} may not change anything: only this machine itself may` };
  }
  if (origin !== undefined && origin !== `http://${host}`) {
    return { status: 403, message: `Origin is "${origin}": other web pages may not change anything` };
  }
  return null;
}

function hostname(host: string): string {
  const bracketed = /^\[([^\]]*)\](:\d+)?$/.exec(host);
  return bracketed === null ? host.replace(/:\d+$/, '') : bracketed[1]!;
}

function isAddress(name: string): boolean {
  return isIP(name) !== 0 || name.toLowerCase() === 'localhost';
}

function isLoopback(address: string): boolean {
  const plain = address.startsWith('::ffff:') ? address.slice(7) : address;
  return plain === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'));
}
