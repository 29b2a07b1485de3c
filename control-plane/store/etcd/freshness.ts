/**
 * Makes reading linearizable: before an answer is given, a majority of etcd is asked for the last revision, and the image
 * is waited for until it has that one. Who asks while a question is under way shares the next one with the others.
 */
import type { Clock } from '../../../kernel/clock.ts';
import type { Timers } from '../../../kernel/timers.ts';
import { type EtcdClient, EtcdError } from './client.ts';
import type { Keys } from './keys.ts';
import type { Mirror } from './mirror.ts';

/** What it needs of the outside. */
export interface FreshnessDeps {
  readonly clock: Clock;
  readonly timers: Timers;
}

/** See the head of this file. */
export class Freshness {
  readonly #client: EtcdClient;
  readonly #keys: Keys;
  readonly #mirror: Mirror;
  readonly #deps: FreshnessDeps;
  /** The question that will be asked when the one under way is answered. */
  #next: Promise<number | null> | null = null;
  #current: Promise<unknown> = Promise.resolve();
  #confirmedAtMs: number;
  /** Milliseconds by which the image was behind, the last time that was looked at. */
  lagMs = 0;

  constructor(client: EtcdClient, keys: Keys, mirror: Mirror, deps: FreshnessDeps) {
    this.#client = client;
    this.#keys = keys;
    this.#mirror = mirror;
    this.#deps = deps;
    this.#confirmedAtMs = deps.clock.nowMs();
  }

  /** Since the state was last known to be the latest one, in milliseconds. */
  get ageMs(): number {
    return this.#deps.clock.nowMs() - this.#confirmedAtMs;
  }

  /** True when the image has every commit that was acknowledged before this call; false when that is not known in time. */
  async confirm(timeoutMs: number): Promise<boolean> {
    const { clock } = this.#deps;
    const endMs = clock.nowMs() + timeoutMs;
    const mark = await this.#ask(timeoutMs);
    if (mark === null) return false;
    const askedAtMs = clock.nowMs();
    const reached = this.#mirror.image.mark >= mark || (await this.#reached(mark, endMs - askedAtMs));
    this.lagMs = clock.nowMs() - askedAtMs;
    if (reached) this.#confirmedAtMs = clock.nowMs();
    return reached;
  }

  #ask(timeoutMs: number): Promise<number | null> {
    if (this.#next !== null) return this.#next;
    const asked = this.#current.then(() => {
      this.#next = null;
      return this.#lastMark(timeoutMs);
    });
    this.#next = asked;
    this.#current = asked;
    return asked;
  }

  async #lastMark(timeoutMs: number): Promise<number | null> {
    try {
      const { kvs } = await this.#client.range({ key: this.#keys.of({ kind: 'revision' }) }, timeoutMs);
      return kvs[0]?.modRevision ?? 0;
    } catch (error) {
      if (error instanceof EtcdError) return null;
      throw error;
    }
  }

  #reached(mark: number, timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const done = (reached: boolean) => {
        timer.cancel();
        stop();
        resolve(reached);
      };
      const timer = this.#deps.timers.after(Math.max(1, timeoutMs), () => done(false));
      const stop = this.#mirror.watch(() => {
        if (this.#mirror.image.mark >= mark) done(true);
      });
    });
  }
}
