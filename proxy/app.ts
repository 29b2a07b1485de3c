/**
 * The sidecar, put together. Reads as the architecture:
 *
 *   bootstrap ──► data plane (clusters, listeners) ◄── snapshots ── mesh: ads client ◄── control plane
 *                     │                                              ├─ settings (application configuration)
 *                     └──► admin (statistics, dumps)                 └─ agent ──► control plane (lease, health, load)
 *
 * The mesh half needs gRPC and is loaded only when the bootstrap asks for it: a static proxy stays small.
 */
import { Readiness } from '../kernel/readiness.ts';
import type { Result } from '../kernel/result.ts';
import { type AdminServer, createAdminServer } from './admin/admin-server.ts';
import { adminViews } from './admin-views.ts';
import type { LoadedBootstrap } from './bootstrap/read-bootstrap.ts';
import type { MachineSources } from './config/decode/decoding.ts';
import { filterChainsOf } from './config/filter-chains.ts';
import type { SocketAddress } from './config/model/common.ts';
import type { FilterChainConfig } from './config/model/listener.ts';
import { secretsOf } from './config/resolve-tls.ts';
import type { Snapshot } from './config/snapshot.ts';
import { DataPlane, type PlaneDeps } from './data-plane.ts';
import { type LeaveTimes, Leaving } from './lifecycle/leaving.ts';
import type { Listener } from './listener/listener.ts';
import type { Mesh } from './mesh.ts';
import type { HandedSocket } from './net/inherited-sockets.ts';
import { Runtime } from './routing/runtime.ts';
import { drainStatsSource } from './telemetry/drain-stat-table.ts';
import type { MemoryUse, ServerState } from './telemetry/server-stats.ts';
import { StatsRegistry } from './telemetry/stats-registry.ts';
import { LocalCluster } from './upstream/local-cluster.ts';
import { readsFiles } from './xds/dependency-tracker.ts';

/**
 * Where there is time, a client that says nothing on a connection is not closed sooner: closing can cross with a request, and an
 * answer that asks to leave cannot.
 */
const UNUSED_MS = 60_000;
/** In which an answer on the admin port is written and read. */
const NEWS_MS = 500;

/** Effects of the outside world, and facts about the process. */
export interface SidecarDeps extends PlaneDeps {
  /** What configuration pushed from a control plane may refer to on this machine. */
  readonly sources: MachineSources;
  readonly configPath: string;
  readonly pid: number;
  memory(): MemoryUse;
  /** Ends the process with status 0, by way of `drain` when connections are open. */
  quit(): void;
  /** Takes inbound traffic to its end, as before `quit`; resolves with the connections that were cut. */
  leave(): Promise<number>;
  /** Puts another process in the place of this one; resolves with its number, or with why there is none. */
  hotRestart(): Promise<Result<number, string>>;
  /** Hot restarts before this process. */
  readonly epoch: number;
}

/** What the process manager sees. */
export class Sidecar {
  readonly plane: DataPlane;
  readonly stats = new StatsRegistry();
  readonly #bootstrap: LoadedBootstrap;
  readonly #deps: SidecarDeps;
  readonly #readiness = new Readiness();
  readonly #startedMs: number;
  readonly #leaving: Leaving;
  #asked: Promise<void> | null = null;
  #admin: AdminServer | null = null;
  #mesh: Mesh | null = null;
  #draining = false;

