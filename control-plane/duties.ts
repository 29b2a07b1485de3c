/**
 * What only the control plane that leads does, begun and ended as a whole: sidecars are served, and replicas are run.
 *
 *   gRPC port bound ─► processes of the one before taken over ─► loop (reconcile) ─► executor ─► driver
 */

import type { Server } from '@grpc/grpc-js';
import type { Clock } from '../kernel/clock.ts';
import { hostPortText } from '../kernel/host-port.ts';
import type { Logger } from '../kernel/log.ts';
import type { Random } from '../kernel/random.ts';
import type { Timers } from '../kernel/timers.ts';
import type { MeshDns } from './dns/mesh-dns.ts';
import { bindGrpcServer, type XdsServers } from './grpc-server.ts';
import { serveLocalXds } from './local-xds.ts';
import type { DriverReplica, LogFile } from './orchestrator/driver/driver.ts';
import { ProcessDriver } from './orchestrator/driver/process/process-driver.ts';
import { Executor, type StopTimes, type TrafficControl } from './orchestrator/executor.ts';
import { OrchestratorLoop } from './orchestrator/loop.ts';
import { replicaId } from './orchestrator/plan.ts';
import type { EndedRun } from './orchestrator/restart-policy.ts';
import type { Roll } from './orchestrator/roll.ts';
import { type SidecarStanding, SidecarUpgrades } from './orchestrator/sidecar-upgrades.ts';
import { isPublished } from './registry/instance.ts';
import type { Registry } from './registry/registry.ts';
import { grpcServerCredentials } from './security/grpc-credentials.ts';
import type { Security } from './security/security.ts';
import type { ControlPlaneSettings, ListenAddress } from './settings.ts';
import type { Ledger } from './store/ledger.ts';
import type { ServerAddress } from './translate/control-plane-cluster.ts';

/** What the duties need. */
export interface DutyDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly nodePath: string;
  readonly restartAtMs: (runs: readonly EndedRun[]) => number;
  readonly drainTimes: StopTimes | undefined;
  readonly settings: ControlPlaneSettings;
  readonly ledger: Ledger;
  readonly registry: Registry;
  readonly security: Security;
  readonly xds: XdsServers;
  /** How replicas are taken out of traffic. */
  readonly traffic: TrafficControl;
  /** How a sidecar that has taken the place of another fares. */
  readonly standing: SidecarStanding;
  /** Names for clients without a sidecar; null where that is not wanted. */
  readonly dns: () => Promise<MeshDns | null>;
  /** A gRPC server that is not bound yet. */
  readonly grpcServer: () => Server;
  readonly grpc: ListenAddress;
  /** Where sidecars find control planes besides this one, when they are started. */
  readonly others: () => readonly ServerAddress[];
  /** What sidecars are bound to: another text starts them anew. By default where this one serves. */
  readonly binding: string | null;
}

/** One term of them. */
interface Term {
  readonly grpcAddress: string;
  readonly dns: MeshDns | null;
  readonly driver: ProcessDriver;
  readonly loop: OrchestratorLoop;
  /** What ends each part, in the order in which they were begun. */
  readonly ends: (() => unknown)[];
}

/** See the head of this file. */
export class LeaderDuties {
  readonly #deps: DutyDeps;
  /** Since the start. */
  readonly upgrades = { replaced: 0, failed: 0 };
  #term: Term | null = null;

  constructor(deps: DutyDeps) {
    this.#deps = deps;
  }

  /** Where sidecars are served, host and port; null while they are not. */
  get grpcAddress(): string | null {
    return this.#term?.grpcAddress ?? null;
  }

  get dns(): MeshDns | null {
    return this.#term?.dns ?? null;
  }

  /** Begins them, or goes on with them. Rejects, with all that was begun undone, when the gRPC port cannot be bound. */
  async begin(): Promise<void> {
    if (this.#term !== null) {
      this.#term.loop.hold(false);
      return;
    }
    const ends: (() => unknown)[] = [];
    try {
      await this.#begin(ends);
    } catch (cause) {
      for (const end of ends.reverse()) end();
      throw cause;
    }
  }

