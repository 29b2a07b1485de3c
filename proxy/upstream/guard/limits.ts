/**
 * The limits of a cluster (envoy.config.cluster.v3.CircuitBreakers, and Outrider's own beside them): what is in use of
 * them, and who is refused by which.
 *
 *   requests ─ max_requests ─► pick ─ max_requests_per_endpoint ─► pool ─ max_pending_requests, max_pending_per_endpoint ─►
 *   connection (max_connections, per_host_thresholds) ─ within max_pending_wait ─► sent
 *
 * Each routing priority has limits of its own and counts for itself, as in Envoy. A refusal names its limit and the value.
 */
import type { ClusterConfig, ClusterLimits } from '../../config/model/cluster.ts';
import type { ClusterPolicyConfig } from '../../config/model/policy.ts';
import { type Failure, UPSTREAM_OVERFLOW } from '../../http/failure.ts';
import type { ClusterStats } from '../cluster-stats.ts';
import type { EndpointUse, InUse } from './in-use.ts';

/** Pools of a cluster and priority that belong to one client each (original_src): what clients there are must not fill the memory. */
export const CLIENT_POOLS_MAX = 4_096;

/** What the requests of one priority share. A cluster is that of the default priority. */
export interface Share {
  readonly limits: ClusterLimits;
  /** Connections that one endpoint may have. */
  readonly connectionsPerEndpoint: number;
  readonly inUse: InUse;
  readonly refusals: LimitRefusals;
  readonly stats: ClusterStats;
}

/** Why there may be no further request now, or null; what is refused is counted. HOT. */
export function admitRequest(share: Share): Failure | null {
  if (share.inUse.requests < share.limits.maxRequests) return null;
  share.stats.rqActiveOverflow++;
  share.stats.rqPendingOverflow++;
  return share.refusals.requests;
}

/** Why nobody may join those who wait for a connection to an endpoint, or null; what is refused is counted. */
export function admitPending(share: Share, endpoint: EndpointUse, { maxPendingPerEndpoint }: ClusterPolicyConfig) {
  if (share.inUse.pending >= share.limits.maxPendingRequests) {
    share.stats.rqPendingOverflow++;
    return share.refusals.pending;
  }
  if (endpoint.pending < maxPendingPerEndpoint) return null;
  share.stats.rqPendingOverflow++;
  share.stats.rqPendingPerEndpointOverflow++;
  return share.refusals.pendingPerEndpoint;
}

/** Whether an endpoint may not have another connection besides those that it has; counted. */
export function connectionsFull(share: Share, endpoint: EndpointUse): boolean {
  const { limits, inUse, stats, connectionsPerEndpoint } = share;
  const full = inUse.connections >= limits.maxConnections || endpoint.connections >= connectionsPerEndpoint;
  if (full) stats.cxOverflow++;
  return full;
}

/** Why a connection that belongs to one user alone may not be made, or null; counted. */
export function refuseConnection(share: Share, endpoint: EndpointUse): Failure | null {
  if (!connectionsFull(share, endpoint)) return null;
  const { inUse, limits, refusals } = share;
  return inUse.connections >= limits.maxConnections ? refusals.connections : refusals.connectionsPerEndpoint;
}

/** A connection has begun (1) or ended (-1). */
export function countConnection({ inUse, stats }: Share, endpoint: EndpointUse, by: 1 | -1): void {
  stats.cxActive += by;
  inUse.connections += by;
  endpoint.connections += by;
}

/** Requests have joined those who wait, or left them. */
export function countPending({ inUse, stats }: Share, endpoint: EndpointUse, by: number): void {
  stats.rqPendingActive += by;
  inUse.pending += by;
  endpoint.pending += by;
}

/** The entries of the failure table for the limits of one cluster and priority. Made when the first is needed. */
export class LimitRefusals {
  readonly requests: Failure;
  readonly pending: Failure;
  readonly connections: Failure;
  readonly connectionsPerEndpoint: Failure;
  readonly requestsPerEndpoint: Failure;
  readonly pendingPerEndpoint: Failure;
  readonly pendingWait: Failure;
  readonly clientPools: Failure;

  constructor({ name: cluster, policy, limits, maxConnectionsPerHost }: ClusterConfig, priority: 'default' | 'high') {
    const of = priority === 'high' ? `Cluster ${cluster}, for requests of high priority,` : `Cluster ${cluster}`;
    const { maxRequests, maxPendingRequests, maxConnections } = limits[priority];
    this.requests = overflow('max_requests', maxRequests, `${of} has as many requests in flight as`);
    this.pending = overflow('max_pending_requests', maxPendingRequests, `${of} has as many requests waiting as`);
    this.connections = overflow('max_connections', maxConnections, `${of} has as many connections as`);
    const endpoint = `The endpoint of cluster ${cluster} that was picked has as many`;
    this.connectionsPerEndpoint = overflow(
      'per_host_thresholds.max_connections',
      maxConnectionsPerHost[priority],
      `${endpoint} connections as`,
    );
    const { maxRequestsPerEndpoint, maxPendingPerEndpoint, maxPendingWaitMs } = policy;
    this.requestsPerEndpoint = overflow(
      'max_requests_per_endpoint',
      maxRequestsPerEndpoint,
      `${endpoint} requests in flight as`,
    );
    this.pendingPerEndpoint = overflow(
      'max_pending_per_endpoint',
      maxPendingPerEndpoint,
      `${endpoint} requests waiting as`,
    );
    this.clientPools = overflow('client_pools', CLIENT_POOLS_MAX, `${of} has connections for as many clients as`);
    this.pendingWait = {
      ...UPSTREAM_OVERFLOW,
      details: `pending_wait_exceeded{max_pending_wait=${maxPendingWaitMs}ms}`,
      sentence: `${of} had no connection for the request within max_pending_wait, ${maxPendingWaitMs} ms.`,
    };
  }
}

function overflow(limit: string, value: number, sentence: string): Failure {
  return {
    ...UPSTREAM_OVERFLOW,
    details: `upstream_overflow{${limit}=${value}}`,
    sentence: `${sentence} ${limit} allows: ${value}.`,
  };
}
