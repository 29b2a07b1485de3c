/**
 * What each client was sent, what it took and what it refused: so that a rejected configuration is visible.
 */
import type { ResourceKind } from '../../protos/contract/resource-types.ts';
import type { Refusal } from './subscription.ts';

/** One client with one kind of resource. Versions are empty before the first; times are milliseconds since 1970. */
export interface KindStatus {
  readonly sent: string;
  readonly sentAtMs: number;
  readonly acked: string;
  readonly ackedAtMs: number;
  /** The last response, if it was refused and nothing was accepted since. */
  readonly nacked: (Refusal & { readonly atMs: number }) | null;
}

/** One client. */
export interface ClientStatus {
  readonly nodeId: string;
  readonly userAgent: string;
  readonly kinds: ReadonlyMap<ResourceKind, KindStatus>;
}

/** The status of a kind before anything has happened. */
export const NOTHING_SENT: KindStatus = { sent: '', sentAtMs: 0, acked: '', ackedAtMs: 0, nacked: null };
