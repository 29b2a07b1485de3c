/** `/clusters`: every cluster with its limits, its endpoints and their counters. */

import { ejectionPreview } from '../../protos/contract/ejection-limit.ts';
import { Clusters } from '../../protos/gen/envoy/admin/v3/clusters.ts';
import { SimpleMetric_Type } from '../../protos/gen/envoy/admin/v3/metrics.ts';
import { RoutingPriority } from '../../protos/gen/envoy/config/core/v3/base.ts';
import { writeJson } from '../../protos/json/write-json.ts';
import type { ClusterLimits, OutlierConfig } from '../config/model/cluster.ts';
import type { SocketAddress } from '../config/model/common.ts';
import type { ClusterPolicyConfig } from '../config/model/policy.ts';
import { type AdminEndpoint, jsonReply, textReply } from './admin-endpoint.ts';
import { edsHealthStatus, healthFlags } from './cluster-health.ts';
import type { AdminViews, ClusterView, EndpointView } from './views.ts';

/** The endpoint over these clusters. */
export function clustersEndpoint(views: Pick<AdminViews, 'clusters' | 'configDump'>): AdminEndpoint {
  return {
    path: '/clusters',
    help: 'upstream cluster status',
    parameters: ['format=text|json'],
    handle: ({ query }) => {
      const dynamic = dynamicClusters(views);
      if (query.get('format') === 'json') return jsonReply(clustersJson(views.clusters(), dynamic));
      return textReply(clustersText(views.clusters(), dynamic));
    },
  };
}

function dynamicClusters(views: Pick<AdminViews, 'configDump'>): ReadonlySet<string> {
  const { resources } = views.configDump();
  return new Set(
    resources.filter(({ kind, origin }) => kind === 'cluster' && origin === 'dynamic').map(({ name }) => name),
  );
}

/** Lines of `cluster::...::value` as Envoy prints them. `dynamic` names the clusters that a control plane added. */
export function clustersText(clusters: readonly ClusterView[], dynamic: ReadonlySet<string>): string {
  const lines: string[] = [];
  for (const { config, endpoints } of clusters) {
    const { name } = config;
    lines.push(`${name}::observability_name::${config.statName}`);
    if (config.outlier !== null) {
      lines.push(`${name}::outlier::success_rate_average::-1`);
      lines.push(`${name}::outlier::success_rate_ejection_threshold::-1`);
      lines.push(`${name}::outlier::local_origin_success_rate_average::-1`);
      lines.push(`${name}::outlier::local_origin_success_rate_ejection_threshold::-1`);
      lines.push(`${name}::outlier::ejection_limit::${ejectionLimit(config.outlier, config.policy, endpoints.length)}`);
    }
    for (const [priority, limits] of Object.entries(config.limits)) {
      for (const [limit, value] of limitLines(limits)) lines.push(`${name}::${priority}_priority::${limit}::${value}`);
    }
    lines.push(`${name}::added_via_api::${dynamic.has(name)}`);
    if (config.discovery.kind === 'eds') lines.push(`${name}::eds_service_name::${config.discovery.serviceName}`);
    for (const endpoint of endpoints) {
      for (const [field, value] of endpointLines(endpoint)) lines.push(`${name}::${endpoint.key}::${field}::${value}`);
    }
  }
  return lines.map((line) => `${line}\n`).join('');
}

/** How many can be out at once, in a sentence. */
function ejectionLimit(outlier: OutlierConfig, { ejection }: ClusterPolicyConfig, hostCount: number): string {
  const { maxEjectionPercent, alwaysEjectOneHost } = outlier;
  return ejectionPreview({ maxEjectionPercent, alwaysEjectOneHost, keepLast: ejection.keepLast }, hostCount);
}

function limitLines(limits: ClusterLimits): [string, number][] {
  return [
    ['max_connections', limits.maxConnections],
    ['max_pending_requests', limits.maxPendingRequests],
    ['max_requests', limits.maxRequests],
    ['max_retries', limits.maxRetries],
  ];
}

