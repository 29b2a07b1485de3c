/**
 * The process driver: replicas as plain processes of this machine, an application and its sidecar each. The embedded
 * default: no Docker, no root, all on loopback.
 *
 * Processes are sessions of their own, with their output in files: they live on when the control plane dies, and it
 * finds them again by the records.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { assert } from '../../../../kernel/assert.ts';
import type { Clock } from '../../../../kernel/clock.ts';
import type { Logger } from '../../../../kernel/log.ts';
import type { Random } from '../../../../kernel/random.ts';
import type { Timer, Timers } from '../../../../kernel/timers.ts';
import type { Workload } from '../../../state/model.ts';
import type { ServerAddress } from '../../../translate/control-plane-cluster.ts';
import { type Role, replicaId, type UpgradeFailure } from '../../plan.ts';
import type { EndedRun } from '../../restart-policy.ts';
import type { Driver, DriverReplica, LogFile, ProcessExit, ReplicaKind } from '../driver.ts';
import { bootstrapJson } from './bootstrap.ts';
import { applicationEnvironment, RUN_VARIABLE, sidecarEnvironment } from './environment.ts';
import { askForHotRestart, writeNext } from './handover.ts';
import { type LaunchOptions, ManagedProcess } from './managed-process.ts';
import { killOrphans, killRest } from './orphans.ts';
import { findFreePorts } from './ports.ts';
import { waitUntilListening, waitUntilReady } from './readiness-probe.ts';
import { type ReplicaPorts, type ReplicaRecord, readRecords, removeRecord, replicaDirectory } from './record.ts';
import { Replica } from './replica.ts';
import { exchangeIntervalMs, type SidecarAccess, writeToken } from './sidecar-access.ts';

/** How the driver runs things. */
export interface ProcessDriverSettings {
  /** Absolute. */
  readonly stateDir: string;
  /** Starts a sidecar when `-c FILE --hot-restart-directory DIR` is put after it. */
  readonly sidecarCommand: readonly string[];
  /** Where sidecars that start now reach the control planes. */
  readonly controlPlanes: () => readonly ServerAddress[];
  /** How they get in there. */
  readonly access: SidecarAccess;
  /** The control plane's own environment. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The Node that applications get as `node`, absolute. */
  readonly nodePath: string;
  /** An application is started when its sidecar is ready, or after so long. */
  readonly sidecarReadyTimeoutMs: number;
}

/** What the driver needs. */
export interface ProcessDriverDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  /** When a process that has exited may run again; see restart-policy.ts. */
  readonly restartAtMs: (runs: readonly EndedRun[]) => number;
}

/** What was begun by a start that failed ends within this. */
const START_UNDO_GRACE_MS = 1000;
/** How long an application that was started again is waited for. */
const APPLICATION_UP_TIMEOUT_MS = 10_000;
/** How long the death of a process goes unnoticed at most. */
const DEATH_SEEN_MS = 1000;
const LOOK_MS = 50;
/** How often it is looked whether sidecars have been replaced by others than us. */
const FOLLOW_MS = 2000;
const PORT_NAMES = ['app', 'inbound', 'outbound', 'admin', 'settings'] as const;

/** See the head of this file. */
export class ProcessDriver implements Driver {
  readonly #settings: ProcessDriverSettings;
  readonly #deps: ProcessDriverDeps;
  readonly #replicas = new Map<string, Replica>();
  readonly #listeners = new Set<(exit: ProcessExit) => void>();
  #choosingPorts: Promise<unknown> = Promise.resolve();
  readonly #closing = new AbortController();
  readonly #exchange: Timer;
  readonly #follow: Timer;

