/**
 * Responses made of bytes that are there already: only version, type, nonce and names of what is gone are encoded per
 * stream. Fields may stand in any order, and parts of a message may be put together. Streams that are in step have the
 * same nonces, too: the latest messages are kept, and one that is the same again is not put together again. One that starts
 * with the same resources, as all sidecars have the same clusters before their own, takes these from there in one piece.
 */
import { DeltaDiscoveryResponse, DiscoveryResponse } from '../../protos/gen/envoy/service/discovery/v3/discovery.ts';
import type { EncodedResource } from '../snapshot/encoded-resource.ts';
import type { SequencedResponse } from './sequencer.ts';

/** Enough for one of each kind. */
const KEPT_MAX = 8;
/** Fewer are put together as fast as they are found. */
const KEPT_RESOURCES_MIN = 8;

interface Kept {
  readonly response: SequencedResponse;
  readonly bytes: Buffer;
  /** Where the resources start in it. */
  readonly headLength: number;
}

/** How one of the two protocols has it. */
interface Form {
  head(response: SequencedResponse): Uint8Array;
  resource(resource: EncodedResource): Buffer;
}

const DELTA: Form = {
  head: ({ type: { typeUrl }, version: systemVersionInfo, nonce, removed }) =>
    DeltaDiscoveryResponse.encode(
      DeltaDiscoveryResponse.fromPartial({ systemVersionInfo, typeUrl, nonce, removedResources: [...removed] }),
    ).finish(),
  resource: (resource) => resource.deltaBytes,
};
const STATE_OF_THE_WORLD: Form = {
  head: ({ type: { typeUrl }, version: versionInfo, nonce }) =>
    DiscoveryResponse.encode(DiscoveryResponse.fromPartial({ versionInfo, typeUrl, nonce })).finish(),
  resource: (resource) => resource.bytes,
};

/** The serializer of one of the two protocols. */
export function responseSerializer(protocol: 'delta' | 'state of the world'): (response: SequencedResponse) => Buffer {
  const form = protocol === 'delta' ? DELTA : STATE_OF_THE_WORLD;
  const latest: Kept[] = [];
  return (response) => {
    const { resources, removed } = response;
    if (resources.length < KEPT_RESOURCES_MIN) return putTogether(response, form, undefined).bytes;
    const known = latest.find((each) => isSame(each.response, response));
    if (known !== undefined && removed.length === 0) return known.bytes;
    const alike = latest.findLast((each) => each.response.resources[0] === resources[0]);
    const made = putTogether(response, form, alike);
    if (removed.length > 0) return made.bytes;
    if (latest.length === KEPT_MAX) latest.shift();
    latest.push(made);
    return made.bytes;
  };
}

/** Equal resources that are shared are the same array. */
function isSame(a: SequencedResponse, b: SequencedResponse): boolean {
  return a.resources === b.resources && a.type === b.type && a.nonce === b.nonce && a.version === b.version;
}

function putTogether(response: SequencedResponse, form: Form, alike: Kept | undefined): Kept {
  const { resources } = response;
  const head = form.head(response);
  const parts: Uint8Array[] = [head];
  let taken = 0;
  if (alike !== undefined) {
    let length = 0;
    for (; taken < resources.length && resources[taken] === alike.response.resources[taken]; taken++)
      length += form.resource(resources[taken]!).length;
    parts.push(alike.bytes.subarray(alike.headLength, alike.headLength + length));
  }
  for (; taken < resources.length; taken++) parts.push(form.resource(resources[taken]!));
  return { response, bytes: Buffer.concat(parts), headLength: head.length };
}
