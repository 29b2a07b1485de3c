/**
 * A web page of somebody else's must not change anything through the browser of somebody who may: neither by a request
 * across origins, nor by a name of its own that it lets point to loopback (DNS rebinding). PURE.
 */
import { isIP } from 'node:net';

/** What is looked at. */
export interface PageRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly secure: boolean;
  /** Of the socket. */
  readonly localAddress: string | undefined;
  /** The name in the control plane's own certificate. */
  readonly ownName: string | null;
  /** Nothing was sent that only the asker can know: a browser adds client certificates, and addresses, by itself. */
  readonly ambient: boolean;
}

/** Why the request is a foreign page's, or undefined. */
export function foreignPageProblem(request: PageRequest): string | undefined {
  return crossOrigin(request) ?? rebound(request);
}

function crossOrigin({ method, headers, secure }: PageRequest): string | undefined {
  if (method === 'GET' || method === 'HEAD') return undefined;
  const { origin, host, 'sec-fetch-site': site } = headers;
  if (origin !== undefined && origin !== `${secure ? 'https' : 'http'}://${host}`)
    return `a web page of ${origin} must not change anything here`;
  if (site === 'cross-site' || site === 'same-site') return 'a web page of another site must not change anything here';
  return undefined;
}

/** On loopback no name but the machine's own leads here, unless somebody bends one. */
function rebound({ headers, localAddress, ownName, ambient }: PageRequest): string | undefined {
  if (!ambient || !isLoopback(localAddress)) return undefined;
  const host = String(headers.host ?? '');
  const name = host
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase();
  if (isIP(name) !== 0 || name === 'localhost' || name.endsWith('.localhost') || name === ownName) return undefined;
  return `the name "${host.slice(0, 100)}" is not this machine's: ask by localhost or by an address`;
}

function isLoopback(address: string | undefined): boolean {
  return address === '::1' || address?.replace(/^::ffff:/, '').startsWith('127.') === true;
}
