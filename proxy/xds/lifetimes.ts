/**
 * Resources with a `ttl` (envoy.service.discovery.v3.Resource): whose time passes without another copy or a heartbeat
 * is over, whether or not there is a stream, so that what was meant for a moment does not outlive its control plane.
 *
 * One timer, for whichever is next; those that end together are told together.
 */
import type { Clock } from '../../kernel/clock.ts';
import type { Timer, Timers } from '../../kernel/timers.ts';
import type { ResourceKind } from '../../protos/contract/resource-types.ts';

/** What it needs. */
export interface LifetimeDeps {
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly timers: Timers;
}

/** Those that end within this of each other, in milliseconds, end together: one activation for all of them. */
const TOGETHER_MS = 5;

/** See the head of this file. */
export class Lifetimes {
  readonly #deps: LifetimeDeps;
  readonly #onOver: (kind: ResourceKind, names: readonly string[]) => void;
  /** When each ends, in the clock's milliseconds. */
  readonly #ends = new Map<ResourceKind, Map<string, number>>();
  #timer: { readonly atMs: number; readonly timer: Timer } | null = null;

  constructor(deps: LifetimeDeps, onOver: (kind: ResourceKind, names: readonly string[]) => void) {
    this.#deps = deps;
    this.#onOver = onOver;
  }

  /** From now on these last so many milliseconds; null is without end. Names that are not among them go on as they were. */
  set(kind: ResourceKind, ttls: ReadonlyMap<string, number | null>): void {
    if (ttls.size === 0) return;
    const nowMs = this.#deps.clock.nowMs();
    const ends = this.#ends.get(kind) ?? new Map<string, number>();
    for (const [name, ttlMs] of ttls) {
      if (ttlMs === null) ends.delete(name);
      else ends.set(name, nowMs + ttlMs);
    }
    if (ends.size > 0) this.#ends.set(kind, ends);
    else this.#ends.delete(kind);
    this.#arm();
  }

  /** They are gone by another way. */
  forget(kind: ResourceKind, names: Iterable<string>): void {
    if (this.#ends.has(kind)) this.set(kind, new Map([...names].map((name) => [name, null])));
  }

  close(): void {
    this.#timer?.timer.cancel();
    this.#timer = null;
    this.#ends.clear();
  }

  #arm(): void {
    const atMs = Math.min(...[...this.#ends.values()].map((ends) => ends.values().reduce((a, b) => Math.min(a, b))));
    if (this.#timer?.atMs === atMs) return;
    this.#timer?.timer.cancel();
    this.#timer = null;
    if (atMs === Infinity) return;
    const delayMs = Math.max(0, atMs - this.#deps.clock.nowMs());
    this.#timer = { atMs, timer: this.#deps.timers.after(delayMs, () => this.#end()) };
  }

  #end(): void {
    this.#timer = null;
    const untilMs = this.#deps.clock.nowMs() + TOGETHER_MS;
    for (const [kind, ends] of [...this.#ends]) {
      const over = [...ends].filter(([, atMs]) => atMs <= untilMs).map(([name]) => name);
      for (const name of over) ends.delete(name);
      if (ends.size === 0) this.#ends.delete(kind);
      if (over.length > 0) this.#onOver(kind, over);
    }
    this.#arm();
  }
}
