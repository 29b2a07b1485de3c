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
  /** Generation of its sidecars: one of another is replaced in place. */
  readonly sidecars: number;
  readonly update: UpdateOrder;
  /** Workloads of which one replica must have been started before. */
  readonly dependsOn: readonly string[];
}

/** One replica as it is. */
export interface ActualReplica {
  readonly workload: string;
  readonly index: number;
  readonly specHash: string;
  /** Generation of its sidecar. */
  readonly sidecars: number;
  /** Why its sidecar could not be replaced by one of a later generation; null when it was not tried, or has been. */
  readonly upgradeFailure: UpgradeFailure | null;
  /** `stopping` goes on being stopped, whatever happens. */
  readonly phase: 'running' | 'stopping';
  /** Takes traffic: registered, healthy, published. */
  readonly ready: boolean;
  /** Clock time at which a process that has exited may be started again; null while it runs. */
  readonly restartAtMs: Readonly<Record<Role, number | null>>;
}

/** A sidecar that was to be replaced in place by one of this generation, and what came of it. */
export interface UpgradeFailure {
  readonly sidecars: number;
  readonly why: string;
}

/** One step. Replicas are named by workload and index. */
export type Action =
  | { readonly kind: 'start'; readonly workload: string; readonly index: number }
  | { readonly kind: 'stop'; readonly workload: string; readonly index: number; readonly reason: string }
  | { readonly kind: 'restart'; readonly workload: string; readonly index: number; readonly role: Role }
  /** Another sidecar takes the place of the one that runs. */
  | { readonly kind: 'upgrade'; readonly workload: string; readonly index: number };

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
