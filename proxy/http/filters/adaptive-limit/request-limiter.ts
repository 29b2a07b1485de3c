/**
 * The limiter of one connection manager with its surroundings: the clock, the requests that wait, and the failure that the
 * refused ones get. Places that have become free are given away at the end of the turn, when no answer is half way through.
 */
import type { Loop } from '../../../net/loop.ts';
import type { TurnTask } from '../../../net/turn-end.ts';
import type { Failure } from '../../failure.ts';
import { overLimit } from '../filter-failures.ts';
import type { AdaptiveLimitStats } from './adaptive-limit-stats.ts';
import { CallsByAge } from './calls-by-age.ts';
import type { LimitedRequest, Places } from './limited-request.ts';
import { type Admission, Limiter, type LimiterSettings } from './limiter.ts';
import type { Priority } from './priority.ts';

/** A gRPC call without a deadline that is silent for so long, and far longer than is usual, may be a stream. */
const SILENT_MS = 1_000;
const SILENT_FACTOR = 10;

export class RequestLimiter implements Places, TurnTask {
  readonly #loop: Loop;
  readonly #limiter: Limiter<LimitedRequest>;
  readonly #stats: AdaptiveLimitStats;
  /** Calls at work that may be streams, the oldest first. */
  readonly #mayBeSilent = new CallsByAge<LimitedRequest>();
  /** The end of this turn has been asked for. */
  #due = false;

  constructor(settings: LimiterSettings, stats: AdaptiveLimitStats, loop: Loop) {
    this.#loop = loop;
    this.#stats = stats;
    this.#limiter = new Limiter(settings, stats);
  }

  configure(settings: LimiterSettings): void {
    this.#limiter.configure(settings);
  }

  /** Gives it a place, or lets it wait. HOT. */
  enter(request: LimitedRequest, exempt: boolean): Admission {
    const { nowMs } = this.#loop;
    if (exempt) {
      this.#stats.exempted++;
      this.#limiter.enterAnyway(nowMs);
      this.#begin(request);
      return 'admitted';
    }
    if (this.#mayBeSilent.oldest !== null && this.#stats.inFlight >= this.#limiter.limit) this.#park(nowMs);
    const admission = this.#limiter.enter(request, nowMs);
    if (admission === 'admitted') this.#begin(request);
    else if (admission === 'queued') request.wait(this.#limiter.waitMs(nowMs));
    return admission;
  }

  #begin(request: LimitedRequest): void {
    request.begin();
    if (request.mayBeSilent) this.#mayBeSilent.add(request);
  }

  /** Takes the places of streams that have not said anything yet, or a few subscribers would fill the limit for ever. */
  #park(nowMs: number): void {
    const silentMs = Math.max(SILENT_MS, SILENT_FACTOR * this.#limiter.longMs);
    for (let call = this.#mayBeSilent.oldest; call !== null; call = this.#mayBeSilent.oldest) {
      if (nowMs - call.sinceMs < silentMs) return;
      call.park();
      this.#stats.parked++;
      this.leave(call);
    }
  }

  /** Counts a refusal, and gives its entry of the failure table. */
  refuse(priority: Priority, waitedMs: number): Failure {
    const stats = this.#stats;
    if (priority === 'critical') stats.refusedCritical++;
    else if (priority === 'default') stats.refusedDefault++;
    else stats.refusedSheddable++;
    const { inFlight, queued } = stats;
    return overLimit({ limit: this.#limiter.limit, inFlight, queued, priority, waitedMs });
  }

  /** It has waited for as long as it may. */
  giveUp(request: LimitedRequest, waitedMs: number): Failure {
    this.#limiter.forget(request);
    this.#stats.waitTimeout++;
    return this.refuse(request.priority, waitedMs);
  }

  /** It has ended while it waited. */
  abandon(request: LimitedRequest): void {
    this.#limiter.forget(request);
    this.#stats.abandoned++;
  }

  /** It has waited that long, and begins. */
  noteWait(waitedMs: number): void {
    this.#stats.waitedUs += Math.round(waitedMs * 1_000);
  }

  /** Its place is free. HOT. */
  leave(request: LimitedRequest): void {
    if (request.mayBeSilent) this.#mayBeSilent.delete(request);
    this.#limiter.leave(this.#loop.nowMs);
    if (!this.#limiter.hasWaiting || this.#due) return;
    this.#due = true;
    this.#loop.turnEnd.add(this);
  }

  sample(latencyMs: number): void {
    this.#limiter.sample(latencyMs, this.#loop.nowMs);
  }

  /** A request that ended without an answer took at least that long; nothing is learned from one that failed soon. */
  sampleAtLeast(latencyMs: number): void {
    if (latencyMs > this.#limiter.longMs) this.sample(latencyMs);
  }

  onTurnEnd(): void {
    this.#due = false;
    const { nowMs } = this.#loop;
    for (let next = this.#limiter.startNext(nowMs); next !== null; next = this.#limiter.startNext(nowMs)) {
      if (next.mayBeSilent) this.#mayBeSilent.add(next);
      next.resume();
    }
  }
}
