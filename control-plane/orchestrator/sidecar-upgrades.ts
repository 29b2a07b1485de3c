/**
 * Puts another sidecar in the place of one, and sees to it that it is as good as the one before: it serves, is registered, has
 * taken in its configuration, and its instance takes traffic if it did before. Whatever goes wrong is kept with the replica.
 */
import type { Clock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/log.ts';
import type { Timers } from '../../kernel/timers.ts';
import type { Driver, DriverReplica } from './driver/driver.ts';
import { replicaId } from './plan.ts';

/** What the sidecar of an instance, which is this process, has yet to do, in words; null when nothing. */
export type SidecarStanding = (id: string, pid: number) => string | null;

/** Sidecars that were to be replaced, by what came of it. */
export interface UpgradeTotals {
  replaced: number;
  failed: number;
}

/** What upgrades need. */
export interface SidecarUpgradeDeps {
  readonly driver: Pick<Driver, 'replaceSidecar' | 'upgraded' | 'notUpgraded'> & {
    inspect(): readonly Pick<DriverReplica, 'workload' | 'index' | 'sidecarPid'>[];
  };
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Whether the instance takes traffic. */
  readonly isReady: (id: string) => boolean;
  /** Why it does not, in words. */
  readonly reasonOf: (id: string) => string;
  readonly standing: SidecarStanding;
  readonly totals: UpgradeTotals;
}

/** What a sidecar that serves may take until everything else is as it was. */
export const PROVEN_MS = 30_000;
const LOOK_MS = 100;
const NOT_REPLACEABLE = '--disable-hot-restart';

/** See the head of this file. */
export class SidecarUpgrades {
  readonly #deps: SidecarUpgradeDeps;
  #closed = false;

  constructor(deps: SidecarUpgradeDeps) {
    this.#deps = deps;
  }

  /** Resolves when it is done, or has failed; never rejects. */
  async run(workload: string, index: number, sidecars: number): Promise<void> {
    const { driver, logger, isReady, totals } = this.#deps;
    const id = replicaId(workload, index);
    const why = await this.#replace(workload, index, sidecars, isReady(id));
    // Whoever comes after this control plane takes it up where it stands.
    if (this.#closed) return;
    const replica = this.#find(workload, index);
    // A sidecar that has died is started as it was to be, as ever.
    if (replica === undefined || replica.sidecarPid === null) return;
    if (why === null) {
      totals.replaced++;
      driver.upgraded(workload, index);
      logger.info({ replica: id, pid: replica.sidecarPid }, 'sidecar replaced');
    } else {
      totals.failed++;
      driver.notUpgraded(workload, index, { sidecars, why });
      logger.error({ replica: id }, `its sidecar could not be replaced, and no other is: ${why}`);
    }
  }

  /** Gives up what is waited for. */
  close(): void {
    this.#closed = true;
  }

  async #replace(workload: string, index: number, sidecars: number, wasReady: boolean): Promise<string | null> {
    const { driver, clock, timers } = this.#deps;
    try {
      await driver.replaceSidecar(workload, index, sidecars);
    } catch (error) {
      const { message } = error as Error;
      // Earlier versions started all of theirs like that.
      const hint = message.includes(NOT_REPLACEABLE)
        ? `; "outrider restart ${workload}" replaces it with its application`
        : '';
      return `the sidecar of before goes on: ${message}${hint}`;
    }
    const endMs = clock.nowMs() + PROVEN_MS;
    while (true) {
      const problem = this.#problem(workload, index, wasReady);
      if (problem === null || this.#closed) return problem;
      if (clock.nowMs() >= endMs) return `its new sidecar serves, but after ${PROVEN_MS / 1000} s it ${problem}`;
      await new Promise<void>((resolve) => timers.after(LOOK_MS, resolve));
    }
  }

  #problem(workload: string, index: number, wasReady: boolean): string | null {
    const { standing, isReady, reasonOf } = this.#deps;
    const id = replicaId(workload, index);
    const pid = this.#find(workload, index)?.sidecarPid ?? null;
    // What becomes of it is seen by whoever starts it again.
    if (pid === null) return null;
    const problem = standing(id, pid);
    if (problem !== null || !wasReady || isReady(id)) return problem;
    return `takes no traffic: ${reasonOf(id) || 'its application has not been checked'}`;
  }

  #find(workload: string, index: number) {
    return this.#deps.driver.inspect().find((each) => each.workload === workload && each.index === index);
  }
}
