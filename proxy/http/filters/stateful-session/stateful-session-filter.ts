/**
 * envoy.filters.http.stateful_session: a client comes back to the endpoint that answered it, for as long as it may be
 * picked. Other than by hashing no session moves when endpoints come; who sends an address of its own choice reaches no
 * endpoint that it would not reach anyway.
 */
import type { Clock } from '../../../../kernel/clock.ts';
import type { NamedHttpFilter, StatefulSessionConfig } from '../../../config/model/http-filter.ts';
import type { RouteTable } from '../../../routing/route-table.ts';
import type { FilterSlot } from '../../filter-slot.ts';
import { CONTINUE } from '../../verdict.ts';
import type { BoundFilter, FilterPart } from '../filter-part.ts';
import { RouteSettings } from '../route-settings.ts';
import { compileState, type SessionState } from './session-state.ts';

/** The session of one request. */
export interface Session {
  readonly state: SessionState;
  /** Empty when there was none. */
  readonly address: string;
}

/** What the filter is made with. */
export interface StatefulSessionDeps {
  readonly clock: Clock;
  readonly slot: FilterSlot<Session>;
}

interface Compiled {
  readonly state: SessionState;
  readonly strict: boolean;
}

export class StatefulSessionFilter implements FilterPart {
  readonly #filter: NamedHttpFilter;
  readonly #config: StatefulSessionConfig;
  readonly #deps: StatefulSessionDeps;

  constructor(filter: NamedHttpFilter, config: StatefulSessionConfig, deps: StatefulSessionDeps) {
    this.#filter = filter;
    this.#config = config;
    this.#deps = deps;
  }

  bind(table: RouteTable): BoundFilter | null {
    const { clock, slot } = this.#deps;
    const compile = (config: StatefulSessionConfig): Compiled | null => {
      const state = compileState(config, clock);
      return state === null ? null : { state, strict: config.strict };
    };
    const settings = RouteSettings.compile<StatefulSessionConfig, Compiled>(table, {
      filter: this.#filter,
      own: compile(this.#config),
      kind: 'stateful-session',
      compile: ([config]) => compile(config),
    });
    if (!settings.active) return null;
    return {
      name: this.#filter.name,
      headersRead: new Set(),
      onRequest: (exchange) => {
        const compiled = settings.of(exchange);
        const address = compiled?.state.read(exchange.head) ?? null;
        if (compiled === null || address === null) return CONTINUE;
        slot.put(exchange, { state: compiled.state, address });
        if (address !== '') exchange.pinned = { address, strict: compiled.strict };
        return CONTINUE;
      },
      onResponse: (exchange, head) => {
        const session = slot.get(exchange);
        const { upstreamHost } = exchange;
        if (session !== null && upstreamHost !== '' && upstreamHost !== session.address)
          session.state.write(upstreamHost, head);
      },
      onComplete: null,
    };
  }
}
