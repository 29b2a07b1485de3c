/**
 * Requests that wait for a connection to their endpoint, in line, within what the cluster allows: max_pending_requests and
 * max_pending_per_endpoint of them, each for max_pending_wait.
 */
import { Deadline, type DeadlineOwner } from '../../../kernel/timer-wheel.ts';
import type { Failure } from '../../http/failure.ts';
import type { EndpointUse } from '../guard/in-use.ts';
import { admitPending, countPending } from '../guard/limits.ts';
import type { PoolHost, StreamWaiter } from './pool.ts';

/** A connect timeout that is as long as max_pending_wait is told as what it is: the endpoint could not be reached. */
const GRACE_MS = 20;

export class WaitingLine implements DeadlineOwner {
  readonly #host: PoolHost;
  readonly #use: EndpointUse;
  #waiting: StreamWaiter[] = [];
  /** Since when each of them waits; unused without max_pending_wait. */
  #sinceMs: number[] = [];
  readonly #patience = new Deadline(this);

  constructor(host: PoolHost, use: EndpointUse) {
    this.#host = host;
    this.#use = use;
  }

  get length(): number {
    return this.#waiting.length;
  }

  /** False, and the waiter knows it, when the line is full. */
  join(waiter: StreamWaiter): boolean {
    const { stats, config, loop } = this.#host;
    const refusal = admitPending(this.#host, this.#use, config.policy);
    if (refusal !== null) {
      waiter.onUnavailable(refusal);
      return false;
    }
    stats.rqPendingTotal++;
    countPending(this.#host, this.#use, 1);
    this.#waiting.push(waiter);
    this.#sinceMs.push(loop.nowMs);
    const { maxPendingWaitMs } = config.policy;
    if (maxPendingWaitMs > 0 && !this.#patience.armed) loop.wheel.arm(this.#patience, maxPendingWaitMs + GRACE_MS);
    return true;
  }

  next(): StreamWaiter | undefined {
    if (this.#waiting.length === 0) return undefined;
    const waiter = this.#waiting.shift();
    this.#sinceMs.shift();
    countPending(this.#host, this.#use, -1);
    this.#calm();
    return waiter;
  }

  /** The first one, which stays. */
  peek(): StreamWaiter | undefined {
    return this.#waiting[0];
  }

  leave(waiter: StreamWaiter): void {
    const at = this.#waiting.indexOf(waiter);
    if (at < 0) return;
    this.#waiting.splice(at, 1);
    this.#sinceMs.splice(at, 1);
    countPending(this.#host, this.#use, -1);
    this.#calm();
  }

  /** Everyone who waits, taken out of the line. */
  takeAll(): readonly StreamWaiter[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#sinceMs = [];
    countPending(this.#host, this.#use, -waiting.length);
    this.#calm();
    return waiting;
  }

  /** Everyone who waits learns that there is no connection. */
  eject(failure: Failure): void {
    const waiting = this.takeAll();
    this.#host.stats.rqPendingFailureEject += waiting.length;
    for (const waiter of waiting) waiter.onUnavailable(failure);
  }

  /** Whoever has waited for too long goes; the deadline moves on to the first of the others. */
  onDeadline(): void {
    const { loop, stats, config, refusals } = this.#host;
    const { maxPendingWaitMs } = config.policy;
    const nowMs = loop.refresh();
    // An update of the configuration may have lifted the limit.
    if (maxPendingWaitMs === 0) return;
    const beforeMs = nowMs - maxPendingWaitMs;
    const late: StreamWaiter[] = [];
    while (this.#waiting.length > 0 && this.#sinceMs[0]! <= beforeMs) {
      late.push(this.#waiting.shift()!);
      this.#sinceMs.shift();
    }
    countPending(this.#host, this.#use, -late.length);
    stats.rqPendingWaitTimeout += late.length;
    if (this.#waiting.length > 0)
      loop.wheel.arm(this.#patience, this.#sinceMs[0]! + maxPendingWaitMs + GRACE_MS - nowMs);
    for (const waiter of late) waiter.onUnavailable(refusals.pendingWait);
  }

  /** Nobody waits any more. */
  #calm(): void {
    if (this.#waiting.length === 0) this.#host.loop.wheel.disarm(this.#patience);
  }
}
