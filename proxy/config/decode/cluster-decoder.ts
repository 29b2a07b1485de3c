/** envoy.config.cluster.v3.Cluster with Envoy's defaults. */
import {
  type Cluster,
  Cluster_DiscoveryType as DiscoveryType,
  Cluster_DnsLookupFamily as Family,
  Cluster_LbPolicy as LbPolicy,
} from '../../../protos/gen/envoy/config/cluster/v3/cluster.ts';
import type { Http1ProtocolOptions, Http2ProtocolOptions } from '../../../protos/gen/envoy/config/core/v3/protocol.ts';
import { ClusterLoadAssignment } from '../../../protos/gen/envoy/config/endpoint/v3/endpoint.ts';
import type { HttpProtocolOptions } from '../../../protos/gen/envoy/extensions/upstreams/http/v3/http_protocol_options.ts';
import type { Path } from '../../../protos/json/issue.ts';
import { unpackAny } from '../../../protos/json/registry.ts';
import type { ClusterConfig } from '../model/cluster.ts';
import { nameOfSource } from '../model/file-source.ts';
import type { UpstreamTlsConfig } from '../model/tls.ts';
import { decodeSource, fetchTimeoutOf } from './config-source-decoder.ts';
import type { Decoding } from './decoding.ts';
import { decodeEndpointSet } from './endpoint-decoder.ts';
import { decodeHealthChecks } from './health-check-decoder.ts';
import { BUFFER_LIMIT_BYTES, decodeHttp2Options, IDLE_TIMEOUT_MS } from './http-options-decoder.ts';
import { decodeLimits } from './limits-decoder.ts';
import { decodeLoadBalancing } from './load-balancing-decoder.ts';
import { decodeOutlier } from './outlier-decoder.ts';
import { decodeClusterPolicy } from './policy-decoder.ts';
import { decodeSubsets } from './subset-decoder.ts';
import { decodeUpstreamSocket } from './upstream-socket-decoder.ts';
import { durationMs, metadataObject } from './values.ts';

const HTTP_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
const CONNECT_TIMEOUT_MS = 5_000;
const DNS_REFRESH_MS = 5_000;
const PANIC_PERCENT = 50;
const CLEANUP_MS = 5_000;

const FAMILIES = {
  [Family.AUTO]: 'auto',
  [Family.V4_ONLY]: 'v4-only',
  [Family.V6_ONLY]: 'v6-only',
  [Family.V4_PREFERRED]: 'v4-preferred',
  [Family.ALL]: 'all',
} as const;

/** Decodes a cluster. */
export function decodeCluster(message: Cluster, path: Path, decoding: Decoding): ClusterConfig {
  const http = decodeHttpOptions(message, path, decoding);
  const common = http?.commonHttpProtocolOptions;
  const socket = decodeUpstreamSocket(message.transportSocket, [...path, 'transport_socket'], decoding);
  const upstream = decodeUpstreamProtocol(http);
  if (upstream.protocol === 'alpn' && socket.tls === null)
    decoding.report([...path, 'typed_extension_protocol_options'], AUTO_WITHOUT_TLS);
  return {
    name: message.name,
    statName: message.altStatName || message.name,
    discovery: decodeDiscovery(message, path, decoding),
    connectTimeoutMs: durationMs(message.connectTimeout, CONNECT_TIMEOUT_MS),
    ...decodeLoadBalancing(message, path, decoding),
    subsets: decodeSubsets(message.lbSubsetConfig, [...path, 'lb_subset_config'], decoding),
    panicThresholdPercent: message.commonLbConfig?.healthyPanicThreshold?.value ?? PANIC_PERCENT,
    ...decodeLimits(message.circuitBreakers, [...path, 'circuit_breakers'], decoding),
    outlier: message.outlierDetection === undefined ? null : decodeOutlier(message.outlierDetection),
    healthCheck: decodeHealthChecks(message.healthChecks, [...path, 'health_checks'], decoding),
    ignoresNewHosts: message.commonLbConfig?.ignoreNewHostsUntilFirstHc ?? false,
    ...upstream,
    carriesProtocol: message.metadata?.filterMetadata.outrider?.carry_protocol === true,
    poolIdleTimeoutMs: durationMs(common?.idleTimeout, IDLE_TIMEOUT_MS),
    learnsIdleTimeout: message.metadata?.filterMetadata.outrider?.learn_idle_timeout === true,
    maxRequestsPerConnection: common?.maxRequestsPerConnection ?? 0,
    bufferLimitBytes: message.perConnectionBufferLimitBytes ?? BUFFER_LIMIT_BYTES,
    ...socket,
    tls: socket.tls === null ? null : withAlpn(socket.tls, upstream.protocol),
    policy: decodeClusterPolicy(message.metadata, path, decoding),
    metadata: metadataObject(message.metadata),
  };
}

const AUTO_WITHOUT_TLS = 'auto_config lets TLS choose the protocol: the cluster needs a transport_socket with TLS';

