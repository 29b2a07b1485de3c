/**
 * A cluster: endpoints that are interchangeable, the picker over them, and the limits all requests to them share.
 * Long-lived: a configuration push changes it in place and endpoints keep their identity, counters and connections.
 */

import { Deadline, type DeadlineOwner } from '../../kernel/timer-wheel.ts';
import { DEADLINE_HEADER } from '../../protos/contract/hop-headers.ts';
import type {
  ClusterConfig,
  ClusterLimits,
  EndpointConfig,
  EndpointSetConfig,
  LocalityConfig,
} from '../config/model/cluster.ts';
import type { Failure } from '../http/failure.ts';
import { LastNumberLine, NumberLines } from '../http/header-line.ts';
import { DEFAULT_HTTP1_LIMITS, type Http1Limits } from '../http1/limits.ts';
import type { MessageHead } from '../http1/message-head.ts';
import type { Http2Shared } from '../http2/shared.ts';
import type { Dialer } from '../net/dial.ts';
import type { Loop } from '../net/loop.ts';
import { LastGoodAnswers } from './attempt/last-good.ts';
import { RecentLatency } from './attempt/recent-latency.ts';
import type { RetriedMarks } from './attempt/retried-marks.ts';
import type { RetryBudget } from './attempt/retry-budget.ts';
import { budgetOf, checksOf, createBudget, ejectionOf, socketOf } from './cluster-parts.ts';
import type { ClusterShared } from './cluster-shared.ts';
import { ClusterStats } from './cluster-stats.ts';
import { type DestinationHost, Destinations } from './destinations.ts';
import { Endpoint, endpointKey } from './endpoint.ts';
import { measureLatency } from './endpoint-latency.ts';
import type { Breaker } from './guard/breaker.ts';
import { type CheckListener, HealthChecker } from './guard/health-check/health-checker.ts';
import { HighPriority } from './guard/high-priority.ts';
import { EndpointUse } from './guard/in-use.ts';
import { admitRequest, LimitRefusals } from './guard/limits.ts';
import { type Outcome, OutlierDetector } from './guard/outlier-detector.ts';
import { serviceBreaker } from './guard/service-breaker.ts';
import { Suspects } from './guard/suspects.ts';
import type { LocalCluster } from './local-cluster.ts';
import { assemblePicker } from './picker/assemble.ts';
import { hashes } from './picker/create-picker.ts';
import { pickFree, pinnedEndpoint } from './picker/pick-around.ts';
import { EMPTY_PICKER, type PickContext, type Picker } from './picker/picker.ts';
import { PickerMemory } from './picker/picker-memory.ts';
import { slowStartEndMs, slowStartWeights } from './picker/slow-start.ts';
import { createPool } from './pool/create-pool.ts';
import type { PoolHost } from './pool/pool.ts';

/** Makes what dials the endpoints of a cluster. Throws with a sentence when its TLS cannot be set up. */
export type MakeDialer = (config: ClusterConfig, stats: ClusterStats) => Dialer;

export class Cluster implements PoolHost, DeadlineOwner, CheckListener, DestinationHost {
  readonly loop: Loop;
  readonly responseHead: MessageHead;
  readonly http2: Http2Shared;
  readonly http1Limits: Http1Limits = DEFAULT_HTTP1_LIMITS;
  readonly stats = new ClusterStats();
  readonly inUse = this.stats.inUse;
  readonly retriedMarks: RetriedMarks;
  /** Null: retries are limited by the circuit breakers alone. */
  retryBudget: RetryBudget | null = null;
  dialer: Dialer;
  /** Answers that stand in for failures; filled where routes ask for it. */
  readonly lastGood = new LastGoodAnswers();
  /** How long answers took; filled where routes hedge. */
  readonly recentLatency = new RecentLatency();
  /** The line by which a request tells how long its answer is worth having. */
  readonly deadlineLines = new LastNumberLine(DEADLINE_HEADER);
  /** The line by which an answer tells how long its endpoint took, in milliseconds. */
  readonly serviceTimes = new NumberLines('x-envoy-upstream-service-time');
  readonly #makeDialer: MakeDialer;
  config: ClusterConfig;
  limits: ClusterLimits;
  #refusals: LimitRefusals | null = null;
  /** Null: there is none. */
  serviceBreaker: Breaker | null = null;
  #high: HighPriority | null = null;
  /** By address. */
  #endpoints = new Map<string, Endpoint>();
  #list: Endpoint[] = [];
  /** Null unless endpoints are where clients were going. */
  #destinations: Destinations | null = null;
  #picker: Picker = EMPTY_PICKER;
  readonly #memory = new PickerMemory();
  readonly #local: LocalCluster | null;
  #outlier: OutlierDetector | null = null;
  #checker: HealthChecker | null = null;
  readonly #suspects = new Suspects(this);
  #settling: (() => void)[] = [];
  readonly #slowStart: Deadline;
  #overprovisioningPercent = 140;
  /** Endpoints are known: the cluster may be used, even when the list is empty. */
  warm = false;

