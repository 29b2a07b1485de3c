/** The Location of a redirect (envoy.config.route.v3.RedirectAction). */
import type { RedirectAction } from '../config/model.ts';
import { withoutPort } from '../routing/route-table.ts';

/**
 * Absolute URL for the client. `authority` and `path` (with query) are the request's, `matched` the text of the route's
 * prefix or path match, empty for a regular expression.
 */
export function redirectLocation(action: RedirectAction, authority: string, path: string, matched: string): string {
  const scheme = action.scheme ?? 'http';
  const host =
    action.host ?? (action.port === null && action.scheme === null ? authority : withoutDefaultPort(authority));
  const port = action.port === null ? '' : `:${action.port}`;
  const bareHost = action.port === null ? host : withoutPort(host);
  return `${scheme}://${bareHost}${port}${redirectPath(action, path, matched)}`;
}

function withoutDefaultPort(authority: string): string {
  return /:(80|443)$/.test(authority) ? withoutPort(authority) : authority;
}

function redirectPath(action: RedirectAction, path: string, matched: string): string {
  const mark = path.indexOf('?');
  const bare = mark < 0 ? path : path.slice(0, mark);
  const query = mark < 0 || action.stripQuery ? '' : path.slice(mark);
  if (action.path === null) return bare + query;
  switch (action.path.kind) {
    case 'replace':
      // A path that brings its own query replaces the request's.
      return action.path.value.includes('?') ? action.path.value : action.path.value + query;
    case 'prefix':
      return action.path.value + bare.slice(matched.length) + query;
    case 'regex': {
      const regex = new RegExp(action.path.regex.source, `${action.path.regex.flags}g`);
      return bare.replace(regex, action.path.substitution) + query;
    }
  }
}
