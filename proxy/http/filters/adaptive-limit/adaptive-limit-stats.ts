/** Counters and gauges of the adaptive limit of one connection manager. */
export class AdaptiveLimitStats {
  /** `stat_prefix` of the connection manager. */
  readonly prefix: string;
  /** Requests at once that are let through now. */
  limit = 0;
  /** Requests that the application works on: its answer has not begun. */
  inFlight = 0;
  /** Requests that wait for a place. */
  queued = 0;
  /** Usual latency in microseconds. */
  usualLatencyUs = 0;
  /** How often that was measured at the minimum limit. */
  measurements = 0;
  admitted = 0;
  /** Admitted whatever the limit, because they are exempt. */
  exempted = 0;
  /** Requests that had to wait, and how long all that were admitted did, in microseconds. */
  waited = 0;
  waitedUs = 0;
  /** Waited longer than max_wait. */
  waitTimeout = 0;
  /** Ended while they waited: their client left, or their deadline passed. */
  abandoned = 0;
  /** Silent gRPC calls without a deadline that were taken for streams. */
  parked = 0;
  refusedCritical = 0;
  refusedDefault = 0;
  refusedSheddable = 0;

  constructor(prefix: string) {
    this.prefix = prefix;
  }
}
