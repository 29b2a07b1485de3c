/** The counters of all HTTP filters. They outlive what counts, by the prefixes under which they stand. */
import { AdaptiveLimitStats } from './adaptive-limit/adaptive-limit-stats.ts';
import { CorsStats } from './cors/cors-stats.ts';
import { DeadlineStats } from './deadline/deadline-stats.ts';
import { FaultStats } from './fault/fault-stats.ts';
import { OnDemandStats } from './on-demand/on-demand-stats.ts';
import { QuotaStats } from './quota/quota-stats.ts';
import { RateLimitStats } from './rate-limit/rate-limit-stats.ts';
import type { RbacCounters } from './rbac/rbac-filter.ts';
import { RuleCounters } from './rbac/rbac-stats.ts';

export class FilterStats {
  readonly #rules = new Map<string, RuleCounters>();
  readonly #faults = new Map<string, FaultStats>();
  readonly #cors = new Map<string, CorsStats>();
  readonly #limits = new Map<string, RateLimitStats>();
  readonly #adaptive = new Map<string, AdaptiveLimitStats>();
  readonly #deadlines = new Map<string, DeadlineStats>();
  readonly #onDemand = new Map<string, OnDemandStats>();
  readonly #quotas = new Map<string, QuotaStats>();

  get rules(): readonly RuleCounters[] {
    return [...this.#rules.values()];
  }

  get faults(): readonly FaultStats[] {
    return [...this.#faults.values()];
  }

  get cors(): readonly CorsStats[] {
    return [...this.#cors.values()];
  }

  get limits(): readonly RateLimitStats[] {
    return [...this.#limits.values()];
  }

  get adaptiveLimits(): readonly AdaptiveLimitStats[] {
    return [...this.#adaptive.values()];
  }

  get onDemand(): readonly OnDemandStats[] {
    return [...this.#onDemand.values()];
  }

  get deadlines(): readonly DeadlineStats[] {
    return [...this.#deadlines.values()];
  }

  get quotas(): readonly QuotaStats[] {
    return [...this.#quotas.values()];
  }

  /** Of RBAC rules; both prefixes are empty or end in a dot. */
  rbac(managerPrefix: string, rulesPrefix: string, shadowRulesPrefix: string): RbacCounters {
    return {
      enforced: this.#rulesOf(managerPrefix, rulesPrefix, false),
      shadow: this.#rulesOf(managerPrefix, shadowRulesPrefix, true),
    };
  }

  #rulesOf(managerPrefix: string, prefix: string, shadow: boolean): RuleCounters {
    const key = JSON.stringify([managerPrefix, prefix, shadow]);
    return entryOf(this.#rules, key, () => new RuleCounters(managerPrefix, prefix, shadow));
  }

  faultsOf(managerPrefix: string): FaultStats {
    return entryOf(this.#faults, managerPrefix, () => new FaultStats(managerPrefix));
  }

  corsOf(managerPrefix: string): CorsStats {
    return entryOf(this.#cors, managerPrefix, () => new CorsStats(managerPrefix));
  }

  limitsOf(prefix: string): RateLimitStats {
    return entryOf(this.#limits, prefix, () => new RateLimitStats(prefix));
  }

  adaptiveOf(managerPrefix: string): AdaptiveLimitStats {
    return entryOf(this.#adaptive, managerPrefix, () => new AdaptiveLimitStats(managerPrefix));
  }

  onDemandOf(managerPrefix: string): OnDemandStats {
    return entryOf(this.#onDemand, managerPrefix, () => new OnDemandStats(managerPrefix));
  }

  deadlinesOf(managerPrefix: string): DeadlineStats {
    return entryOf(this.#deadlines, managerPrefix, () => new DeadlineStats(managerPrefix));
  }

  quotaOf(managerPrefix: string, limit: string): QuotaStats {
    const key = JSON.stringify([managerPrefix, limit]);
    return entryOf(this.#quotas, key, () => new QuotaStats(managerPrefix, limit));
  }
}

function entryOf<T>(all: Map<string, T>, key: string, create: () => T): T {
  let entry = all.get(key);
  if (entry === undefined) {
    entry = create();
    all.set(key, entry);
  }
  return entry;
}
