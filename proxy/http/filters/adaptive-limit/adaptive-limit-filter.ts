/**
 * outrider.filters.http.adaptive_limit: lets through as many requests at once as the application can do, and refuses the
 * rest before it is asked.
 *
 *   place free? ─yes─► works ─► head of the answer: its place is free again, its latency a sample
 *       └no─► room in the queue? ─yes─► waits ─► a place, or max_wait: refused
 *                   └no─► refused
 *
 * What is measured, and what counts as at work, is the time to the head of the answer: from then on the reader's speed
 * decides as well, and a stream may live for days. What tells nothing of the application's speed is no sample: upgrades,
 * server-sent events, answers made here, and gRPC calls that turn out to be streams. A request that ends without an answer
 * took at least as long as it was there: it is a sample if that is longer than usual, or clients that lose patience would
 * hide from the limit that it is too high.
 */
import type { AdaptiveLimitConfig, NamedHttpFilter } from '../../../config/model/http-filter.ts';
import type { Loop } from '../../../net/loop.ts';
import type { RouteTable } from '../../../routing/route-table.ts';
import type { Exchange } from '../../exchange.ts';
import type { FilterSlot } from '../../filter-slot.ts';
import { HeaderName } from '../../header-name.ts';
import type { RequestHead } from '../../message.ts';
import { TRAIT_ENVOY_HEADER } from '../../request-traits.ts';
import { CONTINUE, PAUSE, RESPONDED, type Verdict } from '../../verdict.ts';
import type { BoundFilter, FilterPart } from '../filter-part.ts';
import { compileHeader } from '../header-test.ts';
import { RouteSettings } from '../route-settings.ts';
import { LimitedRequest } from './limited-request.ts';
import { type Priority, priorityOf } from './priority.ts';
import type { RequestLimiter } from './request-limiter.ts';

/** What the filter is made with. */
export interface AdaptiveLimitDeps {
  readonly loop: Loop;
  readonly limiter: RequestLimiter;
  readonly slot: FilterSlot<LimitedRequest>;
}

export class AdaptiveLimitFilter implements FilterPart {
  readonly #filter: NamedHttpFilter;
  readonly #config: AdaptiveLimitConfig;
  readonly #deps: AdaptiveLimitDeps;
  readonly #header: HeaderName;
  /** Without it a head has no such header; 0 where codecs do not look out for it. */
  readonly #trait: number;

  constructor(filter: NamedHttpFilter, config: AdaptiveLimitConfig, deps: AdaptiveLimitDeps) {
    this.#filter = filter;
    this.#config = config;
    this.#deps = deps;
    this.#header = new HeaderName(config.priorityHeader);
    this.#trait = config.priorityHeader.startsWith('x-outrider-') ? TRAIT_ENVOY_HEADER : 0;
  }

  bind(table: RouteTable): BoundFilter | null {
    const { limiter, slot } = this.#deps;
    const settings = RouteSettings.switched(table, this.#filter, limiter);
    if (!settings.active) return null;
    const headersRead = new Set([this.#config.priorityHeader]);
    const exempt = this.#config.exempt.map((each) => compileHeader(each, headersRead));
    return {
      name: this.#filter.name,
      headersRead,
      onRequest: (exchange) => {
        if (settings.of(exchange) === null) return CONTINUE;
        return this.#enter(exchange, exempt.length > 0 && exempt.some((fits) => fits(exchange)));
      },
      onResponse: (exchange, head) => slot.get(exchange)?.onAnswer(head),
      onComplete: (exchange) => slot.get(exchange)?.onEnd(),
    };
  }

  #enter(exchange: Exchange, exempt: boolean): Verdict {
    const { loop, limiter, slot } = this.#deps;
    const request = new LimitedRequest(exchange, this.#priorityOf(exchange.head), limiter, loop);
    switch (limiter.enter(request, exempt)) {
      case 'admitted':
        slot.put(exchange, request);
        return CONTINUE;
      case 'queued':
        slot.put(exchange, request);
        return PAUSE;
      case 'refused':
        exchange.fail(limiter.refuse(request.priority, 0));
        return RESPONDED;
    }
  }

  #priorityOf(head: RequestHead): Priority {
    return (head.traits & this.#trait) === this.#trait ? priorityOf(head.first(this.#header)) : 'default';
  }
}
