/**
 * How a sidecar leaves: nobody is sent here any more, who is connected is asked to go, and what does not end gets its time.
 *
 *   serving ──ask──► ports are open, answers ask clients to go ──out, or lingered──► end: no new connections
 *           ──none left, or the deadline──► left
 */
import type { Clock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/log.ts';
import type { Timers } from '../../kernel/timers.ts';
import type { Listener } from '../listener/listener.ts';

/** What a peer gets to take its last bytes and to close, when the time for draining is over. */
const FAREWELL_MS = 1_000;

/** How long each part may take. */
export interface LeaveTimes {
  /** For all of it. */
  readonly deadlineMs: number;
  /** How long ports stay open for callers that no control plane tells. */
  readonly lingerMs: number;
}

/** What leaving needs. */
export interface LeavingDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Logger;
}

/** Counters of everything that has left. */
export class DrainStats {
  /** Connections that were asked to leave. */
  asked = 0;
  /** Connections that had not ended in time and were cut. */
  cut = 0;
  /** Connections that are waited for. */
  waiting = 0;
  /** 1 while leaving. */
  active = 0;
}

/** See the head of this file. */
export class Leaving {
  readonly stats = new DrainStats();
  readonly #deps: LeavingDeps;

  constructor(deps: LeavingDeps) {
    this.#deps = deps;
  }

  /**
   * Asks the clients of these listeners to leave, whose ports stay open. `out` resolves with true when nobody sends here any
   * more, asked with the time that it may take; resolves then, or when whoever is not told has had the time to notice.
   */
  async ask(
    listeners: readonly Listener[],
    out: (limitMs: number) => Promise<boolean>,
    { deadlineMs, lingerMs }: LeaveTimes,
  ): Promise<void> {
    const { clock } = this.#deps;
    const endMs = clock.nowMs() + deadlineMs;
    this.stats.active = 1;
    const spreadMs = lingerMs > 0 ? lingerMs : deadlineMs / 2;
    for (const each of listeners) each.askToLeave(Math.min(each.drainTimeoutMs, spreadMs));
    if (!(await out(deadlineMs))) await this.#pause(Math.min(lingerMs, endMs - clock.nowMs()));
    for (const each of listeners) each.askToLeave();
  }

  /** Waits until no connection is left, and cuts what there is after `limitMs`; the number of those. */
  async end(listeners: readonly Listener[], limitMs: number): Promise<number> {
    this.stats.active = 1;
    const empty = Promise.all(listeners.map((each) => each.empty()));
    const look = this.#deps.timers.every(100, () => this.#count(listeners));
    await this.#atMost(limitMs, empty);
    look.cancel();
    const cut = this.#count(listeners);
    this.stats.cut += cut;
    if (cut > 0) {
      const left = Object.fromEntries(listeners.map((each) => [each.config.name, each.connectionCount]));
      this.#deps.log.warn({ left, limitMs }, `${cut} connections have not ended in time and are cut`);
    }
    // Streams that have no end of their own (tunnels, TCP) get one: what was sent is delivered, then a FIN.
    for (const each of listeners) each.finish();
    await this.#atMost(FAREWELL_MS, empty);
    this.#count(listeners);
    this.stats.active = 0;
    return cut;
  }

  #count(listeners: readonly Listener[]): number {
    this.stats.asked = listeners.reduce((sum, each) => sum + each.askedCount, 0);
    this.stats.waiting = listeners.reduce((sum, each) => sum + each.connectionCount, 0);
    return this.stats.waiting;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#deps.timers.after(Math.max(0, ms), resolve));
  }

  async #atMost(limitMs: number, done: Promise<unknown>): Promise<void> {
    const over = Promise.withResolvers<void>();
    const timer = this.#deps.timers.after(limitMs, over.resolve);
    await Promise.race([done, over.promise]);
    timer.cancel();
  }
}
