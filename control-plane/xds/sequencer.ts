/**
 * Sequencer: all subscriptions of one stream, and the order in which their responses may go out. No I/O: requests and
 * snapshots go in, `next` says what to write.
 *
 *   clusters ─► endpoints ─► (clusters ACKed) ─► listeners, routes ─► (both ACKed) ─► clusters without the removed ones
 *
 * Make before break: a route goes out only when the client has taken in the clusters that it may need, and a cluster
 * that was removed stays in the client's set until no listener or route that the client uses can name it. A client that
 * refuses routes keeps the old ones, hence also the old clusters.
 */
import {
  PUSH_ORDER,
  RESOURCE_TYPES,
  type ResourceKind,
  type ResourceType,
  WILDCARD_KINDS,
} from '../../protos/contract/resource-types.ts';
import type { Standing } from '../drain/handshake.ts';
import type { EncodedResource } from '../snapshot/encoded-resource.ts';
import { type ResourceMap, resourcesOf, type Snapshot } from '../snapshot/snapshot.ts';
import {
  isSubscribed,
  type KindRules,
  markResend,
  type Protocol,
  type RequestOutcome,
  type Subscription,
} from './subscription.ts';

/** A response to be written now. */
export interface SequencedResponse {
  readonly type: ResourceType;
  readonly version: string;
  readonly nonce: string;
  readonly resources: readonly EncodedResource[];
  /** Names that the client has to forget; none in state of the world, where what is missing is gone. */
  readonly removed: readonly string[];
}

/** How far the client has come with one kind. */
export type Progress = 'settled' | 'pending' | 'refused';

const NOTHING: ResourceMap = new Map();

/** See the head of this file. */
export class Sequencer<Request> {
  readonly #protocol: Protocol<Request>;
  readonly #subscriptions = new Map<ResourceKind, Subscription>();
  /** Clusters that are gone but may still be in use, with their endpoints. */
  readonly #retained = { CDS: new Map<string, EncodedResource>(), EDS: new Map<string, EncodedResource>() };
  /** Per kind the resources of which the client is known to lack nothing, until it says something. */
  readonly #complete = new Map<ResourceKind, ResourceMap>();
  /** Per kind the resources that the last response was made from. */
  readonly #told = new Map<ResourceKind, ResourceMap>();
  /** The clusters that the client was last sent, and those that it last took in. */
  #sentClusters: ResourceMap = NOTHING;
  #acceptedClusters: ResourceMap = NOTHING;
  /** Clusters have been sent since the last endpoints: a client that repeats its request wants them again. */
  #repeatAllowed = false;
  #snapshot: Snapshot;
  #nonces = 0;

  constructor(snapshot: Snapshot, protocol: Protocol<Request>) {
    this.#protocol = protocol;
    this.#snapshot = snapshot;
  }

  /** The generation that the client is being brought to. */
  get generation(): number {
    return this.#snapshot.generation;
  }

  subscription(kind: ResourceKind): Subscription | undefined {
    return this.#subscriptions.get(kind);
  }

  /** What there is of this kind for the client now. */
  resources(kind: ResourceKind): ResourceMap {
    return this.#view(kind);
  }

  /** Whether the client subscribes to this name. */
  subscribes(kind: ResourceKind, name: string): boolean {
    const subscription = this.#subscriptions.get(kind);
    return subscription !== undefined && isSubscribed(subscription, name);
  }