function endpointLines(endpoint: EndpointView): [string, string | number][] {
  const { locality, config } = endpoint;
  return [
    ...counterLines(endpoint).map(({ name, value }): [string, number] => [name, value]),
    ['hostname', config.hostname],
    ['health_flags', healthFlags(endpoint)],
    ['weight', config.weight],
    ['region', locality.region],
    ['zone', locality.zone],
    ['sub_zone', locality.subZone],
    ['canary', 'false'],
    ['priority', locality.priority],
    ['success_rate', '-1'],
    ['local_origin_success_rate', '-1'],
    ...ownLines(endpoint),
  ];
}

/** What Envoy does not have, where it applies. */
function ownLines({ latency, halfBack }: EndpointView): [string, string][] {
  const lines: [string, string][] = [];
  if (halfBack) lines.push(['outlier_probation', 'true']);
  if (latency === null) return lines;
  lines.push(['latency_ewma_ms', latency.estimateMs.toFixed(1)], ['overloaded', `${latency.overloaded}`]);
  return lines;
}

function counterLines(endpoint: EndpointView): { name: string; value: number; isGauge: boolean }[] {
  return [
    { name: 'cx_active', value: endpoint.cxActive, isGauge: true },
    { name: 'cx_connect_fail', value: endpoint.cxConnectFail, isGauge: false },
    { name: 'cx_total', value: endpoint.cxTotal, isGauge: false },
    { name: 'rq_active', value: endpoint.active, isGauge: true },
    { name: 'rq_error', value: endpoint.rqError, isGauge: false },
    { name: 'rq_success', value: endpoint.rqSuccess, isGauge: false },
    { name: 'rq_timeout', value: endpoint.rqTimeout, isGauge: false },
    { name: 'rq_total', value: endpoint.rqTotal, isGauge: false },
  ];
}

function clustersJson(clusters: readonly ClusterView[], dynamic: ReadonlySet<string>): unknown {
  const message = Clusters.fromPartial({
    clusterStatuses: clusters.map(({ config, endpoints }) => ({
      name: config.name,
      addedViaApi: dynamic.has(config.name),
      observabilityName: config.statName,
      edsServiceName: config.discovery.kind === 'eds' ? config.discovery.serviceName : '',
      circuitBreakers: {
        thresholds: [
          { priority: RoutingPriority.DEFAULT, ...config.limits.default, retryBudget: undefined },
          { priority: RoutingPriority.HIGH, ...config.limits.high, retryBudget: undefined },
        ],
      },
      hostStatuses: endpoints.map((endpoint) => ({
        address: addressMessage(endpoint.config.address),
        stats: counterLines(endpoint).map(({ name, value, isGauge }) => ({
          name,
          value,
          type: isGauge ? SimpleMetric_Type.GAUGE : SimpleMetric_Type.COUNTER,
        })),
        healthStatus: {
          failedActiveHealthCheck: endpoint.checked?.failed ?? false,
          failedOutlierCheck: endpoint.ejected,
          failedActiveDegradedCheck: endpoint.checked?.degraded ?? false,
          pendingActiveHc: endpoint.checked?.pending ?? false,
          excludedViaImmediateHcFail: endpoint.checked?.excluded ?? false,
          activeHcTimeout: endpoint.checked?.timedOut ?? false,
          edsHealthStatus: edsHealthStatus(endpoint.health),
        },
        weight: endpoint.config.weight,
        hostname: endpoint.config.hostname,
        priority: endpoint.locality.priority,
        locality: {
          region: endpoint.locality.region,
          zone: endpoint.locality.zone,
          subZone: endpoint.locality.subZone,
        },
      })),
    })),
  });
  return writeJson('envoy.admin.v3.Clusters', message);
}

/** An address in Envoy's words. */
export function addressMessage({ host, port }: SocketAddress) {
  const portSpecifier = { $case: 'portValue' as const, value: port };
  return { address: { $case: 'socketAddress' as const, value: { address: host, portSpecifier } } };
}
