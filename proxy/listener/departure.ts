/**
 * Asks the connections of a listener to leave, spread over a time, so that their clients do not all come back to the others
 * in the same moment. As Envoy's drain manager does with `--drain-strategy gradual`: the chance to be asked grows with the
 * time that has passed, for a connection that comes meanwhile, too.
 */
import { Deadline, type DeadlineOwner } from '../../kernel/timer-wheel.ts';
import type { Loop } from '../net/loop.ts';
import type { ServedConnection } from '../net/service.ts';

/** So often the spread time is cut. */
const STEPS = 50;
const STEP_MS_MIN = 20;

/** See the head of this file. */
export class Departure implements DeadlineOwner {
  /** Connections that were asked. */
  asked = 0;
  readonly #loop: Loop;
  readonly #connections: () => Iterable<ServedConnection>;
  readonly #told = new WeakSet<ServedConnection>();
  readonly #tick = new Deadline(this);
  #state: 'none' | 'spread' | 'all' = 'none';
  #endMs = 0;
  #stepMs = STEP_MS_MIN;
  #idleMs = 0;

  constructor(loop: Loop, connections: () => Iterable<ServedConnection>) {
    this.#loop = loop;
    this.#connections = connections;
  }

  /**
   * From now on, the last one `spreadMs` from now; 0 asks all at once. Called again it can only be sooner. `idleMs`: see
   * ServedConnection.
   */
  start(spreadMs: number, idleMs = 0): void {
    const nowMs = this.#loop.refresh();
    if (this.#state === 'all' || (this.#state === 'spread' && nowMs + spreadMs >= this.#endMs)) return;
    this.#endMs = nowMs + spreadMs;
    this.#idleMs = idleMs;
    this.#stepMs = Math.max(STEP_MS_MIN, spreadMs / STEPS);
    this.#state = 'spread';
    this.#step();
  }

  /** A connection has come. */
  joined(connection: ServedConnection): void {
    if (this.#state === 'all') this.#ask(connection);
  }

  onDeadline(): void {
    this.#loop.refresh();
    this.#step();
  }

  /** Each of those that are left is asked with the chance that spreads them evenly over the steps that are left. */
  #step(): void {
    const leftMs = this.#endMs - this.#loop.nowMs;
    const chance = leftMs <= 0 ? 1 : Math.min(1, this.#stepMs / (leftMs + this.#stepMs));
    for (const connection of [...this.#connections()])
      if (!this.#told.has(connection) && (chance === 1 || this.#loop.random.next() < chance)) this.#ask(connection);
    if (leftMs <= 0) this.#state = 'all';
    else this.#loop.wheel.arm(this.#tick, Math.min(this.#stepMs, leftMs), this.#loop.nowMs);
  }

  #ask(connection: ServedConnection): void {
    this.#told.add(connection);
    this.asked++;
    connection.retire(this.#idleMs);
  }

  stop(): void {
    this.#loop.wheel.disarm(this.#tick);
  }
}
