/**
 * Responses made of bytes that are there already: only version, type, nonce and names of what is gone are encoded per
 * stream. Fields may stand in any order, and parts of a message may be put together.
 */
import { DeltaDiscoveryResponse, DiscoveryResponse } from '../../protos/gen/envoy/service/discovery/v3/discovery.ts';
import type { SequencedResponse } from './sequencer.ts';

/** The bytes of a DiscoveryResponse. */
export function encodeResponse({ type, version, nonce, resources }: SequencedResponse): Buffer {
  const head = DiscoveryResponse.fromPartial({ versionInfo: version, typeUrl: type.typeUrl, nonce });
  return Buffer.concat([DiscoveryResponse.encode(head).finish(), ...resources.map((resource) => resource.bytes)]);
}

/** The bytes of a DeltaDiscoveryResponse. */
export function encodeDeltaResponse({ type, version, nonce, resources, removed }: SequencedResponse): Buffer {
  const head = DeltaDiscoveryResponse.fromPartial({
    systemVersionInfo: version,
    typeUrl: type.typeUrl,
    nonce,
    removedResources: [...removed],
  });
  return Buffer.concat([
    DeltaDiscoveryResponse.encode(head).finish(),
    ...resources.map((resource) => resource.deltaBytes),
  ]);
}
