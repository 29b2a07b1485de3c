/**
 * Pickers choose an endpoint for one attempt. A picker is a momentary view of the endpoints that may be picked: it is
 * replaced, never changed, when membership or health changes. `pick` is synchronous, allocates nothing and never throws.
 */
import type { SocketAddress } from '../../config/model/common.ts';
import type { SubsetKeys } from '../../config/model/route.ts';
import type { PinnedHost } from '../../http/pinned-host.ts';
import type { Endpoint } from '../endpoint.ts';
import type { Hash64 } from './hashing/xx-hash.ts';

/** What a request says about where it wants to go. A forwarded exchange is one; PLAIN_PICK has nothing to say. */
export interface PickContext {
  /** By which hashing pickers choose; null when the request has none, and then they choose at random. */
  readonly hash: Hash64 | null;
  /** Labels that the endpoint must have; null for any. */
  readonly subset: SubsetKeys | null;
  /** The endpoint that it asks for by its address; the cluster looks for it before it asks a picker. */
  readonly pinned: PinnedHost | null;
  /** Where its client was going before it was redirected here; null when it was not. Asked by ORIGINAL_DST clusters. */
  readonly destination: SocketAddress | null;
  /** Endpoints that have failed this request, or keep it waiting: others come first. Null for none, as in a first attempt. */
  readonly tried: readonly Endpoint[] | null;
}

/** Nothing to say. */
export const PLAIN_PICK: PickContext = { hash: null, subset: null, pinned: null, destination: null, tried: null };

export interface Picker {
  /** An endpoint, or null when there is none. */
  pick(context: PickContext): Endpoint | null;
}

/** Nothing may be picked. */
export const EMPTY_PICKER: Picker = { pick: () => null };
