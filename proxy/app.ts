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
import { type AdminServer, createAdminServer } from './admin/admin-server.ts';
import { adminViews } from './admin-views.ts';
import type { LoadedBootstrap } from './bootstrap/read-bootstrap.ts';
import type { MachineSources } from './config/decode/decoding.ts';
import { filterChainsOf } from './config/filter-chains.ts';
import type { SocketAddress } from './config/model/common.ts';
import type { FilterChainConfig } from './config/model/listener.ts';
import { secretsOf } from './config/resolve-tls.ts';
import { createSnapshot, type SnapshotParts } from './config/snapshot.ts';
import { DataPlane, type PlaneDeps } from './data-plane.ts';
import type { Mesh } from './mesh.ts';
import { Runtime } from './routing/runtime.ts';
import type { MemoryUse, ServerState } from './telemetry/server-stats.ts';
import { StatsRegistry } from './telemetry/stats-registry.ts';
import { LocalCluster } from './upstream/local-cluster.ts';

/** What a peer gets to take its last bytes and to close, when the time for draining is over. */
const FAREWELL_MS = 1_000;

/** Effects of the outside world, and facts about the process. */
export interface SidecarDeps extends PlaneDeps {
  /** What configuration pushed from a control plane may refer to on this machine. */
  readonly sources: MachineSources;
  readonly configPath: string;
  readonly pid: number;
  memory(): MemoryUse;
  /** Ends the process with status 0, by way of `drain` when connections are open. */
  quit(): void;
}

/** What the process manager sees. */
export class Sidecar {
  readonly plane: DataPlane;
  readonly stats = new StatsRegistry();
  readonly #bootstrap: LoadedBootstrap;
  readonly #deps: SidecarDeps;
  readonly #readiness = new Readiness();
  readonly #startedMs: number;
  #admin: AdminServer | null = null;
  #mesh: Mesh | null = null;
  #draining = false;

  constructor(bootstrap: LoadedBootstrap, deps: SidecarDeps) {
    this.#bootstrap = bootstrap;
    this.#deps = deps;
    this.#startedMs = deps.clock.nowMs();
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
    const admin = await this.#startAdmin();
    const { statics, ads } = this.#bootstrap.config;
    const problems = await this.plane.apply(createSnapshot(this.#startable(statics)));
    if (problems.length > 0) throw new Error(problems.map(({ message }) => message).join('; '));
    if (ads !== null || this.#bootstrap.config.agent !== null) await this.#startMesh();
    release();
    return { admin };
  }

  /** Listeners whose secrets a control plane has open with them: nobody could be answered before. */
  #startable(statics: SnapshotParts): SnapshotParts {
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
      waitingFor: () => [...this.#readiness.waitingFor(), ...(this.#mesh?.waitingFor() ?? [])],
      uptimeMs: () => this.#deps.clock.nowMs() - this.#startedMs,
      memory: () => this.#deps.memory(),
      lastKnownGood: () => this.#mesh?.ads?.lastKnownGood ?? null,
      ads: () => this.#mesh?.ads ?? null,
      failHealthChecks: (failed) => {
        this.plane.selfHealth.failed = failed;
      },
      drainListeners: (options) => this.#drainListeners(options),
      quit: () => this.#deps.quit(),
    });
    const { clock, log } = this.#deps;
    this.#admin = createAdminServer(views, { clock, logger: log, address: admin });
    return this.#admin.start();
  }

  async #startMesh(): Promise<void> {
    const { Mesh } = await import('./mesh.ts');
    const release = this.#readiness.hold('configuration from the control plane');
    this.#mesh = new Mesh(this.plane, this.#bootstrap.config, this.#deps, { onConfigured: release });
    if (this.#bootstrap.config.ads === null) release();
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
      // Clients are asked to leave with their next answer; the port closes when they have had the time to.
      listener.askToLeave();
      this.#deps.timers.after(listener.drainTimeoutMs, () => void listener.drain());
    }
  }

  /** Stops accepting, lets requests in flight finish within the deadline, then ends everything. */
  async drain(deadlineMs: number): Promise<void> {
    this.#draining = true;
    await this.#mesh?.deregister('the sidecar is stopping');
    const { listeners } = this.plane;
    const drained = listeners.drainAll();
    await this.#atMost(deadlineMs, drained);
    // Streams that have no end of their own (tunnels, TCP) get one: what was sent is delivered, then a FIN.
    listeners.finishAll();
    await this.#atMost(FAREWELL_MS, drained);
    await this.close();
  }

  async #atMost(limitMs: number, done: Promise<unknown>): Promise<void> {
    const over = Promise.withResolvers<void>();
    const timer = this.#deps.timers.after(limitMs, over.resolve);
    await Promise.race([done, over.promise]);
    timer.cancel();
  }

  /** Ends everything now. */
  async close(): Promise<void> {
    await this.#mesh?.close();
    this.plane.destroy();
    await this.#admin?.close();
  }
}
