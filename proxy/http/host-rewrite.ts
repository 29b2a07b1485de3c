/** Another Host for the endpoint, and where the original one is told (envoy.config.route.v3.RouteAction). */
import { HeaderName } from './header-name.ts';
import type { RequestHead } from './message.ts';

const FORWARDED_HOST = new HeaderName('x-forwarded-host');
const ORIGINAL_HOST = new HeaderName('x-envoy-original-host');
const ORIGINAL_PATH = new HeaderName('x-envoy-original-path');

/** Sets the host. `append`: the original one joins x-forwarded-host; `tell`: it goes into x-envoy-original-host. */
export function rewriteHost(head: RequestHead, host: string, append: boolean, tell: boolean): void {
  const original = head.authority;
  if (tell) replace(head, ORIGINAL_HOST, original);
  if (append && original !== '') {
    const before = head.first(FORWARDED_HOST);
    replace(head, FORWARDED_HOST, before === null ? original : `${before},${original}`);
  }
  head.setAuthority(host);
}

/** Sets the path; `tell`: the original one goes into x-envoy-original-path. */
export function rewritePath(head: RequestHead, path: string, tell: boolean): void {
  if (tell) replace(head, ORIGINAL_PATH, head.path);
  head.setPath(path);
}

function replace(head: RequestHead, name: HeaderName, value: string): void {
  head.remove(name);
  head.add(name.name, value);
}
