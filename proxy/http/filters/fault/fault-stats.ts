/** Counters of the fault filters of one connection manager. */
export class FaultStats {
  /** `stat_prefix` of the connection manager. */
  readonly prefix: string;
  delaysInjected = 0;
  abortsInjected = 0;
  /** Faults left out at max_active_faults. */
  faultsOverflow = 0;
  /** Requests that are being delayed. */
  activeFaults = 0;
  /** Response rate limits are not honoured: it stays 0. */
  responseRlInjected = 0;

  constructor(prefix: string) {
    this.prefix = prefix;
  }
}
