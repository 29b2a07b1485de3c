/**
 * Responses made of bytes that are there already: only version, type, nonce and names of what is gone are encoded per
 * stream. Fields may stand in any order, and parts of a message may be put together. Streams that are in step have the
 * same nonces, too: the latest messages are kept, and one that is the same again is not put together again.
 */
import { DeltaDiscoveryResponse, DiscoveryResponse } from '../../protos/gen/envoy/service/discovery/v3/discovery.ts';
import type { SequencedResponse } from './sequencer.ts';

/** Enough for one of each kind. */
const KEPT_MAX = 8;
/** Fewer are put together as fast as they are found. */
const KEPT_RESOURCES_MIN = 8;

interface Kept {
  readonly response: SequencedResponse;
  readonly bytes: Buffer;
}

/** The serializer of one of the two protocols. */
export function responseSerializer(protocol: 'delta' | 'state of the world'): (response: SequencedResponse) => Buffer {
  const encode = protocol === 'delta' ? encodeDeltaResponse : encodeResponse;
  const latest: Kept[] = [];
  return (response) => {
    if (response.resources.length < KEPT_RESOURCES_MIN || response.removed.length > 0) return encode(response);
    const known = latest.find((each) => isSame(each.response, response));
    if (known !== undefined) return known.bytes;
    const bytes = encode(response);
    if (latest.length === KEPT_MAX) latest.shift();
    latest.push({ response, bytes });
    return bytes;
  };
}

/** Equal resources that are shared are the same array. */
function isSame(a: SequencedResponse, b: SequencedResponse): boolean {
  return a.resources === b.resources && a.type === b.type && a.nonce === b.nonce && a.version === b.version;
}

function encodeResponse({ type, version, nonce, resources }: SequencedResponse): Buffer {
  const head = DiscoveryResponse.fromPartial({ versionInfo: version, typeUrl: type.typeUrl, nonce });
  return Buffer.concat([DiscoveryResponse.encode(head).finish(), ...resources.map((resource) => resource.bytes)]);
}

function encodeDeltaResponse({ type, version, nonce, resources, removed }: SequencedResponse): Buffer {
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
