/** Incremental (delta) ADS: DeltaDiscoveryRequest and DeltaDiscoveryResponse around the subscriptions. */
import { INVALID_ARGUMENT } from '../../protos/contract/reject-reason.ts';
import { PUSH_ORDER, type ResourceType } from '../../protos/contract/resource-types.ts';
import type { Node } from '../../protos/gen/envoy/config/core/v3/base.ts';
import {
  DeltaDiscoveryRequest,
  type DeltaDiscoveryResponse,
} from '../../protos/gen/envoy/service/discovery/v3/discovery.ts';
import { durationMs } from '../config/decode/values.ts';
import { type DeltaEvent, type DeltaSubscription, deltaStep, newDeltaSubscription } from './delta-subscription.ts';
import type { IncomingUpdate, Protocol } from './protocol.ts';
import type { UpdateOutcome } from './resource-set.ts';
import type { Names } from './subscription.ts';

/** See the head of this file. */
export class DeltaProtocol implements Protocol<DeltaDiscoveryRequest, DeltaDiscoveryResponse> {
  readonly #node: Node;
  readonly #subscriptions = new Map<string, DeltaSubscription>();
  #nodeSent = false;

  constructor(node: Node) {
    this.#node = node;
  }

  streamUp(): DeltaDiscoveryRequest[] {
    this.#nodeSent = false;
    return PUSH_ORDER.flatMap(({ typeUrl }) => this.#step(typeUrl, { kind: 'stream-up' }));
  }

  streamDown(): void {
    for (const { typeUrl } of PUSH_ORDER) this.#step(typeUrl, { kind: 'stream-down' });
  }

  want({ typeUrl }: ResourceType, names: Names): DeltaDiscoveryRequest[] {
    return this.#step(typeUrl, { kind: 'names', names });
  }

  expired({ typeUrl }: ResourceType, names: readonly string[]): void {
    this.#step(typeUrl, { kind: 'expired', names });
  }

  read(response: DeltaDiscoveryResponse): IncomingUpdate {
    const { typeUrl, nonce, systemVersionInfo, resources, removedResources, controlPlane } = response;
    return {
      typeUrl,
      nonce,
      version: systemVersionInfo,
      controlPlane: controlPlane?.identifier ?? '',
      update: {
        resources: resources.map(({ name, version, resource, ttl }) => ({
          name,
          version,
          any: resource ?? null,
          ttlMs: durationMs(ttl, null),
        })),
        complete: false,
        version: null,
        removed: removedResources,
      },
    };
  }

  answer({ typeUrl, nonce, update }: IncomingUpdate, { rejection, taken }: UpdateOutcome): DeltaDiscoveryRequest[] {
    return this.#step(typeUrl, { kind: 'response', nonce, taken, removed: update.removed, rejection });
  }

  #step(typeUrl: string, event: DeltaEvent): DeltaDiscoveryRequest[] {
    const { next, request } = deltaStep(this.#subscriptions.get(typeUrl) ?? newDeltaSubscription(), event);
    this.#subscriptions.set(typeUrl, next);
    if (request === null) return [];
    const { subscribe, unsubscribe, initialVersions, nonce, rejection } = request;
    const message = DeltaDiscoveryRequest.fromPartial({
      typeUrl,
      responseNonce: nonce,
      resourceNamesSubscribe: [...subscribe],
      resourceNamesUnsubscribe: [...unsubscribe],
      initialResourceVersions: Object.fromEntries(initialVersions),
      errorDetail: rejection === null ? undefined : { code: INVALID_ARGUMENT, message: rejection },
    });
    if (!this.#nodeSent) message.node = this.#node;
    this.#nodeSent = true;
    return [message];
  }
}
