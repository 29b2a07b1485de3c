/**
 * The half of a sidecar that talks to a control plane: configuration down (ADS), lease, health and load up (agent), and
 * application settings out to the application. Loaded only when the bootstrap asks for it, because it needs gRPC.
 */

import type { Clock } from '../kernel/clock.ts';
import { hostPortText } from '../kernel/host-port.ts';
import type { Logger } from '../kernel/log.ts';
import type { RandomIds } from '../kernel/random.ts';
import type { Timers } from '../kernel/timers.ts';
import type { SharedBreaker } from '../protos/gen/outrider/resilience/v1/shared_breaker.ts';
import type { ActivationProblem } from './activate/activator.ts';
import { createVerifier } from './activate/tls.ts';
import { type Agent, createAgent } from './agent/agent-client.ts';
import { ApplicationUsage } from './agent/application-usage.ts';
import { NamedProbes } from './agent/named-probes.ts';
import type { AdsConfig, AgentSettings, Bootstrap } from './bootstrap/bootstrap.ts';
import type { MachineSources } from './config/decode/decoding.ts';
import { durationMs } from './config/decode/values.ts';
import { resolveTls } from './config/resolve-tls.ts';
import type { Snapshot } from './config/snapshot.ts';
import type { DataPlane } from './data-plane.ts';
import type { Listener } from './listener/listener.ts';
import type { HandedSocket, InheritedSockets } from './net/inherited-sockets.ts';
import { createSettings, type Settings } from './settings/settings.ts';
import type { Cluster } from './upstream/cluster.ts';
import type { SharedOpening } from './upstream/guard/request-breaker.ts';
import { PROXY_VERSION } from './version.ts';
import { type AdsClient, createAdsClient } from './xds/ads-client.ts';
import type { OnPlaced, SnapshotOrigin, ActivationProblem as XdsProblem } from './xds/ads-client-options.ts';
import { configDecoders } from './xds/config-decoders.ts';
import { type ControlCredentials, controlCredentials } from './xds/control-credentials.ts';
import type { OnDemandUse } from './xds/demanded-clusters.ts';
import { readsFiles } from './xds/dependency-tracker.ts';
import { type ExtraSubscription, extraSubscription } from './xds/extra-subscription.ts';

/** What the composition root hands in. */
export interface MeshDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: RandomIds;
  readonly log: Logger;
  readonly sources: MachineSources;
  readonly pid: number;
  /** Sockets of the process whose place this one takes; null, the default, for none. */
  readonly inherited?: InheritedSockets | null;
}

/** What the mesh half tells the rest of the process. */
export interface MeshEvents {
  /** The first complete configuration from the control plane is active. */
  onConfigured(): void;
}

/** stat_prefix of the connection manager in front of the application. */
const INBOUND = 'inbound';
/** The control plane waits 5 s for its clients before it says that nobody sends here any more. */
const LEAVE_MS = 6_000;

export class Mesh {
  /** Null when the bootstrap has no `ads_config`. */
  readonly ads: AdsClient | null;
  readonly #agent: Agent | null;
  readonly #settings: Settings | null;
  readonly #probes: NamedProbes;
  readonly #plane: DataPlane;
  readonly #log: Logger;
  readonly #events: MeshEvents;
  readonly #sockets: InheritedSockets | null;
  /** Where the application asks for names, once the control plane has said which; null: nowhere. */
  readonly #dnsPort: number | null;
  /** The port that callers come to is bound. */
  #bound = false;
  /** Another process serves, and stands for this instance at the control plane. */
  #standby: boolean;

  constructor(plane: DataPlane, bootstrap: Bootstrap, deps: MeshDeps, events: MeshEvents) {
    this.#plane = plane;
    this.#log = deps.log;
    this.#events = events;
    this.#sockets = deps.inherited ?? null;
    this.#standby = this.#sockets !== null;
    const { agent } = bootstrap;
    this.#dnsPort = dnsPortOf(bootstrap.node);
    const parts = { timers: deps.timers, logger: deps.log };
    this.#settings =
      agent === null ? null : createSettings({ port: agent.settingsPort, file: agent.settingsFile }, parts);
    this.#probes = new NamedProbes(agent?.probes ?? new Map(), deps.timers);
    this.ads = this.#createAds(bootstrap, deps);
    this.#agent = agent === null ? null : this.#createAgent(bootstrap, agent, deps);
  }

