/**
 * Subscriptions in state of the world: each request names all that the client wants.
 *
 *             request without names (CDS, LDS)            names
 *   (new) ───────────────────────────────► wildcard   ───────────► named      "*" is a wildcard too; an empty list
 *                                                                             after names ends the subscription
 *
 * The version is a hash of all that the client then has, so that one that comes back with it lacks nothing.
 */
import { coveredBy, differences, type Hashes, NO_HASHES, type ResourceView, versionOf } from './resource-view.ts';
import {
  type DueResponse,
  isActive,
  type KindRules,
  NEW_SUBSCRIPTION,
  NO_NAMES,
  type Protocol,
  type Received,
  type Subscription,
  targetsOf,
} from './subscription.ts';

/** A request of the client. */
export interface SubscriptionRequest {
  readonly names: readonly string[];
  readonly versionInfo: string;
  /** Empty in the first one of a stream. */
  readonly nonce: string;
  /** Set in a NACK. */
  readonly error: string | undefined;
}

/** See the head of this file. */
export const STATE_OF_THE_WORLD: Protocol<SubscriptionRequest> = {
  subscribe,
  receive,
  due,
  responded,
  isRefused,
  // Nothing of a refused response was taken.
  holdsBack: ({ refusal }) => refusal !== null,
};

function subscribe(request: SubscriptionRequest, kind: KindRules, view: ResourceView): Subscription {
  const told = wanted(request.names, kind.wildcardAllowed);
  const names = coveredBy(told.names, view)?.names ?? told.names;
  const fresh: Subscription = { ...NEW_SUBSCRIPTION, ...told, names };
  const targets = targetsOf(fresh, view);
  const version = versionOf(targets);
  // A client of an earlier stream that holds exactly this lacks nothing.
  if (request.versionInfo === '' || request.versionInfo !== version) return fresh;
  return { ...fresh, sent: targets, answered: true, sentVersion: version, ackedVersion: version };
}

function receive(before: Subscription, request: SubscriptionRequest): Received {
  // The client had not seen the last response when it wrote this; its names come again with the ACK of that one.
  if (request.nonce !== before.nonce && request.nonce !== '') return { subscription: before, outcome: 'stale' };
  const renamed = rename(before, request.names);
  if (request.nonce === '' || before.nonce === '') return { subscription: renamed, outcome: 'subscribe' };
  if (!before.outstanding) {
    const same = sameNames(before.names, renamed.names) && before.wildcard === renamed.wildcard;
    return { subscription: renamed, outcome: same && request.error === undefined ? 'repeat' : 'subscribe' };
  }
  if (request.error !== undefined) {
    const refusal = { version: before.sentVersion, message: request.error };
    return { subscription: { ...renamed, outstanding: false, refusal }, outcome: 'nack' };
  }
  const acked = { ...renamed, outstanding: false, refusal: null, ackedVersion: before.sentVersion };
  return { subscription: acked, outcome: 'ack' };
}

function due(subscription: Subscription, { completeSet }: KindRules, view: ResourceView): DueResponse | null {
  const { sent, resend, answered, outstanding } = subscription;
  if (outstanding) return null;
  const targets = targetsOf(subscription, view);
  const found = differences(sent, targets);
  const changed =
    resend.size === 0
      ? found.changed
      : both(
          found.changed,
          [...resend].filter((name) => targets.has(name)),
        );
  if (completeSet) {
    const lacksNothing = changed.length === 0 && found.gone.length === 0;
    if (answered ? lacksNothing : !isActive(subscription)) return null;
    return { version: versionOf(targets), names: differences(NO_HASHES, targets).changed, removed: [], changed };
  }
  const again = undelivered(subscription, targets);
  // Without what is gone by now the rest of a refused response may be good.
  const isLighter = again.length > 0 && again.length < subscription.sentNames.length;
  if (changed.length === 0 && !isLighter) return null;
  return { version: versionOf(targets), names: both(changed, again), removed: [], changed };
}

/** Each once. */
function both(names: readonly string[], more: readonly string[]): readonly string[] {
  return more.length === 0 ? names : [...new Set([...names, ...more])];
}

function responded(before: Subscription, response: DueResponse, view: ResourceView, nonce: string): Subscription {
  return {
    ...before,
    sent: targetsOf(before, view),
    resend: NO_NAMES,
    answered: true,
    outstanding: true,
    nonce,
    sentVersion: response.version,
    sentNames: response.names,
    refusal: null,
  };
}

/** In a refused response nothing may have been taken: when something changes, the rest of it goes along again. */
function undelivered({ refusal, sentNames }: Subscription, targets: Hashes): string[] {
  return refusal === null ? [] : sentNames.filter((name) => targets.has(name));
}

function rename(before: Subscription, names: readonly string[]): Subscription {
  // As every ACK has it.
  const isSame = !before.wildcard && names.length > 0 && names.length === before.names.size;
  if (isSame && names.every((name) => before.names.has(name))) return before;
  const next = {
    ...before,
    ...wanted(names, !before.everNamed && before.wildcard),
    everNamed: before.everNamed || names.length > 0,
  };
  if (next.wildcard) return next;
  // What the client let go of it must be told again when it comes back to it.
  const sent = new Map([...before.sent].filter(([name]) => next.names.has(name)));
  return sent.size === before.sent.size ? next : { ...next, sent };
}

function wanted(
  names: readonly string[],
  wildcardAllowed: boolean,
): Pick<Subscription, 'wildcard' | 'names' | 'everNamed'> {
  if (names.length === 0) return { wildcard: wildcardAllowed, names: new Set(), everNamed: false };
  const explicit = new Set(names);
  return { wildcard: explicit.delete('*'), names: explicit, everNamed: true };
}

function sameNames(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((name) => b.has(name));
}

function isRefused({ refusal, sentNames, sent }: Subscription, view: ResourceView): boolean {
  return refusal !== null && sentNames.some((name) => sent.has(name) && sent.get(name) === view.get(name)?.hash);
}
