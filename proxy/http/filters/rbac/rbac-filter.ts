/**
 * envoy.filters.http.rbac: who may do what. Shadow rules are asked first, and only counted. It sees the request as routes
 * see it, with its path normalised as configured.
 */
import type { NamedHttpFilter } from '../../../config/model/http-filter.ts';
import type { RbacConfig, RbacRules } from '../../../config/model/rbac.ts';
import type { RouteTable } from '../../../routing/route-table.ts';
import type { Exchange } from '../../exchange.ts';
import { CONTINUE, RESPONDED, type Verdict } from '../../verdict.ts';
import type { BoundFilter, FilterPart } from '../filter-part.ts';
import { RouteSettings } from '../route-settings.ts';
import { RbacEngine } from './rbac-engine.ts';
import type { RuleCounters } from './rbac-stats.ts';

/** The counters of both sets of rules. Those of routes count in the filter's own. */
export interface RbacCounters {
  readonly enforced: RuleCounters;
  readonly shadow: RuleCounters;
}

interface Engines {
  readonly enforced: RbacEngine | null;
  readonly shadow: RbacEngine | null;
}

export class RbacFilter implements FilterPart {
  readonly #filter: NamedHttpFilter;
  readonly #counters: RbacCounters;
  readonly #own: Engines | null;
  readonly #ownHeaders = new Set<string>();

  constructor(filter: NamedHttpFilter, config: RbacConfig, counters: RbacCounters) {
    this.#filter = filter;
    this.#counters = counters;
    this.#own = this.#compile(config, this.#ownHeaders);
  }

  bind(table: RouteTable): BoundFilter | null {
    const headersRead = new Set(this.#ownHeaders);
    const settings = RouteSettings.compile<RbacConfig, Engines>(table, {
      filter: this.#filter,
      own: this.#own,
      kind: 'rbac',
      compile: ([config]) => this.#compile(config, headersRead),
    });
    if (!settings.active) return null;
    const onRequest = (exchange: Exchange): Verdict => {
      const engines = settings.of(exchange);
      return engines === null || admits(engines, exchange) ? CONTINUE : RESPONDED;
    };
    return { name: this.#filter.name, headersRead, onRequest, onResponse: null, onComplete: null };
  }

  #compile(config: RbacConfig, headersRead: Set<string>): Engines | null {
    const compile = (rules: RbacRules | null, counters: RuleCounters): RbacEngine | null =>
      rules === null ? null : new RbacEngine(rules, counters, config.trackPerRuleStats, headersRead);
    const enforced = compile(config.rules, this.#counters.enforced);
    const shadow = compile(config.shadowRules, this.#counters.shadow);
    return enforced === null && shadow === null ? null : { enforced, shadow };
  }
}

/** False when the request has been answered. HOT. */
function admits({ enforced, shadow }: Engines, exchange: Exchange): boolean {
  if (shadow !== null) shadow.decide(exchange);
  const denial = enforced === null ? null : enforced.decide(exchange);
  if (denial === null) return true;
  exchange.fail(denial);
  return false;
}
