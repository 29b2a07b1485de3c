/**
 * Subscriptions of delta xDS: requests name what is added and what is let go, responses hold what has changed and what is
 * gone. Every resource has a version of its own, the hash of its contents; a client that comes back tells which it holds.
 *
 *   refused ──► halves ──► halves of the refused half ... ──► the one resource that is bad
 *
 * A NACK does not say which resources of a response are bad, and nothing under its nonce counts as delivered: they are
 * tried again in halves, so that one bad resource never holds back the others.
 */
import {
  coveredBy,
  differences,
  GONE,
  type Hashes,
  isWhole,
  NO_HASHES,
  type ResourceView,
  versionOf,
} from './resource-view.ts';
import {
  type DueResponse,
  isSubscribed,
  type KindRules,
  NEW_SUBSCRIPTION,
  NO_NAMES,
  type Protocol,
  type Received,
  type Subscription,
  targetsOf,
} from './subscription.ts';

/** A request of the client. */
export interface DeltaRequest {
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  /** What the client holds from an earlier stream, name to version; in the first request of a kind alone. */
  readonly initialVersions: Readonly<Record<string, string>>;
  /** Empty in a request that answers nothing. */
  readonly nonce: string;
  /** Set in a NACK. */
  readonly error: string | undefined;
}

/** See the head of this file. */
export const DELTA: Protocol<DeltaRequest> = {
  subscribe,
  receive,
  due,
  responded,
  isRefused: ({ bad }, view) => [...bad].some(([name, hash]) => view.get(name)?.hash === hash),
  // What was found to be bad stays behind; the rest of a refused response is still on its way.
  holdsBack: ({ parts }) => parts.length > 0,
};

const EVERYTHING = '*';

function subscribe(request: DeltaRequest, { wildcardAllowed }: KindRules, view: ResourceView): Subscription {
  const isLegacyWildcard = wildcardAllowed && request.subscribe.length === 0;
  const wanted = new Set(request.subscribe);
  const asked = wanted.delete(EVERYTHING) || isLegacyWildcard;
  const wildcard = asked && !request.unsubscribe.includes(EVERYTHING);
  for (const name of request.unsubscribe) wanted.delete(name);
  const subscription = { ...NEW_SUBSCRIPTION, wildcard, names: coveredBy(wanted, view)?.names ?? wanted };
  const held = Object.entries(request.initialVersions).filter(([name]) => isSubscribed(subscription, name));
  if (held.length === 0) return subscription;
  return { ...subscription, sent: shared(new Map(held), subscription, view), answered: true };
}

function receive(before: Subscription, request: DeltaRequest): Received {
  // Names are told once, in whatever request: an answer that comes too late counts as far as they go.
  const renamed = rename(before, request);
  const { nonce, error } = request;
  if (nonce === '') return { subscription: renamed, outcome: 'subscribe' };
  if (nonce !== before.nonce || !before.outstanding) return { subscription: renamed, outcome: 'stale' };
  const answered = { ...renamed, outstanding: false };
  if (error !== undefined) return { subscription: refused(answered, error), outcome: 'nack' };
  const { refusal, bad, parts } = answered;
  const stillRefused = bad.size > 0 || parts.length > 0;
  return {
    subscription: { ...answered, refusal: stillRefused ? refusal : null, ackedVersion: before.sentVersion },
    outcome: 'ack',
  };
}

function refused(before: Subscription, message: string): Subscription {
  const { sentVersion: version } = before;
  // What was let go meanwhile is nobody's business any more.
  const sentNames = before.sentNames.filter((name) => isSubscribed(before, name));
  const refusal = { version, message };
  // One of those may have been the bad one: only what was refused by itself is known to be bad.
  if (before.sentNames.length > 1) {
    const half = Math.ceil(sentNames.length / 2);
    const halves = [sentNames.slice(0, half), sentNames.slice(half)].filter((part) => part.length > 0);
    return { ...before, refusal, parts: [...halves, ...before.parts] };
  }
  const bad = new Map(before.bad);
  for (const name of sentNames) {
    const hash = before.sent.get(name);
    if (hash !== undefined && hash !== GONE) bad.set(name, hash);
  }
  return { ...before, refusal, bad };
}

