/**
 * How the orchestrator takes replicas out of traffic: registry, push, and the confirmation of everyone who calls them.
 */
import type { Clock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/log.ts';
import type { Timers } from '../../kernel/timers.ts';
import type { AgentServer } from '../agents/agent-server.ts';
import type { LoadReports } from '../agents/load-reports.ts';
import { DRAIN_TIMES, type DrainTimes, type TrafficControl } from '../orchestrator/executor.ts';
import type { Registry } from '../registry/registry.ts';
import type { PushScheduler } from '../snapshot/push-scheduler.ts';
import type { AdsServer } from '../xds/ads-server.ts';
import { unconfirmed } from './handshake.ts';

/** What it acts on. */
export interface TrafficControlDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly registry: Pick<Registry, 'expect' | 'drain' | 'get' | 'applicationUp' | 'remove'>;
  readonly loads: LoadReports;
  readonly agents: Pick<AgentServer, 'sendDrain'>;
  readonly pushes: Pick<PushScheduler, 'flush'>;
  readonly ads: Pick<AdsServer, 'standings' | 'watchAnswers'>;
  /** Ids of the sidecars that run: they have endpoints, whether or not they have a stream at the moment. */
  readonly running: () => readonly string[];
}

/** How drains went, since the start. */
export class DrainTotals {
  /** Everyone confirmed in time. */
  confirmed = 0;
  /** Time was over before everyone had confirmed. */
  unconfirmed = 0;
  /** Ended with nothing in flight. */
  idle = 0;
  /** Time was over with something in flight. */
  cut = 0;
}

/** Requests that were on their way when the last caller confirmed arrive within this. */
const SETTLE_MS = 100;
const LOOK_MS = 100;

/** See the head of this file. */
export class MeshTrafficControl implements TrafficControl {
  readonly totals = new DrainTotals();
  readonly #deps: TrafficControlDeps;

  constructor(deps: TrafficControlDeps) {
    this.#deps = deps;
  }

  expect(id: string): void {
    this.#deps.registry.expect(id);
  }

  async drain(id: string, services: readonly string[], reason: string, times: DrainTimes): Promise<void> {
    const { registry, pushes, logger, clock } = this.#deps;
    const sinceMs = clock.nowMs();
    registry.drain(id, reason);
    pushes.flush();
    const late = await Promise.all(services.map((service) => this.#confirmed(service, id, times)));
    const waitingFor = [...new Set(late.flat())].sort();
    if (waitingFor.length === 0) {
      this.totals.confirmed++;
      return;
    }
    this.totals.unconfirmed++;
    const tookS = Math.round((clock.nowMs() - sinceMs) / 100) / 10;
    logger.warn(
      { instance: id, services, waitingFor },
      `not everyone has confirmed within ${tookS} s that ${id} is out, and it is stopped all the same: ${waitingFor.join(', ')}`,
    );
  }

  /** An instance wants to end by itself: it is out when it hears so, and has its own time for what is in flight. */
  async leave(id: string, services: readonly string[], reason: string): Promise<void> {
    await this.drain(id, services, reason, DRAIN_TIMES);
    this.#deps.agents.sendDrain(id, 0, reason);
  }

  /** Resolves with the clients that have not confirmed: none, or those that are left when time is over. */
  #confirmed(service: string, id: string, { ackMs, comebackMs }: DrainTimes): Promise<readonly string[]> {
    const { ads, timers, running } = this.#deps;
    // Its own sidecar calls nobody through itself that would be lost by its end.
    const expected = new Set(running().filter((each) => each !== id));
    const { promise, resolve } = Promise.withResolvers<readonly string[]>();
    const look = (): string[] => {
      const streams = ads.standings('EDS', service);
      // Whoever was seen to lack it is waited for, also when its stream breaks.
      for (const { nodeId, standing } of streams) if (standing === 'pending') expected.add(nodeId);
      return unconfirmed(expected, streams);
    };
    const finish = (left: readonly string[]) => {
      unwatch();
      timer.cancel();
      resolve(left);
    };
    const check = () => {
      if (look().length === 0) finish([]);
    };
    const unwatch = ads.watchAnswers(check);
    let timer = timers.after(ackMs, () => {
      const connected = new Set(ads.standings('EDS', service).map(({ nodeId }) => nodeId));
      if (look().every((each) => connected.has(each))) finish(look());
      else timer = timers.after(comebackMs, () => finish(look()));
    });
    check();
    return promise;
  }

  /** A sidecar that cannot be asked, since it has no stream or reports no load, gets the time in which it may come back. */
  async untilIdle(id: string, reason: string, { inFlightMs, comebackMs }: DrainTimes): Promise<void> {
    const { clock, loads, registry, agents, logger } = this.#deps;
    let told = agents.sendDrain(id, inFlightMs, reason);
    if (inFlightMs === 0) return;
    const deadlineMs = clock.nowMs() + inFlightMs;
    await this.#pause(SETTLE_MS);
    const sinceMs = clock.nowMs();
    let lostAtMs = sinceMs + comebackMs;
    for (let nowMs = sinceMs; nowMs < lostAtMs; nowMs = clock.nowMs()) {
      if (!told) told = agents.sendDrain(id, deadlineMs - nowMs, reason);
      const last = registry.get(id)?.connected === true ? loads.get(id) : undefined;
      if (last !== undefined) lostAtMs = nowMs + comebackMs;
      const unfinished = last === undefined ? 0 : Math.max(last.report.inFlight, last.report.unfinished);
      if (last !== undefined && last.atMs >= sinceMs && unfinished === 0) {
        this.totals.idle++;
        return;
      }
      if (nowMs >= deadlineMs) {
        this.totals.cut++;
        const message = `${id} is stopped with ${unfinished} requests and connections that have not ended in ${inFlightMs} ms`;
        logger.warn({ instance: id, unfinished }, message);
        return;
      }
      await this.#pause(LOOK_MS);
    }
  }

  applicationUp(id: string): void {
    this.#deps.registry.applicationUp(id);
  }

  removed(id: string): void {
    this.#deps.registry.remove(id);
    this.#deps.loads.forget(id);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#deps.timers.after(ms, resolve));
  }
}