  /** Opens the settings port, then the streams. Rejects when the port cannot be bound. */
  async start(): Promise<void> {
    if (!this.#standby) await this.#settings?.start();
    this.ads?.start();
    if (this.ads === null) this.#register();
  }

  /** What stands between this sidecar and its first configuration. */
  waitingFor(): readonly string[] {
    const waits = this.ads === null || this.ads.hasSnapshot ? [] : this.ads.waitingFor();
    const names = this.#plane.names.all().some(({ address }) => address?.port === this.#dnsPort);
    return this.#dnsPort === null || names ? waits : [...waits, `DNS on port ${this.#dnsPort}`];
  }

  /** Whether callers have no port to come to, though the control plane is to send them here. */
  get unbound(): boolean {
    return this.#agent !== null && !this.#bound;
  }

  /** Whether nothing is known yet of the application that is checked. */
  get unchecked(): boolean {
    return this.#agent?.health === 'unknown';
  }

  /** Makes a check of the application: null is well. Undefined: none has that name. */
  probe(name: string): Promise<string | null> | undefined {
    return this.#probes.look(name);
  }

  /** What a successor continues. */
  get leaseId(): string {
    return this.#agent?.leaseId ?? '';
  }

  /** What a successor inherits. */
  get handed(): readonly HandedSocket[] {
    const handed = this.#settings?.handed ?? null;
    return handed === null ? [] : [handed];
  }

  /** The other process, which held this lease, has handed over: this one stands for the instance now. */
  async takeOver(leaseId: string): Promise<void> {
    this.#standby = false;
    await this.#settings?.start(this.#sockets);
    if (this.#bound) this.#agent?.start(leaseId);
  }

  /** A successor stands for the instance: nothing is said to the control plane any more, above all no goodbye. */
  async yield(): Promise<void> {
    this.#settings?.stopAccepting();
    await Promise.all([this.#agent?.close(), this.ads?.close()]);
  }

  /** Asks to be taken out of traffic; true once nobody sends here any more. */
  async leave(reason: string, limitMs: number): Promise<boolean> {
    return (await this.#agent?.leave(reason, Math.min(limitMs, LEAVE_MS))) ?? false;
  }

  /** Tells the control plane that this instance goes on purpose. */
  async deregister(reason: string): Promise<void> {
    await this.#agent?.deregister(reason);
  }

  async close(): Promise<void> {
    await Promise.all([this.#agent?.close(), this.ads?.close(), this.#settings?.close()]);
  }

  #createAds(bootstrap: Bootstrap, deps: MeshDeps): AdsClient | null {
    const { ads, agent, node, statics, dynamic } = bootstrap;
    const plane = this.#plane;
    if (ads === null && !readsFiles(bootstrap)) return null;
    const stream = ads && {
      target: targetOf(statics, ads.clusterName),
      credentials: credentialsFor(statics, ads.clusterName, agent, ads.initialMetadata),
      ads,
    };
    const options = {
      stream,
      dynamic,
      serverOf: (name: string) => ({
        target: targetOf(statics, name),
        credentials: credentialsFor(statics, name, null, []),
      }),
      node,
      fixed: statics,
      onDemand: this.#isOnDemand(bootstrap) ? onDemandUse(plane) : null,
      version: PROXY_VERSION,
      extras: agent === null ? [] : this.#extras(agent),
      lastKnownGoodDirectory: agent?.lastKnownGoodDirectory ?? null,
      onSnapshot: (parts: Snapshot, origin: SnapshotOrigin, onPlaced: OnPlaced) =>
        this.#activate(parts, origin, onPlaced),
    };
    const { clock, timers, random, log } = deps;
    const decoders = configDecoders({ ...deps.sources, knownClusters: null, ...staticNames(statics) });
    const client = createAdsClient(options, {
      clock,
      timers,
      random,
      logger: log,
      decoders,
      readFile: deps.sources.readFile,
    });
    this.#plane.clusters.onDemand.demand = (name) => client.demand(name);
    client.lastKnownGood.countSuspects = () =>
      this.#plane.clusters.all().reduce((sum, each) => sum + suspectsOf(each), 0);
    return client;
  }

  /** Metadata of the node: clusters are subscribed to when they are needed. State of the world has no such subscription. */
  #isOnDemand({ node, ads }: Bootstrap): boolean {
    if (askedOf(node).subscription !== 'on-demand') return false;
    if (ads?.delta !== true)
      this.#log.warn({}, 'subscription: on-demand needs DELTA_GRPC: everything is subscribed to');
    return ads?.delta === true;
  }

  /** Settings, scaling decisions and shared breakers ride on the same stream. */
  #extras({ workload, services }: AgentSettings): ExtraSubscription[] {
    const settings = this.#settings!;
    const plane = this.#plane;
    return [
      extraSubscription('outrider.config.v1.ConfigSet', [workload], (sets) => settings.setConfig(sets.get(workload))),
      extraSubscription('outrider.scaling.v1.ScalingDecision', new Set([workload, ...services]), (decisions) => {
        settings.setScaling(decisions);
        this.#plane.replicas.set(decisions);
      }),
      extraSubscription('outrider.resilience.v1.SharedBreaker', 'all', (breakers) => {
        plane.requestBreakers.hold(new Map([...breakers].map(([name, each]) => [name, openingOf(each)])));
      }),
    ];
  }

  #createAgent({ statics, node, ads }: Bootstrap, settings: AgentSettings, deps: MeshDeps): Agent {
    const plane = this.#plane;
    const usage = settings.check === null ? null : new ApplicationUsage(settings.check.port, deps.clock);
    const options = {
      target: targetOf(statics, settings.clusterName),
      // Both streams end at the same control plane: what lets one in does so for the other.
      credentials: credentialsFor(statics, settings.clusterName, settings, ads?.initialMetadata ?? []),
      nodeId: node.id,
      settings,
      pid: deps.pid,
      load: {
        inbound: () => plane.activator.managerStats().find((each) => each.prefix === INBOUND),
        inboundConnections: () => plane.activator.tcpStats().find((each) => each.prefix === INBOUND)?.cxActive ?? 0,
        adaptiveLimit: () => plane.activator.filterStats.adaptiveLimits.find((each) => each.prefix === INBOUND),
        clusters: () => plane.clusters.all().filter((each) => each.name !== INBOUND),
        usage: () => usage?.usage() ?? { cpuFraction: 0, memoryBytes: 0 },
      },
      breakers: () => plane.requestBreakers.views(),
      // The application goes on until it is told to stop; whoever still calls it is asked to come back elsewhere.
      onDrain: () => this.#askInboundClientsToLeave(),
    };
    const { clock, timers, random, log } = deps;
    return createAgent(options, { clock, timers, random, logger: log });
  }

  /** Nobody is sent here before the port is open that they would come to. */
  #register(): void {
    if (this.#bound) return;
    if (this.ads !== null && !this.#inbound().some((listener) => listener.address !== null)) return;
    this.#bound = true;
    if (this.#standby) this.#agent?.startChecking();
    else this.#agent?.start();
  }

  #inbound(): readonly Listener[] {
    return this.#plane.listeners.all().filter((listener) => listener.config.direction === 'inbound');
  }

  #askInboundClientsToLeave(): void {
    for (const listener of this.#inbound()) listener.askToLeave();
  }

  /** Resolves when it is in use, with what could not be done: the ACK waits for it. */
  async #activate(parts: Snapshot, origin: SnapshotOrigin, onPlaced: OnPlaced): Promise<readonly XdsProblem[]> {
    const placed = (problems: readonly ActivationProblem[]) => onPlaced(problems.map(xdsProblem));
    const problems = await this.#plane.apply(parts, placed);
    for (const { kind, name, message } of problems) this.#log.error({ [kind]: name, origin }, message);
    if (this.ads?.hasSnapshot === true) {
      this.#events.onConfigured();
      this.#register();
    }
    return problems.map(xdsProblem);
  }
}

function xdsProblem({ kind, message }: ActivationProblem): XdsProblem {
  return { kind: KINDS[kind], message };
}

/** What this node asks its control plane for: its metadata under `outrider`. */
function askedOf({ metadata }: Bootstrap['node']): Readonly<Record<string, unknown>> {
  return { ...(metadata.outrider as object | null | undefined) };
}

function dnsPortOf(node: Bootstrap['node']): number | null {
  const { dns_port: port } = askedOf(node);
  return typeof port === 'number' ? port : null;
}

function onDemandUse({ clusters }: DataPlane): OnDemandUse {
  return {
    miss: (name) => clusters.onDemand.miss(name),
    usesOf: (name) => {
      const stats = clusters.get(name)?.stats;
      return stats === undefined ? 0 : stats.inUse.requests > 0 ? null : stats.rqTotal;
    },
  };
}

function suspectsOf({ endpoints }: Cluster): number {
  return endpoints.filter(({ suspect }) => suspect).length;
}

function openingOf({ sequence, openFor, openCallers: open, callers }: SharedBreaker): SharedOpening {
  return { sequence: Number(sequence), ttlMs: durationMs(openFor, 0), open, callers };
}

/** How the static cluster of that name is spoken to, and who we are there. */
function credentialsFor(
  { clusters, secrets }: Snapshot,
  name: string,
  agent: AgentSettings | null,
  headers: AdsConfig['initialMetadata'],
): ControlCredentials {
  const asked = clusters.get(name)?.tls ?? null;
  const resolved = asked === null ? null : resolveTls(asked, secrets);
  if (resolved?.ok === false) throw new Error(`cluster ${name}: ${resolved.error}; it has to be a static one here`);
  const tls = resolved?.value ?? null;
  const verifier = createVerifier(tls?.validation ?? null);
  return controlCredentials({ tls, verifier, headers, tokenFile: agent?.tokenFile ?? null });
}

/** Whose resources are refused for a problem. */
const KINDS = { cluster: 'CDS', listener: 'LDS', secret: 'SDS' } as const;

/** What resources may name of the bootstrap. */
function staticNames({ clusters, secrets }: Snapshot) {
  const staticSecrets = new Set([...secrets.values()].map(({ name }) => name));
  return { staticClusters: new Set(clusters.keys()), staticSecrets };
}

/** `host:port` of every endpoint of a static cluster, separated by commas: where gRPC connects to. */
function targetOf({ clusters }: Snapshot, name: string): string {
  const discovery = clusters.get(name)?.discovery;
  if (discovery === undefined || discovery.kind === 'eds' || discovery.kind === 'original-dst') {
    throw new Error(`static_resources has no cluster "${name}" with endpoints of its own; ads_config needs one`);
  }
  const endpoints = discovery.endpoints.localities.flatMap((locality) => locality.endpoints);
  if (endpoints.length === 0) throw new Error(`cluster "${name}" has no endpoint, but ads_config names it`);
  const addresses = endpoints.map(({ address }) => hostPortText(address));
  return addresses.join(',');
}
