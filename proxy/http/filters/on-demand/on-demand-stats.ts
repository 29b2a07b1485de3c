/** Counters of the on_demand filters of one connection manager. */
export class OnDemandStats {
  /** `stat_prefix` of the connection manager. */
  readonly prefix: string;
  /** Requests that had to wait for their cluster. */
  waited = 0;
  /** Of those: whose cluster does not exist, as the control plane says; and that waited in vain. */
  missing = 0;
  timedOut = 0;

  constructor(prefix: string) {
    this.prefix = prefix;
  }
}
