/** Counters of one cluster, with Envoy's names (envoyproxy.io, "Cluster manager statistics"). Plain fields: HOT. */
import { Http2Stats } from '../http/http2-stats.ts';
import { LimitCounters } from '../http/limit-counters.ts';
import { TlsStats } from '../net/tls/tls-stats.ts';
import { LatencyHistogram } from '../telemetry/latency-histogram.ts';
import { HealthCheckStats } from './guard/health-check/health-check-stats.ts';
import { InUse } from './guard/in-use.ts';

const STATUS_CODES = 600;

/** The table of a hashing policy that was made last: its slots, and those of the endpoints with the fewest and the most. */
export interface HashTableStats {
  size: number;
  least: number;
  most: number;
}

export class ClusterStats {
  cxTotal = 0;
  cxActive = 0;
  cxConnectFail = 0;
  cxConnectTimeout = 0;
  cxDestroy = 0;
  cxOverflow = 0;
  cxRxBytes = 0;
  cxTxBytes = 0;
  cxProtocolError = 0;
  cxMaxRequests = 0;
  cxIdleTimeout = 0;
  cxIdleRemoteClose = 0;
  /** Connections that could not have the client's address. */
  bindErrors = 0;
  /** Requests for which there was no pool of their client's left. */
  cxPoolOverflow = 0;
  rqTotal = 0;
  rqActive = 0;
  rqCompleted = 0;
  rqPendingTotal = 0;
  rqPendingActive = 0;
  rqPendingOverflow = 0;
  rqPendingFailureEject = 0;
  rqActiveOverflow = 0;
  rqPerEndpointOverflow = 0;
  rqPendingPerEndpointOverflow = 0;
  rqPendingWaitTimeout = 0;
  rqCancelled = 0;
  rqTimeout = 0;
  rqPerTryTimeout = 0;
  rqRxReset = 0;
  rqTxReset = 0;
  rqRetry = 0;
  rqRetrySuccess = 0;
  rqRetryLimitExceeded = 0;
  rqRetryOverflow = 0;
  rqRetryBackoffExponential = 0;
  rqRetryBackoffRatelimited = 0;
  /** Of the retry budget of outrider.resilience.v1.ClusterPolicy. */
  retryBudgetGranted = 0;
  retryBudgetExhausted = 0;
  /** Requests whose deadline had passed before they were sent, or passed while they waited for an answer. */
  rqDeadlinePassed = 0;
  /** Second attempts beside slow ones, those that answered first, and those that the share of extra load did not allow. */
  rqHedge = 0;
  rqHedgeWon = 0;
  rqHedgeRefused = 0;
  /** Failures that were answered by a fallback, by its kind, and those for which no fallback had an answer. */
  fallbackStatic = 0;
  fallbackLastGood = 0;
  fallbackCluster = 0;
  fallbackNone = 0;
  /** Retries that were wanted, but would not have been safe. */
  rqRetryUnsafe = 0;
  rqPerTryIdleTimeout = 0;
  noneHealthy = 0;
  lbHealthyPanic = 0;
  lbOverloadPenalties = 0;
  membershipChange = 0;
  lbSubsetsActive = 0;
  lbSubsetsCreated = 0;
  lbSubsetsRemoved = 0;
  lbSubsetsSelected = 0;
  lbSubsetsFallback = 0;
  lbSubsetsFallbackPanic = 0;
  lbSubsetsSingleHostPerSubsetDuplicate = 0;
  lbRecalculateZoneStructures = 0;
  lbZoneClusterTooSmall = 0;
  lbLocalClusterNotOk = 0;
  lbZoneRoutingAllDirectly = 0;
  lbZoneRoutingSampled = 0;
  lbZoneRoutingCrossZone = 0;
  lbZoneNoCapacityLeft = 0;
  readonly hashTable: HashTableStats = { size: 0, least: 0, most: 0 };
  updateSuccess = 0;
  cxHttp1Total = 0;
  cxHttp2Total = 0;
  /** Of its limits, by requests of default priority and of high priority. */
  readonly inUse = new InUse();
  readonly highInUse = new InUse();
  readonly http2 = new Http2Stats();
  readonly tls = new TlsStats();
  readonly healthCheck = new HealthCheckStats();
  ejectionsActive = 0;
  ejectionsEnforcedTotal = 0;
  ejectionsOverflow = 0;
  ejectionsKeptLast = 0;
  probes = 0;
  probesFailed = 0;
  ejectionsDetectedConsecutive5xx = 0;
  ejectionsEnforcedConsecutive5xx = 0;
  ejectionsDetectedConsecutiveGatewayFailure = 0;
  ejectionsEnforcedConsecutiveGatewayFailure = 0;
  ejectionsDetectedConsecutiveLocalOriginFailure = 0;
  ejectionsEnforcedConsecutiveLocalOriginFailure = 0;
  ejectionsDetectedSuccessRate = 0;
  ejectionsEnforcedSuccessRate = 0;
  ejectionsDetectedLocalOriginSuccessRate = 0;
  ejectionsEnforcedLocalOriginSuccessRate = 0;
  ejectionsDetectedFailurePercentage = 0;
  ejectionsEnforcedFailurePercentage = 0;
  ejectionsDetectedFailurePercentageLocalOrigin = 0;
  ejectionsEnforcedFailurePercentageLocalOrigin = 0;
  /** What endpoints sent over the limits of the codec. */
  readonly limits = new LimitCounters();
  /** Completed requests by status. */
  readonly byStatus = new Float64Array(STATUS_CODES);
  readonly timeMs: LatencyHistogram = new LatencyHistogram();
  readonly connectMs: LatencyHistogram = new LatencyHistogram();
}
