/** The data plane of one event loop, put together: loop, clusters, listeners, and the activator that drives them. */
import { hostname } from 'node:os';
import type { Clock } from '../kernel/clock.ts';
import type { Logger } from '../kernel/log.ts';
import type { RandomIds } from '../kernel/random.ts';
import { TimerWheel } from '../kernel/timer-wheel.ts';
import type { Timers } from '../kernel/timers.ts';
import { type ActivationProblem, Activator, type OnPlaced } from './activate/activator.ts';
import { createDialer } from './activate/dialers.ts';
import { DnsDiscovery, type Lookup } from './activate/dns-discovery.ts';
import { LazyDns } from './activate/lazy-dns.ts';
import { LazyTls } from './activate/lazy-tls.ts';
import { ListenerSet } from './activate/listener-set.ts';
import { ReplicaCounts } from './activate/replica-counts.ts';
import type { Snapshot } from './config/snapshot.ts';
import type { NamedEndpoint } from './dns/dns-answers.ts';
import { SelfHealth } from './http/filters/health-check/self-health.ts';
import { Http2Shared } from './http2/shared.ts';
import type { InheritedSockets } from './net/inherited-sockets.ts';
import { Loop } from './net/loop.ts';
import type { Runtime } from './routing/runtime.ts';
import { AccessLogFiles } from './telemetry/access-log-file.ts';
import { FlightRecorder } from './telemetry/recorder/flight-recorder.ts';
import type { MakeDialer } from './upstream/cluster.ts';
import { ClusterManager } from './upstream/cluster-manager.ts';
import type { Endpoint } from './upstream/endpoint.ts';
import { RequestBreakers } from './upstream/guard/request-breakers.ts';
import type { LocalCluster } from './upstream/local-cluster.ts';

/** Effects of the outside world. */
export interface PlaneDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: RandomIds;
  readonly log: Logger;
  readonly lookup: Lookup;
  /** The text of the machine's resolver configuration, whenever it is asked for; left out: there is none. */
  readonly resolvConf?: () => string;
  /** Sockets of the process whose place this one takes; null, the default, for none. */
  readonly inherited?: InheritedSockets | null;
}

/** The data plane of one event loop. */
export class DataPlane {
  readonly loop: Loop;
  readonly runtime: Runtime;
  readonly clusters: ClusterManager;
  readonly requestBreakers: RequestBreakers;
  readonly listeners: ListenerSet;
  /** Listeners that answer names. */
  readonly names: LazyDns;
  readonly activator: Activator;
  readonly logFiles: AccessLogFiles;
  /** What the control plane tells of the services, for quotas. */
  readonly replicas = new ReplicaCounts();
  readonly recorder = new FlightRecorder();
  /** What this proxy says of itself to those who check it. */
  readonly selfHealth: SelfHealth;
  readonly #dns: DnsDiscovery;

  /**
   * `service` is what health checks hear that this proxy is: node.cluster. `local` is the cluster of its own kind, which
   * zone aware routing needs.
   */
  constructor(deps: PlaneDeps, runtime: Runtime, service = '', local: LocalCluster | null = null) {
    this.loop = new Loop(deps.clock, new TimerWheel(deps.clock, deps.timers), deps.random);
    this.runtime = runtime;
    const lazyTls = new LazyTls();
    const http2 = new Http2Shared(this.loop);
    const makeDialer: MakeDialer = (config, { tls }) =>
      createDialer(this.loop, lazyTls, config, tls, this.activator.snapshot.secrets);
    this.clusters = new ClusterManager(http2, makeDialer, local);
    this.requestBreakers = new RequestBreakers(this.loop);
    // Envoy's runtime key for the number of connections of one listener.
    const limitOf = (name: string) =>
      runtime.number(`envoy.resource_limits.listener.${name}.connection_limit`, Infinity);
    this.selfHealth = new SelfHealth(service, (name) => this.clusters.get(name)?.endpoints);
    this.listeners = new ListenerSet(this.loop, limitOf, deps.inherited ?? null);
    this.#dns = new DnsDiscovery(deps.lookup, deps.timers, deps.log);
    this.names = this.#createNames(deps);
    const { loop, clusters, requestBreakers, listeners } = this;
    this.logFiles = new AccessLogFiles(deps.timers, deps.log);
    const { logFiles, selfHealth, replicas } = this;
    const shared = { loop, http2, clusters, requestBreakers, listeners, runtime, selfHealth, replicas };
    const parts = { ...shared, dns: this.#dns, names: this.names, log: deps.log, logFiles, lazyTls };
    this.activator = new Activator({ ...parts, journal: this.recorder, hostname: hostname() });
  }

  #createNames({ clock, timers, random, resolvConf = () => '', inherited = null }: PlaneDeps): LazyDns {
    const endpointsOf = (name: string) => (this.clusters.get(name)?.endpoints ?? []).flatMap(namedEndpoint);
    return new LazyDns({ clock, timers, random, endpointsOf, resolvConf }, inherited);
  }

  /** See Activator. */
  apply(snapshot: Snapshot, onPlaced?: OnPlaced): Promise<readonly ActivationProblem[]> {
    return this.activator.apply(snapshot, onPlaced);
  }

  /** Ends everything now. */
  destroy(): void {
    this.#dns.close();
    this.names.close();
    this.listeners.destroy();
    this.clusters.destroy();
    this.requestBreakers.destroy();
    this.loop.wheel.destroy();
    this.logFiles.close();
  }
}

/** Whoever leaves is not named any more. */
function namedEndpoint({ config: { address, hostname }, health }: Endpoint): NamedEndpoint[] {
  return health === 'draining' ? [] : [{ ...address, hostname }];
}
