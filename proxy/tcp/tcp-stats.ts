/** Counters of one TCP proxy, by `stat_prefix`, with Envoy's names (envoyproxy.io, "TCP proxy statistics"). HOT. */
export class TcpStats {
  readonly prefix: string;
  cxTotal = 0;
  cxActive = 0;
  cxNoRoute = 0;
  cxRxBytes = 0;
  cxTxBytes = 0;
  pausedReading = 0;
  resumedReading = 0;
  idleTimeout = 0;
  maxDurationReached = 0;

  constructor(prefix: string) {
    this.prefix = prefix;
  }
}
