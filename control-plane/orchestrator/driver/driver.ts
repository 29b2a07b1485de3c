/**
 * What runs replicas: a driver can start, stop, inspect, watch and recover them. It knows nothing of traffic.
 */
import type { Workload } from '../../state/model.ts';
import type { ActualReplica, Role, UpgradeFailure } from '../plan.ts';

/** One replica as its driver sees it. */
export interface DriverReplica extends Omit<ActualReplica, 'ready'> {
  /** Where its sidecar tells about itself, host and port. */
  readonly adminAddress: string;
  readonly services: readonly string[];
  /** Process number of its sidecar; null when none runs. */
  readonly sidecarPid: number | null;
  /** Clock time of the last start of one of its processes; of its own, before that. */
  readonly startedAtMs: number;
  readonly stopGraceMs: number;
}

/** What a replica is started as. */
export type ReplicaKind = Pick<ActualReplica, 'specHash' | 'sidecars'>;

/** A process of a replica has exited by itself. */
export interface ProcessExit {
  readonly workload: string;
  readonly index: number;
  readonly role: Role;
}

/** Where the output of one application goes. */
export interface LogFile {
  readonly replica: string;
  readonly path: string;
}

/** See the head of this file. Every replica has an index that is its own within the workload. */
export interface Driver {
  /**
   * Takes over what ran before, and ends what nobody knows any more; processes that have died meanwhile are told to the
   * watchers. Once, before anything else.
   */
  recover(): Promise<void>;
  /** All replicas, those that are being stopped included. */
  inspect(): DriverReplica[];
  /** Starts a replica, sidecar first. Rejects when it cannot be started; what was begun is undone. */
  start(workload: Workload, index: number, kind: ReplicaKind): Promise<void>;
  /**
   * Starts one process of a replica again, where it was; an application is waited for until it listens. `sidecars` is the
   * generation of a sidecar that is started now.
   */
  restart(workload: string, index: number, role: Role, sidecars: number): Promise<void>;
  /**
   * Puts a sidecar of this generation in the place of the one that runs, which goes on until it serves; resolves when it does.
   * Rejects with why not: the one before goes on, or has died.
   */
  replaceSidecar(workload: string, index: number, sidecars: number): Promise<void>;
  /** The sidecar that serves is as it was to be; from now on the replica is of that generation. */
  upgraded(workload: string, index: number): void;
  /** The replica's sidecar is not replaced by one of this generation, and why. Remembered until another one serves. */
  notUpgraded(workload: string, index: number, failure: UpgradeFailure): void;
  /** Resolves when what sidecars before the present one still had has ended, or `limitMs` have passed. */
  untilAlone(workload: string, index: number, limitMs: number): Promise<void>;
  /** From now on the replica is being stopped, also after a restart of the control plane. */
  markStopping(workload: string, index: number): void;
  /** Ends the application and resolves when it has exited. */
  stopApplication(workload: string, index: number, graceMs: number): Promise<void>;
  /** Ends the sidecar, and then forgets the replica. */
  stopSidecar(workload: string, index: number, graceMs: number): Promise<void>;
  /** The output of a workload's applications, one file per replica that is there. */
  logFiles(workload: string): LogFile[];
  /** Calls `listener` when a process exits by itself, until the returned function is called. */
  watch(listener: (exit: ProcessExit) => void): () => void;
  /** Stops watching. The processes run on. */
  close(): void;
}