/** What endpoints are spoken to with; HTTP/1.1 where nothing is said. */
function decodeUpstreamProtocol(
  http: HttpProtocolOptions | undefined,
): Pick<ClusterConfig, 'protocol' | 'http2' | 'enableTrailers'> {
  const choice = http?.upstreamProtocolOptions;
  switch (choice?.$case) {
    case 'explicitHttpConfig': {
      const options = choice.value.protocolConfig;
      if (options?.$case === 'http2ProtocolOptions')
        return { protocol: 'http2', http2: decodeHttp2Options(options.value), enableTrailers: false };
      const enableTrailers = options?.$case === 'httpProtocolOptions' && options.value.enableTrailers;
      return { protocol: 'http1', http2: decodeHttp2Options(undefined), enableTrailers };
    }
    case 'useDownstreamProtocolConfig':
      return { protocol: 'downstream', ...bothProtocols(choice.value) };
    case 'autoConfig':
      return { protocol: 'alpn', ...bothProtocols(choice.value) };
    case undefined:
      return { protocol: 'http1', http2: decodeHttp2Options(undefined), enableTrailers: false };
  }
}

function bothProtocols(options: {
  readonly httpProtocolOptions?: Http1ProtocolOptions | undefined;
  readonly http2ProtocolOptions?: Http2ProtocolOptions | undefined;
}): Pick<ClusterConfig, 'http2' | 'enableTrailers'> {
  return {
    http2: decodeHttp2Options(options.http2ProtocolOptions),
    enableTrailers: options.httpProtocolOptions?.enableTrailers ?? false,
  };
}

/** Without a word on ALPN the protocols are offered that will be spoken, as in Envoy. */
function withAlpn(tls: UpstreamTlsConfig, protocol: ClusterConfig['protocol']): UpstreamTlsConfig {
  if (tls.alpnProtocols.length > 0) return tls;
  if (protocol === 'http2') return { ...tls, alpnProtocols: ['h2'] };
  return protocol === 'alpn' ? { ...tls, alpnProtocols: ['h2', 'http/1.1'] } : tls;
}

function decodeHttpOptions(message: Cluster, path: Path, decoding: Decoding): HttpProtocolOptions | undefined {
  for (const [key, any] of Object.entries(message.typedExtensionProtocolOptions)) {
    if (key === HTTP_OPTIONS) return unpackAny(HTTP_OPTIONS, any);
    decoding.report(
      [...path, 'typed_extension_protocol_options', key],
      `only ${HTTP_OPTIONS} is supported as key here`,
    );
  }
  return undefined;
}

function decodeEds({ name, edsClusterConfig }: Cluster, path: Path, decoding: Decoding): ClusterConfig['discovery'] {
  const { edsConfig, serviceName } = edsClusterConfig ?? {};
  const file = decodeSource(edsConfig, path, decoding);
  return {
    kind: 'eds',
    serviceName: nameOfSource(serviceName || name, file),
    file,
    fetchTimeoutMs: fetchTimeoutOf(edsConfig),
  };
}

function decodeDiscovery(message: Cluster, path: Path, decoding: Decoding): ClusterConfig['discovery'] {
  const type = message.clusterDiscoveryType?.value ?? DiscoveryType.STATIC;
  if (message.lbPolicy === LbPolicy.CLUSTER_PROVIDED && type !== DiscoveryType.ORIGINAL_DST)
    decoding.report([...path, 'lb_policy'], 'CLUSTER_PROVIDED is for clusters of type ORIGINAL_DST');
  const assignment = message.loadAssignment ?? ClusterLoadAssignment.fromPartial({ clusterName: message.name });
  const place = [...path, 'load_assignment'];
  switch (type) {
    case DiscoveryType.EDS:
      if (message.edsClusterConfig === undefined)
        decoding.report([...path, 'eds_cluster_config'], 'a cluster of type EDS needs eds_cluster_config');
      return decodeEds(message, [...path, 'eds_cluster_config', 'eds_config'], decoding);
    case DiscoveryType.STRICT_DNS:
    case DiscoveryType.LOGICAL_DNS: {
      const logical = type === DiscoveryType.LOGICAL_DNS;
      if (logical && assignment.endpoints.flatMap((locality) => locality.lbEndpoints).length !== 1) {
        decoding.report(place, 'a cluster of type LOGICAL_DNS has exactly one endpoint');
      }
      return {
        kind: logical ? 'logical-dns' : 'strict-dns',
        endpoints: decodeEndpointSet(assignment, 'names', place, decoding),
        refreshMs: durationMs(message.dnsRefreshRate, DNS_REFRESH_MS),
        respectTtl: message.respectDnsTtl,
        family: FAMILIES[message.dnsLookupFamily],
      };
    }
    case DiscoveryType.ORIGINAL_DST:
      return decodeOriginalDestination(message, path, decoding);
    default:
      return { kind: 'static', endpoints: decodeEndpointSet(assignment, 'ip-only', place, decoding) };
  }
}

function decodeOriginalDestination(message: Cluster, path: Path, decoding: Decoding): ClusterConfig['discovery'] {
  if (message.lbPolicy !== LbPolicy.CLUSTER_PROVIDED)
    decoding.report([...path, 'lb_policy'], 'a cluster of type ORIGINAL_DST needs lb_policy CLUSTER_PROVIDED');
  if (message.loadAssignment !== undefined)
    decoding.report([...path, 'load_assignment'], 'a cluster of type ORIGINAL_DST finds its endpoints by itself');
  const options = message.lbConfig?.$case === 'originalDstLbConfig' ? message.lbConfig.value : undefined;
  return {
    kind: 'original-dst',
    portOverride: options?.upstreamPortOverride ?? null,
    cleanupMs: durationMs(message.cleanupInterval, CLEANUP_MS),
  };
}
