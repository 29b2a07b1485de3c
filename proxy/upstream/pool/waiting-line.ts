/** Requests that wait for a connection to their endpoint, in line, within what the cluster allows (max_pending_requests). */
import { type Failure, UPSTREAM_OVERFLOW } from '../../http/failure.ts';
import type { PoolHost, StreamWaiter } from './pool.ts';

export class WaitingLine {
  readonly #host: PoolHost;
  #waiting: StreamWaiter[] = [];

  constructor(host: PoolHost) {
    this.#host = host;
  }

  get length(): number {
    return this.#waiting.length;
  }

  /** False, and the waiter knows it, when the line is full. */
  join(waiter: StreamWaiter): boolean {
    const { stats, limits } = this.#host;
    if (stats.rqPendingActive >= limits.maxPendingRequests) {
      stats.rqPendingOverflow++;
      waiter.onUnavailable(UPSTREAM_OVERFLOW);
      return false;
    }
    stats.rqPendingTotal++;
    stats.rqPendingActive++;
    this.#waiting.push(waiter);
    return true;
  }

  next(): StreamWaiter | undefined {
    const waiter = this.#waiting.shift();
    if (waiter !== undefined) this.#host.stats.rqPendingActive--;
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
    this.#host.stats.rqPendingActive--;
  }

  /** Everyone who waits, taken out of the line. */
  takeAll(): readonly StreamWaiter[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#host.stats.rqPendingActive -= waiting.length;
    return waiting;
  }

  /** Everyone who waits learns that there is no connection. */
  eject(failure: Failure): void {
    const waiting = this.takeAll();
    this.#host.stats.rqPendingFailureEject += waiting.length;
    for (const waiter of waiting) waiter.onUnavailable(failure);
  }
}
