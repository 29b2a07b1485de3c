/** Counters of the deadline filters of one connection manager. */
export class DeadlineStats {
  /** `stat_prefix` of the connection manager. */
  readonly prefix: string;
  /** Requests that had a deadline. */
  bounded = 0;
  /** Requests whose deadline had passed when they came; passed before they were sent on; passed while they were worked on. */
  expiredOnArrival = 0;
  exceededWaiting = 0;
  exceeded = 0;
  /** Headers that say no deadline that could be read. */
  malformed = 0;

  constructor(prefix: string) {
    this.prefix = prefix;
  }
}
