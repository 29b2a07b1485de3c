/**
 * envoy.filters.http.local_ratelimit: lets through as many requests as there are tokens.
 *
 *   enabled? ─► a token? ─► goes on
 *                  └no─► enforced? ─yes─► refused
 *                            └────no────► goes on with request_headers_to_add_when_not_enforced
 */
import type { LocalRateLimitConfig, NamedHttpFilter } from '../../../config/model/http-filter.ts';
import type { Loop } from '../../../net/loop.ts';
import type { Route, RouteTable } from '../../../routing/route-table.ts';
import type { Exchange } from '../../exchange.ts';
import type { FilterSlot } from '../../filter-slot.ts';
import type { ResponseFields } from '../../local-head.ts';
import { CONTINUE, RESPONDED, type Verdict } from '../../verdict.ts';
import type { BoundFilter, FilterPart } from '../filter-part.ts';
import { RouteSettings } from '../route-settings.ts';
import { RouteDescriptors } from './descriptors.ts';
import type { RateLimit, RateLimits } from './rate-limit.ts';
import type { TokenBucket } from './token-bucket.ts';

/** What an answer tells of the limit. */
export interface LimitNote {
  readonly limit: RateLimit;
  /** Null when its figures are not told. */
  readonly bucket: TokenBucket | null;
  readonly refused: boolean;
}

/** What the filter is made with. */
export interface RateLimitDeps {
  readonly loop: Loop;
  readonly limits: RateLimits;
  readonly slot: FilterSlot<LimitNote>;
}

export class RateLimitFilter implements FilterPart {
  readonly #filter: NamedHttpFilter;
  readonly #own: RateLimit;
  readonly #deps: RateLimitDeps;

  constructor(filter: NamedHttpFilter, config: LocalRateLimitConfig, deps: RateLimitDeps) {
    this.#filter = filter;
    this.#own = deps.limits.of(config);
    this.#deps = deps;
  }

  bind(table: RouteTable): BoundFilter | null {
    const { limits, slot } = this.#deps;
    const headersRead = new Set<string>();
    const settings = RouteSettings.compile<LocalRateLimitConfig, RateLimit>(table, {
      filter: this.#filter,
      // One that is never asked takes no part.
      own: this.#own.config.enabled === null ? null : this.#own,
      kind: 'local-rate-limit',
      compile: ([config]) => (config.enabled === null ? null : limits.of(config)),
    });
    if (!settings.active) return null;
    const descriptors = compileDescriptors(table, settings, headersRead);
    return {
      name: this.#filter.name,
      headersRead,
      onRequest: (exchange) => {
        const limit = settings.of(exchange);
        if (limit === null) return CONTINUE;
        const { route } = exchange;
        const made = descriptors === null || route === null ? null : (descriptors.get(limit)?.get(route) ?? null);
        return this.#count(exchange, limit, made);
      },
      onResponse: (exchange, head) => {
        const note = slot.get(exchange);
        if (note !== null) this.#tell(note, exchange, head);
      },
      onComplete: null,
    };
  }

  #count(exchange: Exchange, limit: RateLimit, descriptors: RouteDescriptors | null): Verdict {
    if (!limit.drawEnabled()) return CONTINUE;
    const { loop, slot } = this.#deps;
    const { stats, config } = limit;
    stats.enabled++;
    const texts = descriptors === null ? null : descriptors.texts(exchange);
    const { allowed, bucket } = limit.take(exchange.downstream.connection, texts, loop.nowMs);
    const told = config.limitHeaders ? bucket : null;
    if (allowed) {
      stats.ok++;
      if (told !== null) slot.put(exchange, { limit, bucket: told, refused: false });
      return CONTINUE;
    }
    stats.rateLimited++;
    const refused = limit.drawEnforced();
    if (refused || told !== null) slot.put(exchange, { limit, bucket: told, refused });
    if (!refused) {
      limit.requestEdits.apply(exchange.head, exchange);
      return CONTINUE;
    }
    stats.enforced++;
    exchange.fail(limit.failure);
    return RESPONDED;
  }

  #tell({ limit, bucket, refused }: LimitNote, exchange: Exchange, head: ResponseFields): void {
    if (refused) limit.responseEdits.apply(head, exchange, head);
    if (bucket === null) return;
    const { nowMs } = this.#deps.loop;
    head.add('x-ratelimit-limit', String(bucket.maxTokens));
    head.add('x-ratelimit-remaining', String(bucket.remaining(nowMs)));
    head.add('x-ratelimit-reset', String(Math.ceil(bucket.waitMs(nowMs) / 1_000)));
  }
}

type DescriptorsByLimit = ReadonlyMap<RateLimit, ReadonlyMap<Route, RouteDescriptors>>;

/** The descriptors of every route for the limits that ask for some; null when none does. */
function compileDescriptors(
  table: RouteTable,
  settings: RouteSettings<RateLimit>,
  headersRead: Set<string>,
): DescriptorsByLimit | null {
  const byLimit = new Map<RateLimit, Map<Route, RouteDescriptors>>();
  for (const route of table.routes()) {
    for (const limit of settings.on(route)) {
      const { descriptors, stage, virtualHostLimits } = limit.config;
      if (descriptors.length === 0) continue;
      const made = RouteDescriptors.of(route, stage, virtualHostLimits, headersRead);
      if (made === null) continue;
      const byRoute = byLimit.get(limit) ?? new Map<Route, RouteDescriptors>();
      byLimit.set(limit, byRoute.set(route, made));
    }
  }
  return byLimit.size === 0 ? null : byLimit;
}