  constructor(config: ClusterConfig, shared: ClusterShared, makeDialer: MakeDialer) {
    this.#makeDialer = makeDialer;
    this.dialer = makeDialer(config, this.stats);
    this.loop = shared.loop;
    this.responseHead = shared.responseHead;
    this.http2 = shared.http2;
    this.retriedMarks = shared.retriedMarks;
    this.#local = shared.local;
    this.config = config;
    this.limits = config.limits.default;
    this.retryBudget = createBudget(config);
    this.#slowStart = new Deadline(this);
    this.#createOutlierDetector();
    this.serviceBreaker = serviceBreaker(config, null, this.loop);
    this.#createDestinations();
    this.#createChecker();
  }

  get name(): string {
    return this.config.name;
  }

  get endpoints(): readonly Endpoint[] {
    return this.#list;
  }

  /** What the retry budget would still let through; null when there is none. */
  get retriesLeft(): number | null {
    return this.retryBudget === null ? null : this.retryBudget.balance(this.loop.clock.nowMs());
  }

  /** Requests are placed by their hash. HOT. */
  get hashes(): boolean {
    return hashes(this.config.lbPolicy);
  }

  get healthyCount(): number {
    let count = 0;
    for (const each of this.#list) if (each.available) count++;
    return count;
  }

  get connectionsPerEndpoint(): number {
    return this.config.maxConnectionsPerHost.default;
  }

  get refusals(): LimitRefusals {
    this.#refusals ??= new LimitRefusals(this.config, 'default');
    return this.#refusals;
  }

  /** What requests of that priority share. HOT. */
  share(highPriority: boolean): PoolHost {
    if (!highPriority) return this;
    this.#high ??= new HighPriority(this);
    return this.#high;
  }

  /** Takes another configuration of the same cluster. Endpoints stay until `setEndpoints`. */
  update(config: ClusterConfig): void {
    const outlierChanged = ejectionOf(config) !== ejectionOf(this.config);
    if (budgetOf(config) !== budgetOf(this.config)) this.retryBudget = createBudget(config);
    const renewed = socketOf(config) !== socketOf(this.config);
    const checkChanged = checksOf(config) !== checksOf(this.config);
    if (renewed) this.dialer = this.#makeDialer(config, this.stats);
    this.config = config;
    if (renewed) for (const endpoint of this.#list) this.#renewPool(endpoint);
    this.limits = config.limits.default;
    this.#refusals = null;
    if (outlierChanged) this.#createOutlierDetector();
    if (checkChanged || renewed) this.#createChecker();
    this.serviceBreaker = serviceBreaker(config, this.serviceBreaker, this.loop);
    this.#createDestinations();
    this.#rebuildPicker();
  }

  /** Connections that come are made with new secrets; those that there are stay. */
  renewDialer(): void {
    this.dialer = this.#makeDialer(this.config, this.stats);
    this.#createChecker();
  }

  /** What is in flight ends on the connections it has; what comes gets connections of the new kind. */
  #renewPool(endpoint: Endpoint): void {
    endpoint.closePools();
    endpoint.pool = createPool(this, endpoint.config.address, endpoint.pool.use);
    endpoint.highPool = null;
    endpoint.clientPools = null;
  }

  /** Replaces the membership. An endpoint that stays keeps its identity; one that goes finishes what it has. */
  setEndpoints(set: EndpointSetConfig): void {
    this.#overprovisioningPercent = set.overprovisioningFactor;
    const next = new Map<string, Endpoint>();
    for (const locality of set.localities) {
      for (const config of locality.endpoints) {
        const key = endpointKey(config);
        if (!next.has(key)) next.set(key, this.#keepOrCreate(key, config, locality));
      }
    }
    const before = this.#endpoints;
    this.#endpoints = next;
    this.#list = [...next.values()];
    let changed = next.size !== before.size;
    for (const [key, endpoint] of before) {
      if (next.has(key)) continue;
      changed = true;
      endpoint.removed = true;
      this.#outlier?.forget(endpoint);
      this.#checker?.forget(endpoint);
      endpoint.closePools();
    }
    if (changed || !this.warm) this.stats.membershipChange++;
    this.stats.updateSuccess++;
    this.warm = true;
    if (this.#checker !== null) for (const [key, endpoint] of next) this.#checker.watch(endpoint, before.has(key));
    this.#suspects.watch(this.#list);
    this.#rebuildPicker();
    this.onAllChecked();
  }

  /** Where endpoints are wherever redirected clients were going, there is nothing to wait for. */
  #createDestinations(): void {
    const { discovery } = this.config;
    this.#destinations?.stop();
    this.#destinations = discovery.kind === 'original-dst' ? new Destinations(discovery, this) : null;
    if (this.#destinations !== null) this.warm = true;
  }

  addEndpoint(key: string, config: EndpointConfig, locality: LocalityConfig): Endpoint {
    const endpoint = this.#keepOrCreate(key, config, locality);
    this.#endpoints.set(key, endpoint);
    this.#list.push(endpoint);
    this.stats.membershipChange++;
    return endpoint;
  }

  /** Resolves when endpoints are known and, where they are checked, each of them has been checked once; or at its end. */
  settled(): Promise<void> {
    return new Promise((resolve) => {
      this.#settling.push(resolve);
      this.onAllChecked();
    });
  }

  /** An endpoint for one attempt, or null. HOT. */
  pick(context: PickContext): Endpoint | null {
    const pinned = context.pinned === null ? undefined : pinnedEndpoint(this.#endpoints, context.pinned);
    if (pinned !== undefined) return pinned;
    if (this.#destinations !== null) return this.#destinations.pick(context);
    const endpoint = this.#picker.pick(context);
    const { maxRequestsPerEndpoint } = this.config.policy;
    if (endpoint === null || endpoint.active < maxRequestsPerEndpoint) return endpoint;
    return pickFree(this.#picker, context, endpoint, maxRequestsPerEndpoint);
  }

  /** Why the cluster takes no further request now, or null when it does; what is refused is counted. HOT. */
  admit(highPriority: boolean): Failure | null {
    return admitRequest(this.share(highPriority)) ?? this.serviceBreaker?.refuse() ?? null;
  }

  /** An attempt begins: true when it is the probe that an ejected endpoint gets, of which `record` wants to hear. HOT. */
  begin(endpoint: Endpoint): boolean {
    return endpoint.halfBack && this.#outlier?.takeProbe(endpoint) === true;
  }

  /** The endpoint of an attempt was reached. HOT. */
  reached(endpoint: Endpoint): void {
    if (this.#outlier?.splits === true && !endpoint.removed) this.#outlier.reached(endpoint);
  }

  /** Reports how one attempt ended; `probe` is what `begin` said of it. HOT. */
  record(endpoint: Endpoint, outcome: Outcome, probe = false): void {
    if (this.#outlier !== null && !endpoint.removed) this.#outlier.record(endpoint, outcome, probe);
    if (endpoint.health === 'suspect' && outcome === 'success') this.#suspects.proven(endpoint);
    // It has just proved itself: slow start is over for it.
    if (outcome === 'success' && endpoint.rqSuccess === this.config.policy.slowStartSuccesses && this.#slowStart.armed)
      this.#rebuildPicker();
  }

  /** The probe ended without an outcome. */
  probeLost(endpoint: Endpoint): void {
    this.#outlier?.probeLost(endpoint);
  }

  /** Endpoints are checked: what they say of themselves counts. HOT. */
  get checks(): boolean {
    return this.#checker !== null;
  }

  /** The endpoint has asked in an answer not to be picked (x-envoy-immediate-health-check-fail). */
  failNow(endpoint: Endpoint): void {
    if (!endpoint.removed) this.#checker?.failNow(endpoint);
  }

  /** The cluster has left the configuration: requests in flight finish, idle connections close. */
  close(): void {
    this.#stop();
    for (const endpoint of this.#list) endpoint.closePools();
  }

  destroy(): void {
    this.#stop();
    for (const endpoint of this.#list) endpoint.destroyPools();
  }

  #stop(): void {
    this.#suspects.close();
    this.#destinations?.stop();
    this.#outlier?.destroy();
    this.#checker?.close(true);
    this.#checker = null;
    for (const resolve of this.#settling.splice(0)) resolve();
    this.serviceBreaker?.destroy();
    this.loop.wheel.disarm(this.#slowStart);
  }

  #keepOrCreate(key: string, config: EndpointConfig, locality: LocalityConfig): Endpoint {
    const existing = this.#endpoints.get(key);
    if (existing === undefined)
      return new Endpoint(key, config, locality, createPool(this, config.address, new EndpointUse()), this.loop.nowMs);
    existing.config = config;
    existing.locality = locality;
    existing.health = config.health;
    return existing;
  }

  #createOutlierDetector(): void {
    this.#outlier?.destroy();
    const { outlier } = this.config;
    this.#outlier =
      outlier === null
        ? null
        : new OutlierDetector(
            outlier,
            this.config.policy.ejection,
            this.loop,
            this.stats,
            () => this.#list,
            () => this.#rebuildPicker(),
          );
  }

  #createChecker(): void {
    const { healthCheck } = this.config;
    // What is known of endpoints outlives another way to check them.
    this.#checker?.close(healthCheck === null);
    this.#checker = healthCheck === null ? null : new HealthChecker(healthCheck, this, this.#makeDialer, this);
    for (const endpoint of this.#list) this.#checker?.watch(endpoint, true);
  }

  onHealthChange(endpoint: Endpoint, failed: boolean): void {
    // Idle connections to it are worth nothing; what is in flight may still come to an end.
    if (failed) this.#renewPool(endpoint);
    this.#rebuildPicker();
  }

  onEjectedPassed(endpoint: Endpoint): void {
    this.#outlier?.pardon(endpoint);
  }

  onAllChecked(): void {
    if (!this.warm || this.#checker?.allChecked === false) return;
    for (const resolve of this.#settling.splice(0)) resolve();
  }

  /** The picker is replaced whenever endpoints, their health or their weights change. */
  #rebuildPicker(): void {
    const { config, loop, stats } = this;
    const local = this.#local;
    const { slowStart, policy } = config;
    const { slowStartSuccesses } = policy;
    measureLatency(this.#list, config.lbPolicy, loop);
    const endMs =
      slowStart === null ? null : slowStartEndMs(this.#list, slowStart.windowMs, loop.nowMs, slowStartSuccesses);
    const weigh =
      slowStart === null || endMs === null ? null : slowStartWeights(slowStart, loop.clock, slowStartSuccesses);
    if (endMs === null) loop.wheel.disarm(this.#slowStart);
    else loop.wheel.arm(this.#slowStart, endMs - loop.nowMs);
    this.#picker = assemblePicker(this.#list, {
      config,
      overprovisioningPercent: this.#overprovisioningPercent,
      weigh,
      stats,
      random: loop.random,
      memory: this.#memory,
      local: local?.name === config.name ? null : local,
    });
    if (local?.name === config.name) local.changed(this.#list);
  }

  /** What the picker depends on besides its own endpoints has changed. */
  refreshPicker(): void {
    this.#rebuildPicker();
  }

  /** The last endpoint has grown up: weights stand still again. */
  onDeadline(): void {
    this.loop.refresh();
    this.#rebuildPicker();
  }
}
