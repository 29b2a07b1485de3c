/**
 * How each resource of one subscription stands with its client. Pure. The words are those of client status discovery
 * (envoy.service.status.v3.ConfigStatus).
 *
 *   SYNCED     the client has taken it in as it is now
 *   NOT_SENT   the client is still to be told, or asks for what there is not
 *   STALE      the client has been told and has not answered, or has yet to forget it
 *   ERROR      the client has refused it
 */
import { GONE, type Hashes, type ResourceView } from './resource-view.ts';
import { type Subscription, targetsOf } from './subscription.ts';

/** See the head of this file. */
export type ConfigState = 'SYNCED' | 'NOT_SENT' | 'STALE' | 'ERROR';

/** One resource, or a name for which there is none. */
export interface ResourceState {
  readonly name: string;
  readonly state: ConfigState;
  readonly exists: boolean;
  /** Of what the client was last told; empty when it was told of nothing. */
  readonly hash: string;
}

/** All that the client has asked for or was told, sorted by name. */
export function resourceStates(subscription: Subscription, view: ResourceView): ResourceState[] {
  const { sent, names, parts, outstanding, sentNames } = subscription;
  const targets = targetsOf(subscription, view);
  const context = {
    subscription,
    targets,
    unanswered: new Set([...(outstanding ? sentNames : []), ...parts.flat()]),
    refused: new Set(outstanding || !isRefusedWhole(subscription) ? [] : sentNames),
  };
  return [...new Set([...targets.keys(), ...sent.keys(), ...names])].sort().map((name) => {
    const hash = sent.get(name) ?? GONE;
    return { name, state: stateOf(name, context), exists: targets.has(name), hash };
  });
}

interface Context {
  readonly subscription: Subscription;
  readonly targets: Hashes;
  readonly unanswered: ReadonlySet<string>;
  readonly refused: ReadonlySet<string>;
}

function stateOf(name: string, { subscription, targets, unanswered, refused }: Context): ConfigState {
  const current = targets.get(name);
  const told = subscription.sent.get(name) ?? GONE;
  if (unanswered.has(name)) return 'STALE';
  if (current === undefined) return told === GONE ? 'NOT_SENT' : 'STALE';
  if (subscription.bad.get(name) === current || (refused.has(name) && told === current)) return 'ERROR';
  return told === current ? 'SYNCED' : 'NOT_SENT';
}

/** In delta what is bad is known by itself; in state of the world a response is refused as a whole. */
function isRefusedWhole({ refusal, bad, parts }: Subscription): boolean {
  return refusal !== null && bad.size === 0 && parts.length === 0;
}
