/**
 * A DiscoveryResponse made of bytes that are there already: only version, type and nonce are encoded per stream.
 */
import { AggregatedDiscoveryServiceService } from '../../protos/gen/envoy/service/discovery/v3/ads.ts';
import { DiscoveryResponse } from '../../protos/gen/envoy/service/discovery/v3/discovery.ts';
import type { SequencedResponse } from './sequencer.ts';

/** ADS, with responses that are encoded by us. */
export const AdsService = {
  ...AggregatedDiscoveryServiceService,
  streamAggregatedResources: {
    ...AggregatedDiscoveryServiceService.streamAggregatedResources,
    responseSerialize: encodeResponse,
  },
} as const;

/** The bytes of a DiscoveryResponse. Fields may stand in any order, and parts of a message may be put together. */
export function encodeResponse({ type, version, nonce, resources }: SequencedResponse): Buffer {
  const head = DiscoveryResponse.fromPartial({ versionInfo: version, typeUrl: type.typeUrl, nonce });
  return Buffer.concat([DiscoveryResponse.encode(head).finish(), ...resources.map((resource) => resource.bytes)]);
}
