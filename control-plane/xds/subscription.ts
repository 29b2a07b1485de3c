/**
 * Subscription: what one client wants of one kind of resource, what it was told, and what it therefore lacks. Pure: a
 * request in, the next subscription out; a view in, the response that is due out. The two protocols of xDS differ in how
 * a request names things and in what a response holds: see state-of-the-world.ts and delta.ts.
 *
 *   respond ──► outstanding ── ACK  ──► settled          One response is outstanding at most. A NACK leaves `sent` as it
 *                          └── NACK ──► refused          is: the same contents are not sent again until some differ.
 *
 * Contents, not versions, decide what is due, because clients add names under an equal version and NACK under the last
 * good one.
 */

import { coveredBy, type Hashes, NO_HASHES, type ResourceView, wholeOf } from './resource-view.ts';

/** A response that the client refused. */
export interface Refusal {
  readonly version: string;
  readonly message: string;
}

/** See the head of this file. */
export interface Subscription {
  readonly wildcard: boolean;
  readonly names: ReadonlySet<string>;
  /** State of the world: whether names were ever given; from then on an empty list is no wildcard. */
  readonly everNamed: boolean;
  /** What the client was last told, name to hash; in delta GONE for what it was told not to exist. */
  readonly sent: Hashes;
  /** Names to be sent again though they have not changed. */
  readonly resend: ReadonlySet<string>;
  /** Delta: parts of a refused response that are tried apart, so that what is good in it is not held back. */
  readonly parts: readonly (readonly string[])[];
  /** Whether there was a response at all, or the client came back with the current version. */
  readonly answered: boolean;
  readonly outstanding: boolean;
  /** Of the last response; empty before it. */
  readonly nonce: string;
  readonly sentVersion: string;
  readonly sentNames: readonly string[];
  /** Empty until the first ACK. */
  readonly ackedVersion: string;
  /** Why something was refused that the client is still to have; null when nothing was. */
  readonly refusal: Refusal | null;
  /** Delta: what was refused by itself, name to hash; it is not sent again until it differs. */
  readonly bad: Hashes;
}

/** A kind of resource, as far as subscriptions to it differ. */
export interface KindRules {
  /** In state of the world a response must hold everything subscribed (LDS, CDS). */
  readonly completeSet: boolean;
  /** A first request without names means everything. */
  readonly wildcardAllowed: boolean;
}

/** What a request was. `repeat` asks again for what was ACKed before. */
export type RequestOutcome = 'subscribe' | 'ack' | 'nack' | 'repeat' | 'stale';

/** A request that was taken in. */
export interface Received {
  readonly subscription: Subscription;
  readonly outcome: RequestOutcome;
}

/** A response that is due. */
export interface DueResponse {
  readonly version: string;
  readonly names: readonly string[];
  /** Names that the client has to forget. */
  readonly removed: readonly string[];
  /** Which of `names` the client has not got, or not like this. */
  readonly changed: readonly string[];
}

/** One of the two protocols. */
export interface Protocol<Request> {
  /** The first request of a kind. */
  subscribe(request: Request, kind: KindRules, view: ResourceView): Subscription;
  /** Every later request. */
  receive(before: Subscription, request: Request): Received;
  /** The response that the client lacks; null when it lacks nothing, or has yet to answer the last one. */
  due(subscription: Subscription, kind: KindRules, view: ResourceView): DueResponse | null;
  /** The response has been written under `nonce`. */
  responded(before: Subscription, response: DueResponse, view: ResourceView, nonce: string): Subscription;
  /** Whether the client has refused something that it is still to have. */
  isRefused(subscription: Subscription, view: ResourceView): boolean;
  /** Whether what depends on this kind has to wait for what the client refused. */
  holdsBack(subscription: Subscription): boolean;
}

/** No names. */
export const NO_NAMES: ReadonlySet<string> = new Set();

/** A subscription to nothing, before its first request. */
export const NEW_SUBSCRIPTION: Subscription = {
  wildcard: false,
  names: NO_NAMES,
  everNamed: false,
  sent: NO_HASHES,
  resend: NO_NAMES,
  parts: [],
  answered: false,
  outstanding: false,
  nonce: '',
  sentVersion: '',
  sentNames: [],
  ackedVersion: '',
  refusal: null,
  bad: NO_HASHES,
};

/** Sends these names again, if they are subscribed. */
export function markResend(before: Subscription, names: Iterable<string>): Subscription {
  const resend = new Set(before.resend);
  for (const name of names) if (isSubscribed(before, name)) resend.add(name);
  return { ...before, resend };
}

/** Whether the client wants this name. */
export function isSubscribed({ wildcard, names }: Subscription, name: string): boolean {
  return wildcard || names.has(name);
}

/** Whether the client wants anything. */
export function isActive({ wildcard, names }: Subscription): boolean {
  return wildcard || names.size > 0;
}

/** All that the client wants and is there, name to hash. */
export function targetsOf({ wildcard, names }: Subscription, view: ResourceView): Hashes {
  const whole = wildcard && names.size === 0 ? wholeOf(view) : coveredBy(names, view);
  if (whole !== undefined) return whole.hashes;
  const targets = new Map<string, string>(wildcard ? wholeOf(view).hashes : []);
  for (const name of names) {
    const entry = view.get(name);
    if (entry !== undefined) targets.set(name, entry.hash);
  }
  return targets;
}
