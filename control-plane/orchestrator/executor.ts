/**
 * The executor: does what the plan says, one plan at a time for each workload.
 *
 * Stopping a replica loses nothing: it is taken out of the registry, everyone who might call it has confirmed that, its
 * sidecar asks those who are still connected to leave, nothing is in flight any more or time is over; only then is the
 * application told to end, and the sidecar after it.
 */
import type { Logger } from '../../kernel/log.ts';
import type { Timers } from '../../kernel/timers.ts';
import { RECONNECT_MS_MAX } from '../../protos/contract/limits.ts';
import type { Workload } from '../state/model.ts';
import type { Driver, DriverReplica } from './driver/driver.ts';
import { type Action, type DesiredWorkload, replicaId } from './plan.ts';
import type { SidecarUpgrades } from './sidecar-upgrades.ts';

/** What the executor asks of the rest of the control plane. */
export interface TrafficControl {
  /** A replica is about to be started under this id. */
  expect(id: string): void;
  /** Takes the instance out of traffic; resolves when its callers have confirmed, or time is over. */
  drain(id: string, services: readonly string[], reason: string, times: DrainTimes): Promise<void>;
  /** Tells the sidecar that no new traffic comes; resolves when it says that nothing is in flight, or time is over. */
  untilIdle(id: string, reason: string, times: DrainTimes): Promise<void>;
  /** The application of this instance, which had exited, is up again. */
  applicationUp(id: string): void;
  /** The instance has gone on purpose. */
  removed(id: string): void;
}

/** How long each part of a drain may take. */
export interface DrainTimes {
  /** Until everyone has confirmed who has a stream. */
  readonly ackMs: number;
  readonly inFlightMs: number;
  /** How much longer a sidecar is waited for that runs and has no stream: when the control plane is new, all have to come back. */
  readonly comebackMs: number;
}

/** How long each part of a stop may take. */
export interface StopTimes extends DrainTimes {
  /** Upper bound of what the user wrote as grace for the application. */
  readonly applicationGraceMaxMs: number;
  readonly sidecarGraceMs: number;
}

/** DEFAULT: ACKs 5 s, in flight 30 s, as Kuma, Istio and Linkerd have them together. */
export const DRAIN_TIMES: StopTimes = {
  ackMs: 5000,
  inFlightMs: 30_000,
  comebackMs: RECONNECT_MS_MAX,
  applicationGraceMaxMs: Infinity,
  sidecarGraceMs: 10_000,
};

/** When everything ends at once, there is nobody to drain for. */
export const SHUTDOWN_TIMES: StopTimes = {
  ackMs: 500,
  inFlightMs: 0,
  comebackMs: 0,
  applicationGraceMaxMs: 5000,
  sidecarGraceMs: 2000,
};

/** What the executor needs. */
export interface ExecutorDeps {
  readonly driver: Driver;
  readonly traffic: TrafficControl;
  readonly upgrades: Pick<SidecarUpgrades, 'run'>;
  readonly timers: Timers;
  readonly logger: Logger;
  /** DRAIN_TIMES when absent. */
  readonly drainTimes?: StopTimes | undefined;
  /** Called whenever work on a workload has ended: it is time to plan again. */
  readonly onDone: () => void;
}

/** A start that failed is tried again after this. */
const RETRY_MS = 5000;

/** See the head of this file. */
export class Executor {
  readonly #deps: ExecutorDeps;
  readonly #busy = new Map<string, Promise<void>>();
  readonly #startFailures = new Map<string, string>();

  constructor(deps: ExecutorDeps) {
    this.#deps = deps;
  }

  /** Begins the actions of workloads that have none under way; the others wait for the next plan. */
  execute(
    actions: readonly Action[],
    workloads: ReadonlyMap<string, Workload>,
    desired: ReadonlyMap<string, DesiredWorkload>,
  ): void {
    for (const [name, own] of Map.groupBy(actions, (action) => action.workload)) {
      if (this.#busy.has(name)) continue;
      const work = Promise.all(own.map((action) => this.#perform(action, workloads, desired)));
      const done = work.then(() => {
        this.#busy.delete(name);
        this.#deps.onDone();
      });
      this.#busy.set(name, done);
    }
  }

  /** Why the workload's last start could not be done; undefined when it could. */
  startFailure(workload: string): string | undefined {
    return this.#startFailures.get(workload);
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.#busy.size > 0) await Promise.all(this.#busy.values());
  }

  /** Stops one replica; never rejects. */
  async stop(replica: DriverReplica, reason: string, times: StopTimes): Promise<void> {
    const { driver, traffic, logger } = this.#deps;
    const { workload, index, services, stopGraceMs } = replica;
    const id = replicaId(workload, index);
    try {
      driver.markStopping(workload, index);
      await traffic.drain(id, services, reason, times);
      await Promise.all([traffic.untilIdle(id, reason, times), driver.untilAlone(workload, index, times.inFlightMs)]);
      await driver.stopApplication(workload, index, Math.min(stopGraceMs, times.applicationGraceMaxMs));
      await driver.stopSidecar(workload, index, times.sidecarGraceMs);
      traffic.removed(id);
      logger.info({ replica: id, reason }, 'replica stopped');
    } catch (err) {
      logger.error({ err, replica: id }, 'replica could not be stopped');
    }
  }

  async #perform(
    action: Action,
    workloads: ReadonlyMap<string, Workload>,
    desired: ReadonlyMap<string, DesiredWorkload>,
  ): Promise<void> {
    const { driver, traffic } = this.#deps;
    const { workload: name, index } = action;
    if (action.kind === 'stop') {
      const replica = driver.inspect().find((each) => each.workload === name && each.index === index);
      if (replica !== undefined) await this.stop(replica, action.reason, this.#deps.drainTimes ?? DRAIN_TIMES);
      return;
    }
    const workload = workloads.get(name);
    const wanted = desired.get(name);
    if (workload === undefined || wanted === undefined) return;
    if (action.kind === 'upgrade') return this.#deps.upgrades.run(name, index, wanted.sidecars);
    try {
      if (action.kind === 'start') {
        traffic.expect(replicaId(name, index));
        await driver.start(workload, index, wanted);
        this.#startFailures.delete(name);
      } else {
        await driver.restart(name, index, action.role, wanted.sidecars);
        if (action.role === 'application') traffic.applicationUp(replicaId(name, index));
      }
    } catch (err) {
      if (action.kind === 'start') this.#startFailures.set(name, (err as Error).message);
      this.#deps.logger.error(
        { err, workload: name },
        `the ${action.kind} failed: trying again in ${RETRY_MS / 1000} s`,
      );
      await new Promise<void>((resolve) => this.#deps.timers.after(RETRY_MS, resolve));
    }
  }
}
