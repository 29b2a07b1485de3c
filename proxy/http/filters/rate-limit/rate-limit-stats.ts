/** Counters of local rate limits under one `stat_prefix`. */
export class RateLimitStats {
  readonly prefix: string;
  /** Requests for which a limit was asked. */
  enabled = 0;
  /** Requests that were refused. */
  enforced = 0;
  /** Requests over the limit, refused or not. */
  rateLimited = 0;
  ok = 0;

  constructor(prefix: string) {
    this.prefix = prefix;
  }
}
