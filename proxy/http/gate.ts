/** What an attempt passes besides the limits: the breaker of its cluster and that of its route. */
import type { Failure } from './failure.ts';

/** A breaker is one. */
export interface Gate {
  /** Changes with the state; hand it back with the outcome. */
  readonly epoch: number;
  /** Whether a request would be refused now, and why; counted when it is. HOT. */
  refuse(): Failure | null;
  /** Lets an attempt through, or says why not. Whoever is let through calls `record` or `release` once. HOT. */
  enter(): Failure | null;
  /** How an attempt ended. `tookMs` is until its answer began. HOT. */
  record(epoch: number, failed: boolean, tookMs: number): void;
  /** An attempt ended without saying anything about what is guarded. */
  release(epoch: number): void;
}
