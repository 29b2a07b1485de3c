/**
 * The ADS client: keeps the stream to the control plane, and hands out a complete configuration whenever one stands.
 *
 *   stream ─► protocol (SotW or delta) ─► resource tree ─► ACK or NACK
 *                    ▲                        │
 *                    └── names wanted next ◄──┴── complete? ─► onSnapshot ─► last-known-good file
 *
 * At the start the types are asked for in Envoy's order: clusters, their endpoints, then listeners, their routes. Each
 * resource is held until what it names is there (see ready-tree.ts), and holds nothing else back.
 *
 * An ACK says "in use": it goes out when the snapshot is active, so that whoever waits for it may rely on the change, and
 * may end an instance that was taken out. What has to be held is ACKed at once, because the rest may depend on that.
 */
import type { ClientDuplexStream, Metadata } from '@grpc/grpc-js';
import { RESOURCE_TYPES, type ResourceKind, resourceTypeOfUrl } from '../../protos/contract/resource-types.ts';
import { AggregatedDiscoveryServiceClient } from '../../protos/gen/envoy/service/discovery/v3/ads.ts';
import { EMPTY_SNAPSHOT, type Snapshot, sameSnapshot } from '../config/snapshot.ts';
import type {
  Activation,
  ActivationProblem,
  AdsClientDeps,
  AdsClientOptions,
  OnPlaced,
  SnapshotOrigin,
  StreamOptions,
} from './ads-client-options.ts';
import { Answers, withProblems } from './answers.ts';
import { ControlStream } from './control-stream.ts';
import { DeltaProtocol } from './delta-protocol.ts';
import { DemandedClusters } from './demanded-clusters.ts';
import { type KnownResources, namedFiles, namedSecrets, type TrackedScope, waitFor } from './dependency-tracker.ts';
import type { DumpedXdsResource } from './dumped-resource.ts';
import { FileSources } from './files/file-sources.ts';
import { FallbackTimer } from './last-known-good/fallback-timer.ts';
import { ConfigurationKeeper } from './last-known-good/keeper.ts';
import type { LastKnownGoodStats } from './last-known-good/stats.ts';
import { suspected } from './last-known-good/suspected.ts';
import { Lifetimes } from './lifetimes.ts';
import { nodeMessage } from './node-message.ts';
import type { IncomingUpdate, Protocol } from './protocol.ts';
import { readyTree } from './ready-tree.ts';
import type { UpdateOutcome } from './resource-set.ts';
import { ResourceTree } from './resource-tree.ts';
import { SecretSources } from './secret-sources.ts';
import { SotwProtocol } from './sotw-protocol.ts';
import type { Names } from './subscription.ts';
import { Waits } from './waits.ts';
import { XdsStats } from './xds-stats.ts';

/** The running client. */
export interface AdsClient {
  /** Connects, and again whenever the stream is lost. */
  start(): void;
  /** Ends the stream; the file that is being written is finished. */
  close(): Promise<void>;
  readonly connected: boolean;
  /** A configuration was handed out. */
  readonly hasSnapshot: boolean;
  /** Why there is no newer configuration: words that complete "waiting for". */
  waitingFor(): readonly string[];
  /** Of the last response that was taken; empty before. */
  versionOf(kind: ResourceKind): string;
  /** Asks for a cluster that is needed now; false when clusters are not asked for one by one, or when it is one too many. */
  demand(cluster: string): boolean;
  dumped(): DumpedXdsResource[];
  readonly lastKnownGood: LastKnownGoodStats;
  readonly stats: XdsStats;
}

/** See the head of this file. */
export function createAdsClient(options: AdsClientOptions, deps: AdsClientDeps): AdsClient {
  const node = nodeMessage(options.node, options.version);
  return options.stream?.ads.delta === true
    ? new Client(options, deps, new DeltaProtocol(node), (client, metadata) =>
        client.deltaAggregatedResources(metadata),
      )
    : new Client(options, deps, new SotwProtocol(node), (client, metadata) =>
        client.streamAggregatedResources(metadata),
      );
}

