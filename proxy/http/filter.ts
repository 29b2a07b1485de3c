/**
 * An HTTP filter and the chain of them. Filters are synchronous; a hook that a filter does not have is null, so that the
 * chain never calls into nothing. Request hooks run in order; response and completion hooks run in reverse.
 *
 * A filter that has to wait returns PAUSE, keeps the exchange (its head is detached by then) and later calls
 * `exchange.resume()`, which continues the same loop behind it.
 */
import type { Exchange, FilterHooks } from './exchange.ts';
import type { ResponseFields } from './local-head.ts';
import type { Verdict } from './verdict.ts';

export interface HttpFilter {
  /** The name by which routes and statistics know it. */
  readonly name: string;
  readonly onRequest: ((exchange: Exchange) => Verdict) | null;
  readonly onResponse: ((exchange: Exchange, head: ResponseFields) => void) | null;
  readonly onComplete: ((exchange: Exchange) => void) | null;
}

/** The compiled chain: hooks without gaps. Immutable. */
export class FilterChain implements FilterHooks {
  readonly onRequest: readonly ((exchange: Exchange) => Verdict)[];
  readonly onResponse: readonly ((exchange: Exchange, head: ResponseFields) => void)[];
  readonly onComplete: readonly ((exchange: Exchange) => void)[];
  readonly readsGeneratedHeaders: boolean;

  /** `readsGeneratedHeaders`: some filter looks at request headers that the connection manager generates. */
  constructor(filters: readonly HttpFilter[], readsGeneratedHeaders = false) {
    this.readsGeneratedHeaders = readsGeneratedHeaders;
    this.onRequest = filters.map((filter) => filter.onRequest).filter((hook) => hook !== null);
    this.onResponse = filters
      .map((filter) => filter.onResponse)
      .filter((hook) => hook !== null)
      .reverse();
    this.onComplete = filters
      .map((filter) => filter.onComplete)
      .filter((hook) => hook !== null)
      .reverse();
  }
}
