/**
 * Puts the HTTP filters of a connection manager together:
 *
 *   find the route ─► the filters, in the order in which they are configured ─► router
 *
 * Without filters beside the router, the router finds the route, and nothing else is called.
 */
import type {
  AdaptiveLimitConfig,
  HttpFilterConfig,
  NamedHttpFilter,
  RouterFilterConfig,
} from '../config/model/http-filter.ts';
import { FilterChain, type HttpFilter } from '../http/filter.ts';
import { FilterSlot } from '../http/filter-slot.ts';
import { AdaptiveLimitFilter } from '../http/filters/adaptive-limit/adaptive-limit-filter.ts';
import { RequestLimiter } from '../http/filters/adaptive-limit/request-limiter.ts';
import { chosenClusterName } from '../http/filters/chosen-cluster.ts';
import { CorsFilter } from '../http/filters/cors/cors-filter.ts';
import { DeadlineFilter } from '../http/filters/deadline/deadline-filter.ts';
import { FaultFilter } from '../http/filters/fault/fault-filter.ts';
import type { FilterPart } from '../http/filters/filter-part.ts';
import { FilterStats } from '../http/filters/filter-stats.ts';
import { HealthCheckFilter } from '../http/filters/health-check/health-check-filter.ts';
import type { SelfHealth } from '../http/filters/health-check/self-health.ts';
import { OnDemandFilter } from '../http/filters/on-demand/on-demand-filter.ts';
import { QuotaFilter } from '../http/filters/quota/quota-filter.ts';
import type { ReadyReplicas } from '../http/filters/quota/ready-replicas.ts';
import { RateLimit, RateLimits } from '../http/filters/rate-limit/rate-limit.ts';
import { RateLimitFilter } from '../http/filters/rate-limit/rate-limit-filter.ts';
import { RbacFilter } from '../http/filters/rbac/rbac-filter.ts';
import { RouteFinder } from '../http/filters/route-finder.ts';
import type { PlanDeps } from '../http/filters/route-plan.ts';
import { RouterFilter } from '../http/filters/router.ts';
import { StatefulSessionFilter } from '../http/filters/stateful-session/stateful-session-filter.ts';
import type { OnDemandClusters } from '../http/on-demand-clusters.ts';
import { CONTINUE } from '../http/verdict.ts';
import type { Loop } from '../net/loop.ts';
import type { RouteTable } from '../routing/route-table.ts';
import type { Runtime } from '../routing/runtime.ts';
import type { ClusterManager } from '../upstream/cluster-manager.ts';

/** Headers that the connection manager generates at the very end unless somebody looks at them. */
const GENERATED_HEADERS = ['x-request-id', 'x-forwarded-proto'];

/** The filters of one connection manager, without routes. They outlive changes of these. */
export interface FilterParts {
  readonly router: RouterFilterConfig;
  readonly others: readonly FilterPart[];
}

/** Makes filters, and holds what they share: counters, and limits by their configuration. */
export class HttpFilters {
  readonly stats = new FilterStats();
  readonly #loop: Loop;
  readonly #runtime: Runtime;
  readonly #self: SelfHealth;
  readonly #onDemand: OnDemandClusters;
  readonly #limits: RateLimits;
  readonly #replicas: ReadyReplicas;
  /** By the prefix of their connection manager: what they have learned outlives what is pushed. */
  readonly #adaptive = new Map<string, RequestLimiter>();

