/**
 * envoy.filters.http.health_check: requests that ask how this proxy is.
 *
 *   not pass-through ─► answered here: 200, or 503 while it is leaving or too few endpoints of a named cluster are well
 *   pass-through     ─► the application answers; its answer is kept for `cache_time`
 *
 * Every answer tells, while the proxy is leaving, that nobody should come back
 * (x-envoy-immediate-health-check-fail).
 */
import type { HealthCheckFilterConfig, NamedHttpFilter } from '../../../config/model/http-filter.ts';
import { HeaderMatcher } from '../../../routing/matchers.ts';
import type { RouteTable } from '../../../routing/route-table.ts';
import type { Exchange } from '../../exchange.ts';
import type { Failure } from '../../failure.ts';
import { HeaderLine } from '../../header-line.ts';
import { HeaderName } from '../../header-name.ts';
import type { ResponseFields } from '../../local-head.ts';
import { CONTINUE, RESPONDED, type Verdict } from '../../verdict.ts';
import { unhealthy } from '../filter-failures.ts';
import type { BoundFilter, FilterPart } from '../filter-part.ts';
import { RouteSettings } from '../route-settings.ts';
import type { SelfHealth } from './self-health.ts';

const CHECKED_CLUSTER = new HeaderName('x-envoy-upstream-healthchecked-cluster');
const DEGRADED = new HeaderName('x-envoy-degraded');
const LEAVING = new HeaderLine('x-envoy-immediate-health-check-fail', 'true');

/** The answer that is given again. */
interface Kept {
  readonly status: number;
  readonly degraded: boolean;
  readonly untilMs: number;
}

export class HealthCheckFilter implements FilterPart {
  readonly #filter: NamedHttpFilter;
  readonly #config: HealthCheckFilterConfig;
  readonly #self: SelfHealth;
  readonly #matchers: readonly HeaderMatcher[];
  #kept: Kept | null = null;

  constructor(filter: NamedHttpFilter, config: HealthCheckFilterConfig, self: SelfHealth) {
    this.#filter = filter;
    this.#config = config;
    this.#self = self;
    this.#matchers = config.headers.map((match) => new HeaderMatcher(match));
  }

  bind(table: RouteTable): BoundFilter | null {
    const settings = RouteSettings.switched(table, this.#filter, this);
    if (!settings.active) return null;
    return {
      name: this.#filter.name,
      headersRead: new Set(this.#config.headers.map(({ name }) => name.toLowerCase())),
      onRequest: (exchange) => (settings.of(exchange) === null ? CONTINUE : this.#ask(exchange)),
      onResponse: (exchange, head) => {
        if (settings.of(exchange) !== null) this.#tell(exchange, head);
      },
      onComplete: null,
    };
  }

  #ask(exchange: Exchange): Verdict {
    if (!this.#matchers.every((matcher) => matcher.matches(exchange.head))) return CONTINUE;
    exchange.healthCheck = true;
    const failed = this.#self.leaving ? LEAVING_FAILURE : null;
    const kept = failed === null ? this.#keptNow(exchange) : null;
    if (this.#config.passThrough && failed === null && kept === null) return CONTINUE;
    const failure = failed ?? (kept === null ? this.#tooFewEndpoints() : keptFailure(kept));
    const lines = kept?.degraded ? `${DEGRADED.name}: true\r\n` : '';
    if (failure !== null) exchange.fail(failure, lines);
    else {
      if (exchange.record !== null)
        exchange.record.localDetails = kept === null ? this.#okDetails() : 'health_check_cached';
      exchange.answer(kept?.status ?? 200, lines, '');
    }
    return RESPONDED;
  }

  #keptNow({ manager }: Exchange): Kept | null {
    return this.#kept !== null && manager.nowMs() < this.#kept.untilMs ? this.#kept : null;
  }

  #okDetails(): string {
    return this.#config.clusters.length === 0 ? 'health_check_ok' : 'health_check_cluster_healthy';
  }

  #tooFewEndpoints(): Failure | null {
    for (const { name, minHealthyPercent } of this.#config.clusters) {
      const endpoints = this.#self.endpointsOf(name);
      if (endpoints === undefined) return unhealthy('health_check_no_cluster', `There is no cluster ${name}.`);
      const well = endpoints.filter(({ available }) => available).length;
      const of = `of cluster ${name}, of which ${minHealthyPercent} % must be well`;
      if (endpoints.length === 0 && minHealthyPercent > 0)
        return unhealthy('health_check_cluster_empty', `There is no endpoint ${of}.`);
      if (100 * well < endpoints.length * minHealthyPercent)
        return unhealthy('health_check_cluster_unhealthy', `${well} of ${endpoints.length} endpoints are well ${of}.`);
    }
    return null;
  }

  #tell(exchange: Exchange, head: ResponseFields): void {
    if (this.#self.leaving) head.append(LEAVING);
    if (!exchange.healthCheck) return;
    const { cacheTimeMs } = this.#config;
    if (cacheTimeMs > 0 && exchange.upstreamHost !== '') {
      const untilMs = exchange.manager.nowMs() + cacheTimeMs;
      this.#kept = { status: head.status, degraded: head.first(DEGRADED) !== null, untilMs };
    }
    head.remove(CHECKED_CLUSTER);
    head.add(CHECKED_CLUSTER.name, this.#self.service);
  }
}

const LEAVING_FAILURE = unhealthy('health_check_failed', 'This proxy is about to leave: POST /healthcheck/fail.');

function keptFailure({ status }: Kept): Failure | null {
  if (status >= 200 && status < 300) return null;
  return { ...unhealthy('health_check_cached', `The last health check was answered with ${status}.`), status };
}
