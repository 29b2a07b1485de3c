/**
 * outrider.filters.http.quota: a rate for a service as a whole. Nobody counts for all: each of its replicas lets its share
 * through, by the number of replicas that are ready. A request counts in every limit that it fits; where one of them is
 * used up it is refused, and counts in none.
 */
import type { NamedHttpFilter, QuotaConfig } from '../../../config/model/http-filter.ts';
import type { Loop } from '../../../net/loop.ts';
import type { RouteTable } from '../../../routing/route-table.ts';
import type { Exchange } from '../../exchange.ts';
import type { FilterSlot } from '../../filter-slot.ts';
import type { ResponseFields } from '../../local-head.ts';
import { CONTINUE, RESPONDED, type Verdict } from '../../verdict.ts';
import { quotaExceeded } from '../filter-failures.ts';
import type { BoundFilter, FilterPart } from '../filter-part.ts';
import { RouteSettings } from '../route-settings.ts';
import { QuotaLimit } from './quota-limit.ts';
import type { QuotaStats } from './quota-stats.ts';
import type { RateBucket } from './rate-bucket.ts';
import type { ReadyReplicas } from './ready-replicas.ts';

/** The limit that an answer tells of: the one with the least left. */
export interface QuotaNote {
  readonly limit: QuotaLimit;
  readonly bucket: RateBucket;
  readonly refused: boolean;
}

/** What the filter is made with. */
export interface QuotaDeps {
  readonly loop: Loop;
  readonly replicas: ReadyReplicas;
  readonly statsOf: (limit: string) => QuotaStats;
  readonly slot: FilterSlot<QuotaNote>;
}

/** A configuration with its buckets. */
interface Quota {
  readonly service: string;
  readonly limits: readonly QuotaLimit[];
}

export class QuotaFilter implements FilterPart {
  readonly #filter: NamedHttpFilter;
  readonly #deps: QuotaDeps;
  readonly #headersRead = new Set<string>();
  readonly #own: Quota;
  /** Of routes; the buckets of one configuration are the same wherever it holds. */
  readonly #ofRoutes = new WeakMap<QuotaConfig, Quota>();

  constructor(filter: NamedHttpFilter, config: QuotaConfig, deps: QuotaDeps) {
    this.#filter = filter;
    this.#deps = deps;
    this.#own = this.#compile(config);
  }

  #compile({ service, limits }: QuotaConfig): Quota {
    const compiled = limits.map((each) => new QuotaLimit(each, this.#deps.statsOf(each.name), this.#headersRead));
    return { service, limits: compiled };
  }

  bind(table: RouteTable): BoundFilter | null {
    const settings = RouteSettings.compile<QuotaConfig, Quota>(table, {
      filter: this.#filter,
      own: this.#own,
      kind: 'quota',
      compile: ([config]) => this.#ofRoute(config),
    });
    if (!settings.active) return null;
    const { slot } = this.#deps;
    return {
      name: this.#filter.name,
      headersRead: this.#headersRead,
      onRequest: (exchange) => {
        const quota = settings.of(exchange);
        return quota === null ? CONTINUE : this.#count(exchange, quota);
      },
      onResponse: (exchange, head) => {
        const note = slot.get(exchange);
        if (note !== null) this.#tell(note, head);
      },
      onComplete: null,
    };
  }

  #ofRoute(config: QuotaConfig): Quota {
    let quota = this.#ofRoutes.get(config);
    if (quota === undefined) {
      quota = this.#compile(config);
      this.#ofRoutes.set(config, quota);
    }
    return quota;
  }

  #count(exchange: Exchange, { service, limits }: Quota): Verdict {
    const { loop, replicas, slot } = this.#deps;
    const { nowMs } = loop;
    const ready = Math.max(1, replicas.of(service));
    const counted: QuotaNote[] = [];
    let least: QuotaNote | null = null;
    let leastTokens = Infinity;
    for (const limit of limits) {
      const bucket = limit.bucketOf(exchange, ready, nowMs);
      if (bucket === null) continue;
      const tokens = bucket.tokens(limit.rate, nowMs);
      if (tokens < 1) return this.#refuse(exchange, service, ready, { limit, bucket, refused: true });
      const note = { limit, bucket, refused: false };
      counted.push(note);
      if (tokens >= leastTokens) continue;
      leastTokens = tokens;
      least = note;
    }
    if (least === null) return CONTINUE;
    for (const { limit, bucket } of counted) {
      limit.stats.ok++;
      bucket.take();
    }
    slot.put(exchange, least);
    return CONTINUE;
  }

  #refuse(exchange: Exchange, service: string, replicas: number, note: QuotaNote): Verdict {
    const { config, stats, rate } = note.limit;
    stats.limited++;
    this.#deps.slot.put(exchange, note);
    exchange.fail(quotaExceeded(config.name, service, config.requestsPerSecond, rate.perSecond, replicas));
    return RESPONDED;
  }

  #tell({ limit, bucket, refused }: QuotaNote, head: ResponseFields): void {
    const { nowMs } = this.#deps.loop;
    const { rate } = limit;
    const waitSeconds = Math.ceil(bucket.waitMs(rate, nowMs) / 1_000);
    head.add('x-ratelimit-limit', String(Math.floor(rate.burst)));
    head.add('x-ratelimit-remaining', String(bucket.tokens(rate, nowMs)));
    head.add('x-ratelimit-reset', String(waitSeconds));
    if (refused) head.add('retry-after', String(Math.max(1, waitSeconds)));
  }
}
