/**
 * A retry goes to an endpoint that has not failed this request yet, as long as there is one. Asked for on that path only:
 * the first attempt has tried nobody.
 */
import type { Endpoint } from '../endpoint.ts';
import type { PickContext, Picker } from './picker.ts';

/** Those that are left; all when none is. `tried` is null for a first attempt, which gets the list itself. */
export function untried(endpoints: readonly Endpoint[], tried: readonly Endpoint[] | null): readonly Endpoint[] {
  if (tried === null) return endpoints;
  const left = endpoints.filter((each) => !tried.includes(each));
  return left.length === 0 ? endpoints : left;
}

/** What a group has picked; where that is nobody new, somebody new of another group, and `endpoint` when none has one. HOT. */
export function orElsewhere(
  endpoint: Endpoint | null,
  groups: readonly Picker[],
  context: PickContext,
): Endpoint | null {
  const { tried } = context;
  if (tried === null || (endpoint !== null && !tried.includes(endpoint))) return endpoint;
  for (const group of groups) {
    const other = group.pick(context);
    if (other !== null && !tried.includes(other)) return other;
  }
  return endpoint;
}
