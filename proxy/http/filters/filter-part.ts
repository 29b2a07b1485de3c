/**
 * A filter of a chain without the routes: what outlives their changes, such as its token bucket and the counters. Given a
 * table it becomes the filter that requests pass.
 */
import type { RouteTable } from '../../routing/route-table.ts';
import type { HttpFilter } from '../filter.ts';

export interface FilterPart {
  /** The filter for the routes of this table; null when it does nothing on any of them. */
  bind(table: RouteTable): BoundFilter | null;
}

/** A filter, and the names of the request headers that it looks at, in lower case. */
export interface BoundFilter extends HttpFilter {
  readonly headersRead: ReadonlySet<string>;
}
