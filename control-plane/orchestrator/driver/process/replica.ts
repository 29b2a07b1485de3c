/**
 * One replica of the process driver: its record, its two processes, and when one that exited may run again.
 */
import type { Clock } from '../../../../kernel/clock.ts';
import type { Timers } from '../../../../kernel/timers.ts';
import { type Role, replicaId } from '../../plan.ts';
import type { EndedRun } from '../../restart-policy.ts';
import type { DriverReplica } from '../driver.ts';
import { ManagedProcess } from './managed-process.ts';
import { type ReplicaRecord, writeRecord } from './record.ts';

/** What is remembered of one of the two processes. */
interface Slot {
  process: ManagedProcess | undefined;
  startedAtMs: number;
  /** Its runs that have ended, oldest first; forgotten when the control plane restarts. */
  readonly ended: EndedRun[];
}

/** What a replica needs. */
export interface ReplicaDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  /** See restart-policy.ts. */
  readonly restartAtMs: (runs: readonly EndedRun[]) => number;
}

/** Older runs count for nothing. */
const ENDED_RUNS_MAX = 20;

/** See the head of this file. */
export class Replica {
  readonly id: string;
  readonly #stateDir: string;
  readonly #deps: ReplicaDeps;
  readonly #onExit: (role: Role) => void;
  readonly #slots: Readonly<Record<Role, Slot>>;
  #record: ReplicaRecord;

  /** `onExit` is called when a process exits that nobody asked to. */
  constructor(record: ReplicaRecord, stateDir: string, deps: ReplicaDeps, onExit: (role: Role) => void) {
    this.id = replicaId(record.workload.name, record.index);
    this.#record = record;
    this.#stateDir = stateDir;
    this.#deps = deps;
    this.#onExit = onExit;
    const slot = (): Slot => ({ process: undefined, startedAtMs: deps.clock.nowMs(), ended: [] });
    this.#slots = { application: slot(), sidecar: slot() };
  }

  get record(): ReplicaRecord {
    return this.#record;
  }

  /** Writes the record to disk. */
  save(): void {
    writeRecord(this.#stateDir, this.#record);
  }

  /** A process was started in this role. */
  launched(role: Role, process: ManagedProcess): void {
    const startedWallMs = this.#deps.clock.wallMs();
    this.#record = {
      ...this.#record,
      processes: { ...this.#record.processes, [role]: { ...process.identity, startedWallMs } },
    };
    this.save();
    this.#slots[role].startedAtMs = this.#deps.clock.nowMs();
    this.#follow(role, process);
  }

  /** Takes over the process of the record; false when it runs no more, and may be started again at once. */
  adopt(role: Role): boolean {
    const noted = this.#record.processes[role];
    const process = noted === null ? undefined : ManagedProcess.adopt(noted, this.#deps.timers);
    if (process === undefined) return false;
    this.#follow(role, process);
    return true;
  }

  /** Whether a process of this role was there and is not any more. */
  hasExited(role: Role): boolean {
    return this.#slots[role].process?.hasExited ?? true;
  }

  /** From now on exits are expected. */
  markStopping(): void {
    if (this.#record.phase === 'stopping') return;
    this.#record = { ...this.#record, phase: 'stopping' };
    this.save();
  }

  /** Ends a process and resolves when it has exited; at once when it has already. */
  async terminate(role: Role, graceMs: number): Promise<void> {
    this.markStopping();
    await this.#slots[role].process?.terminate(graceMs);
  }

  /** Leaders of the process groups that run now. */
  livePids(): number[] {
    return Object.values(this.#slots).flatMap(({ process }) =>
      process === undefined || process.hasExited ? [] : [process.identity.pid],
    );
  }

  view(): DriverReplica {
    const { workload, index, specHash, phase, ports } = this.#record;
    return {
      workload: workload.name,
      index,
      specHash,
      phase,
      restartAtMs: { application: this.#restartAt('application'), sidecar: this.#restartAt('sidecar') },
      adminAddress: `127.0.0.1:${ports.admin}`,
      services: workload.services,
      startedAtMs: this.#slots.application.startedAtMs,
      stopGraceMs: workload.stopGraceMs,
    };
  }

  /** Forgets the processes; they run on. */
  release(): void {
    for (const { process } of Object.values(this.#slots)) process?.release();
  }

  #follow(role: Role, process: ManagedProcess): void {
    const slot = this.#slots[role];
    slot.process = process;
    void process.exited.then(() => {
      slot.ended.push({ startedAtMs: slot.startedAtMs, endedAtMs: this.#deps.clock.nowMs() });
      if (slot.ended.length > ENDED_RUNS_MAX) slot.ended.shift();
      if (this.#record.phase === 'running') this.#onExit(role);
    });
  }

  /** Null while it runs. One that did not survive the restart of the control plane may run at once. */
  #restartAt(role: Role): number | null {
    if (!this.hasExited(role)) return null;
    const { ended } = this.#slots[role];
    return ended.length === 0 ? 0 : this.#deps.restartAtMs(ended);
  }
}
