/** What the admin port sees of this proxy: the data plane's own objects, and the resources as they were written. */
import type { Listener } from '../protos/gen/envoy/config/listener/v3/listener.ts';
import { packAny, unpackAny } from '../protos/json/registry.ts';
import { writeJson } from '../protos/json/write-json.ts';
import type { AdminActions, AdminViews, DumpedResource, LastKnownGoodView } from './admin/views.ts';
import type { LoadedBootstrap } from './bootstrap/read-bootstrap.ts';
import type { DataPlane } from './data-plane.ts';
import type { AskedListener } from './explain/explain.ts';
import { allChains } from './listener/running-chain.ts';
import { requestBreakerStatsSource } from './telemetry/breaker-stat-table.ts';
import { clusterStatsSource } from './telemetry/cluster-stat-table.ts';
import { dnsStatsSource } from './telemetry/dns-stat-table.ts';
import { filterStatsSource } from './telemetry/filter-stat-table.ts';
import { inboundStatsSource } from './telemetry/inbound-stat-table.ts';
import { listenerStatsSource, managerStatsSource } from './telemetry/listener-stat-table.ts';
import { type MemoryUse, type ServerState, serverStatsSource } from './telemetry/server-stats.ts';
import type { StatsRegistry } from './telemetry/stats-registry.ts';
import { tcpStatsSource } from './telemetry/tcp-stat-table.ts';
import { PROXY_VERSION } from './version.ts';

/** The dynamic half of `/config_dump`. */
export interface DynamicDump {
  versionOf(kind: 'CDS' | 'LDS'): string;
  dumped(): readonly DumpedResource[];
}

/** What the views need besides the data plane. */
export interface ViewDeps extends AdminActions {
  readonly startedAtMs: number;
  readonly configPath: string;
  readonly epoch: number;
  state(): ServerState;
  waitingFor(): readonly string[];
  uptimeMs(): number;
  memory(): MemoryUse;
  lastKnownGood(): LastKnownGoodView | null;
  ads(): DynamicDump | null;
}

const NODE = 'envoy.config.core.v3.Node';
const BOOTSTRAP = 'envoy.config.bootstrap.v3.Bootstrap';
const HTTP_MANAGER = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';

/** The views, with every statistics source of the data plane registered. */
export function adminViews(
  plane: DataPlane,
  stats: StatsRegistry,
  loaded: LoadedBootstrap,
  deps: ViewDeps,
): AdminViews {
  const { message, config } = loaded;
  const server = {
    version: PROXY_VERSION,
    node: message.node === undefined ? {} : writeJson(NODE, message.node),
    configPath: deps.configPath,
    concurrency: 1,
    epoch: deps.epoch,
    state: deps.state,
    waitingFor: deps.waitingFor,
    uptimeMs: deps.uptimeMs,
    memory: deps.memory,
    lastKnownGood: deps.lastKnownGood,
    connectionCount: () => plane.listeners.all().reduce((sum, each) => sum + each.connectionCount, 0),
  };
  stats.register(clusterStatsSource(plane.clusters));
  stats.register(requestBreakerStatsSource(() => plane.requestBreakers.all()));
  stats.register(listenerStatsSource(plane.listeners));
  stats.register(managerStatsSource(() => plane.activator.managerStats()));
  stats.register(filterStatsSource(plane.activator.filterStats));
  stats.register(inboundStatsSource(plane.activator.filterStats));
  stats.register(tcpStatsSource(() => plane.activator.tcpStats()));
  stats.register(dnsStatsSource(() => plane.names.all()));
  stats.register(serverStatsSource(server));
  const statics = staticResources(loaded, deps.startedAtMs);
  return {
    server,
    stats,
    runtime: plane.runtime,
    runtimeMayChange: config.runtimeModifiable,
    actions: deps,
    clusters: () => plane.clusters.all(),
    listeners: () => [...plane.listeners.all(), ...plane.names.all()],
    secrets: () => plane.activator.snapshot.secrets,
    flights: () => ({ flights: plane.recorder.flights(), wallTimeOf: wallTimes(plane) }),
    httpListeners: () => httpListeners(plane),
    configDump: () => ({
      bootstrap: writeJson(BOOTSTRAP, withoutSecrets(message)),
      startedAtMs: deps.startedAtMs,
      clustersVersion: deps.ads()?.versionOf('CDS') ?? '',
      listenersVersion: deps.ads()?.versionOf('LDS') ?? '',
      resources: [...statics, ...(deps.ads()?.dumped() ?? [])],
    }),
  };
}

