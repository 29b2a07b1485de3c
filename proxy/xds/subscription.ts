/**
 * One type of resource on a state-of-the-world stream, as a pure state machine: an event in, the next state and perhaps a
 * request out. It knows nothing of gRPC, nor of what the resources are.
 *
 *   stream-up ──► request: version of the last ACK, no nonce, all names
 *   response ───► taken: ACK with its version and nonce    refused: NACK with its nonce, the old version and the reasons
 *   names ──────► request: version of the last ACK, last nonce, all names (an empty list unsubscribes)
 *   expired ────► nothing: some of what is held is gone by itself
 *   stream-down ► nothing; the version is kept for the next stream, unless the last response was refused (its good part
 *                 is in use) or something has expired: what is held is then no version of the server's
 *
 * The rules are those of the xDS protocol (envoyproxy.io, "xDS REST and gRPC protocol", variants "Aggregated").
 */
import { assert } from '../../kernel/assert.ts';

/** Which resources are wanted: all that there are, or those of these names; none when the set is empty. */
export type Names = 'all' | ReadonlySet<string>;

/** The state. Make one with `newSubscription`. */
export interface Subscription {
  readonly names: Names;
  readonly streamUp: boolean;
  /** Something was requested on this stream. */
  readonly requested: boolean;
  /** Of the last response that was taken; empty before. */
  readonly version: string;
  /** Of the last response on this stream; empty before. */
  readonly nonce: string;
  /** What is held is not what `version` was: the last response was refused, or something has expired since. */
  readonly partial: boolean;
}

/** What happens to a subscription. */
export type SubscriptionEvent =
  | { readonly kind: 'stream-up' }
  | { readonly kind: 'stream-down' }
  | { readonly kind: 'expired' }
  | { readonly kind: 'names'; readonly names: Names }
  | {
      readonly kind: 'response';
      readonly version: string;
      readonly nonce: string;
      /** Why it is refused; null takes it. */
      readonly rejection: string | null;
    };

/** A DiscoveryRequest without type and node. */
export interface SubscriptionRequest {
  readonly version: string;
  readonly nonce: string;
  /** Empty for all, and for none any more. */
  readonly names: readonly string[];
  /** The text of the NACK; null is an ACK or a request. */
  readonly rejection: string | null;
}

/** What an event leads to. */
export interface SubscriptionStep {
  readonly next: Subscription;
  readonly request: SubscriptionRequest | null;
}

/** Nothing wanted, no stream. */
export function newSubscription(): Subscription {
  return { names: new Set(), streamUp: false, requested: false, version: '', nonce: '', partial: false };
}

/** Takes an event in. */
export function step(state: Subscription, event: SubscriptionEvent): SubscriptionStep {
  switch (event.kind) {
    case 'stream-up':
      return ask({ ...state, streamUp: true, requested: false, nonce: '' });
    case 'stream-down': {
      const version = state.partial ? '' : state.version;
      return {
        next: { ...state, version, streamUp: false, requested: false, nonce: '', partial: false },
        request: null,
      };
    }
    case 'expired':
      return { next: { ...state, partial: true }, request: null };
    case 'names':
      return rename(state, event.names);
    case 'response':
      return respond(state, event);
  }
}

function rename(state: Subscription, names: Names): SubscriptionStep {
  if (sameNames(state.names, names)) return { next: state, request: null };
  const bound = names === 'all' && state.requested;
  assert(!bound, 'a subscription by names cannot become one to all on the same stream');
  return state.streamUp ? ask({ ...state, names }) : { next: { ...state, names }, request: null };
}

/** A first request without names would ask for everything: whoever wants nothing stays silent. */
function ask(state: Subscription): SubscriptionStep {
  const wantsNothing = state.names !== 'all' && state.names.size === 0;
  if (wantsNothing && !state.requested) return { next: state, request: null };
  return { next: { ...state, requested: true }, request: requestOf(state, null) };
}

function respond(state: Subscription, event: Extract<SubscriptionEvent, { kind: 'response' }>): SubscriptionStep {
  const { nonce, rejection } = event;
  const version = rejection === null ? event.version : state.version;
  const next = { ...state, version, nonce, partial: rejection !== null };
  return { next, request: requestOf(next, rejection) };
}

function requestOf({ names, version, nonce }: Subscription, rejection: string | null): SubscriptionRequest {
  return { version, nonce, names: names === 'all' ? [] : [...names].sort(), rejection };
}

/** Whether two wishes are the same. */
export function sameNames(a: Names, b: Names): boolean {
  if (a === 'all' || b === 'all') return a === b;
  if (a.size !== b.size) return false;
  for (const name of a) if (!b.has(name)) return false;
  return true;
}
