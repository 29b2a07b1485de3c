/**
 * Waits until new clusters are settled, so that what is about to name them finds them knowing their endpoints' health:
 * Envoy warms clusters in the same way. As long as this takes at most, and no longer than the limit: a cluster whose names
 * do not resolve must not hold up all the others.
 */
import { Deadline } from '../../kernel/timer-wheel.ts';
import type { HealthCheckConfig } from '../config/model/health-check.ts';
import type { Loop } from '../net/loop.ts';
import type { Cluster } from '../upstream/cluster.ts';

/** Envoy's initial_fetch_timeout. */
const WARM_UP_MS_MAX = 15_000;

/** See the head of this file. */
export class WarmUp {
  readonly #loop: Loop;
  #warming: Cluster[] = [];
  /** Since when something is waited for, and until when at most; in loop time. */
  #sinceMs = 0;
  #untilMs = 0;
  readonly #deadline = new Deadline({ onDeadline: () => this.#finish() });
  /** Ends the wait that is under way: all are warm or time is over, or somebody else goes first. */
  #end: (isOver: boolean) => void = () => {};

  constructor(loop: Loop) {
    this.#loop = loop;
  }

  /**
   * New clusters; those whose endpoints are not checked need no waiting. The limit counts from the first that is waited for:
   * snapshot after snapshot must not put it off for ever.
   */
  add(clusters: readonly Cluster[]): void {
    const nowMs = this.#loop.refresh();
    for (const cluster of clusters) {
      const { healthCheck } = cluster.config;
      if (healthCheck === null) continue;
      if (this.#warming.length === 0) {
        this.#sinceMs = nowMs;
        this.#untilMs = nowMs;
      }
      this.#warming.push(cluster);
      const untilMs = Math.max(this.#untilMs, nowMs + firstRoundMs(healthCheck));
      this.#untilMs = Math.min(untilMs, this.#sinceMs + WARM_UP_MS_MAX);
      void cluster.settled().then(() => this.#drop((each) => each === cluster));
    }
    if (this.#warming.length > 0) this.#loop.wheel.arm(this.#deadline, Math.max(0, this.#untilMs - nowMs), nowMs);
  }

  /** The others have left. */
  retain(stays: (name: string) => boolean): void {
    this.#drop(({ name }) => !stays(name));
  }

  /** Resolves with true when nothing is waited for any more, with false when `interrupt` is called before, or was already. */
  over(isInterrupted: () => boolean): Promise<boolean> {
    if (this.#warming.length === 0) return Promise.resolve(true);
    if (isInterrupted()) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  interrupt(): void {
    this.#end(false);
  }

  #drop(goes: (cluster: Cluster) => boolean): void {
    if (this.#warming.length === 0) return;
    this.#warming = this.#warming.filter((each) => !goes(each));
    if (this.#warming.length === 0) this.#finish();
  }

  #finish(): void {
    this.#warming = [];
    this.#loop.wheel.disarm(this.#deadline);
    this.#end(true);
  }
}

/** How long the first round of checks may take, and a second for the look-up of names. */
function firstRoundMs({ timeoutMs, initialJitterMs }: HealthCheckConfig): number {
  return timeoutMs + initialJitterMs + 1_000;
}
