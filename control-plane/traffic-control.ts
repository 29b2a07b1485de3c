/**
 * How the orchestrator takes replicas out of traffic: registry, push, and the confirmation of everyone who calls them.
 */
import type { Clock } from '../kernel/clock.ts';
import type { Timers } from '../kernel/timers.ts';
import type { AgentServer } from './agents/agent-server.ts';
import type { LoadReports } from './agents/load-reports.ts';
import type { TrafficControl } from './orchestrator/executor.ts';
import type { Registry } from './registry/registry.ts';
import type { PushScheduler } from './snapshot/push-scheduler.ts';
import type { AdsServer } from './xds/ads-server.ts';

/** What it acts on. */
export interface TrafficControlDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly registry: Registry;
  readonly loads: LoadReports;
  readonly agents: AgentServer;
  readonly pushes: PushScheduler;
  readonly ads: AdsServer;
}

/** Requests that were on their way when the last caller confirmed arrive within this. */
const SETTLE_MS = 100;
const LOOK_MS = 100;

/** See the head of this file. */
export class MeshTrafficControl implements TrafficControl {
  readonly #deps: TrafficControlDeps;

  constructor(deps: TrafficControlDeps) {
    this.#deps = deps;
  }

  expect(id: string): void {
    this.#deps.registry.expect(id);
  }

  async drain(id: string, services: readonly string[], reason: string, timeoutMs: number): Promise<void> {
    const { registry, pushes, ads } = this.#deps;
    registry.drain(id, reason);
    pushes.flush();
    await Promise.all(services.map((name) => ads.converged(timeoutMs, { kind: 'EDS', name })));
  }

  /** An instance that reports no load cannot be asked: it gets the time that requests on their way need. */
  async untilIdle(id: string, timeoutMs: number): Promise<void> {
    const { clock, loads, registry } = this.#deps;
    const sinceMs = clock.nowMs() + SETTLE_MS;
    const deadlineMs = clock.nowMs() + timeoutMs;
    if (timeoutMs === 0) return;
    await this.#pause(SETTLE_MS);
    const reports = loads.get(id) !== undefined;
    while (reports && clock.nowMs() < deadlineMs && registry.get(id)?.connected === true) {
      const last = loads.get(id);
      if (last !== undefined && last.atMs >= sinceMs && last.report.inFlight === 0) return;
      await this.#pause(LOOK_MS);
    }
  }

  sendDrain(id: string, deadlineMs: number, reason: string): void {
    this.#deps.agents.sendDrain(id, deadlineMs, reason);
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