  constructor(loop: Loop, runtime: Runtime, replicas: ReadyReplicas, self: SelfHealth, onDemand: OnDemandClusters) {
    this.#onDemand = onDemand;
    this.#loop = loop;
    this.#runtime = runtime;
    this.#replicas = replicas;
    this.#self = self;
    this.#limits = new RateLimits(
      (config) => new RateLimit(config, this.stats.limitsOf(config.statPrefix), runtime, loop.random),
    );
  }

  /** `statPrefix` is that of the connection manager. The last filter is the router. */
  create(filters: readonly NamedHttpFilter[], statPrefix: string): FilterParts {
    const parts = filters.map((filter, i) => this.#create(filter, filter.config, i, statPrefix));
    const router = filters.map(({ config }) => config).find((config) => config.kind === 'router');
    return {
      router: router ?? { kind: 'router', suppressEnvoyHeaders: false },
      others: parts.filter((part) => part !== null),
    };
  }

  #create(filter: NamedHttpFilter, config: HttpFilterConfig, place: number, statPrefix: string): FilterPart | null {
    const loop = this.#loop;
    const runtime = this.#runtime;
    switch (config.kind) {
      case 'router':
        return null;
      case 'rbac': {
        const { rulesStatPrefix, shadowRulesStatPrefix } = config;
        return new RbacFilter(filter, config, this.stats.rbac(statPrefix, rulesStatPrefix, shadowRulesStatPrefix));
      }
      case 'fault':
      case 'expiring-fault': {
        const stats = this.stats.faultsOf(statPrefix);
        return new FaultFilter(filter, config, { loop, runtime, stats, slot: new FilterSlot(place) });
      }
      case 'local-rate-limit': {
        // It is told before its first request, too.
        this.stats.limitsOf(config.statPrefix);
        return new RateLimitFilter(filter, config, { loop, limits: this.#limits, slot: new FilterSlot(place) });
      }
      case 'stateful-session':
        return new StatefulSessionFilter(filter, config, { clock: loop.clock, slot: new FilterSlot(place) });
      case 'health-check':
        return new HealthCheckFilter(filter, config, this.#self);
      case 'cors': {
        const stats = this.stats.corsOf(statPrefix);
        return new CorsFilter(filter, { runtime, random: loop.random, stats, slot: new FilterSlot(place) });
      }
      case 'adaptive-limit': {
        const limiter = this.#limiterOf(statPrefix, config);
        return new AdaptiveLimitFilter(filter, config, { loop, limiter, slot: new FilterSlot(place) });
      }
      case 'on-demand': {
        const stats = this.stats.onDemandOf(statPrefix);
        return new OnDemandFilter(filter, config, {
          loop,
          clusters: this.#onDemand,
          stats,
          slot: new FilterSlot(place),
        });
      }
      case 'deadline': {
        const stats = this.stats.deadlinesOf(statPrefix);
        return new DeadlineFilter(filter, { loop, stats, slot: new FilterSlot(place) });
      }
      case 'quota': {
        const statsOf = (limit: string) => this.stats.quotaOf(statPrefix, limit);
        return new QuotaFilter(filter, config, {
          loop,
          replicas: this.#replicas,
          statsOf,
          slot: new FilterSlot(place),
        });
      }
    }
  }

  #limiterOf(statPrefix: string, config: AdaptiveLimitConfig): RequestLimiter {
    let limiter = this.#adaptive.get(statPrefix);
    if (limiter === undefined) {
      limiter = new RequestLimiter(config, this.stats.adaptiveOf(statPrefix), this.#loop);
      this.#adaptive.set(statPrefix, limiter);
    } else limiter.configure(config);
    return limiter;
  }

  /** The chain for the routes of a table. */
  bind({ router, others }: FilterParts, table: RouteTable, deps: PlanDeps): FilterChain {
    const finder = new RouteFinder(table, deps.random);
    const bound = others.map((part) => part.bind(table)).filter((filter) => filter !== null);
    const last = new RouterFilter(router, table, finder, bound.length > 0, deps);
    if (bound.length === 0) return new FilterChain([last]);
    const readsGenerated = bound.some(({ headersRead }) => GENERATED_HEADERS.some((name) => headersRead.has(name)));
    return new FilterChain([routing(finder, deps.clusters), ...bound, last], readsGenerated);
  }
}

/** What filters answer by themselves is logged with the cluster that the request would have gone to. */
function routing(finder: RouteFinder, clusters: ClusterManager): HttpFilter {
  const onRequest: HttpFilter['onRequest'] = (exchange) => {
    finder.find(exchange);
    exchange.clusterName = clusters.get(chosenClusterName(exchange))?.name ?? '';
    return CONTINUE;
  };
  return { name: 'route', onRequest, onResponse: null, onComplete: null };
}
