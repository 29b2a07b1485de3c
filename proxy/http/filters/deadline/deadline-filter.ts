/**
 * outrider.filters.http.deadline: nobody works for a caller that does not wait any longer. Reads x-outrider-deadline, and
 * grpc-timeout of gRPC calls; the earlier one counts.
 *
 *   none ───────────────────────────► goes on
 *   passed ─────────────────────────► refused
 *   to come ─► goes on, with a timer ─► refused while it waits here, ended while the application works on it
 *
 * A deadline only ever shortens: a caller that writes a huge one gets what one without gets.
 */
import { Deadline, type DeadlineOwner } from '../../../../kernel/timer-wheel.ts';
import { DEADLINE_HEADER, parseDeadlineMs } from '../../../../protos/contract/hop-headers.ts';
import type { NamedHttpFilter } from '../../../config/model/http-filter.ts';
import type { Loop } from '../../../net/loop.ts';
import type { RouteTable } from '../../../routing/route-table.ts';
import { isEndless } from '../../endless.ts';
import type { Exchange } from '../../exchange.ts';
import type { FilterSlot } from '../../filter-slot.ts';
import { isGrpcRequest } from '../../grpc-request.ts';
import { GRPC_TIMEOUT, parseGrpcTimeoutMs } from '../../grpc-timeout.ts';
import { HeaderName } from '../../header-name.ts';
import { TRAIT_ENVOY_HEADER } from '../../request-traits.ts';
import { CONTINUE, RESPONDED, type Verdict } from '../../verdict.ts';
import { deadlineExceeded, expiredOnArrival } from '../filter-failures.ts';
import type { BoundFilter, FilterPart } from '../filter-part.ts';
import { lowerDeadlines } from '../lower-deadlines.ts';
import { RouteSettings } from '../route-settings.ts';
import type { DeadlineStats } from './deadline-stats.ts';

const DEADLINE = new HeaderName(DEADLINE_HEADER);

/** What the filter is made with. */
export interface DeadlineDeps {
  readonly loop: Loop;
  readonly stats: DeadlineStats;
  readonly slot: FilterSlot<BoundedRequest>;
}

/** Later than this (11 days) is no deadline; it is also what a timer can wait. */
const DEADLINE_MS_MAX = 999_999_999;

export class DeadlineFilter implements FilterPart {
  readonly #filter: NamedHttpFilter;
  readonly #deps: DeadlineDeps;

  constructor(filter: NamedHttpFilter, deps: DeadlineDeps) {
    this.#filter = filter;
    this.#deps = deps;
  }

  bind(table: RouteTable): BoundFilter | null {
    const { slot } = this.#deps;
    const settings = RouteSettings.switched(table, this.#filter, this.#deps);
    if (!settings.active) return null;
    return {
      name: this.#filter.name,
      headersRead: new Set([DEADLINE.name, GRPC_TIMEOUT.name]),
      onRequest: (exchange) => (settings.of(exchange) === null ? CONTINUE : this.#bound(exchange)),
      // Callers that spare streams tell the time limit that is meant for answers all the same.
      onResponse: (exchange, head) => {
        if (isEndless(head)) slot.get(exchange)?.forget();
      },
      onComplete: (exchange) => slot.get(exchange)?.forget(),
    };
  }

  #bound(exchange: Exchange): Verdict {
    const { head } = exchange;
    const text = (head.traits & TRAIT_ENVOY_HEADER) === 0 ? null : head.first(DEADLINE);
    const grpcText = isGrpcRequest(head) ? head.first(GRPC_TIMEOUT) : null;
    if (text === null && grpcText === null) return CONTINUE;
    const ownMs = this.#read(text, parseDeadlineMs(text));
    const grpcMs = this.#read(grpcText, parseGrpcTimeoutMs(grpcText));
    const ms = Math.min(ownMs, grpcMs);
    if (ms > DEADLINE_MS_MAX) return CONTINUE;
    return this.#limit(exchange, ms, ownMs <= grpcMs ? DEADLINE : GRPC_TIMEOUT);
  }

  #read(text: string | null, ms: number | null): number {
    if (text !== null && ms === null) this.#deps.stats.malformed++;
    return ms ?? Infinity;
  }

  #limit(exchange: Exchange, ms: number, header: HeaderName): Verdict {
    const { loop, stats, slot } = this.#deps;
    stats.bounded++;
    const keptMs = loop.nowMs - exchange.startedMs;
    if (ms <= keptMs) {
      stats.expiredOnArrival++;
      exchange.fail(expiredOnArrival(`${header.name}: ${exchange.head.first(header)}`));
      return RESPONDED;
    }
    if (keptMs >= 1) lowerDeadlines(exchange.head, keptMs);
    const bounded = new BoundedRequest(exchange, header.name, ms, loop, stats);
    slot.put(exchange, bounded);
    bounded.arm(ms - keptMs);
    return CONTINUE;
  }
}

/** A request with a deadline. */
export class BoundedRequest implements DeadlineOwner {
  readonly #exchange: Exchange;
  readonly #header: string;
  readonly #ms: number;
  readonly #loop: Loop;
  readonly #stats: DeadlineStats;
  readonly #deadline = new Deadline(this);

  constructor(exchange: Exchange, header: string, ms: number, loop: Loop, stats: DeadlineStats) {
    this.#exchange = exchange;
    this.#header = header;
    this.#ms = ms;
    this.#loop = loop;
    this.#stats = stats;
  }

  arm(delayMs: number): void {
    this.#loop.wheel.arm(this.#deadline, delayMs, this.#loop.nowMs);
  }

  onDeadline(): void {
    this.#loop.refresh();
    const exchange = this.#exchange;
    // The request has been answered by going on as something else.
    if (exchange.tunnel) return;
    const sent = exchange.sent !== null;
    if (sent) this.#stats.exceeded++;
    else this.#stats.exceededWaiting++;
    exchange.fail(deadlineExceeded(this.#header, Math.round(this.#ms), sent));
  }

  /** The exchange is over. */
  forget(): void {
    this.#loop.wheel.disarm(this.#deadline);
  }
}
