/** The messages of the two protocols, as far as a stream has to know them. */
import type { ResourceKind } from '../../protos/contract/resource-types.ts';
import type { Node } from '../../protos/gen/envoy/config/core/v3/base.ts';
import type { DeltaDiscoveryRequest, DiscoveryRequest } from '../../protos/gen/envoy/service/discovery/v3/discovery.ts';
import { DELTA, type DeltaRequest } from './delta.ts';
import { countProblem, longNameProblem } from './request-limits.ts';
import { STATE_OF_THE_WORLD, type SubscriptionRequest } from './state-of-the-world.ts';
import type { Protocol } from './subscription.ts';

/** What every request has. */
export interface RequestMessage {
  readonly typeUrl: string;
  readonly node: Node | undefined;
}

/** One protocol: its messages, and what they mean. */
export interface Dialogue<Message extends RequestMessage, Request> {
  /** As people call it. */
  readonly name: 'delta' | 'state of the world';
  readonly protocol: Protocol<Request>;
  read(message: Message): Request;
  /** Why the message cannot be taken in at all, as a sentence; undefined when it can. */
  problem(kind: ResourceKind, message: Message): string | undefined;
}

export const SOTW_DIALOGUE: Dialogue<DiscoveryRequest, SubscriptionRequest> = {
  name: 'state of the world',
  protocol: STATE_OF_THE_WORLD,
  read: ({ resourceNames: names, versionInfo, responseNonce: nonce, errorDetail }) => ({
    names,
    versionInfo,
    nonce,
    error: errorDetail?.message,
  }),
  problem: (kind, { resourceNames }) => longNameProblem(kind, resourceNames),
};

export const DELTA_DIALOGUE: Dialogue<DeltaDiscoveryRequest, DeltaRequest> = {
  name: 'delta',
  protocol: DELTA,
  read: (message) => ({
    subscribe: message.resourceNamesSubscribe,
    unsubscribe: message.resourceNamesUnsubscribe,
    initialVersions: message.initialResourceVersions,
    nonce: message.responseNonce,
    error: message.errorDetail?.message,
  }),
  problem: (kind, { resourceNamesSubscribe, initialResourceVersions }) => {
    const held = Object.keys(initialResourceVersions);
    return (
      countProblem(kind, held.length, 'held') ??
      longNameProblem(kind, resourceNamesSubscribe) ??
      longNameProblem(kind, held)
    );
  },
};
