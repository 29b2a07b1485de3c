/**
 * Who leads: what the rest of the control plane knows of it.
 */
import type { Candidate } from './candidate.ts';

/**
 * `leading`: this one does, and may write. `adrift`: it did, and nobody else is known to; it goes on serving what it last
 * knew, and changes nothing. `following`: another one does, or nobody.
 */
export type Role = 'leading' | 'adrift' | 'following';

/** What the duties of a leader follow. One is not called before the one before has resolved. */
export interface LeadershipEvents {
  /** From now on this control plane leads: resolves when it does everything that a leader does. */
  onLead(): Promise<void>;
  /** It may go on serving, and nothing else. */
  onAdrift(): void;
  /** Another one leads: resolves when nothing of a leader's is done any more. */
  onFollow(): Promise<void>;
}

/** See the head of this file. */
export interface Leadership {
  readonly role: Role;
  /** Whether there can be others. */
  readonly shared: boolean;
  /** Null: nobody leads, or nobody knows. */
  readonly leader: Candidate | null;
  /** All control planes that live, sorted by id. */
  readonly members: readonly Candidate[];
  /** Times that this one was elected. */
  readonly elections: number;
  /** Resolves when this one leads, or knows whether another one does. */
  start(): Promise<void>;
  /** Asks, so that what is read afterwards is the latest: milliseconds by which it may be older, 0 when it is not. */
  confirm(): Promise<number>;
  /** Takes part no longer; what a leader does has ended before. */
  close(): Promise<void>;
}
