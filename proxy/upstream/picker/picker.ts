/**
 * Pickers choose an endpoint for one attempt. A picker is a momentary view of the endpoints that may be picked: it is
 * replaced, never changed, when membership or health changes. `pick` is synchronous, allocates nothing and never throws.
 */
import type { Endpoint } from '../endpoint.ts';

export interface Picker {
  /** An endpoint, or null when there is none. */
  pick(): Endpoint | null;
}

/** Nothing may be picked. */
export const EMPTY_PICKER: Picker = { pick: () => null };
