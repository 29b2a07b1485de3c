/** One limit of a quota with its buckets: one for all, or one for each value of a header or each caller. */
import type { QuotaLimitConfig } from '../../../config/model/http-filter.ts';
import type { Exchange } from '../../exchange.ts';
import { HeaderName } from '../../header-name.ts';
import { callerIdentity } from '../caller-identity.ts';
import { compileHeaders } from '../header-test.ts';
import type { QuotaStats } from './quota-stats.ts';
import { type Rate, RateBucket } from './rate-bucket.ts';

export class QuotaLimit {
  readonly config: QuotaLimitConfig;
  readonly stats: QuotaStats;
  readonly #concerns: (exchange: Exchange) => boolean;
  readonly #valueOf: ((exchange: Exchange) => string) | null;
  /** The one that was asked for last is the last. */
  readonly #byValue = new Map<string, RateBucket>();
  /** For all, or for the values for which there is no room. */
  readonly #shared = new RateBucket();
  #rate: Rate;

  constructor(config: QuotaLimitConfig, stats: QuotaStats, headersRead: Set<string>) {
    this.config = config;
    this.stats = stats;
    this.#concerns = compileHeaders(config.headers, headersRead);
    this.#valueOf = compileValue(config.per, headersRead);
    this.#rate = shareOf(config, 1);
  }

  /** The part of the quota that this replica lets through. */
  get rate(): Rate {
    return this.#rate;
  }

  /** The bucket that the request counts in, with as many replicas to share the quota; null when it is none of its business. */
  bucketOf(exchange: Exchange, replicas: number, nowMs: number): RateBucket | null {
    if (!this.#concerns(exchange)) return null;
    if (this.stats.replicas !== replicas) {
      this.stats.replicas = replicas;
      this.#rate = shareOf(this.config, replicas);
    }
    return this.#valueOf === null ? this.#shared : this.#ofValue(this.#valueOf(exchange), nowMs);
  }

  #ofValue(value: string, nowMs: number): RateBucket {
    let bucket = this.#byValue.get(value);
    if (bucket !== undefined) this.#byValue.delete(value);
    else if (this.#hasRoom(nowMs)) bucket = new RateBucket();
    else {
      this.stats.overflow++;
      return this.#shared;
    }
    this.#byValue.set(value, bucket);
    this.stats.values = this.#byValue.size;
    return bucket;
  }

  /** A bucket that is not full is never forgotten: whoever could make it so by many values would be free of the limit. */
  #hasRoom(nowMs: number): boolean {
    if (this.#byValue.size < this.config.maxValues) return true;
    for (const [oldest, bucket] of this.#byValue) {
      if (!bucket.isFull(this.#rate, nowMs)) return false;
      this.#byValue.delete(oldest);
      return true;
    }
    return true;
  }
}

function shareOf({ requestsPerSecond, burst }: QuotaLimitConfig, replicas: number): Rate {
  return { perSecond: requestsPerSecond / replicas, burst: Math.max(1, burst / replicas) };
}

/** Requests without the header count together, and so do callers that nothing is known of. */
function compileValue(per: QuotaLimitConfig['per'], headersRead: Set<string>): ((exchange: Exchange) => string) | null {
  switch (per.kind) {
    case 'all':
      return null;
    case 'caller':
      return (exchange) => callerIdentity(exchange) ?? '';
    case 'header': {
      const name = new HeaderName(per.name);
      headersRead.add(name.name);
      return ({ head }) => head.first(name) ?? '';
    }
  }
}
