/**
 * The control plane, put together. It reads as the life of a change:
 *
 *   api ─► ledger (store, apply) ─┐
 *                                 ├─► push scheduler ─► snapshot cache (translate) ─► ADS streams ─► clients
 *   agents ─► registry ───────────┤
 *                                 └─► orchestrator loop (reconcile) ─► executor ─► driver ─► processes
 *
 * Of several control planes one leads: it alone does what `duties.ts` has, serving sidecars and running replicas. The others
 * follow the state, and are ready to.
 */

import type { Clock } from '../kernel/clock.ts';
import { hostPortText } from '../kernel/host-port.ts';
import type { Logger } from '../kernel/log.ts';
import { MetricsRegistry } from '../kernel/metrics.ts';
import type { Random } from '../kernel/random.ts';
import { Readiness } from '../kernel/readiness.ts';
import type { Timers } from '../kernel/timers.ts';
import { AgentServer } from './agents/agent-server.ts';
import { LoadReports } from './agents/load-reports.ts';
import { createApiServer } from './api/server.ts';
import { SharedBreakers } from './breakers/shared-breakers.ts';
import { PageFeed } from './discovery/feed.ts';
import { discoveryMetrics } from './discovery/metrics.ts';
import { startDns } from './dns/mesh-dns.ts';
import { dnsMetrics } from './dns/metrics.ts';
import { MeshTrafficControl } from './drain/traffic-control.ts';
import { LeaderDuties } from './duties.ts';
import { FaultClock } from './fault-clock.ts';
import { applyGiven } from './given-services.ts';
import { createGrpcServer } from './grpc-server.ts';
import { bindingOf, createLeadership, knownControlPlanes, openStore } from './leadership/create.ts';
import { leadershipMetrics } from './leadership/metrics.ts';
import { LoadStats } from './load-stats/load-stats.ts';
import { LoadStatsServer } from './load-stats/load-stats-server.ts';
import { loadStatsMetrics } from './load-stats/metrics.ts';
import { controlPlaneMetrics } from './metrics.ts';
import type { StopTimes } from './orchestrator/executor.ts';
import { type EndedRun, restartAtMs } from './orchestrator/restart-policy.ts';
import { readRecord, writeRecord } from './record.ts';
import type { LeaseTimes } from './registry/leases.ts';
import { registryMetrics } from './registry/metrics.ts';
import { Registry } from './registry/registry.ts';
import { grpcGate } from './security/grpc-gate.ts';
import { securityMetrics } from './security/metrics.ts';
import { makePrivateDirectory } from './security/secret-file.ts';
import { Security } from './security/security.ts';
import { SidecarTokens, sidecarTokenMetrics } from './security/sidecar-tokens.ts';
import type { ControlPlaneSettings, ListenAddress } from './settings.ts';
import { sidecarStanding } from './sidecar-standing.ts';
import { SnapshotCache } from './snapshot/cache.ts';
import { PushScheduler } from './snapshot/push-scheduler.ts';
import { EtcdStore } from './store/etcd/etcd-store.ts';
import { etcdMetrics } from './store/etcd/metrics.ts';
import { Ledger } from './store/ledger.ts';
import { AdsServer } from './xds/ads-server.ts';

/** What a control plane is given of the world around it. */
export interface ControlPlaneDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly version: string;
  readonly pid: number;
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The Node that applications get as `node`. */
  readonly nodePath: string;
  readonly readFile: (absolutePath: string) => string | null;
  /** Somebody asked over the API for the end of this control plane: `stop` is to be called. */
  readonly onShutdown: (workloads: 'stop' | 'keep') => void;
  /** How long silence is borne; the registry's defaults when absent. */
  readonly leaseTimes?: LeaseTimes;
  /** How long a request breaker is held open for everyone; its own default when absent. */
  readonly sharedBreakerTtlMs?: number;
  /** How long each part of a stop may take; DRAIN_TIMES when absent. */
  readonly drainTimes?: StopTimes;
  /** How often Envoys and gRPC clients report their load; the server's default when absent. */
  readonly loadReportingMs?: number;
  /** When a process that has exited may run again; the restart policy when absent. */
  readonly restartAtMs?: (runs: readonly EndedRun[]) => number;
}

