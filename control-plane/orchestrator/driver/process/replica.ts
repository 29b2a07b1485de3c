/**
 * One replica of the process driver: its record, its two processes, and when one that exited may run again.
 *
 * A sidecar is replaced by a hot restart at any time: by an upgrade, by a signal of somebody else, while no control plane is
 * there. The one that took over last has said so in a file; it is the sidecar, and those before it finish what they have.
 */
import type { Clock } from '../../../../kernel/clock.ts';
import type { Timers } from '../../../../kernel/timers.ts';
import { type Role, replicaId, type UpgradeFailure } from '../../plan.ts';
import type { EndedRun } from '../../restart-policy.ts';
import type { DriverReplica } from '../driver.ts';
import { readServing } from './handover.ts';
import { ManagedProcess } from './managed-process.ts';
import { type ReplicaRecord, replicaDirectory, type SidecarGenerations, writeRecord } from './record.ts';

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

const FIRST_GENERATION: SidecarGenerations = { next: 0, serving: 0, proven: 0 };

/** Older runs count for nothing. */
const ENDED_RUNS_MAX = 20;

/** See the head of this file. */
export class Replica {
  readonly id: string;
  readonly #stateDir: string;
  readonly #deps: ReplicaDeps;
  readonly #onExit: (role: Role) => void;
  readonly #slots: Readonly<Record<Role, Slot>>;
  #predecessors: readonly ManagedProcess[] = [];
  #record: ReplicaRecord;
  #released = false;

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

  /** Generations of its sidecar. */
  get sidecars(): SidecarGenerations {
    return this.#record.sidecars ?? FIRST_GENERATION;
  }

  /** An application was started. */
  applicationLaunched(process: ManagedProcess): void {
    this.#launched('application', process, {});
  }

  /** A sidecar of this generation was started. */
  sidecarLaunched(process: ManagedProcess, generation: number): void {
    const sidecars = { next: generation, serving: generation, proven: generation };
    this.#launched('sidecar', process, { sidecars, upgradeFailure: null });
  }

  /** What a sidecar of this generation is started with lies ready for it. */
  prepared(generation: number): void {
    this.#change({ sidecars: { ...this.sidecars, next: generation } });
  }

  /** The sidecar that serves is as it was to be. */
  upgraded(): void {
    this.#change({ sidecars: { ...this.sidecars, proven: this.sidecars.serving }, upgradeFailure: null });
  }

  notUpgraded(upgradeFailure: UpgradeFailure): void {
    this.#change({ upgradeFailure });
  }

  /** Takes over the process of the record; false when it runs no more, and may be started again at once. */
  adopt(role: Role): boolean {
    const { timers } = this.#deps;
    const noted = this.#record.processes[role];
    const process = noted === null ? undefined : ManagedProcess.adopt(noted, timers);
    if (process !== undefined) this.#follow(role, process);
    if (role === 'application') return process !== undefined;
    for (const each of this.#record.predecessors ?? []) {
      const before = ManagedProcess.adopt(each, timers);
      if (before !== undefined) this.#precede(before);
    }
    return this.followSidecar() || process !== undefined;
  }

  /** Whether another process has taken the place of the sidecar; it is the sidecar from now on. */
  followSidecar(): boolean {
    const { index, workload } = this.#record;
    const serving = readServing(replicaDirectory(this.#stateDir, workload.name, index));
    const slot = this.#slots.sidecar;
    const known = [slot.process, ...this.#predecessors].some((each) => each?.identity.pid === serving?.pid);
    const process = serving === undefined || known ? undefined : ManagedProcess.adopt(serving, this.#deps.timers);
    if (process === undefined) return false;
    const before = slot.process;
    this.#launched('sidecar', process, {
      sidecars: { ...this.sidecars, serving: this.sidecars.next },
      upgradeFailure: null,
    });
    if (before?.hasExited === false) this.#precede(before);
    return true;
  }

  /** Whether a process of this role was there and is not any more. */
  hasExited(role: Role): boolean {
    return this.#slots[role].process?.hasExited ?? true;
  }

  /** From now on exits are expected. */
  markStopping(): void {
    if (this.#record.phase === 'stopping') return;
    this.#change({ phase: 'stopping' });
  }

  /** Ends a process and resolves when it has exited; at once when it has already. A sidecar, with those before it. */
  async terminate(role: Role, graceMs: number): Promise<void> {
    this.markStopping();
    if (role === 'sidecar') this.followSidecar();
    const slot = this.#slots[role];
    // While one ends another may have taken its place.
    while (slot.process?.hasExited === false) await slot.process.terminate(graceMs);
    if (role === 'sidecar') await Promise.all(this.#predecessors.map((each) => each.terminate(graceMs)));
  }

  /** Resolves when no sidecar before the present one runs, or `limitMs` have passed; with how many do. */
  async untilAlone(limitMs: number): Promise<number> {
    this.followSidecar();
    if (this.#predecessors.length === 0) return 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#deps.timers.after(limitMs, resolve);
    await Promise.race([Promise.all(this.#predecessors.map(({ exited }) => exited)), promise]);
    timer.cancel();
    return this.#predecessors.length;
  }

  /** Leaders of the process groups that run now. */
  livePids(): number[] {
    const all = [this.#slots.application.process, this.#slots.sidecar.process, ...this.#predecessors];
    return all.flatMap((process) => (process === undefined || process.hasExited ? [] : [process.identity.pid]));
  }

  view(): DriverReplica {
    const { workload, index, specHash, phase, ports, upgradeFailure = null } = this.#record;
    const { application, sidecar } = this.#slots;
    return {
      workload: workload.name,
      index,
      specHash,
      sidecars: this.sidecars.proven,
      upgradeFailure,
      phase,
      restartAtMs: { application: this.#restartAt('application'), sidecar: this.#restartAt('sidecar') },
      adminAddress: `127.0.0.1:${ports.admin}`,
      services: workload.services,
      sidecarPid: sidecar.process?.hasExited === false ? sidecar.process.identity.pid : null,
      startedAtMs: Math.max(application.startedAtMs, sidecar.startedAtMs),
      stopGraceMs: workload.stopGraceMs,
    };
  }

  /** Forgets the processes, which run on, and writes no record any more. */
  release(): void {
    this.#released = true;
    for (const { process } of Object.values(this.#slots)) process?.release();
    for (const process of this.#predecessors) process.release();
  }

  #change(change: Partial<ReplicaRecord>): void {
    this.#record = { ...this.#record, ...change };
    if (!this.#released) this.save();
  }

  #launched(role: Role, process: ManagedProcess, change: Partial<ReplicaRecord>): void {
    const startedWallMs = this.#deps.clock.wallMs();
    const processes = { ...this.#record.processes, [role]: { ...process.identity, startedWallMs } };
    this.#change({ ...change, processes });
    this.#slots[role].startedAtMs = this.#deps.clock.nowMs();
    this.#follow(role, process);
  }

  /** What it has it takes to its end; it is no sidecar any more. */
  #precede(process: ManagedProcess): void {
    this.#setPredecessors([...this.#predecessors, process]);
    void process.exited.then(() => this.#setPredecessors(this.#predecessors.filter((each) => each !== process)));
  }

  #setPredecessors(predecessors: readonly ManagedProcess[]): void {
    this.#predecessors = predecessors;
    this.#change({ predecessors: predecessors.map(({ identity }) => identity) });
  }

  #follow(role: Role, process: ManagedProcess): void {
    const slot = this.#slots[role];
    slot.process = process;
    void process.exited.then(() => {
      if (this.#released || slot.process !== process || (role === 'sidecar' && this.followSidecar())) return;
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
