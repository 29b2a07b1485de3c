/**
 * Clusters: one per service, discovered over EDS, and one for the application beside the sidecar.
 *
 *   client ── anything ──► sidecar ── HTTP/2 ──► sidecar ── what it speaks ──► application
 *
 * Between sidecars all HTTP shares a few connections. A service of protocol `tcp` passes as bytes, which HTTP options do
 * not concern.
 */
import { type Protocol, protocolOf, type Workload } from '../state/model.ts';
import type { TrafficPolicy } from '../state/traffic-policy.ts';
import { balancing } from './balancing.ts';
import * as defaults from './defaults.ts';
import type { Dialect } from './dialect.ts';
import { circuitBreakers, clusterPolicy, outlierDetection } from './limits.ts';
import type { Address, EnvoyInbound, SidecarNode } from './node.ts';
import { healthChecks, type Outside } from './outside.ts';
import { duration, type JsonObject, resource, type XdsResource } from './resource.ts';

/** The cluster that leads from the sidecar to its own application. */
export const INBOUND_CLUSTER = 'inbound';
/** The same over IPv6, where connections to it have the addresses of clients of IPv6. */
export const INBOUND_IPV6_CLUSTER = 'inbound-ipv6';
export type Family = 'ipv4' | 'ipv6';
/** The same behind an Envoy, for requests whose client is told to have spoken HTTP/1.1. */
export const INBOUND_HTTP1_CLUSTER = 'inbound-http1';

const HTTP_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

/** The cluster by which callers reach `service`; `members` are the workloads behind it, at least one. */
export function serviceCluster(
  service: string,
  members: readonly Workload[],
  dialect: Dialect,
  policy: TrafficPolicy | null,
  outside: Outside | null = null,
): XdsResource {
  const protocol = protocolOf(members);
  const connectMs = policy?.timeouts?.connectMs ?? null;
  const own = dialect === 'sidecar' ? { ...switches(protocol, outside), ...clusterPolicy(policy) } : {};
  return resource('CDS', service, {
    name: service,
    type: 'EDS',
    eds_cluster_config: { eds_config: defaults.ADS_SOURCE },
    connect_timeout: connectMs === null ? defaults.CONNECT_TIMEOUT : duration(connectMs),
    ...balancing(policy?.loadBalancing ?? null, dialect),
    ...outlierDetection(policy?.outlierDetection ?? null),
    circuit_breakers: circuitBreakers(policy?.limits ?? null),
    typed_extension_protocol_options: httpOptions(
      callerOptions(protocol, dialect, outside),
      defaults.SIDECAR_POOL_IDLE,
    ),
    ...(outside === null || dialect === 'grpc' ? {} : healthChecks(outside, dialect)),
    // Where gRPC clients report their load; an Envoy is told by its bootstrap.
    ...(dialect === 'grpc' ? { lrs_server: { self: {} } } : {}),
    ...(Object.keys(own).length === 0 ? {} : { metadata: own }),
  });
}

/** The cluster of the application itself: nothing to choose, nothing to eject; its own sidecar is the last to judge. */
export function inboundCluster({ appPort }: SidecarNode, protocol: Protocol, family: Family = 'ipv4'): XdsResource {
  const switches = metadata({
    ...defaults.LEARN_IDLE_TIMEOUT,
    ...(protocol === 'auto' ? defaults.CARRY_PROTOCOL : {}),
  });
  const options = httpOptions(applicationOptions(protocol), defaults.APPLICATION_POOL_IDLE);
  const [name, host] = family === 'ipv4' ? [INBOUND_CLUSTER, '127.0.0.1'] : [INBOUND_IPV6_CLUSTER, '::1'];
  return applicationCluster(
    name,
    { host, port: appPort },
    {
      typed_extension_protocol_options: options,
      metadata: switches,
    },
  );
}

/**
 * The same behind an Envoy. It cannot follow what callers tell of their client by itself: where they do, its routes choose
 * a cluster by it. It does not learn either how long the application keeps idle connections.
 */
export function envoyInboundClusters({ appPort }: EnvoyInbound, protocol: Protocol): XdsResource[] {
  const cluster = (name: string, version: JsonObject) =>
    applicationCluster(
      name,
      { host: '127.0.0.1', port: appPort },
      {
        typed_extension_protocol_options: httpOptions(version, defaults.UNKNOWN_APPLICATION_POOL_IDLE),
      },
    );
  const all = cluster(INBOUND_CLUSTER, applicationOptions(protocol));
  return protocol === 'auto' ? [all, cluster(INBOUND_HTTP1_CLUSTER, HTTP1)] : [all];
}

function applicationCluster(name: string, { host, port }: Address, options: JsonObject): XdsResource {
  const address = { socket_address: { address: host, port_value: port } };
  return resource('CDS', name, {
    name,
    type: 'STATIC',
    connect_timeout: defaults.CONNECT_TIMEOUT,
    lb_policy: 'ROUND_ROBIN',
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
    circuit_breakers: defaults.CIRCUIT_BREAKERS,
    ...options,
  });
}

const HTTP1: JsonObject = { explicit_http_config: { http_protocol_options: {} } };
const HTTP2: JsonObject = { explicit_http_config: { http2_protocol_options: defaults.HTTP2_OPTIONS } };
const AS_THE_CLIENT: JsonObject = {
  use_downstream_protocol_config: { http_protocol_options: {}, http2_protocol_options: defaults.HTTP2_OPTIONS },
};

/** A program that closes idle connections early is found out, as an application beside its sidecar is. */
function switches(protocol: Protocol, outside: Outside | null): JsonObject {
  if (outside !== null) return metadata(defaults.LEARN_IDLE_TIMEOUT);
  return protocol === 'auto' ? metadata(defaults.CARRY_PROTOCOL) : {};
}

/**
 * What callers speak to the other sidecar. An Envoy cannot tell what its client spoke, so that where this matters it speaks
 * the same. gRPC clients have limits of their own.
 */
function callerOptions(protocol: Protocol, dialect: Dialect, outside: Outside | null): JsonObject {
  const plain = outside !== null && (protocol === 'http' || protocol === 'auto');
  if (dialect === 'envoy' && protocol === 'auto' && !plain) return AS_THE_CLIENT;
  if (dialect !== 'grpc') return protocol === 'tcp' || plain ? HTTP1 : HTTP2;
  return ['http2', 'grpc'].includes(protocol) ? { explicit_http_config: { http2_protocol_options: {} } } : HTTP1;
}

/** What the sidecar speaks to its application; HTTP/2 with prior knowledge, as there is no TLS to agree on it. */
function applicationOptions(protocol: Protocol): JsonObject {
  switch (protocol) {
    case 'http':
    case 'tcp':
      return HTTP1;
    case 'http2':
    case 'grpc':
      return HTTP2;
    case 'auto':
      return AS_THE_CLIENT;
  }
}

function httpOptions(version: JsonObject, idleTimeout: string): JsonObject {
  return {
    [HTTP_OPTIONS]: {
      '@type': `type.googleapis.com/${HTTP_OPTIONS}`,
      common_http_protocol_options: { idle_timeout: idleTimeout },
      ...version,
    },
  };
}

/** Outrider's own switches: Envoy passes over them. */
function metadata(outrider: JsonObject): JsonObject {
  return { filter_metadata: { outrider } };
}