/** A control plane that serves. */
export interface ControlPlane {
  /** A URL, such as http://127.0.0.1:15080. */
  readonly httpAddress: string;
  /** Host and port. */
  readonly grpcAddress: string;
  /** Host and port; null where there is none. */
  readonly dnsAddress: string | null;
  /** Ends it. The workloads are stopped in order, or run on. Called again it gives the same promise. */
  stop(options: { readonly workloads: 'stop' | 'keep' }): Promise<void>;
}

/** Starts a control plane; resolves when it serves. Rejects, with all that was begun undone, when it cannot. */
export async function startControlPlane(settings: ControlPlaneSettings, deps: ControlPlaneDeps): Promise<ControlPlane> {
  const closers: (() => void | Promise<void>)[] = [];
  const closeAll = async () => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    return await start(settings, deps, closers, closeAll);
  } catch (cause) {
    await closeAll();
    throw cause;
  }
}

async function start(
  settings: ControlPlaneSettings,
  deps: ControlPlaneDeps,
  closers: (() => void | Promise<void>)[],
  closeAll: () => Promise<void>,
): Promise<ControlPlane> {
  const { clock, timers, random, logger } = deps;
  const readiness = new Readiness();
  const started = readiness.hold('start');
  const before = readRecord(settings.stateDir);

  // What is wanted, and who is there.
  makePrivateDirectory(settings.stateDir, logger);
  const store = await openStore(settings, deps);
  closers.push(() => store.close());
  const ledger = new Ledger(store, clock);
  const security = new Security(settings.stateDir, settings.security, { clock, timers, logger });
  closers.push(() => security.close());
  const { sidecarTokensDir } = settings;
  const minted = { clock, timers, logger, tokens: security.replicaTokens };
  const tokens = sidecarTokensDir === null ? null : new SidecarTokens(sidecarTokensDir, minted);
  closers.push(() => tokens?.close());
  const registry = new Registry({ clock, timers, store, logger }, deps.leaseTimes);
  closers.push(() => registry.close());
  // Who leads keeps the registry, and nobody else.
  if (settings.store.kind === 'etcd') registry.forget();

  // Downwards: every change is translated once, and goes to those whom it concerns.
  const faults = new FaultClock(clock, timers, () => pushes.changed({ urgent: true }));
  closers.push(() => faults.close());
  const breakers = new SharedBreakers({ clock, timers, logger }, deps.sharedBreakerTtlMs);
  closers.push(() => breakers.close());
  const cache = new SnapshotCache(faults.inForce(ledger.state), registry.view());
  const ads = new AdsServer({ clock, timers, logger, cache });
  const pushes = new PushScheduler(clock, timers, () => {
    cache.refresh(faults.inForce(ledger.state), registry.view(), breakers.open);
    ads.push();
    feed.changed();
  });
  closers.push(() => pushes.close());
  // Whoever has no sidecar polls.
  const feed = new PageFeed(clock, timers);
  closers.push(() => feed.close());

  // Upwards: every sidecar's agent.
  const loads = new LoadReports();
  const agents = new AgentServer({
    clock,
    logger,
    registry,
    loads,
    breakers,
    leave: (...who) => void traffic.leave(...who),
  });
  const loadStats = new LoadStats();
  const services = () => cache.clusterNames();
  const loadReports = new LoadStatsServer({ clock, loadStats, services, intervalMs: deps.loadReportingMs });
  const xds = { ads, loadReports };
  breakers.watch(() => pushes.changed({ urgent: true }));

  // What only the leader does. Where there is one control plane, it leads.
  const running = () => duties.running();
  const traffic = new MeshTrafficControl({ clock, timers, logger, registry, loads, agents, pushes, ads, running });
  const servicesOf = (workload: string) => ledger.state.workloads.get(workload)?.services ?? [workload];
  const { environment, nodePath, drainTimes } = deps;
  const duties = new LeaderDuties({
    clock,
    timers,
    random,
    logger,
    environment,
    nodePath,
    restartAtMs: deps.restartAtMs ?? restartAtMs,
    drainTimes,
    settings,
    ledger,
    registry,
    security,
    xds,
    traffic,
    standing: sidecarStanding(agents, ads),
    dns: () => startDns(settings.dns, { clock, timers, random, registry, state: () => ledger.state }),
    grpcServer: () => createGrpcServer(xds, agents, grpcGate({ security, logger, servicesOf })),
    grpc: withLastPort(settings.grpc, before?.grpc),
    others: () => knownControlPlanes(settings, leadership),
    binding: bindingOf(settings),
  });
  closers.push(() => duties.end());
  const writeOwnRecord = () => {
    const grpc = duties.grpcAddress ?? hostPortText(settings.grpc);
    writeRecord(settings.stateDir, { http: httpAddress, grpc, pid: deps.pid, trust: security.trust });
  };
  const leadership = createLeadership(settings, deps, store, security.trust, {
    onLead: async () => {
      if (duties.grpcAddress === null) {
        registry.restore();
        await applyGiven(settings.given, { clock, logger, ledger, cwd: deps.cwd, readFile: deps.readFile });
      }
      await duties.begin();
      writeOwnRecord();
    },
    onAdrift: () => duties.hold(),
    onFollow: async () => {
      duties.end();
      registry.forget();
    },
  });
  closers.push(() => leadership.close());

  ledger.watch(() => {
    pushes.changed({ urgent: false });
    duties.wake();
  });
  registry.watch((change) => {
    pushes.changed(change);
    duties.wake();
  });

  const metrics = new MetricsRegistry();
  metrics.register(
    controlPlaneMetrics({ ledger, registry, ads, breakers, drains: traffic.totals, upgrades: duties.upgrades }),
  );
  metrics.register(loadStatsMetrics(loadStats));
  metrics.register(registryMetrics(registry));
  metrics.register(discoveryMetrics(feed));
  metrics.register(securityMetrics(security));
  if (tokens !== null) metrics.register(sidecarTokenMetrics(tokens));
  metrics.register(leadershipMetrics(leadership));
  metrics.register((emit) => duties.dns !== null && dnsMetrics(duties.dns)(emit));
  if (store instanceof EtcdStore) metrics.register(etcdMetrics(store));
  const api = await createApiServer({
    security,
    leadership,
    clock,
    logger,
    ledger,
    registry,
    loads,
    loadStats,
    breakers,
    ads,
    feed,
    metrics,
    version: deps.version,
    cwd: deps.cwd,
    readFile: deps.readFile,
    replicas: () => duties.replicas(),
    rolls: () => duties.rolls(),
    logFiles: (workload) => duties.logFiles(workload),
    waitingFor: () => readiness.waitingFor(),
    settle: (timeoutMs) => {
      pushes.flush();
      return ads.converged(timeoutMs);
    },
    shutdown: deps.onShutdown,
  });
  closers.push(() => api.close());
  const httpAddress = await api.listen(withLastPort(settings.http, before && new URL(before.http).host));

  await leadership.start();
  started();
  const grpcAddress = duties.grpcAddress ?? hostPortText(settings.grpc);
  const { stateDir } = settings;
  const { role } = leadership;
  const dns = duties.dns?.address;
  logger.info({ http: httpAddress, grpc: grpcAddress, dns, state: stateDir, role }, 'control plane serves');

  let stopping: Promise<void> | undefined;
  const stop = async (workloads: 'stop' | 'keep') => {
    if (workloads === 'stop') await duties.stopWorkloads();
    await closeAll();
    logger.info({ workloads }, 'control plane ended');
  };
  return {
    httpAddress,
    grpcAddress,
    dnsAddress: duties.dns?.address ?? null,
    stop: ({ workloads }) => {
      stopping ??= stop(workloads);
      return stopping;
    },
  };
}

/** Port 0 leaves the choice to us: sidecars that still run look for the control plane where they knew it. */
function withLastPort(address: ListenAddress, last: string | undefined): ListenAddress {
  if (address.port !== 0 || last === undefined) return address;
  return { ...address, port: Number(last.slice(last.lastIndexOf(':') + 1)) };
}