function httpListeners({ listeners }: DataPlane): AskedListener[] {
  return listeners.all().flatMap(({ config, chains }) =>
    allChains(chains).flatMap(({ manager, config: chain }) => {
      if (manager === null) return [];
      const name = chain.name === '' ? config.name : `${config.name}, filter chain ${chain.name}`;
      return [{ name, table: manager.active.table }];
    }),
  );
}

/** Turns moments of the monotonic clock into those of the wall. */
function wallTimes({ loop }: DataPlane): (ms: number) => Date {
  const offsetMs = loop.clock.wallMs() - loop.clock.nowMs();
  return (ms) => new Date(offsetMs + ms);
}

function staticResources({ message }: LoadedBootstrap, updatedAtMs: number): DumpedResource[] {
  const { clusters = [], listeners = [], secrets = [] } = message.staticResources ?? {};
  const common = { origin: 'static', versionInfo: '', updatedAtMs } as const;
  const resources: DumpedResource[] = [];
  for (const cluster of clusters) {
    const { name, loadAssignment } = cluster;
    resources.push({ ...common, kind: 'cluster', name, any: packAny('envoy.config.cluster.v3.Cluster', cluster) });
    if (loadAssignment === undefined) continue;
    const any = packAny('envoy.config.endpoint.v3.ClusterLoadAssignment', loadAssignment);
    resources.push({ ...common, kind: 'endpoint', name, any });
  }
  for (const secret of secrets) {
    const any = packAny('envoy.extensions.transport_sockets.tls.v3.Secret', secret);
    resources.push({ ...common, kind: 'secret', name: secret.name, any });
  }
  for (const listener of listeners) {
    const any = packAny('envoy.config.listener.v3.Listener', listener);
    resources.push({ ...common, kind: 'listener', name: listener.name, any });
    for (const table of inlineTables(listener)) {
      const tableAny = packAny('envoy.config.route.v3.RouteConfiguration', table);
      resources.push({ ...common, kind: 'route', name: table.name, any: tableAny });
    }
  }
  return resources;
}

/** The route tables written inside a listener's connection managers. */
function inlineTables(listener: Listener) {
  const chains = [...listener.filterChains, ...(listener.defaultFilterChain ? [listener.defaultFilterChain] : [])];
  return chains
    .flatMap((chain) => chain.filters)
    .map(({ configType }) => configType?.value)
    .map((config) => config && unpackAny(HTTP_MANAGER, config))
    .map((manager) => manager?.routeSpecifier)
    .filter((specifier) => specifier?.$case === 'routeConfig')
    .map((specifier) => specifier.value);
}

/** Whoever reaches the admin port may read it: what lets us in at the control plane is not shown. */
function withoutSecrets(message: LoadedBootstrap['message']): LoadedBootstrap['message'] {
  const { dynamicResources: dynamic } = message;
  if (dynamic?.adsConfig === undefined) return message;
  const grpcServices = dynamic.adsConfig.grpcServices.map((service) => ({
    ...service,
    initialMetadata: service.initialMetadata.map((header) => ({ ...header, value: '[redacted]' })),
  }));
  return { ...message, dynamicResources: { ...dynamic, adsConfig: { ...dynamic.adsConfig, grpcServices } } };
}
