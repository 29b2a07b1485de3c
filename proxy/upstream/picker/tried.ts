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

/** A retry whose group has nobody new goes to another one; `endpoint` when none has. */
export function pickElsewhere(
  pickers: readonly Picker[],
  context: PickContext,
  endpoint: Endpoint | null,
): Endpoint | null {
  for (const picker of pickers) {
    const other = picker.pick(context);
    if (other !== null && context.tried?.includes(other) === false) return other;
  }
  return endpoint;
}
