/**
 * Clusters: one per service, discovered over EDS, and one for the application beside the sidecar.
 */
import type { Protocol, Workload } from '../state/model.ts';
import * as defaults from './defaults.ts';
import type { Dialect } from './dialect.ts';
import type { SidecarNode } from './node.ts';
import { type JsonObject, resource, type XdsResource } from './resource.ts';

/** The cluster that leads from the sidecar to its own application. */
export const INBOUND_CLUSTER = 'inbound';

const HTTP_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

/** The cluster by which callers reach `service`; `members` are the workloads behind it, at least one. */
export function serviceCluster(service: string, members: readonly Workload[], dialect: Dialect): XdsResource {
  return resource('CDS', service, {
    name: service,
    type: 'EDS',
    eds_cluster_config: { eds_config: defaults.ADS_SOURCE },
    connect_timeout: defaults.CONNECT_TIMEOUT,
    ...loadBalancing(dialect),
    common_lb_config: { healthy_panic_threshold: { value: 50 } },
    outlier_detection: defaults.OUTLIER_DETECTION,
    circuit_breakers: defaults.CIRCUIT_BREAKERS,
    typed_extension_protocol_options: httpOptions(
      dialect === 'grpc' && ['http2', 'grpc'].includes(protocolOf(members)) ? 'http2' : 'http1',
      defaults.SIDECAR_POOL_IDLE,
    ),
  });
}

/** The cluster of the application itself: nothing to choose, nothing to eject; its own sidecar is the last to judge. */
export function inboundCluster(node: SidecarNode): XdsResource {
  const address = { socket_address: { address: '127.0.0.1', port_value: node.appPort } };
  return resource('CDS', INBOUND_CLUSTER, {
    name: INBOUND_CLUSTER,
    type: 'STATIC',
    connect_timeout: defaults.CONNECT_TIMEOUT,
    lb_policy: 'ROUND_ROBIN',
    load_assignment: { cluster_name: INBOUND_CLUSTER, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
    circuit_breakers: defaults.CIRCUIT_BREAKERS,
    typed_extension_protocol_options: httpOptions('http1', defaults.APPLICATION_POOL_IDLE),
    metadata: defaults.LEARN_IDLE_TIMEOUT,
  });
}

/** What a service speaks: its members agree, or nothing is known. */
export function protocolOf(members: readonly Workload[]): Protocol {
  const [first, ...others] = members.map((member) => member.protocol);
  return first !== undefined && others.every((protocol) => protocol === first) ? first : 'auto';
}

/** gRPC clients refuse LEAST_REQUEST. */
function loadBalancing(dialect: Dialect): JsonObject {
  if (dialect === 'grpc') return { lb_policy: 'ROUND_ROBIN' };
  return { lb_policy: 'LEAST_REQUEST', least_request_lb_config: defaults.LEAST_REQUEST };
}

/** Sidecars carry HTTP/1.1 to each other and to their applications, whatever a service speaks to clients without one. */
function httpOptions(version: 'http1' | 'http2', idleTimeout: string): JsonObject {
  const explicit: JsonObject = version === 'http1' ? { http_protocol_options: {} } : { http2_protocol_options: {} };
  return {
    [HTTP_OPTIONS]: {
      '@type': `type.googleapis.com/${HTTP_OPTIONS}`,
      common_http_protocol_options: { idle_timeout: idleTimeout },
      explicit_http_config: explicit,
    },
  };
}
