/** Counters of one limit of a quota. */
export class QuotaStats {
  /** `stat_prefix` of the connection manager. */
  readonly prefix: string;
  /** Of the limit. */
  readonly name: string;
  /** Requests under the limit, and over it. */
  ok = 0;
  limited = 0;
  /** Requests that shared one bucket, because too many values of their header had one. */
  overflow = 0;
  /** Ready replicas that share the quota, by the request that came last. */
  replicas = 0;
  /** Values that have a bucket. */
  values = 0;

  constructor(prefix: string, name: string) {
    this.prefix = prefix;
    this.name = name;
  }
}
