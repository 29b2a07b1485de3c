/**
 * The breaker of one route template (RoutePolicy.request_breaker): its own, and when it is shared, the mesh's beside it.
 *
 *   own breaker not closed ──► it decides, so that its probes go out whatever the mesh says
 *   own breaker closed ──► the mesh holds it open, until its time is over?  ──► refused
 *
 * What the mesh says ends by itself: without a control plane only the own breaker is left.
 */
import type { BreakerConfig } from '../../config/model/policy.ts';
import type { Failure } from '../../http/failure.ts';
import type { Gate } from '../../http/gate.ts';
import { Breaker, type BreakerClock } from './breaker.ts';
import { breakerShared, requestSubject } from './breaker-failures.ts';
import { SharedBreakerStats } from './breaker-stats.ts';

/** What the control plane says of a template: open, for `ttlMs` from now on. */
export interface SharedOpening {
  /** Grows when it is said anew. */
  readonly sequence: number;
  readonly ttlMs: number;
  /** Callers that have opened theirs, of those that have a say. */
  readonly open: number;
  readonly callers: number;
}

export class RequestBreaker implements Gate {
  readonly name: string;
  readonly sharedStats = new SharedBreakerStats();
  shared: boolean;
  readonly #clock: BreakerClock;
  #own: Breaker;
  #mesh: { readonly sequence: number; readonly untilMs: number; readonly failure: Failure } | null = null;

  constructor(name: string, config: BreakerConfig, shared: boolean, clock: BreakerClock) {
    this.name = name;
    this.shared = shared;
    this.#clock = clock;
    this.#own = new Breaker(requestSubject(name), config, clock);
  }

  get own(): Breaker {
    return this.#own;
  }

  get epoch(): number {
    return this.#own.epoch;
  }

  /** The mesh holds it open. */
  get heldOpen(): boolean {
    return this.#mesh !== null && this.#clock.nowMs < this.#mesh.untilMs;
  }

  /** Takes another configuration. What has not changed goes on. */
  update(config: BreakerConfig, shared: boolean): void {
    this.shared = shared;
    if (!shared) this.#mesh = null;
    if (JSON.stringify(config) === JSON.stringify(this.#own.config)) return;
    this.#own.destroy();
    this.#own = new Breaker(requestSubject(this.name), config, this.#clock);
  }

  /** Takes what the control plane says; null: nothing any more. */
  hold(opening: SharedOpening | null): void {
    if (opening === null || !this.shared) {
      this.#mesh = null;
      return;
    }
    const { sequence, ttlMs, open, callers } = opening;
    if (this.#mesh?.sequence === sequence) return;
    if (!this.heldOpen) this.sharedStats.opened++;
    const failure = breakerShared(requestSubject(this.name), open, callers, ttlMs);
    this.#mesh = { sequence, untilMs: this.#clock.nowMs + ttlMs, failure };
  }

  refuse(): Failure | null {
    return this.#byMesh() ?? this.#own.refuse();
  }

  enter(): Failure | null {
    return this.#byMesh() ?? this.#own.enter();
  }

  record(epoch: number, failed: boolean, tookMs: number): void {
    this.#own.record(epoch, failed, tookMs);
  }

  release(epoch: number): void {
    this.#own.release(epoch);
  }

  destroy(): void {
    this.#own.destroy();
  }

  #byMesh(): Failure | null {
    const mesh = this.#mesh;
    if (mesh === null || !this.#own.closed || this.#clock.nowMs >= mesh.untilMs) return null;
    this.sharedStats.refused++;
    return mesh.failure;
  }
}
