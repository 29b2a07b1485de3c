/** Who this proxy says it is, to every server of xDS. */
import { SIDECAR_USER_AGENT } from '../../protos/contract/names.ts';
import { Node } from '../../protos/gen/envoy/config/core/v3/base.ts';
import type { NodeIdentity } from '../bootstrap/bootstrap.ts';

/** The message; `version` is Outrider's own. */
export function nodeMessage({ id, cluster, region, zone, subZone, metadata }: NodeIdentity, version: string): Node {
  return {
    ...Node.fromPartial({ id, cluster, locality: { region, zone, subZone } }),
    metadata,
    userAgentName: SIDECAR_USER_AGENT,
    userAgentVersionType: { $case: 'userAgentVersion', value: version },
  };
}
