/** What is missing, what of it is still worth waiting for, and whether anything of it still comes. */
import type { Timers } from '../../kernel/timers.ts';
import type { Snapshot } from '../config/snapshot.ts';
import {
  CLUSTERS,
  clustersWaitFor,
  fetchTimeouts,
  type KnownResources,
  LISTENERS,
  type TrackedScope,
  treeWaitsFor,
} from './dependency-tracker.ts';
import { Patience } from './patience.ts';
import { leavingClusterWaits, unknownClusterWaits, type Waiting } from './ready-tree.ts';
import { Stall } from './stall.ts';

/** See the head of this file. */
export class Waits {
  readonly #scope: TrackedScope;
  readonly #patience: Patience;
  readonly #stall: Stall;
  /** What is missing and worth waiting for, in words that complete "waiting for". */
  words: readonly string[] = [];
  /** Clusters are complete, or were waited for long enough: listeners may be asked for. */
  listenersDue = false;
  /** Nothing that is missing has come for a second. */
  stalled = false;
  /** Besides: clusters that were taken away while they are named. */
  #leaving: readonly string[] = [];

  /** `onOver` is called when less is waited for than before, though nothing has come. */
  constructor(scope: TrackedScope, timers: Timers, onOver: () => void) {
    this.#scope = scope;
    this.#patience = new Patience(timers, onOver);
    this.#stall = new Stall(timers, onOver);
  }

  /** Looks anew. `inUse` is in use; without a connection time does not count. */
  watch(known: KnownResources, inUse: Snapshot, connected: boolean): void {
    const waits = treeWaitsFor(this.#scope, known);
    if (this.#scope.listeners !== null && !this.listenersDue) {
      const left = this.#worthwhile(clustersWaitFor(this.#scope, known), known, connected);
      this.listenersDue = left.length === 0 || this.#stall.watch(left, connected);
      // What was not asked for yet is waited for without a limit.
      this.words = waits;
      if (!this.listenersDue) return;
    }
    waits.push(...unknownClusterWaits(this.#scope, known, inUse));
    const leaving = new Set(waits.length === 0 ? [] : leavingClusterWaits(this.#scope, known, inUse));
    const left = this.#worthwhile([...waits, ...leaving], known, connected);
    this.words = left.filter((what) => !leaving.has(what));
    this.#leaving = this.words.length === 0 ? [] : left.filter((what) => leaving.has(what));
    this.stalled = this.#stall.watch(this.words, connected);
  }

  /** Clusters and listeners are known, or were waited for long enough. */
  get answered(): boolean {
    return !this.words.includes(CLUSTERS) && !this.words.includes(LISTENERS);
  }

  /** As whoever puts the tree together wants it. */
  get waiting(): Waiting {
    const worthwhile = new Set([...this.words, ...this.#leaving]);
    return { worth: (what) => worthwhile.has(what), stalled: this.stalled };
  }

  /** It is known not to be there. */
  giveUp(what: string): void {
    this.#patience.giveUp(what);
  }

  close(): void {
    this.#patience.close();
    this.#stall.close();
  }

  #worthwhile(waits: readonly string[], known: KnownResources, connected: boolean): readonly string[] {
    const limits = waits.length === 0 ? undefined : fetchTimeouts(this.#scope, known);
    return this.#patience.watch(waits, connected, limits);
  }
}
