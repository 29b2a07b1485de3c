/**
 * One type of resource on an incremental (delta) stream, as a pure state machine.
 *
 *   stream-up ──► request: all names, and the version of every resource that is held
 *   response ───► taken: ACK with its nonce     refused: NACK with its nonce and the reasons
 *   names ──────► request: what to subscribe to, what to unsubscribe from
 *   expired ────► nothing; the next stream does not tell their versions
 *   stream-down ► nothing; names and versions are kept for the next stream
 *
 * Requests about names and answers to responses are independent: only answers carry a nonce.
 */
import { assert } from '../../kernel/assert.ts';
import { type Names, sameNames } from './subscription.ts';

/** The state. Make one with `newDeltaSubscription`. */
export interface DeltaSubscription {
  readonly names: Names;
  readonly streamUp: boolean;
  /** Something was requested on this stream. */
  readonly requested: boolean;
  /** Of every resource that is held, by name. */
  readonly versions: ReadonlyMap<string, string>;
}

/** What happens to a subscription. */
export type DeltaEvent =
  | { readonly kind: 'stream-up' }
  | { readonly kind: 'stream-down' }
  | { readonly kind: 'names'; readonly names: Names }
  | { readonly kind: 'expired'; readonly names: readonly string[] }
  | {
      readonly kind: 'response';
      readonly nonce: string;
      /** Those that were taken, with their versions; refused ones are not among them. */
      readonly taken: ReadonlyMap<string, string>;
      readonly removed: readonly string[];
      /** Why some were refused; null when all were taken. */
      readonly rejection: string | null;
    };

/** A DeltaDiscoveryRequest without type and node. */
export interface DeltaRequest {
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  readonly initialVersions: ReadonlyMap<string, string>;
  readonly nonce: string;
  readonly rejection: string | null;
}

/** What an event leads to. */
export interface DeltaStep {
  readonly next: DeltaSubscription;
  readonly request: DeltaRequest | null;
}

const NOTHING: DeltaRequest = {
  subscribe: [],
  unsubscribe: [],
  initialVersions: new Map(),
  nonce: '',
  rejection: null,
};

/** Nothing wanted, no stream. */
export function newDeltaSubscription(): DeltaSubscription {
  return { names: new Set(), streamUp: false, requested: false, versions: new Map() };
}

/** Takes an event in. */
export function deltaStep(state: DeltaSubscription, event: DeltaEvent): DeltaStep {
  switch (event.kind) {
    case 'stream-up':
      return open({ ...state, streamUp: true, requested: false });
    case 'stream-down':
      return { next: { ...state, streamUp: false, requested: false }, request: null };
    case 'names':
      return rename(state, event.names);
    case 'expired': {
      const left = [...state.versions].filter(([name]) => !event.names.includes(name));
      return { next: { ...state, versions: new Map(left) }, request: null };
    }
    case 'response':
      return respond(state, event);
  }
}

/** The first request of a stream. One without names asks for everything: whoever wants nothing stays silent. */
function open(state: DeltaSubscription): DeltaStep {
  const { names, versions } = state;
  if (names !== 'all' && names.size === 0) return { next: state, request: null };
  const request = { ...NOTHING, subscribe: names === 'all' ? [] : [...names].sort(), initialVersions: versions };
  return { next: { ...state, requested: true }, request };
}

function rename(state: DeltaSubscription, names: Names): DeltaStep {
  if (sameNames(state.names, names)) return { next: state, request: null };
  const before = state.names;
  const versions = names === 'all' ? state.versions : only(state.versions, names);
  const next = { ...state, names, versions };
  if (!state.streamUp) return { next, request: null };
  if (!state.requested) return open(next);
  assert(names !== 'all' && before !== 'all', 'a subscription by names cannot become one to all on the same stream');
  const subscribe = [...names.difference(before)].sort();
  const unsubscribe = [...before.difference(names)].sort();
  return { next, request: { ...NOTHING, subscribe, unsubscribe } };
}

function respond(state: DeltaSubscription, event: Extract<DeltaEvent, { kind: 'response' }>): DeltaStep {
  const versions = new Map(state.versions);
  for (const [name, version] of event.taken) versions.set(name, version);
  for (const name of event.removed) versions.delete(name);
  const request = { ...NOTHING, nonce: event.nonce, rejection: event.rejection };
  return { next: { ...state, versions }, request };
}

function only(versions: ReadonlyMap<string, string>, names: ReadonlySet<string>): ReadonlyMap<string, string> {
  return new Map([...versions].filter(([name]) => names.has(name)));
}