  async #begin(ends: (() => unknown)[]): Promise<void> {
    const { grpc: address, grpcServer, security, settings, xds, logger } = this.#deps;
    // The gRPC server is bound before anything is run: sidecars are told where it is.
    const grpc = grpcServer();
    ends.push(() => grpc.forceShutdown());
    const port = await bindGrpcServer(grpc, hostPortText(address), grpcServerCredentials(security));
    const local = await serveLocalXds(settings.stateDir, xds, logger);
    ends.push(() => local?.forceShutdown());
    const dns = await this.#deps.dns();
    ends.push(() => dns?.close());
    const { driver, loop, upgrades, grpcAddress } = this.#orchestrator({ ...address, port });
    ends.push(
      () => upgrades.close(),
      () => driver.close(),
      () => loop.stop(),
    );
    await driver.recover();
    this.#term = { grpcAddress, dns, driver, loop, ends };
    loop.wake();
  }

  /** Goes on serving, and changes nothing until `begin`. */
  hold(): void {
    this.#term?.loop.hold(true);
  }

  /** Ends them; the processes run on. */
  end(): void {
    const term = this.#term;
    this.#term = null;
    for (const end of term?.ends.reverse() ?? []) end();
  }

  /** Something may have changed: it is time to plan. */
  wake(): void {
    this.#term?.loop.wake();
  }

  replicas(): readonly DriverReplica[] {
    return this.#term?.driver.inspect() ?? [];
  }

  /** Ids of replicas whose sidecars run. */
  running(): readonly string[] {
    return this.replicas().flatMap(({ workload, index, phase, restartAtMs: { sidecar } }) => {
      return phase === 'running' && sidecar === null ? [replicaId(workload, index)] : [];
    });
  }

  rolls(): ReadonlyMap<string, Roll> {
    return this.#term?.loop.rolls() ?? new Map();
  }

  logFiles(workload: string): readonly LogFile[] {
    return this.#term?.driver.logFiles(workload) ?? [];
  }

  /** Stops planning, then every replica. */
  async stopWorkloads(): Promise<void> {
    await this.#term?.loop.stopWorkloads();
  }

  #orchestrator(own: ListenAddress) {
    const { clock, timers, random, logger, settings, ledger, registry, security, traffic } = this.#deps;
    const { stateDir, sidecarCommand, sidecarReadyTimeoutMs } = settings;
    const { environment, nodePath, restartAtMs, drainTimes, others, binding, standing } = this.#deps;
    const grpcAddress = hostPortText(own);
    const controlPlanes = () => [own, ...others().filter(({ host, port }) => host !== own.host || port !== own.port)];
    // Replicas are processes of this machine.
    const driver = new ProcessDriver(
      {
        stateDir,
        sidecarCommand,
        sidecarReadyTimeoutMs,
        controlPlanes,
        access: security.sidecarAccess,
        environment,
        nodePath,
      },
      { clock, timers, random, logger, restartAtMs },
    );
    const isReady = (id: string) => {
      const instance = registry.get(id);
      return instance !== undefined && isPublished(instance);
    };
    const reasonOf = (id: string) => registry.get(id)?.healthReason ?? 'its sidecar has not registered';
    const about = { isReady, reasonOf, standing, totals: this.upgrades };
    const upgrades = new SidecarUpgrades({ driver, clock, timers, logger, ...about });
    const executor = new Executor({ driver, traffic, upgrades, timers, logger, drainTimes, onDone: () => loop.wake() });
    const loop = new OrchestratorLoop({
      clock,
      timers,
      driver,
      executor,
      grpcAddress: binding ?? grpcAddress,
      isReady,
      reasonOf,
      state: () => ledger.state,
    });
    driver.watch(({ workload, index, role }) => {
      registry.lost(replicaId(workload, index), role);
      loop.wake();
    });
    return { driver, loop, upgrades, grpcAddress };
  }
}
