/**
 * The loop: whenever something has changed, plan and execute.
 */
import type { Clock } from '../../kernel/clock.ts';
import type { Timer, Timers } from '../../kernel/timers.ts';
import type { State } from '../state/model.ts';
import type { Driver } from './driver/driver.ts';
import { type Executor, SHUTDOWN_TIMES } from './executor.ts';
import { type ActualReplica, replicaId } from './plan.ts';
import { reconcile, startOrder } from './reconcile.ts';
import { type Roll, rollOf } from './roll.ts';
import { desiredWorkloads } from './spec.ts';

/** What the loop needs. */
export interface LoopDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly driver: Driver;
  readonly executor: Executor;
  readonly state: () => State;
  /** Where sidecars connect: another text means that they have to be started anew. */
  readonly grpcAddress: string;
  /** Whether the replica's instance takes traffic. */
  readonly isReady: (id: string) => boolean;
  /** Why it does not, in words; empty when nothing is known. */
  readonly reasonOf: (id: string) => string;
}

/** See the head of this file. */
export class OrchestratorLoop {
  readonly #deps: LoopDeps;
  #soon: Timer | undefined;
  #later: Timer | undefined;
  #stopped = false;
  #held = false;

  constructor(deps: LoopDeps) {
    this.#deps = deps;
  }

  /** Something may have changed: plans once, soon, however often this is called until then. */
  wake(): void {
    if (this.#stopped || this.#held) return;
    this.#soon ??= this.#deps.timers.after(0, () => this.#run());
  }

  /** Every replica as it is now. */
  actual(): ActualReplica[] {
    const { driver, isReady } = this.#deps;
    return driver
      .inspect()
      .map((replica) => ({ ...replica, ready: isReady(replicaId(replica.workload, replica.index)) }));
  }

  /** How far the replacement of replicas has come, by workload. */
  rolls(): ReadonlyMap<string, Roll> {
    const { clock, driver, executor, state, grpcAddress, reasonOf, isReady } = this.#deps;
    const { workloads } = state();
    const replicas = Map.groupBy(driver.inspect(), ({ workload }) => workload);
    const rolls = desiredWorkloads(state(), grpcAddress).map((desired): [string, Roll] => {
      const { name } = desired;
      const startPeriodMs = workloads.get(name)?.health?.startPeriodMs ?? 0;
      const own = (replicas.get(name) ?? []).map((each) => ({ ...each, ready: isReady(replicaId(name, each.index)) }));
      const hints = { startPeriodMs, reasonOf, startFailure: executor.startFailure(name) };
      return [name, rollOf(desired, own, hints, clock.nowMs())];
    });
    return new Map(rolls);
  }

  /** Plans nothing until told otherwise; what is under way goes on. */
  hold(held: boolean): void {
    this.#held = held;
    this.#soon?.cancel();
    this.#soon = undefined;
    if (!held) this.wake();
  }

  /** Plans no more; what is under way goes on. */
  stop(): void {
    this.#stopped = true;
    this.#soon?.cancel();
    this.#later?.cancel();
  }

  /** Stops planning, then every replica: whoever depends on another ends before it. */
  async stopWorkloads(): Promise<void> {
    this.stop();
    const { driver, executor, state, grpcAddress } = this.#deps;
    const written = desiredWorkloads(state(), grpcAddress);
    const known = new Set(written.map((workload) => workload.name));
    const deleted = driver.inspect().filter((replica) => !known.has(replica.workload));
    const groups = [[...new Set(deleted.map((replica) => replica.workload))], ...startOrder(written).reverse()];
    for (const group of groups) {
      const replicas = driver.inspect().filter((replica) => group.includes(replica.workload));
      await Promise.all(replicas.map((replica) => executor.stop(replica, 'the mesh is being stopped', SHUTDOWN_TIMES)));
    }
  }

  #run(): void {
    this.#soon = undefined;
    this.#later?.cancel();
    const { clock, timers, executor, grpcAddress } = this.#deps;
    const state = this.#deps.state();
    const desired = desiredWorkloads(state, grpcAddress);
    const nowMs = clock.nowMs();
    const { actions, wakeAtMs } = reconcile(desired, this.actual(), nowMs);
    if (wakeAtMs !== null) this.#later = timers.after(wakeAtMs - nowMs, () => this.wake());
    executor.execute(actions, state.workloads, new Map(desired.map((each) => [each.name, each])));
  }
}