class Client<Request, Response> implements AdsClient {
  readonly stats = new XdsStats();
  readonly #options: AdsClientOptions;
  readonly #deps: AdsClientDeps;
  readonly #scope: TrackedScope;
  /** Null: clusters are not asked for one by one. */
  readonly #demanded: DemandedClusters | null;
  readonly #protocol: Protocol<Request, Response>;
  /** Null: all comes out of files. */
  readonly #stream: ControlStream<AggregatedDiscoveryServiceClient, Request, Response> | null;
  readonly #tree: ResourceTree;
  readonly #waits: Waits;
  readonly #sources: SecretSources;
  readonly #files: FileSources;
  readonly #answers: Answers;
  readonly #lifetimes: Lifetimes;
  readonly #keeper: ConfigurationKeeper;
  readonly #fallback: FallbackTimer;
  /** Counts streams: an answer that is late belongs to none. */
  #streams = 0;
  /** What was handed out last, complete or not. */
  #handedOut: Snapshot = EMPTY_SNAPSHOT;
  /** Where the last complete configuration came from. */
  #inUse: 'nothing' | SnapshotOrigin = 'nothing';
  /** Something was accepted, or is not waited for any more, that is not in use yet. */
  #dirty = true;
  constructor(
    options: AdsClientOptions,
    deps: AdsClientDeps,
    protocol: Protocol<Request, Response>,
    open: (client: AggregatedDiscoveryServiceClient, metadata: Metadata) => ClientDuplexStream<Request, Response>,
  ) {
    this.#options = options;
    this.#deps = deps;
    this.#protocol = protocol;
    const renew = () => {
      this.#dirty = true;
      this.#resume();
    };
    this.#demanded = options.onDemand === null ? null : new DemandedClusters(options.onDemand, deps.timers, renew);
    this.#scope = { ...options.dynamic, fixed: options.fixed, demanded: this.#demanded?.names ?? null };
    this.#tree = new ResourceTree(this.#scope, deps.decoders, options.extras, () => this.#elsewhere());
    const node = nodeMessage(options.node, options.version);
    this.#sources = new SecretSources({ ...deps, node, serverOf: options.serverOf }, renew);
    this.#files = new FileSources(deps.decoders, deps, this.stats, renew);
    this.#answers = new Answers(this.stats, options.stream?.ads.delta === true, deps);
    this.#lifetimes = new Lifetimes(deps, (kind, names) => this.#expire(kind, names));
    this.#waits = new Waits(this.#scope, deps.timers, renew);
    this.#keeper = new ConfigurationKeeper(options.lastKnownGoodDirectory, options.node.id, deps);
    this.#fallback = new FallbackTimer(
      deps.timers,
      () => this.connected,
      () => void this.#fallBack(),
    );
    this.#stream = options.stream === null ? null : this.#connectTo(options.stream, open);
  }

  #connectTo(
    { target, ads, credentials }: StreamOptions,
    open: (client: AggregatedDiscoveryServiceClient, metadata: Metadata) => ClientDuplexStream<Request, Response>,
  ) {
    return new ControlStream(
      {
        target,
        authority: ads.authority,
        credentials,
        createClient: (...args) => new AggregatedDiscoveryServiceClient(...args),
        open,
        onUp: () => this.#up(),
        onMessage: (response: Response) => this.#receive(response),
        onDown: () => this.#down(),
      },
      this.#deps,
    );
  }

  get connected(): boolean {
    return this.#stream === null || this.#stream.up;
  }

  get hasSnapshot(): boolean {
    return this.#inUse !== 'nothing';
  }

  start(): void {
    for (const { type, names } of this.#options.extras) this.#protocol.want(type, names);
    this.#resume();
    this.#stream?.start();
    if (this.#stream !== null) this.#fallback.start();
  }

  async close(): Promise<void> {
    this.#fallback.cancel();
    this.#waits.close();
    this.#demanded?.close();
    this.#answers.clear();
    this.#lifetimes.close();
    await Promise.all([this.#stream?.close(), this.#sources.close(), this.#files.close()]);
    await this.#keeper.close();
  }

  waitingFor(): readonly string[] {
    const { words } = this.#waits;
    return this.connected || words.length === 0 ? words : [`the control plane at ${this.#options.stream?.target}`];
  }

  versionOf(kind: ResourceKind): string {
    return this.stats.of(kind).version;
  }

  demand(cluster: string): boolean {
    if (this.#demanded?.names.has(cluster) === true) return true;
    if (this.#demanded?.add(cluster) !== true) return false;
    this.#resume();
    return true;
  }

  dumped(): DumpedXdsResource[] {
    return [...this.#tree.dumped(), ...this.#files.dumped()];
  }

  get lastKnownGood(): LastKnownGoodStats {
    return this.#keeper.stats;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // The stream

  #up(): void {
    this.stats.connected = true;
    this.#streams++;
    this.#keeper.reconnected();
    this.#write(this.#protocol.streamUp());
    this.#resume();
    this.#deps.logger.info({ target: this.#options.stream?.target }, 'connected to the control plane');
  }

  #down(): void {
    this.stats.connected = false;
    this.#keeper.cutOff();
    this.#protocol.streamDown();
    this.#answers.clear();
    this.#resume();
  }

  #receive(response: Response): void {
    const incoming = this.#protocol.read(response);
    const { logger, clock } = this.#deps;
    const type = resourceTypeOfUrl(incoming.typeUrl);
    const outcome = type === undefined ? null : this.#tree.apply(type, incoming.update, clock.wallMs());
    if (type === undefined || outcome === null) {
      logger.warn({ typeUrl: incoming.typeUrl }, 'the control plane sent a type that was not asked for');
      return;
    }
    if (incoming.controlPlane !== '') this.stats.identifier = incoming.controlPlane;
    const { kind } = type;
    if (kind === 'EDS' || kind === 'RDS' || kind === 'SDS') {
      for (const name of incoming.update.removed) this.#waits.giveUp(waitFor(kind, name));
    }
    if (kind === 'CDS' && this.#demanded !== null) {
      for (const name of incoming.update.removed) this.#miss(name);
    }
    this.#lifetimes.set(kind, outcome.ttls);
    this.#lifetimes.forget(kind, outcome.gone);
    if (outcome.changed) this.#changed(kind);
    const requests = this.#wanted();
    const activation = this.#handOut();
    if (activation === null) this.#answer(kind, incoming, outcome);
    this.#write(requests);
    if (activation !== null) void this.#answerWhenActive(kind, incoming, outcome, activation);
  }

  /** There is no such cluster: whoever waits for it need not. */
  #miss(name: string): void {
    this.#waits.giveUp(waitFor('CDS', name));
    this.#demanded?.miss(name);
  }

  /** Their time is over: as if the control plane had removed them, which it may be too far away to do. */
  #expire(kind: ResourceKind, names: readonly string[]): void {
    const type = RESOURCE_TYPES[kind];
    const update = { resources: [], complete: false, version: null, removed: names };
    const outcome = this.#tree.apply(type, update, this.#deps.clock.wallMs());
    if (outcome === null || outcome.gone.length === 0) return;
    this.stats.of(kind).expired += outcome.gone.length;
    this.#deps.logger.warn({ kind, names: outcome.gone }, 'removed, because their ttl has passed without a refresh');
    this.#protocol.expired(type, outcome.gone);
    this.#changed(kind);
    this.#resume();
  }

  /** Settings and the like are no part of a snapshot, but are kept with it. */
  #changed(kind: ResourceKind): void {
    const isExtra = this.#options.extras.some(({ type }) => type.kind === kind);
    if (!isExtra) this.#dirty = true;
    else if (this.#inUse === 'control-plane' && !this.#dirty) this.#keeper.changed(this.#tree.kept());
  }

  async #answerWhenActive(
    kind: ResourceKind,
    incoming: IncomingUpdate,
    outcome: UpdateOutcome,
    activation: Activation,
  ): Promise<void> {
    const stream = this.#streams;
    const problems = await (kind === 'CDS' || kind === 'EDS' ? activation.placed : activation.active);
    if (stream !== this.#streams || !this.connected) return;
    this.#answer(kind, incoming, withProblems(outcome, kind, problems));
  }

  #answer(kind: ResourceKind, incoming: IncomingUpdate, outcome: UpdateOutcome): void {
    this.#answers.answer(kind, incoming, outcome, () => this.#write(this.#protocol.answer(incoming, outcome)));
  }

  #write(requests: readonly Request[]): void {
    for (const request of requests) this.#stream?.write(request);
  }

  // -------------------------------------------------------------------------------------------------------------------
  // The tree

  /** Something other than an answer has changed. */
  #resume(): void {
    this.#write(this.#wanted());
    this.#handOut();
  }

  /** What is to be asked for next; notes what is missing. */
  #wanted(): Request[] {
    const { clusters, listeners } = this.#scope;
    const { clusters: names, endpointSets, routeTables, secrets } = this.#tree.prune();
    this.#sources.want(namedSecrets(this.#scope, this.#tree.known()));
    this.#files.want(namedFiles(this.#scope, this.#tree.known()));
    const requests = [...(clusters?.file === null ? this.#want('CDS', names) : []), ...this.#want('EDS', endpointSets)];
    requests.push(...this.#want('SDS', secrets));
    this.#waits.watch(this.#tree.known(), this.#handedOut, this.connected);
    if (this.#waits.listenersDue && listeners?.file === null) requests.push(...this.#want('LDS', 'all'));
    requests.push(...this.#want('RDS', routeTables));
    return requests;
  }

  /** What does not come over the stream. */
  #elsewhere(): KnownResources {
    const files = this.#files.known();
    return { ...files, secrets: new Map([...this.#sources.known(), ...files.secrets]) };
  }

  #want(kind: ResourceKind, names: Names): Request[] {
    const requests = this.#protocol.want(RESOURCE_TYPES[kind], names);
    if (requests.length > 0) this.stats.of(kind).updateAttempt++;
    return requests;
  }

  /** Hands out what can be in use; null when that is what is in use already. */
  #handOut(): Activation | null {
    if (!this.#dirty) return null;
    const waits = this.#waits;
    const { parts, held } = readyTree(this.#scope, this.#tree.known(), this.#handedOut, waits.waiting);
    const isNew = !sameSnapshot(parts, this.#handedOut);
    const isStarting = this.#inUse !== 'control-plane';
    const isComplete = !held && waits.answered && (!isStarting || waits.stalled || waits.words.length === 0);
    const isFirst = isComplete && isStarting;
    // At the start what comes together is activated together.
    if (isStarting && !isComplete && !waits.stalled) return null;
    this.#handedOut = parts;
    if (isComplete) {
      this.#dirty = false;
      this.#inUse = 'control-plane';
      this.#fallback.cancel();
      this.#keeper.stats.inUseSinceMs = null;
      this.#keeper.changed(this.#tree.kept());
    }
    return isNew || isFirst ? this.#activate(parts, 'control-plane') : null;
  }

  #activate(parts: Snapshot, origin: SnapshotOrigin): Activation {
    const { promise: placed, resolve } = Promise.withResolvers<readonly ActivationProblem[]>();
    const active = this.#activated(parts, origin, resolve);
    return { placed: Promise.race([placed, active]), active };
  }

  async #activated(parts: Snapshot, origin: SnapshotOrigin, onPlaced: OnPlaced): Promise<readonly ActivationProblem[]> {
    try {
      return (await this.#options.onSnapshot(parts, origin, onPlaced)) ?? [];
    } catch (error) {
      this.#deps.logger.error({ err: error, origin }, 'the configuration could not be activated');
      return [{ kind: 'LDS', message: error instanceof Error ? error.message : String(error) }];
    }
  }

  // -------------------------------------------------------------------------------------------------------------------
  // The file

  /** No complete answer in time: the file speaks, until the control plane does. Kept apart from what it sends. */
  async #fallBack(): Promise<void> {
    const kept = this.hasSnapshot ? null : await this.#keeper.load();
    if (kept === null || this.hasSnapshot) return;
    const { logger, clock, decoders } = this.#deps;
    const tree = new ResourceTree(this.#scope, decoders, this.#options.extras, () => this.#elsewhere());
    const problems = tree.restore(kept.resources, clock.wallMs());
    if (problems.length > 0) logger.warn({ problems }, 'parts of the last known good configuration are not used');
    const { writtenAtMs } = kept;
    this.#inUse = 'last-known-good';
    this.#keeper.stats.inUseSinceMs = writtenAtMs;
    const ageMs = clock.wallMs() - writtenAtMs;
    logger.warn({ ageMs }, 'no control plane answers: working with the last known good configuration');
    this.#handedOut = suspected(tree.parts(), this.#scope.fixed);
    // What was used is wanted, and stays until the control plane says what became of it.
    for (const name of this.#handedOut.clusters.keys()) this.#demanded?.add(name);
    await this.#activate(this.#handedOut, 'last-known-good');
  }
}
