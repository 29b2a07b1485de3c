/**
 * What the orchestrator compares and what it decides: plain data on both sides.
 */

import type { UpdateOrder } from '../state/model.ts';

/** The two processes of a replica. */
export type Role = 'application' | 'sidecar';

/** What one workload is to be. */
export interface DesiredWorkload {
  readonly name: string;
  readonly replicas: number;
  /** Of everything that a running replica cannot change: one with another hash is replaced. */
  readonly specHash: string;
  readonly update: UpdateOrder;
  /** Workloads of which one replica must have been started before. */
  readonly dependsOn: readonly string[];
}

/** One replica as it is. */
export interface ActualReplica {
  readonly workload: string;
  readonly index: number;
  readonly specHash: string;
  /** `stopping` goes on being stopped, whatever happens. */
  readonly phase: 'running' | 'stopping';
  /** Takes traffic: registered, healthy, published. */
  readonly ready: boolean;
  /** Clock time at which a process that has exited may be started again; null while it runs. */
  readonly restartAtMs: Readonly<Record<Role, number | null>>;
}

/** One step. Replicas are named by workload and index. */
export type Action =
  | { readonly kind: 'start'; readonly workload: string; readonly index: number }
  | { readonly kind: 'stop'; readonly workload: string; readonly index: number; readonly reason: string }
  | { readonly kind: 'restart'; readonly workload: string; readonly index: number; readonly role: Role };

/** What is to be done now, and when to look again if nothing else happens. */
export interface Plan {
  readonly actions: readonly Action[];
  /** Clock time; null when only an event can change anything. */
  readonly wakeAtMs: number | null;
}

/** The id of a replica's instance in the registry, which is also its xDS node id. */
export function replicaId(workload: string, index: number): string {
  return `${workload}-${index}`;
}