  constructor(bootstrap: LoadedBootstrap, deps: SidecarDeps) {
    this.#bootstrap = bootstrap;
    this.#deps = deps;
    this.#startedMs = deps.clock.nowMs();
    this.#leaving = new Leaving(deps);
    this.stats.register(drainStatsSource(this.#leaving.stats));
    const { runtime, node, localCluster } = bootstrap.config;
    const local = localCluster === null ? null : new LocalCluster(localCluster, node);
    this.plane = new DataPlane(deps, new Runtime(runtime), node.cluster, local);
  }

  /**
   * Opens the admin port, then the static listeners, then the stream to the control plane. Resolves when the static part
   * stands; rejects with one sentence when a port cannot be bound.
   */
  async start(): Promise<{ readonly admin: SocketAddress | null }> {
    const release = this.#readiness.hold('static configuration');
    // A process that takes over opens it when it does.
    const admin = this.#deps.inherited == null ? await this.#startAdmin() : null;
    const { statics, ads, agent } = this.#bootstrap.config;
    const problems = await this.plane.apply(this.#startable(statics));
    if (problems.length > 0) throw new Error(problems.map(({ message }) => message).join('; '));
    if (ads !== null || agent !== null || readsFiles(this.#bootstrap.config)) await this.#startMesh();
    release();
    return { admin };
  }

  /** Listeners whose secrets a control plane has open with them: nobody could be answered before. */
  #startable(statics: Snapshot): Snapshot {
    const ready = ({ tls }: FilterChainConfig) => secretsOf(tls).every(({ key }) => statics.secrets.has(key));
    const listeners = [...statics.listeners].filter(([, config]) => filterChainsOf(config).every(ready));
    return { ...statics, listeners: new Map(listeners) };
  }

  async #startAdmin(): Promise<SocketAddress | null> {
    const { admin } = this.#bootstrap.config;
    if (admin === null) return null;
    const views = adminViews(this.plane, this.stats, this.#bootstrap, {
      startedAtMs: this.#deps.clock.wallMs(),
      configPath: this.#deps.configPath,
      state: () => this.#state(),
      waitingFor: () => this.standing().waitingFor,
      uptimeMs: () => this.#deps.clock.nowMs() - this.#startedMs,
      memory: () => this.#deps.memory(),
      lastKnownGood: () => this.#mesh?.ads?.lastKnownGood ?? null,
      ads: () => this.#mesh?.ads ?? null,
      failHealthChecks: (failed) => {
        this.plane.selfHealth.failed = failed;
      },
      drainListeners: (options) => this.#drainListeners(options),
      quit: () => this.#deps.quit(),
      leave: () => this.#deps.leave(),
      probe: (name) => this.#mesh?.probe(name),
      hotRestart: () => this.#deps.hotRestart(),
      epoch: this.#deps.epoch,
    });
    const { clock, log, inherited = null } = this.#deps;
    this.#admin = createAdminServer(views, { clock, logger: log, address: admin, inherited });
    return this.#admin.start();
  }

  async #startMesh(): Promise<void> {
    const { Mesh } = await import('./mesh.ts');
    const { ads } = this.#bootstrap.config;
    const release = this.#readiness.hold(
      ads === null ? 'configuration from files' : 'configuration from the control plane',
    );
    this.#mesh = new Mesh(this.plane, this.#bootstrap.config, this.#deps, { onConfigured: release });
    if (this.#mesh.ads === null) release();
    if (this.#mesh.ads !== null) {
      this.stats.register(this.#mesh.ads.stats);
      this.stats.register(this.#mesh.ads.lastKnownGood);
    }
    await this.#mesh.start();
  }

  #state(): ServerState {
    if (this.#draining || this.plane.selfHealth.failed) return 'DRAINING';
    return this.#readiness.ready ? 'LIVE' : 'PRE_INITIALIZING';
  }

  #drainListeners({ graceful, inboundOnly }: { readonly graceful: boolean; readonly inboundOnly: boolean }): void {
    for (const listener of this.plane.listeners.all()) {
      if (inboundOnly && listener.config.direction !== 'inbound') continue;
      if (!graceful) {
        void listener.drain();
        continue;
      }
      // One after the other, over the drain time; then the port closes.
      listener.askToLeave(listener.drainTimeoutMs);
      this.#deps.timers.after(listener.drainTimeoutMs, () => void listener.drain());
    }
  }

  /** Whether requests can be served as configured, and what is waited for if not. */
  standing(): { readonly ready: boolean; readonly waitingFor: readonly string[] } {
    const waitingFor = [...this.#readiness.waitingFor(), ...(this.#mesh?.waitingFor() ?? [])];
    if (waitingFor.length === 0 && this.#mesh?.unbound === true) waitingFor.push('the inbound listener to be bound');
    return { ready: this.#readiness.ready && waitingFor.length === 0, waitingFor };
  }

  /** Where an application on this machine reaches the mesh: the first outbound listener. Null when there is none. */
  get outbound(): SocketAddress | null {
    const found = this.plane.listeners.all().find(({ config }) => config.direction === 'outbound');
    return found?.address ?? null;
  }

  /** Takes inbound traffic to its end within the deadline; outbound traffic goes on. Resolves with what was cut. */
  async leave(times: LeaveTimes): Promise<number> {
    const endMs = this.#deps.clock.nowMs() + times.deadlineMs;
    await this.#ask(times, 'the application is stopping');
    for (const listener of this.#inbound()) listener.stopAccepting();
    return this.#leaving.end(this.#inbound(), Math.max(0, endMs - this.#deps.clock.nowMs()));
  }

  /** Takes all traffic to its end within the deadline, inbound first, then ends everything. */
  async drain(times: LeaveTimes): Promise<void> {
    const { clock } = this.#deps;
    const endMs = clock.nowMs() + times.deadlineMs;
    await this.#ask(times, 'the sidecar is stopping');
    await this.#mesh?.deregister('the sidecar is stopping');
    void this.plane.listeners.drainAll();
    await this.#leaving.end(this.plane.listeners.everyone(), Math.max(0, endMs - clock.nowMs()));
    await this.close();
  }

  /** From now on nobody should come; resolves when nobody does. Once. */
  #ask(times: LeaveTimes, reason: string): Promise<void> {
    this.#draining = true;
    this.plane.selfHealth.ending = true;
    const out = (limitMs: number) => this.#mesh?.leave(reason, limitMs) ?? Promise.resolve(false);
    this.#asked ??= this.#leaving.ask(this.#inbound(), out, times);
    return this.#asked;
  }

  #inbound(): readonly Listener[] {
    return this.plane.listeners.all().filter(({ config }) => config.direction === 'inbound');
  }

  /** What a successor inherits. */
  get handed(): readonly HandedSocket[] {
    const sockets = this.plane.listeners.all().map((each) => each.handed);
    const names = this.plane.names.all().flatMap(({ handed }) => handed);
    return [...sockets, ...names, this.#admin?.handed ?? null, ...(this.#mesh?.handed ?? [])].filter(
      (each) => each !== null,
    );
  }

  /** What a successor continues. */
  get leaseId(): string {
    return this.#mesh?.leaseId ?? '';
  }

  /** Whether nothing is known yet of the application that is checked. */
  get unchecked(): boolean {
    return this.#mesh?.unchecked === true;
  }

  /** Accepts from now on at the sockets that were inherited, and stands for the instance at the control plane. */
  async takeOver(leaseId: string): Promise<void> {
    const { inherited, log } = this.#deps;
    inherited!.begin();
    await this.#startAdmin();
    await this.#mesh?.takeOver(leaseId);
    const gone = inherited!.closeRest();
    if (gone.length > 0) log.warn({ gone }, 'sockets of the predecessor that are not configured any more are closed');
  }

  /**
   * A successor accepts: takes what is here to its end within the deadline, without a word to the control plane. Clients that
   * can be asked to leave are, within `askMs`.
   */
  async yield({ deadlineMs, askMs }: { readonly deadlineMs: number; readonly askMs: number }): Promise<void> {
    this.#draining = true;
    for (const listener of this.plane.listeners.all()) listener.stopAccepting();
    this.#admin?.stopAccepting();
    await this.#mesh?.yield();
    const everyone = this.plane.listeners.everyone();
    for (const listener of everyone) {
      const spreadMs = Math.min(listener.drainTimeoutMs, askMs / 2, deadlineMs / 2);
      listener.askToLeave(spreadMs, Math.min(UNUSED_MS, Math.max(0, deadlineMs - 2 * spreadMs)));
    }
    // Whoever asked for the successor hears of it before this process is gone.
    const heard = new Promise<void>((resolve) => this.#deps.timers.after(NEWS_MS, resolve));
    for (const listener of this.plane.names.all()) listener.stopAccepting();
    // The successor answers names at the same sockets; what is being asked here has that long.
    void heard.then(() => this.plane.names.close());
    await Promise.all([this.#leaving.end(everyone, deadlineMs), heard]);
    await this.close();
  }

  /** Ends everything now. */
  async close(): Promise<void> {
    await this.#mesh?.close();
    this.plane.destroy();
    await this.#admin?.close();
  }
}
