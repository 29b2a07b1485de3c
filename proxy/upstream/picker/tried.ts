/**
 * A retry goes to an endpoint that has not failed this request yet, as long as there is one. Asked for on that path only:
 * the first attempt has tried nobody.
 */
import type { Endpoint } from '../endpoint.ts';

/** Those that are left; all when none is. `tried` is null for a first attempt, which gets the list itself. */
export function untried(endpoints: readonly Endpoint[], tried: readonly Endpoint[] | null): readonly Endpoint[] {
  if (tried === null) return endpoints;
  const left = endpoints.filter((each) => !tried.includes(each));
  return left.length === 0 ? endpoints : left;
}
