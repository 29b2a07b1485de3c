/** The Location of a redirect (envoy.config.route.v3.RedirectAction). */
import type { RedirectAction } from '../config/model/route.ts';
import { withoutPort } from '../routing/route-table.ts';

/** The parts of a request that a redirect is made of. `path` is with its query. */
export interface RedirectedRequest {
  /** `http` or `https`. */
  readonly scheme: string;
  readonly authority: string;
  readonly path: string;
}

/**
 * Absolute URL for the client. `matched` is the text of the route's prefix or path match, empty for a regular
 * expression.
 */
export function redirectLocation(action: RedirectAction, request: RedirectedRequest, matched: string): string {
  const scheme = action.scheme ?? request.scheme;
  const host = action.host ?? redirectHost(action, request, scheme);
  const port = action.port === null ? '' : `:${action.port}`;
  return `${scheme}://${host}${port}${redirectPath(action, request.path, matched)}`;
}

/** The request's host. Its port goes when there is another one, or when it was the default of a scheme that changes. */
function redirectHost(action: RedirectAction, { scheme: before, authority }: RedirectedRequest, after: string): string {
  const changed = before !== after;
  const wasDefault = changed && authority.endsWith(before === 'https' ? ':443' : ':80');
  return action.port !== null || wasDefault ? withoutPort(authority) : authority;
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
