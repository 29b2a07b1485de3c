/** What comes before and behind a cluster's picker: requests that ask for one endpoint, and endpoints that are full. */
import type { PinnedHost } from '../../http/pinned-host.ts';
import type { Endpoint } from '../endpoint.ts';
import type { PickContext, Picker } from './picker.ts';

/** How often a picker is asked for an endpoint that has room (max_requests_per_endpoint). */
const DRAWS_FOR_ROOM = 5;

/** The endpoint that a request is pinned to; null when there is none and no other will do, undefined when any will. */
export function pinnedEndpoint(
  endpoints: ReadonlyMap<string, Endpoint>,
  { address, strict }: PinnedHost,
): Endpoint | null | undefined {
  const endpoint = endpoints.get(address);
  if (endpoint?.available === true) return endpoint;
  return strict ? null : undefined;
}

/** Draws again in place of a full endpoint, past those that were drawn before; a full one when no draw finds room. */
export function pickFree(picker: Picker, context: PickContext, full: Endpoint, requestsMax: number): Endpoint {
  const { hash, subset } = context;
  const tried = [...(context.tried ?? []), full];
  for (let i = 0; i < DRAWS_FOR_ROOM; i++) {
    const endpoint = picker.pick({ hash, subset, pinned: null, destination: null, tried });
    if (endpoint === null) return full;
    if (endpoint.active < requestsMax) return endpoint;
    tried.push(endpoint);
  }
  return full;
}