function due(subscription: Subscription, _kind: KindRules, view: ResourceView): DueResponse | null {
  const { parts, answered, outstanding, wildcard } = subscription;
  if (outstanding) return null;
  const targets = targetsOf(subscription, view);
  if (parts.length > 0) return response(parts[0]!, targets);
  const wanted = wantedOf(subscription, targets);
  // A wildcard is answered even when there is nothing: Envoy waits for that.
  return wanted.length > 0 || (!answered && wildcard) ? response(wanted, targets) : null;
}

/** The names that the client is to be told of. */
function wantedOf({ sent, resend, names }: Subscription, targets: Hashes): readonly string[] {
  const { changed, gone } = differences(sent, targets);
  // In the whole of a view no name is missing.
  if (resend.size === 0 && isWhole(targets)) return gone.length === 0 ? changed : [...changed, ...gone];
  const missing = [...names].filter((name) => !targets.has(name) && sent.get(name) === undefined);
  return [...new Set([...changed, ...gone, ...missing, ...resend])];
}

function response(wanted: readonly string[], targets: Hashes): DueResponse {
  const removed = wanted.filter((name) => !targets.has(name));
  const names = removed.length === 0 ? wanted : wanted.filter((name) => targets.has(name));
  return { version: versionOf(targets), names, removed, changed: names };
}

function responded(before: Subscription, response: DueResponse, view: ResourceView, nonce: string): Subscription {
  const { names, removed, version } = response;
  const told = removed.length === 0 ? names : [...names, ...removed];
  return {
    ...before,
    ...afterTelling(before, response, view),
    answered: true,
    outstanding: true,
    nonce,
    sentVersion: version,
    sentNames: told,
  };
}

function afterTelling(
  before: Subscription,
  { names, removed }: DueResponse,
  view: ResourceView,
): Pick<Subscription, 'sent' | 'resend' | 'bad' | 'parts'> {
  const targets = targetsOf(before, view);
  // Told in one: then the client has been told of all that there is.
  const isAll = before.parts.length === 0 && isWhole(targets);
  if (isAll && before.bad.size === 0) return { sent: targets, resend: NO_NAMES, bad: NO_HASHES, parts: [] };
  const told = new Set([...names, ...removed]);
  const bad = new Map([...before.bad].filter(([name]) => !told.has(name)));
  if (isAll) return { sent: targets, resend: NO_NAMES, bad, parts: [] };
  const sent = new Map(before.sent);
  for (const name of names) sent.set(name, view.get(name)!.hash);
  for (const name of removed) {
    if (before.names.has(name)) sent.set(name, GONE);
    else sent.delete(name);
  }
  const resend = new Set([...before.resend].filter((name) => !told.has(name)));
  const parts = before.parts.map((part) => part.filter((name) => !told.has(name))).filter((part) => part.length > 0);
  return { sent, resend, bad, parts };
}

/** The table that all of those hold who have everything, where this client does. */
function shared(sent: Hashes, subscription: Subscription, view: ResourceView): Hashes {
  const targets = targetsOf(subscription, view);
  const { changed, gone } = differences(sent, targets);
  const isAll = isWhole(targets) && sent.size === targets.size && changed.length === 0 && gone.length === 0;
  return isAll ? targets : sent;
}

/**
 * A name that is subscribed again is sent again, whatever the client was told. One that is let go under a wildcard is told
 * once more, as the protocol asks, since the client may have dropped it.
 */
function rename(before: Subscription, request: DeltaRequest): Subscription {
  if (request.subscribe.length === 0 && request.unsubscribe.length === 0) return before;
  const names = new Set(before.names);
  const resend = new Set(before.resend);
  let { wildcard } = before;
  for (const name of request.subscribe) {
    if (name === EVERYTHING) wildcard = true;
    else {
      names.add(name);
      resend.add(name);
    }
  }
  for (const name of request.unsubscribe) {
    if (name === EVERYTHING) wildcard = false;
    else if (names.delete(name)) {
      if (wildcard) resend.add(name);
      else resend.delete(name);
    }
  }
  if (request.unsubscribe.length === 0) return { ...before, wildcard, names, resend };
  const keeps = (name: string) => wildcard || names.has(name);
  return {
    ...before,
    wildcard,
    names,
    resend: new Set([...resend].filter(keeps)),
    sent: new Map([...before.sent].filter(([name]) => keeps(name))),
    bad: new Map([...before.bad].filter(([name]) => keeps(name))),
    parts: before.parts.map((part) => part.filter(keeps)).filter((part) => part.length > 0),
  };
}