  /**
   * Whether the client has taken in one resource as it is now. Endpoints of a cluster that is on its way out are
   * still used; so is whatever a client holds that refused something newer.
   */
  standingOf(kind: ResourceKind, name: string): Standing {
    const subscription = this.#subscriptions.get(kind);
    if (subscription === undefined) return 'unasked';
    if (!isSubscribed(subscription, name)) return 'unsubscribed';
    const current = resourcesOf(this.#snapshot, kind).get(name);
    if (current === undefined) return kind === 'EDS' && this.#acceptedClusters.has(name) ? 'pending' : 'taken';
    const { sent, outstanding, sentNames, parts } = subscription;
    if (sent.get(name) !== current.hash || (outstanding && sentNames.includes(name))) return 'pending';
    const only = { get: (each: string) => (each === name ? current : undefined), values: () => [current] };
    return this.#protocol.isRefused(subscription, only) || parts.flat().includes(name) ? 'pending' : 'taken';
  }

  /** The kinds that the client has asked for. */
  kinds(): Iterable<ResourceKind> {
    return this.#subscriptions.keys();
  }

  /** Takes in a request of the client. */
  request(kind: ResourceKind, request: Request): RequestOutcome {
    const before = this.#subscriptions.get(kind);
    if (before === undefined) {
      const view = this.#view(kind);
      const subscription = this.#protocol.subscribe(request, rulesOf(kind), view);
      this.#subscriptions.set(kind, subscription);
      // It came back with clusters that are still the same.
      const held = (each: EncodedResource) => subscription.sent.get(each.name) === each.hash;
      if (kind === 'CDS' && subscription.sent.size > 0)
        this.#acceptedClusters = new Map([...view].filter(([, each]) => held(each)));
      return 'subscribe';
    }
    const { subscription, outcome } = this.#protocol.receive(before, request);
    if (kind === 'CDS') this.#clustersAnswered(outcome);
    // The response that is under way was written for other names.
    if (outcome === 'subscribe') this.#told.delete(kind);
    // Who has taken in all that there was, and asks for no other names, lacks nothing; anything else is looked at.
    const tookAll = outcome === 'ack' && this.#told.get(kind) === this.#view(kind) && isPlainAck(before, subscription);
    if (tookAll) this.#complete.set(kind, this.#told.get(kind)!);
    else this.#complete.delete(kind);
    const wanted = outcome === 'repeat' && kind === 'EDS' && this.#repeatAllowed;
    if (wanted) this.#repeatAllowed = false;
    this.#subscriptions.set(kind, wanted ? markResend(subscription, subscription.names) : subscription);
    return outcome;
  }

  /** Brings the client towards a new snapshot. */
  advance(next: Snapshot): void {
    if (next === this.#snapshot) return;
    if (this.#subscriptions.has('RDS') || this.#subscriptions.has('LDS')) this.#retainRemoved(next);
    this.#snapshot = next;
  }

  /** The next response to write, which then counts as written; undefined when there is nothing to say for now. */
  next(): SequencedResponse | undefined {
    for (const type of PUSH_ORDER) {
      const response = this.#respond(type);
      if (response !== undefined) return response;
    }
    if (!this.#releaseRetained()) return undefined;
    return this.#respond(RESOURCE_TYPES.CDS);
  }

  /** How far the client is with one kind; one that it has not asked for is settled. */
  progress(kind: ResourceKind): Progress {
    const subscription = this.#subscriptions.get(kind);
    if (subscription === undefined) return 'settled';
    if (subscription.outstanding) return 'pending';
    const view = this.#view(kind);
    if (this.#protocol.isRefused(subscription, view)) return 'refused';
    if (this.#complete.get(kind) === view) return 'settled';
    if (this.#protocol.due(subscription, rulesOf(kind), view) === null) return 'settled';
    const clusters = this.#subscriptions.get('CDS');
    const clustersRefused = clusters !== undefined && !clusters.outstanding && this.#protocol.holdsBack(clusters);
    return clustersRefused && this.#isHeldBack(kind, subscription) ? 'refused' : 'pending';
  }

  #respond(type: ResourceType): SequencedResponse | undefined {
    const { kind } = type;
    const subscription = this.#subscriptions.get(kind);
    if (subscription === undefined || this.#isHeldBack(kind, subscription)) return undefined;
    const view = this.#view(kind);
    if (this.#complete.get(kind) === view) return undefined;
    const response = this.#protocol.due(subscription, rulesOf(kind), view);
    if (response === null) {
      if (!subscription.outstanding) this.#complete.set(kind, view);
      return undefined;
    }
    const nonce = String(++this.#nonces);
    // A part of what was refused is not all that there is.
    if (subscription.parts.length === 0) this.#told.set(kind, view);
    else this.#told.delete(kind);
    this.#subscriptions.set(kind, this.#protocol.responded(subscription, response, view, nonce));
    if (kind === 'CDS') {
      this.#sentClusters = view;
      this.#resendEndpoints(response.changed);
    }
    if (kind === 'EDS') this.#repeatAllowed = false;
    const resources = named(response.names, view);
    return { type, version: response.version, nonce, resources, removed: response.removed };
  }

  /** Listeners and routes wait for the clusters' ACK; not the first ones, before which nothing works anyway. */
  #isHeldBack(kind: ResourceKind, subscription: Subscription): boolean {
    if ((kind !== 'LDS' && kind !== 'RDS') || !subscription.answered) return false;
    const clusters = this.#subscriptions.get('CDS');
    return clusters !== undefined && (clusters.outstanding || this.#protocol.holdsBack(clusters));
  }

  /** A changed cluster is made anew, and waits for its endpoints though they are the same. */
  #resendEndpoints(changedClusters: readonly string[]): void {
    this.#repeatAllowed = true;
    const endpoints = this.#subscriptions.get('EDS');
    if (endpoints !== undefined) {
      this.#complete.delete('EDS');
      this.#subscriptions.set('EDS', markResend(endpoints, changedClusters));
    }
  }

  #clustersAnswered(outcome: RequestOutcome): void {
    if (outcome === 'ack') this.#acceptedClusters = this.#sentClusters;
    // What was refused is used by nobody; if an older form of it is, that one stays.
    if (outcome !== 'nack') return;
    for (const name of this.#retained.CDS.keys()) {
      const accepted = this.#acceptedClusters.get(name);
      if (accepted !== undefined) this.#retained.CDS.set(name, accepted);
      else for (const retained of Object.values(this.#retained)) retained.delete(name);
    }
  }

  #retainRemoved(next: Snapshot): void {
    const clusters = resourcesOf(next, 'CDS');
    // Most changes are of endpoints.
    if (clusters === resourcesOf(this.#snapshot, 'CDS')) return;
    // What a response under way takes away is not brought back: the client would wait for endpoints that are gone.
    const inUse = this.#subscriptions.get('CDS')?.outstanding ? this.#sentClusters : this.#acceptedClusters;
    const { CDS, EDS } = this.#retained;
    for (const [name, cluster] of inUse) {
      if (clusters.has(name) || !this.subscribes('CDS', name)) continue;
      CDS.set(name, cluster);
      const endpoints = resourcesOf(this.#snapshot, 'EDS').get(name);
      if (endpoints !== undefined) EDS.set(name, endpoints);
    }
    for (const retained of [CDS, EDS]) {
      for (const name of retained.keys()) if (clusters.has(name)) retained.delete(name);
    }
  }

  /** True when there were retained clusters, and nothing that the client uses can name them any more. */
  #releaseRetained(): boolean {
    if (this.#retained.CDS.size === 0) return false;
    if (this.progress('LDS') !== 'settled' || this.progress('RDS') !== 'settled') return false;
    this.#retained.CDS.clear();
    this.#retained.EDS.clear();
    return true;
  }

  #view(kind: ResourceKind): ResourceMap {
    const current = resourcesOf(this.#snapshot, kind);
    if (kind !== 'CDS' && kind !== 'EDS') return current;
    const retained = this.#retained[kind];
    return retained.size === 0 ? current : new Map([...retained, ...current]);
  }
}

/** Names that many streams share have one list of resources. */
const NAMED = new WeakMap<
  readonly string[],
  { readonly view: ResourceMap; readonly resources: readonly EncodedResource[] }
>();

function named(names: readonly string[], view: ResourceMap): readonly EncodedResource[] {
  const known = NAMED.get(names);
  if (known?.view === view) return known.resources;
  const resources = names.map((name) => view.get(name)!);
  NAMED.set(names, { view, resources });
  return resources;
}

/** Whether nothing but the end of the wait has come of an ACK. */
function isPlainAck(before: Subscription, { names, wildcard, resend, parts }: Subscription): boolean {
  return names === before.names && wildcard === before.wildcard && resend.size === 0 && parts.length === 0;
}

function rulesOf(kind: ResourceKind): KindRules {
  return { completeSet: RESOURCE_TYPES[kind].completeSet, wildcardAllowed: WILDCARD_KINDS.has(kind) };
}
