import { TlsStats } from '../net/tls/tls-stats.ts';

/** Counters of one listener, with Envoy's names (envoyproxy.io, "Listener statistics"). */
export class ListenerStats {
  cxTotal = 0;
  cxActive = 0;
  cxDestroy = 0;
  /** Refused, since the listener has as many as it may. */
  cxOverflow = 0;
  preCxActive = 0;
  preCxTimeout = 0;
  noFilterChainMatch = 0;
  proxyProtocolError = 0;
  /** Refused: they were going to this proxy itself. */
  redirectLoop = 0;
  readonly tls = new TlsStats();
}
