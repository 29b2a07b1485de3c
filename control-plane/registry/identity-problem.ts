/**
 * What can be wrong with what an instance says of itself, whichever way it registers.
 */
import { METADATA_BYTES_MAX, METADATA_ENTRIES_MAX, NODE_ID_BYTES_MAX } from '../../protos/contract/limits.ts';
import { labelProblem } from '../../protos/contract/names.ts';
import type { InstanceIdentity } from './instance.ts';

/** Longest version, region, zone and the like, in UTF-8 bytes. */
const TEXT_BYTES_MAX = 256;
const WEIGHT_MAX = 1_000_000;

/** One sentence with place, value and limit; undefined when everything is fine. */
export function identityProblem(identity: InstanceIdentity): string | undefined {
  const { id, workload, services, address, port, weight, metadata } = identity;
  if (id === '') return 'node_id is empty: give each sidecar an id of its own';
  if (Buffer.byteLength(id) > NODE_ID_BYTES_MAX)
    return `node_id is too long: at most ${NODE_ID_BYTES_MAX} bytes are allowed`;
  if (address === '') return 'identity.address is empty: other sidecars must be able to reach this one';
  if (port < 1 || port > 65_535) return `identity.port is ${port}: it must be 1 to 65535`;
  if (weight > WEIGHT_MAX) return `identity.weight is ${weight}: it must be at most ${WEIGHT_MAX}`;
  for (const name of ['version', 'region', 'zone', 'subZone'] as const) {
    if (Buffer.byteLength(identity[name]) > TEXT_BYTES_MAX)
      return `identity.${name} is too long: at most ${TEXT_BYTES_MAX} bytes are allowed`;
  }
  for (const service of services) {
    const problem = labelProblem('service', service);
    if (problem !== undefined) return problem;
  }
  return labelProblem('workload', workload) ?? metadataProblem(metadata);
}

function metadataProblem(metadata: InstanceIdentity['metadata']): string | undefined {
  const entries = Object.entries(metadata);
  if (entries.length > METADATA_ENTRIES_MAX)
    return `identity.metadata has ${entries.length} entries: at most ${METADATA_ENTRIES_MAX} are allowed`;
  for (const [key, value] of entries) {
    if (key === '') return 'identity.metadata has an empty key: give it a name';
    for (const text of [key, value]) {
      if (Buffer.byteLength(text) > METADATA_BYTES_MAX)
        return `identity.metadata.${key.slice(0, 40)} is too long: at most ${METADATA_BYTES_MAX} bytes are allowed`;
    }
  }
  return undefined;
}
