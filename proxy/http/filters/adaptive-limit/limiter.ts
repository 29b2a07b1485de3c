/**
 * Who gets one of the places that the learned limit has. Pure: no sockets, no timers; requests that wait stand in a queue,
 * and are started by whoever calls `startNext`.
 */
import type { AdaptiveLimitStats } from './adaptive-limit-stats.ts';
import { Gradient2, type Gradient2Settings } from './gradient2.ts';
import { type Priority, SHARE } from './priority.ts';
import { RequestQueue, type Waiting } from './request-queue.ts';

/** What it is configured with. */
export interface LimiterSettings extends Gradient2Settings {
  /** Requests that wait; 0 for none. */
  readonly maxQueue: number;
  readonly maxWaitMs: number;
}

/** What became of a request that wants a place. */
export type Admission = 'admitted' | 'queued' | 'refused';

/** One for all chains of a connection manager: what it has learned outlives their changes. */
export class Limiter<W extends Waiting> {
  readonly stats: AdaptiveLimitStats;
  readonly #gradient: Gradient2;
  readonly #queue = new RequestQueue<W>();
  #settings: LimiterSettings;

  constructor(settings: LimiterSettings, stats: AdaptiveLimitStats) {
    this.stats = stats;
    this.#settings = settings;
    this.#gradient = new Gradient2(settings);
    this.#tell();
  }

  get limit(): number {
    return this.#gradient.limit;
  }

  /** Usual latency; 0 while it is not known. */
  get longMs(): number {
    return this.#gradient.longMs;
  }

  /** How long a request may wait that joins the queue now. */
  waitMs(nowMs: number): number {
    return this.#queue.waitMs(nowMs, this.#settings.maxWaitMs);
  }

  /** Other settings from now on; whoever waits goes on waiting. */
  configure(settings: LimiterSettings): void {
    this.#settings = settings;
    this.#gradient.configure(settings);
    this.#tell();
  }

  /** Gives the request a place, or lets it wait. Who is ordinary does not overtake those that wait. HOT. */
  enter(request: W, nowMs: number): Admission {
    const { priority } = request;
    const first = this.#queue.size === 0 || priority === 'critical';
    if (first && this.#take(priority, nowMs)) return 'admitted';
    this.#gradient.turnedAway();
    if (priority === 'sheddable' || this.#queue.size >= this.#settings.maxQueue) return 'refused';
    this.#queue.add(request, nowMs);
    this.stats.queued = this.#queue.size;
    this.stats.waited++;
    return 'queued';
  }

  #take(priority: Priority, nowMs: number): boolean {
    const { stats } = this;
    if (stats.inFlight >= Math.floor(this.limit * SHARE[priority])) return false;
    this.enterAnyway(nowMs);
    return true;
  }

  /** For what is never refused. It counts all the same. */
  enterAnyway(nowMs: number): void {
    const { stats } = this;
    stats.inFlight++;
    stats.admitted++;
    this.#gradient.atWork(stats.inFlight, nowMs);
  }

  /** A place is free again. HOT. */
  leave(nowMs: number): void {
    const { stats } = this;
    stats.inFlight--;
    this.#gradient.atWork(stats.inFlight, nowMs);
  }

  /** A request took that long. HOT. */
  sample(latencyMs: number, nowMs: number): void {
    this.#gradient.sample(latencyMs, nowMs);
    this.#tell();
  }

  /** The next of those that wait, for which there is a place now, which it has; null when there is none. */
  startNext(nowMs: number): W | null {
    const priority = this.#queue.nextPriority;
    if (priority === null || !this.#take(priority, nowMs)) return null;
    const next = this.#queue.take(nowMs);
    this.stats.queued = this.#queue.size;
    return next;
  }

  /** Takes one that waits out of the queue. */
  forget(request: W): void {
    this.#queue.remove(request);
    this.stats.queued = this.#queue.size;
  }

  get hasWaiting(): boolean {
    return this.#queue.size > 0;
  }

  #tell(): void {
    this.stats.limit = this.limit;
    this.stats.usualLatencyUs = Math.round(this.longMs * 1_000);
    this.stats.measurements = this.#gradient.measurements;
  }
}
