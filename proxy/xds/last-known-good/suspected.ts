/**
 * Endpoints from disk may have gone long ago. PURE: a configuration with every discovered endpoint that discovery held for
 * well marked as suspect. It is picked after those that have proved themselves; see upstream/guard/suspects.ts.
 */
import type { EndpointConfig, EndpointSetConfig } from '../../config/model/cluster.ts';
import type { Snapshot } from '../../config/snapshot.ts';

/** `fixed` came from the bootstrap: it is as good as it was. */
export function suspected(parts: Snapshot, fixed: Snapshot): Snapshot {
  const endpoints = [...parts.endpoints].map(([name, set]): [string, EndpointSetConfig] => {
    if (fixed.endpoints.get(name) === set) return [name, set];
    const localities = set.localities.map((each) => ({ ...each, endpoints: each.endpoints.map(suspectedEndpoint) }));
    return [name, { ...set, localities }];
  });
  return { ...parts, endpoints: new Map(endpoints) };
}

function suspectedEndpoint(endpoint: EndpointConfig): EndpointConfig {
  const { health } = endpoint;
  return health === 'healthy' || health === 'unknown' ? { ...endpoint, health: 'suspect' } : endpoint;
}
