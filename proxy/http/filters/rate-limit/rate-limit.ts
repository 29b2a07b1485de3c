/**
 * One limit with its buckets, as the filter or a level of a route table configures it. It outlives the routes that changed
 * around it, and is shared by everything that is limited by the same configuration.
 */
import type { Random } from '../../../../kernel/random.ts';
import type { LocalRateLimitConfig } from '../../../config/model/http-filter.ts';
import type { ConnectionInfo } from '../../../net/connection-info.ts';
import { drawFraction, type Runtime } from '../../../routing/runtime.ts';
import type { Failure } from '../../failure.ts';
import { CompiledEdits } from '../../header-edits.ts';
import { rateLimited } from '../filter-failures.ts';
import { descriptorText } from './descriptors.ts';
import type { RateLimitStats } from './rate-limit-stats.ts';
import { TokenBucket } from './token-bucket.ts';

/** gRPC's RESOURCE_EXHAUSTED. */
const RESOURCE_EXHAUSTED = 8;

/** What became of a request. */
export interface LimitResult {
  readonly allowed: boolean;
  /** The bucket that decided, which answers may tell of; null when nothing limits. */
  readonly bucket: TokenBucket | null;
}

/** The buckets of all that share them. */
class Buckets {
  readonly #all: TokenBucket | null;
  readonly #byDescriptor: ReadonlyMap<string, TokenBucket>;
  readonly #alwaysConsumeDefault: boolean;

  constructor({ bucket, descriptors, alwaysConsumeDefault }: LocalRateLimitConfig) {
    this.#all = bucket === null ? null : new TokenBucket(bucket);
    this.#byDescriptor = new Map(
      descriptors.map((each) => [descriptorText(each.entries), new TokenBucket(each.bucket)]),
    );
    this.#alwaysConsumeDefault = alwaysConsumeDefault;
  }

  /** Takes a token of every bucket that the request counts in, until one has none. */
  take(descriptors: readonly string[] | null, nowMs: number): LimitResult {
    const own = descriptors === null ? NO_BUCKETS : this.#bucketsOf(descriptors);
    for (const bucket of own) if (!bucket.take(nowMs)) return { allowed: false, bucket };
    const all = own.length === 0 || this.#alwaysConsumeDefault ? this.#all : null;
    const allowed = all === null || all.take(nowMs);
    return { allowed, bucket: allowed ? (own[0] ?? all) : all };
  }

  /** The slowest first. */
  #bucketsOf(descriptors: readonly string[]): readonly TokenBucket[] {
    const found = descriptors.map((text) => this.#byDescriptor.get(text)).filter((each) => each !== undefined);
    return found.length < 2 ? found : found.sort((a, b) => b.costMs - a.costMs);
  }
}

const NO_BUCKETS: readonly TokenBucket[] = [];

export class RateLimit {
  readonly config: LocalRateLimitConfig;
  readonly stats: RateLimitStats;
  readonly failure: Failure;
  readonly requestEdits: CompiledEdits;
  readonly responseEdits: CompiledEdits;
  readonly #runtime: Runtime;
  readonly #random: Random;
  readonly #shared: Buckets;
  /** By connection of a client; null where all share. */
  readonly #byConnection: WeakMap<ConnectionInfo, Buckets> | null;

  constructor(config: LocalRateLimitConfig, stats: RateLimitStats, runtime: Runtime, random: Random) {
    this.config = config;
    this.stats = stats;
    this.failure = rateLimited(config.status, config.resourceExhausted ? RESOURCE_EXHAUSTED : null);
    this.requestEdits = new CompiledEdits([], config.requestAddWhenNotEnforced);
    this.responseEdits = new CompiledEdits([], config.responseAdd);
    this.#runtime = runtime;
    this.#random = random;
    this.#shared = new Buckets(config);
    this.#byConnection = config.perConnection ? new WeakMap() : null;
  }

  /** Draws whether the request counts at all. */
  drawEnabled(): boolean {
    const { enabled } = this.config;
    return enabled !== null && drawFraction(enabled, this.#runtime, this.#random);
  }

  /** Draws whether a request over the limit is refused. */
  drawEnforced(): boolean {
    const { enforced } = this.config;
    return enforced !== null && drawFraction(enforced, this.#runtime, this.#random);
  }

  /** Counts a request with these descriptors, null for none. HOT. */
  take(connection: ConnectionInfo, descriptors: readonly string[] | null, nowMs: number): LimitResult {
    return this.#bucketsFor(connection).take(descriptors, nowMs);
  }

  #bucketsFor(connection: ConnectionInfo): Buckets {
    if (this.#byConnection === null) return this.#shared;
    let buckets = this.#byConnection.get(connection);
    if (buckets === undefined) {
      buckets = new Buckets(this.config);
      this.#byConnection.set(connection, buckets);
    }
    return buckets;
  }
}

/** Every limit of a process by its configuration, so that filters that share a route table share its limits. */
export class RateLimits {
  readonly #limits = new WeakMap<LocalRateLimitConfig, RateLimit>();
  readonly #create: (config: LocalRateLimitConfig) => RateLimit;

  constructor(create: (config: LocalRateLimitConfig) => RateLimit) {
    this.#create = create;
  }

  of(config: LocalRateLimitConfig): RateLimit {
    let limit = this.#limits.get(config);
    if (limit === undefined) {
      limit = this.#create(config);
      this.#limits.set(config, limit);
    }
    return limit;
  }
}
