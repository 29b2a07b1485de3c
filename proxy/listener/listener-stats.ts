/** Counters of one listener, with Envoy's names (envoyproxy.io, "Listener statistics"). */
export class ListenerStats {
  cxTotal = 0;
  cxActive = 0;
  cxDestroy = 0;
}
