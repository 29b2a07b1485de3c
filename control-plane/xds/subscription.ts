/**
 * Subscription: what one client wants of one kind of resource, what it was told, and what it therefore lacks. State of
 * the world. Pure: a request in, the next subscription out; a view in, the response that is due out.
 *
 *             request without names (CDS, LDS)            names
 *   (new) ───────────────────────────────► wildcard   ───────────► named      "*" is a wildcard too; an empty list
 *                                                                             after names ends the subscription
 *
 *   respond ──► outstanding ── ACK  ──► settled          One response is outstanding at most. A NACK leaves `sent` as it
 *                          └── NACK ──► refused          is: the same contents are not sent again until some differ.
 *
 * Contents, not versions, decide what is due, because clients add names under an equal version and NACK under the last
 * good one. The version is a hash of all that the client then has, so that one that comes back with it lacks nothing.
 */
import { contentVersion } from './content-version.ts';

/** What is to be had of one kind: each name with the hash of its contents. */
export interface ResourceView {
  get(name: string): Entry | undefined;
  values(): Iterable<Entry & { readonly name: string; readonly onDemand: boolean }>;
}

/** One resource, as far as subscriptions care. */
export interface Entry {
  readonly hash: string;
}

/** A request of the client. */
export interface SubscriptionRequest {
  readonly names: readonly string[];
  readonly versionInfo: string;
  /** Empty in the first one of a stream. */
  readonly nonce: string;
  /** Set in a NACK. */
  readonly error: string | undefined;
}

/** A response that the client refused. */
export interface Refusal {
  readonly version: string;
  readonly message: string;
}

/** See the head of this file. */
export interface Subscription {
  /** In state of the world a response must hold everything subscribed (LDS, CDS). */
  readonly completeSet: boolean;
  readonly wildcard: boolean;
  readonly names: ReadonlySet<string>;
  /** Whether names were ever given: from then on an empty list is no wildcard. */
  readonly everNamed: boolean;
  /** What the client was last told, name to hash. */
  readonly sent: ReadonlyMap<string, string>;
  /** Names to be sent again though they have not changed. */
  readonly resend: ReadonlySet<string>;
  /** Whether there was a response at all, or the client came back with the current version. */
  readonly answered: boolean;
  readonly outstanding: boolean;
  /** Of the last response; empty before it. */
  readonly nonce: string;
  readonly sentVersion: string;
  readonly sentNames: readonly string[];
  /** Empty until the first ACK. */
  readonly ackedVersion: string;
  /** Of the last response, if it was refused. */
  readonly refusal: Refusal | null;
}

/** What a request was. `repeat` asks again for what was ACKed before. */
export type RequestOutcome = 'subscribe' | 'ack' | 'nack' | 'repeat' | 'stale';

/** A response that is due. */
export interface DueResponse {
  readonly version: string;
  readonly names: readonly string[];
  /** Which of them the client has not got, or not like this. */
  readonly changed: readonly string[];
}

/** The first request of a kind. `wildcardAllowed`: an empty list means everything. */
export function subscribe(
  request: SubscriptionRequest,
  options: { readonly completeSet: boolean; readonly wildcardAllowed: boolean },
  view: ResourceView,
): Subscription {
  const fresh: Subscription = {
    completeSet: options.completeSet,
    ...wanted(request.names, options.wildcardAllowed),
    sent: new Map(),
    resend: new Set(),
    answered: false,
    outstanding: false,
    nonce: '',
    sentVersion: '',
    sentNames: [],
    ackedVersion: '',
    refusal: null,
  };
  const targets = targetsOf(fresh, view);
  const version = contentVersion(targets);
  // A client of an earlier stream that holds exactly this lacks nothing.
  if (request.versionInfo === '' || request.versionInfo !== version) return fresh;
  return { ...fresh, sent: targets, answered: true, sentVersion: version, ackedVersion: version };
}

/** Every later request. */
export function receive(
  before: Subscription,
  request: SubscriptionRequest,
): { readonly subscription: Subscription; readonly outcome: RequestOutcome } {
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

/** The response that the client lacks; null when it lacks nothing, or has yet to answer the last one. */
export function due(subscription: Subscription, view: ResourceView): DueResponse | null {
  const { sent, resend, completeSet, answered, outstanding } = subscription;
  if (outstanding) return null;
  const targets = targetsOf(subscription, view);
  const changed: string[] = [];
  for (const [name, hash] of targets) if (sent.get(name) !== hash || resend.has(name)) changed.push(name);
  if (completeSet) {
    const lacksNothing = changed.length === 0 && isSubset(sent, targets);
    if (answered ? lacksNothing : !isActive(subscription)) return null;
    return { version: contentVersion(targets), names: [...targets.keys()], changed };
  }
  const again = undelivered(subscription, targets);
  // Without what is gone by now the rest of a refused response may be good.
  const isLighter = again.length > 0 && again.length < subscription.sentNames.length;
  if (changed.length === 0 && !isLighter) return null;
  return { version: contentVersion(targets), names: [...new Set([...changed, ...again])], changed };
}

/** The response has been written under `nonce`. */
export function responded(
  before: Subscription,
  response: DueResponse,
  view: ResourceView,
  nonce: string,
): Subscription {
  return {
    ...before,
    sent: targetsOf(before, view),
    resend: new Set(),
    answered: true,
    outstanding: true,
    nonce,
    sentVersion: response.version,
    sentNames: response.names,
    refusal: null,
  };
}

/** Sends these names again, if they are subscribed. */
export function markResend(before: Subscription, names: Iterable<string>): Subscription {
  const resend = new Set(before.resend);
  for (const name of names) if (before.wildcard || before.names.has(name)) resend.add(name);
  return { ...before, resend };
}

/** Whether the client wants anything. */
export function isActive({ wildcard, names }: Subscription): boolean {
  return wildcard || names.size > 0;
}

/** Whether the client has refused something that it is still to have. */
export function isRefused({ refusal, sentNames, sent }: Subscription, view: ResourceView): boolean {
  return refusal !== null && sentNames.some((name) => sent.has(name) && sent.get(name) === view.get(name)?.hash);
}

/** In a refused response nothing may have been taken: when something changes, the rest of it goes along again. */
function undelivered({ refusal, sentNames }: Subscription, targets: ReadonlyMap<string, string>): string[] {
  return refusal === null ? [] : sentNames.filter((name) => targets.has(name));
}

function targetsOf({ wildcard, names }: Subscription, view: ResourceView): Map<string, string> {
  const targets = new Map<string, string>();
  if (wildcard) for (const each of view.values()) if (!each.onDemand) targets.set(each.name, each.hash);
  for (const name of names) {
    const entry = view.get(name);
    if (entry !== undefined) targets.set(name, entry.hash);
  }
  return targets;
}

function rename(before: Subscription, names: readonly string[]): Subscription {
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

function isSubset(part: ReadonlyMap<string, string>, whole: ReadonlyMap<string, string>): boolean {
  for (const name of part.keys()) if (!whole.has(name)) return false;
  return true;
}
