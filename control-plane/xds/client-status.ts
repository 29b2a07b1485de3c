/**
 * What each client was sent, what it took and what it refused: so that a rejected configuration is visible.
 */
import type { ResourceKind } from '../../protos/contract/resource-types.ts';
import type { EncodedResource } from '../snapshot/encoded-resource.ts';
import type { ResourceState } from './resource-states.ts';
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
  /** Of that program, as it says; empty when it does not. */
  readonly version: string;
  readonly kinds: ReadonlyMap<ResourceKind, KindStatus>;
}

/** One resource as one client has it, or a name that it asks for in vain. */
export interface ResourceReport extends ResourceState {
  readonly kind: ResourceKind;
  /** Of what the client took in or was told last: in delta the resource's own, else that of the response. */
  readonly version: string;
  /** When it was last sent on this stream; 0 when it was not. Milliseconds since 1970. */
  readonly sentAtMs: number;
  /** Why the client refused it; null when it did not. */
  readonly refusal: KindStatus['nacked'];
  /** As it is now; undefined when there is none. */
  readonly resource: EncodedResource | undefined;
}

/** One client with all of its resources. */
export interface ClientReport {
  readonly nodeId: string;
  readonly userAgent: string;
  readonly protocol: 'delta' | 'state of the world';
  readonly resources: readonly ResourceReport[];
}

/** The status of a kind before anything has happened. */
export const NOTHING_SENT: KindStatus = { sent: '', sentAtMs: 0, acked: '', ackedAtMs: 0, nacked: null };
