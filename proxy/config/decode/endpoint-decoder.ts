/** envoy.config.endpoint.v3.ClusterLoadAssignment. */
import { HealthStatus } from '../../../protos/gen/envoy/config/core/v3/health_check.ts';
import type { ClusterLoadAssignment } from '../../../protos/gen/envoy/config/endpoint/v3/endpoint.ts';
import type {
  Endpoint_HealthCheckConfig as CheckMessage,
  LbEndpoint,
  LocalityLbEndpoints,
} from '../../../protos/gen/envoy/config/endpoint/v3/endpoint_components.ts';
import type { Path } from '../../../protos/json/issue.ts';
import type { EndpointConfig, EndpointHealth, EndpointSetConfig, LocalityConfig } from '../model/cluster.ts';
import type { Decoding } from './decoding.ts';
import { isIpLiteral, metadataObject, socketAddress, subsetKeys } from './values.ts';

const OVERPROVISIONING_PERCENT = 140;
const NO_LABELS = {};

const HEALTH: Readonly<Record<HealthStatus, EndpointHealth>> = {
  [HealthStatus.UNKNOWN]: 'unknown',
  [HealthStatus.HEALTHY]: 'healthy',
  [HealthStatus.UNHEALTHY]: 'unhealthy',
  [HealthStatus.DRAINING]: 'draining',
  [HealthStatus.TIMEOUT]: 'timeout',
  [HealthStatus.DEGRADED]: 'degraded',
};

/** Decodes an assignment. `names` allows host names as addresses, which only clusters of DNS can resolve. */
export function decodeEndpointSet(
  message: ClusterLoadAssignment,
  names: 'ip-only' | 'names',
  path: Path,
  decoding: Decoding,
): EndpointSetConfig {
  return {
    name: message.clusterName,
    localities: message.endpoints.map((locality, i) =>
      decodeLocality(locality, names, [...path, 'endpoints', i], decoding),
    ),
    overprovisioningFactor: message.policy?.overprovisioningFactor ?? OVERPROVISIONING_PERCENT,
  };
}

function decodeLocality(
  message: LocalityLbEndpoints,
  names: 'ip-only' | 'names',
  path: Path,
  decoding: Decoding,
): LocalityConfig {
  const { region = '', zone = '', subZone = '' } = message.locality ?? {};
  return {
    region,
    zone,
    subZone,
    weight: message.loadBalancingWeight ?? 0,
    priority: message.priority,
    endpoints: message.lbEndpoints.map((endpoint, i) =>
      decodeEndpoint(endpoint, names, [...path, 'lb_endpoints', i], decoding),
    ),
  };
}

function decodeEndpoint(
  message: LbEndpoint,
  names: 'ip-only' | 'names',
  path: Path,
  decoding: Decoding,
): EndpointConfig {
  const endpoint = message.hostIdentifier?.value;
  const place = [...path, 'endpoint', 'address'];
  const address = socketAddress(endpoint?.address, place, decoding);
  if (names === 'ip-only' && address.host !== '' && !isIpLiteral(address.host)) {
    const hint = 'a host name needs a cluster of type STRICT_DNS or LOGICAL_DNS';
    decoding.report(
      [...place, 'socket_address', 'address'],
      `${JSON.stringify(address.host)} is no IP address; ${hint}`,
    );
  }
  return {
    address,
    hostname: endpoint?.hostname ?? '',
    health: HEALTH[message.healthStatus],
    weight: message.loadBalancingWeight ?? 1,
    check: decodeCheck(endpoint?.healthCheckConfig, [...path, 'endpoint', 'health_check_config'], decoding),
    labels: subsetKeys(message.metadata) ?? NO_LABELS,
    metadata: metadataObject(message.metadata),
  };
}

function decodeCheck(message: CheckMessage | undefined, path: Path, decoding: Decoding): EndpointConfig['check'] {
  if (message === undefined) return null;
  const place = [...path, 'address'];
  const address = message.address === undefined ? null : socketAddress(message.address, place, decoding);
  if (address !== null && address.host !== '' && !isIpLiteral(address.host)) {
    const hint = 'name an IP address, or leave it out to check the endpoint where it is';
    decoding.report([...place, 'socket_address', 'address'], `${JSON.stringify(address.host)} is none: ${hint}`);
  }
  const { portValue, hostname, disableActiveHealthCheck } = message;
  return { address, port: portValue || null, hostname, disabled: disableActiveHealthCheck };
}
