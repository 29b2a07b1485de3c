/** A connection of a listener, the filter chain that it came by, and who is told of its end. */
import { NOWHERE, type Rostered } from '../../kernel/roster.ts';
import type { ConnectionOwner, ServedConnection } from '../net/service.ts';
import type { RunningChain } from './running-chain.ts';

/** Who counts them. */
export interface ServedOwner {
  /** Its connection is gone. */
  onServed(served: Served): void;
}

/** See the head of this file. */
export class Served implements ConnectionOwner, Rostered {
  place = NOWHERE;
  readonly chain: RunningChain;
  /** Null until its service has taken it over. */
  connection: ServedConnection | null = null;
  readonly #owner: ServedOwner;

  constructor(chain: RunningChain, owner: ServedOwner) {
    this.chain = chain;
    this.#owner = owner;
  }

  onClosed(): void {
    this.#owner.onServed(this);
  }
}
