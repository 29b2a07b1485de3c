/**
 * The leadership where there is one control plane: it leads.
 */
import type { Leadership, LeadershipEvents } from './leadership.ts';

/** See the head of this file. */
export class SoleLeader implements Leadership {
  readonly role = 'leading';
  readonly shared = false;
  readonly leader = null;
  readonly members = [];
  readonly elections = 0;
  readonly #events: LeadershipEvents;

  constructor(events: LeadershipEvents) {
    this.#events = events;
  }

  start(): Promise<void> {
    return this.#events.onLead();
  }

  async confirm(): Promise<number> {
    return 0;
  }

  async close(): Promise<void> {}
}
