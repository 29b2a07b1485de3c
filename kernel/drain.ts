/**
 * Drain: let what is in flight finish, but not for ever.
 *
 *   start ──► every handle is told to drain ──► all finished                  ──► clean
 *                                           └─► deadline: the rest is forced  ──► not clean
 *
 * Used at every level: a connection is a handle of its listener, a listener one of the process. Whoever registers while
 * the drain is on is told at once, so that nothing slips in between.
 */
import { assert } from './assert.ts';
import type { Clock } from './clock.ts';
import type { Timer, Timers } from './timers.ts';

/** Something with work in flight. It calls the function that `register` returned when it has none left. */
export interface DrainHandle {
  /** Take no new work, and finish what there is. Called once, and may finish before it returns. */
  drain(): void;
  /** The deadline has passed: end now, whatever is in flight. Called at most once, and never after it has finished. */
  force(): void;
}

/** How a drain went. */
export interface DrainResult {
  /** True when every handle finished by itself. */
  readonly clean: boolean;
  /** Handles that had to be forced. */
  readonly forced: number;
  readonly tookMs: number;
}

/** See the head of this file. */
export class Drain {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #handles = new Set<DrainHandle>();
  readonly #done = Promise.withResolvers<DrainResult>();
  #startedMs = 0;
  #deadlineMs = Infinity;
  #timer: Timer | undefined;
  #state: 'running' | 'draining' | 'drained' = 'running';

  constructor(clock: Clock, timers: Timers) {
    this.#clock = clock;
    this.#timers = timers;
  }

  /** True from `start` on, also afterwards. */
  get draining(): boolean {
    return this.#state !== 'running';
  }

  /** Handles that have not finished. */
  get remaining(): number {
    return this.#handles.size;
  }

  /** Adds a handle; call the returned function when it has finished (a second call does nothing). */
  register(handle: DrainHandle): () => void {
    assert(!this.#handles.has(handle), 'a drain handle is registered twice: one registration per handle');
    if (this.#state === 'drained') {
      // Nobody waits any more.
      handle.force();
      return () => {};
    }
    this.#handles.add(handle);
    if (this.#state === 'draining') handle.drain();
    return () => this.#finish(handle);
  }

  /**
   * Tells every handle to drain, and resolves when all have finished or when the rest was forced, `deadlineMs` from now.
   * Never rejects. Called again, it can only bring the deadline nearer, and gives the same result.
   */
  start(deadlineMs: number): Promise<DrainResult> {
    const nowMs = this.#clock.nowMs();
    if (this.#state !== 'drained' && nowMs + deadlineMs < this.#deadlineMs) {
      this.#deadlineMs = nowMs + deadlineMs;
      this.#timer?.cancel();
      this.#timer = this.#timers.after(deadlineMs, () => this.#forceAll());
    }
    if (this.#state === 'running') {
      this.#state = 'draining';
      this.#startedMs = nowMs;
      for (const handle of [...this.#handles]) handle.drain();
      if (this.#handles.size === 0) this.#complete(0);
    }
    return this.#done.promise;
  }

  #finish(handle: DrainHandle): void {
    const wasLast = this.#handles.delete(handle) && this.#handles.size === 0;
    if (wasLast && this.#state === 'draining') this.#complete(0);
  }

  #forceAll(): void {
    const rest = [...this.#handles];
    this.#handles.clear();
    this.#complete(rest.length);
    for (const handle of rest) handle.force();
  }

  #complete(forced: number): void {
    if (this.#state === 'drained') return;
    this.#state = 'drained';
    this.#timer?.cancel();
    this.#done.resolve({ clean: forced === 0, forced, tookMs: this.#clock.nowMs() - this.#startedMs });
  }
}
