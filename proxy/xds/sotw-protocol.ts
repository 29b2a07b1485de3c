/** State of the world over ADS: DiscoveryRequest and DiscoveryResponse around the subscriptions. */
import { INVALID_ARGUMENT } from '../../protos/contract/reject-reason.ts';
import { PUSH_ORDER, type ResourceType, resourceTypeOfUrl } from '../../protos/contract/resource-types.ts';
import type { Node } from '../../protos/gen/envoy/config/core/v3/base.ts';
import {
  DiscoveryRequest,
  type DiscoveryResponse,
  Resource,
} from '../../protos/gen/envoy/service/discovery/v3/discovery.ts';
import { type AnyMessage, typeNameOf } from '../../protos/json/registry.ts';
import { durationMs } from '../config/decode/values.ts';
import type { IncomingUpdate, Protocol } from './protocol.ts';
import type { IncomingResource, UpdateOutcome } from './resource-set.ts';
import { type Names, newSubscription, type Subscription, type SubscriptionEvent, step } from './subscription.ts';

/** See the head of this file. */
export class SotwProtocol implements Protocol<DiscoveryRequest, DiscoveryResponse> {
  readonly #node: Node;
  readonly #subscriptions = new Map<string, Subscription>();
  #nodeSent = false;

  constructor(node: Node) {
    this.#node = node;
  }

  streamUp(): DiscoveryRequest[] {
    this.#nodeSent = false;
    return PUSH_ORDER.flatMap(({ typeUrl }) => this.#step(typeUrl, { kind: 'stream-up' }));
  }

  streamDown(): void {
    for (const { typeUrl } of PUSH_ORDER) this.#step(typeUrl, { kind: 'stream-down' });
  }

  want({ typeUrl }: ResourceType, names: Names): DiscoveryRequest[] {
    return this.#step(typeUrl, { kind: 'names', names });
  }

  expired({ typeUrl }: ResourceType): void {
    this.#step(typeUrl, { kind: 'expired' });
  }

  read(response: DiscoveryResponse): IncomingUpdate {
    const { typeUrl, nonce, versionInfo: version, resources, controlPlane } = response;
    return {
      typeUrl,
      nonce,
      version,
      controlPlane: controlPlane?.identifier ?? '',
      update: {
        resources: resources.map((any) => unwrap(any, version)),
        complete: resourceTypeOfUrl(typeUrl)?.completeSet ?? false,
        version,
        removed: [],
      },
    };
  }

  answer({ typeUrl, version, nonce }: IncomingUpdate, { rejection }: UpdateOutcome): DiscoveryRequest[] {
    return this.#step(typeUrl, { kind: 'response', version, nonce, rejection });
  }

  #step(typeUrl: string, event: SubscriptionEvent): DiscoveryRequest[] {
    const { next, request } = step(this.#subscriptions.get(typeUrl) ?? newSubscription(), event);
    this.#subscriptions.set(typeUrl, next);
    if (request === null) return [];
    const { version, nonce, names, rejection } = request;
    const message = DiscoveryRequest.fromPartial({
      typeUrl,
      versionInfo: version,
      responseNonce: nonce,
      resourceNames: [...names],
      errorDetail: rejection === null ? undefined : { code: INVALID_ARGUMENT, message: rejection },
    });
    if (!this.#nodeSent) message.node = this.#node;
    this.#nodeSent = true;
    return [message];
  }
}

/** A server may wrap resources to say their names; one that cannot be opened is refused as what it is. */
function unwrap(any: AnyMessage, version: string): IncomingResource {
  if (typeNameOf(any.typeUrl) !== 'envoy.service.discovery.v3.Resource') return { name: '', version, any, ttlMs: null };
  try {
    const { name, resource, ttl } = Resource.decode(any.value);
    return { name, version, any: resource ?? null, ttlMs: durationMs(ttl, null) };
  } catch {
    return { name: '', version, any, ttlMs: null };
  }
}
