/** One way to look at one endpoint, again and again; one look at a time. */
import type { SocketAddress } from '../../../config/model/common.ts';
import type { PoolHost } from '../../pool/pool.ts';
import type { CheckOutcome } from './check-state.ts';

/** Whoever looks. */
export interface ProbeOwner {
  /** How the look that was begun has ended; perhaps within `begin`. Not called after `abort`. */
  onProbed(outcome: CheckOutcome): void;
}

export interface Probe {
  /** Looks once. Only when the one before has ended. */
  begin(owner: ProbeOwner): void;
  /** Gives up the look that is under way, and the connection that it was on. */
  abort(): void;
  /** Ends everything; nothing is heard of it from then on. */
  close(): void;
}

/** Where a probe looks, and with what. */
export interface ProbeTarget {
  /** Makes connections for checks alone; its counters are not the cluster's. */
  readonly host: PoolHost;
  readonly address: SocketAddress;
  /** Of the request, where the configuration names none. */
  readonly authority: string;
  readonly reusesConnection: boolean;
  /** Of service names that answers are compared with: counts them. */
  readonly onServiceName: () => void;
}
