/**
 * From one xDS resource to the internal model, with everything that is wrong with it.
 *
 *   message ─► constraints of the definition ─► fields we do not honour ─► meaning ─► model
 *
 * All three checks run, so that one answer names everything; where two of them complain about one place, the first counts.
 */
import type { MessageTypes } from '../../../protos/gen/registry.ts';
import { findBrokenConstraints } from '../../../protos/json/constraint.ts';
import { type Issue, issueAt, type Path } from '../../../protos/json/issue.ts';
import { findUnhonoured } from '../../../protos/json/unhonoured.ts';
import { HONOURED } from '../honoured.ts';
import type { ClusterConfig, EndpointSetConfig } from '../model/cluster.ts';
import type { ListenerConfig } from '../model/listener.ts';
import type { RouteTableConfig } from '../model/route.ts';
import type { SecretConfig } from '../model/secret.ts';
import { decodeCluster } from './cluster-decoder.ts';
import { type Decoded, type DecodeSources, Decoding } from './decoding.ts';
import { decodeEndpointSet } from './endpoint-decoder.ts';
import { decodeListener } from './listener-decoder.ts';
import { decodeRouteTable } from './route-decoder.ts';
import { decodeSecret } from './secret-decoder.ts';

/** Resources that have a decoder, with what they become. */
export interface ResourceConfigs {
  'envoy.config.listener.v3.Listener': ListenerConfig;
  'envoy.config.route.v3.RouteConfiguration': RouteTableConfig;
  'envoy.config.cluster.v3.Cluster': ClusterConfig;
  'envoy.config.endpoint.v3.ClusterLoadAssignment': EndpointSetConfig;
  'envoy.extensions.transport_sockets.tls.v3.Secret': SecretConfig;
}

type Decoders = {
  readonly [N in keyof ResourceConfigs]: (
    message: MessageTypes[N],
    path: Path,
    decoding: Decoding,
  ) => ResourceConfigs[N];
};

const DECODERS: Decoders = {
  'envoy.config.listener.v3.Listener': decodeListener,
  'envoy.config.route.v3.RouteConfiguration': (message, path, decoding) =>
    decodeRouteTable(message, false, path, decoding),
  'envoy.config.cluster.v3.Cluster': decodeCluster,
  'envoy.config.endpoint.v3.ClusterLoadAssignment': (message, path, decoding) =>
    decodeEndpointSet(message, 'ip-only', path, decoding),
  'envoy.extensions.transport_sockets.tls.v3.Secret': decodeSecret,
};

/** Decodes one resource. `at` is put in front of every path; `sources` is what it may read. */
export function decodeResource<N extends keyof ResourceConfigs>(
  messageName: N,
  message: MessageTypes[N],
  sources: DecodeSources,
  at: Path = [],
): Decoded<ResourceConfigs[N]> {
  const decoding = new Decoding(sources);
  const issues: Issue[] = [];
  try {
    issues.push(...findBrokenConstraints(messageName, message, at));
    issues.push(...findUnhonoured(messageName, message, HONOURED, at));
    const value = DECODERS[messageName](message, at, decoding);
    issues.push(...decoding.issues);
    if (issues.length === 0) return { ok: true, value };
  } catch (error) {
    // A message within whose bytes cannot be read has been reported above. Nothing that is pushed may end the proxy.
    const why = error instanceof Error ? error.message : String(error);
    if (issues.length === 0) issues.push(...decoding.issues, issueAt(at, `it cannot be read: ${why}`));
  }
  return { ok: false, issues: onePerPlace(issues) };
}

/** The first issue of every path, in order. */
export function onePerPlace(issues: readonly Issue[]): Issue[] {
  const seen = new Set<string>();
  return issues.filter(({ path }) => !seen.has(path) && seen.add(path));
}