  constructor(settings: ProcessDriverSettings, deps: ProcessDriverDeps) {
    this.#settings = settings;
    this.#deps = deps;
    this.#exchange = deps.timers.every(exchangeIntervalMs(settings.access), () => this.#exchangeTokens());
    // One that is replaced by somebody else may go on for long with what it has, while its successor needs us.
    this.#follow = deps.timers.every(FOLLOW_MS, () => {
      for (const replica of this.#replicas.values()) replica.followSidecar();
    });
  }

  async recover(): Promise<void> {
    const { stateDir } = this.#settings;
    for (const record of readRecords(stateDir)) {
      const replica = this.#add(record);
      writeToken(stateDir, record, this.#settings.access);
      for (const role of ['sidecar', 'application'] as const) if (!replica.adopt(role)) this.#exited(replica, role);
    }
    const leaders = [...this.#replicas.values()].flatMap((replica) => replica.livePids());
    const directories = [...this.#replicas.values()].map((replica) => this.#directory(replica));
    const killed = killOrphans(stateDir, new Set(leaders), new Set(directories));
    if (leaders.length > 0) this.#deps.logger.info({ processes: leaders.length }, 'took over running processes');
    if (killed.length > 0) this.#deps.logger.warn({ processes: killed }, 'killed processes that belong to no replica');
  }

  inspect(): DriverReplica[] {
    return [...this.#replicas.values()].map((replica) => replica.view());
  }

  async start(workload: Workload, index: number, { specHash, sidecars }: ReplicaKind): Promise<void> {
    const { cpus, memoryBytes } = workload.limits;
    if (cpus !== null || memoryBytes !== null) {
      this.#deps.logger.warn(
        { workload: workload.name },
        'deploy.resources.limits are not enforced on plain processes',
      );
    }
    const ports = await this.#choosePorts();
    const processes = { application: null, sidecar: null };
    const replica = this.#add({ workload, index, specHash, phase: 'running', ports, processes });
    replica.save();
    try {
      await this.#launchSidecar(replica, sidecars);
      await this.#untilSidecarReady(replica);
      await this.#launchApplication(replica);
    } catch (cause) {
      await replica.terminate('sidecar', START_UNDO_GRACE_MS);
      this.#forget(replica);
      throw new Error(`${replica.id} cannot be started: ${(cause as Error).message}`, { cause });
    }
  }

  async restart(workload: string, index: number, role: Role, sidecars: number): Promise<void> {
    const replica = this.#replica(workload, index);
    if (role === 'sidecar') return this.#launchSidecar(replica, sidecars);
    await this.#launchApplication(replica);
    const gaveUp = () => replica.hasExited('application');
    await waitUntilListening(replica.record.ports.app, APPLICATION_UP_TIMEOUT_MS, gaveUp, this.#deps);
  }

  async replaceSidecar(workload: string, index: number, sidecars: number): Promise<void> {
    const replica = this.#replica(workload, index);
    // An earlier control plane may have come so far.
    replica.followSidecar();
    if (replica.sidecars.serving === sidecars) return;
    writeNext(this.#directory(replica), this.#sidecarOptions(replica));
    replica.prepared(sidecars);
    const { signal } = this.#closing;
    const asked = await askForHotRestart(replica.record.ports.admin, signal);
    const isThere = () => replica.sidecars.serving === sidecars || replica.followSidecar();
    if (asked.ok ? isThere() : !asked.error.answered && (await this.#soon(isThere, replica))) return;
    throw new Error(asked.ok ? 'a successor serves that has not said which process it is' : asked.error.why);
  }

  upgraded(workload: string, index: number): void {
    this.#replica(workload, index).upgraded();
  }

  notUpgraded(workload: string, index: number, failure: UpgradeFailure): void {
    this.#replica(workload, index).notUpgraded(failure);
  }

  async untilAlone(workload: string, index: number, limitMs: number): Promise<void> {
    const left = await this.#replica(workload, index).untilAlone(limitMs);
    if (left > 0)
      this.#deps.logger.warn(
        { replica: replicaId(workload, index), sidecars: left, limitMs },
        'sidecars before the present one still have connections, which are cut',
      );
  }

  markStopping(workload: string, index: number): void {
    this.#replica(workload, index).markStopping();
  }

  async stopApplication(workload: string, index: number, graceMs: number): Promise<void> {
    await this.#replica(workload, index).terminate('application', graceMs);
  }

  async stopSidecar(workload: string, index: number, graceMs: number): Promise<void> {
    const replica = this.#replica(workload, index);
    await replica.terminate('sidecar', graceMs);
    const { next, serving } = replica.sidecars;
    if (next !== serving) killRest(this.#directory(replica));
    this.#forget(replica);
  }

  logFiles(workload: string): LogFile[] {
    const own = [...this.#replicas.values()].filter((replica) => replica.record.workload.name === workload);
    return own.map(({ id }) => ({ replica: id, path: join(this.#settings.stateDir, 'log', `${id}.log`) }));
  }

  watch(listener: (exit: ProcessExit) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#closing.abort();
    this.#exchange.cancel();
    this.#follow.cancel();
    this.#listeners.clear();
    for (const replica of this.#replicas.values()) replica.release();
  }

  #add(record: ReplicaRecord): Replica {
    const { stateDir } = this.#settings;
    const replica = new Replica(record, stateDir, this.#deps, (role) => this.#exited(replica, role));
    this.#replicas.set(replica.id, replica);
    return replica;
  }

  #forget(replica: Replica): void {
    this.#replicas.delete(replica.id);
    replica.release();
    const { workload, index } = replica.record;
    removeRecord(this.#settings.stateDir, workload.name, index);
  }

  #replica(workload: string, index: number): Replica {
    const replica = this.#replicas.get(replicaId(workload, index));
    assert(replica !== undefined, `${replicaId(workload, index)} is not known to the driver`);
    return replica;
  }

  #exited(replica: Replica, role: Role): void {
    if (this.#closing.signal.aborted) return;
    const { workload, index } = replica.record;
    this.#deps.logger.warn({ replica: replica.id, role }, 'process exited by itself');
    for (const listener of this.#listeners) listener({ workload: workload.name, index, role });
  }

  /** One choice at a time, so that two replicas never choose the same ports. */
  #choosePorts(): Promise<ReplicaPorts> {
    const choice = this.#choosingPorts.then(async () => {
      const taken = new Set([...this.#replicas.values()].flatMap((each) => Object.values(each.record.ports)));
      const found = await findFreePorts(PORT_NAMES.length, taken, this.#deps.random);
      return Object.fromEntries(PORT_NAMES.map((name, i) => [name, found[i]!])) as unknown as ReplicaPorts;
    });
    this.#choosingPorts = choice.catch(() => {});
    return choice;
  }

  async #launchSidecar(replica: Replica, generation: number): Promise<void> {
    const options = this.#sidecarOptions(replica);
    // Whoever replaces it by a signal gets the same.
    writeNext(this.#directory(replica), options);
    const launched = await ManagedProcess.launch(options, this.#deps.timers);
    replica.sidecarLaunched(launched, generation);
    await this.#stopIfStopping(replica, 'sidecar', launched);
  }

  async #launchApplication(replica: Replica): Promise<void> {
    const launched = await ManagedProcess.launch(this.#applicationOptions(replica), this.#deps.timers);
    replica.applicationLaunched(launched);
    await this.#stopIfStopping(replica, 'application', launched);
  }

  async #stopIfStopping(replica: Replica, role: Role, launched: ManagedProcess): Promise<void> {
    if (replica.record.phase === 'stopping') {
      await launched.terminate(0);
      throw new Error('it was stopped while it was being started');
    }
    this.#deps.logger.info({ replica: replica.id, role, pid: launched.identity.pid }, 'process started');
  }

  /** A sidecar that did not answer may have died, which takes a moment to be seen, or has been followed by another. */
  async #soon(isThere: () => boolean, replica: Replica): Promise<boolean> {
    const { clock, timers } = this.#deps;
    const endMs = clock.nowMs() + DEATH_SEEN_MS;
    while (!isThere()) {
      if (clock.nowMs() > endMs || replica.hasExited('sidecar') || this.#closing.signal.aborted) return false;
      await new Promise<void>((resolve) => timers.after(LOOK_MS, resolve));
    }
    return true;
  }

  /** A sidecar that exits at once is as good as ready: the application need not wait for it. */
  async #untilSidecarReady(replica: Replica): Promise<void> {
    const { sidecarReadyTimeoutMs } = this.#settings;
    const url = `http://127.0.0.1:${replica.record.ports.admin}/ready`;
    const gaveUp = () => replica.hasExited('sidecar');
    const ready = await waitUntilReady(url, sidecarReadyTimeoutMs, gaveUp, this.#deps);
    if (!ready)
      this.#deps.logger.warn({ replica: replica.id }, 'the sidecar is not ready: starting the application anyway');
  }

  #sidecarOptions({ record }: Replica): LaunchOptions {
    const { stateDir, sidecarCommand, environment, controlPlanes, access } = this.#settings;
    const { workload, index, ports } = record;
    const directory = replicaDirectory(stateDir, workload.name, index);
    const file = join(directory, 'bootstrap.json');
    const settingsFile = join(directory, 'settings.json');
    const applicationEnvironment = this.#applicationEnvironment(record);
    const own = { directory, settingsFile, environment: applicationEnvironment };
    const tokenFile = writeToken(stateDir, record, access);
    const json = bootstrapJson({
      workload,
      index,
      ports,
      controlPlanes: controlPlanes(),
      trust: access.trust(),
      tokenFile,
      ...own,
    });
    mkdirSync(directory, { recursive: true });
    // It may hold the application's environment.
    writeFileSync(file, `${JSON.stringify(json, null, 2)}\n`, { mode: 0o600 });
    return {
      command: [...sidecarCommand, '-c', file, '--hot-restart-directory', directory],
      cwd: directory,
      env: { ...sidecarEnvironment(environment, this.#nodeDirectory()), [RUN_VARIABLE]: directory },
      logFile: join(stateDir, 'log', `${replicaId(workload.name, index)}.sidecar.log`),
    };
  }

  #applicationOptions({ record }: Replica): LaunchOptions {
    const { workload, index } = record;
    return {
      command: workload.command,
      cwd: workload.workingDir,
      env: this.#applicationEnvironment(record),
      logFile: join(this.#settings.stateDir, 'log', `${replicaId(workload.name, index)}.log`),
    };
  }

  #applicationEnvironment({ workload, index, ports }: ReplicaRecord): Record<string, string> {
    const { stateDir, environment } = this.#settings;
    const directory = replicaDirectory(stateDir, workload.name, index);
    const settingsFile = join(directory, 'settings.json');
    const nodeDirectory = this.#nodeDirectory();
    return applicationEnvironment({ workload, index, ports, directory, settingsFile, own: environment, nodeDirectory });
  }

  #directory({ record }: Replica): string {
    return replicaDirectory(this.#settings.stateDir, record.workload.name, record.index);
  }

  #exchangeTokens(): void {
    const { stateDir, access } = this.#settings;
    for (const { record } of this.#replicas.values()) writeToken(stateDir, record, access);
  }

  #nodeDirectory(): string {
    return dirname(this.#settings.nodePath);
  }
}
