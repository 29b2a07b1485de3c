import { LatencyHistogram } from '../telemetry/latency-histogram.ts';
import { Http2Stats } from './http2-stats.ts';
import { LimitCounters } from './limit-counters.ts';

/** Counters of one connection manager, by `stat_prefix`, with Envoy's names (docs: HTTP connection manager statistics). */
export class ManagerStats {
  readonly prefix: string;
  cxTotal = 0;
  cxActive = 0;
  cxDestroy = 0;
  cxProtocolError = 0;
  cxIdleTimeout = 0;
  cxMaxDurationReached = 0;
  cxMaxRequestsReached = 0;
  cxDelayedCloseTimeout = 0;
  cxRxBytes = 0;
  cxTxBytes = 0;
  cxHttp1Total = 0;
  cxHttp1Active = 0;
  cxHttp2Total = 0;
  cxHttp2Active = 0;
  cxUpgradesTotal = 0;
  cxUpgradesActive = 0;
  rqTotal = 0;
  rqHttp1Total = 0;
  rqHttp2Total = 0;
  rqActive = 0;
  rqResetByClient = 0;
  rqTimeout = 0;
  rqHeaderTimeout = 0;
  rqIdleTimeout = 0;
  rqMaxDurationReached = 0;
  rqTooLarge = 0;
  noRoute = 0;
  noCluster = 0;
  directResponse = 0;
  redirect = 0;
  rqCompleted = 0;
  readonly http2 = new Http2Stats();
  /** What clients sent over the limits of the codec. */
  readonly limits = new LimitCounters();
  /** Completed requests by status class, index 1 to 5. */
  readonly byClass = new Float64Array(6);
  readonly timeMs: LatencyHistogram = new LatencyHistogram();

  constructor(prefix: string) {
    this.prefix = prefix;
  }
}
