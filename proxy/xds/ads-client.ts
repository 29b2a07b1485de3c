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
import { EMPTY_PARTS, type SnapshotParts, sameParts } from '../config/snapshot.ts';
import type { ActivationProblem, AdsClientDeps, AdsClientOptions, SnapshotOrigin } from './ads-client-options.ts';
import { Answers, withProblems } from './answers.ts';
import { ControlStream } from './control-stream.ts';
import { DeltaProtocol } from './delta-protocol.ts';
import {
  CLUSTERS,
  clustersWaitFor,
  fetchTimeouts,
  LISTENERS,
  namedSecrets,
  type TrackedScope,
  treeWaitsFor,
  waitFor,
} from './dependency-tracker.ts';
import { FallbackTimer } from './last-known-good/fallback-timer.ts';
import { ConfigurationKeeper } from './last-known-good/keeper.ts';
import type { LastKnownGoodStats } from './last-known-good/stats.ts';
import { suspected } from './last-known-good/suspected.ts';
import { Lifetimes } from './lifetimes.ts';
import { nodeMessage } from './node-message.ts';
import { Patience } from './patience.ts';
import type { IncomingUpdate, Protocol } from './protocol.ts';
import { leavingClusterWaits, readyTree, unknownClusterWaits } from './ready-tree.ts';
import type { UpdateOutcome } from './resource-set.ts';
import { type DumpedXdsResource, ResourceTree } from './resource-tree.ts';
import { SecretSources } from './secret-sources.ts';
import { SotwProtocol } from './sotw-protocol.ts';
import { Stall } from './stall.ts';
import type { Names } from './subscription.ts';
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
  dumped(): DumpedXdsResource[];
  readonly lastKnownGood: LastKnownGoodStats;
  readonly stats: XdsStats;
}

/** See the head of this file. */
export function createAdsClient(options: AdsClientOptions, deps: AdsClientDeps): AdsClient {
  const node = nodeMessage(options.node, options.version);
  return options.ads.delta
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
  readonly #protocol: Protocol<Request, Response>;
  readonly #stream: ControlStream<AggregatedDiscoveryServiceClient, Request, Response>;
  readonly #tree: ResourceTree;
  readonly #patience: Patience;
  readonly #stall: Stall;
  readonly #sources: SecretSources;
  readonly #answers: Answers;
  readonly #lifetimes: Lifetimes;
  readonly #keeper: ConfigurationKeeper;
  readonly #fallback: FallbackTimer;
  /** Counts streams: an answer that is late belongs to none. */
  #streams = 0;
  /** What was handed out last, complete or not. */
  #handedOut: SnapshotParts = EMPTY_PARTS;
  /** Where the last complete configuration came from. */
  #inUse: 'nothing' | SnapshotOrigin = 'nothing';
  /** Something was accepted, or is not waited for any more, that is not in use yet. */
  #dirty = true;
  /** What is missing and worth waiting for. */
  #waits: readonly string[] = [];
  /** Besides: clusters that were taken away while they are named. */
  #leaving: readonly string[] = [];
  #stalled = false;
  /** Clusters are complete, or were waited for long enough. */
  #listenersAsked = false;

  constructor(
    options: AdsClientOptions,
    deps: AdsClientDeps,
    protocol: Protocol<Request, Response>,
    open: (client: AggregatedDiscoveryServiceClient, metadata: Metadata) => ClientDuplexStream<Request, Response>,
  ) {
    this.#options = options;
    this.#deps = deps;
    this.#protocol = protocol;
    this.#scope = { ...options.ads, fixed: options.fixed };
    this.#tree = new ResourceTree(this.#scope, deps.decoders, options.extras, () => this.#sources.known());
    const node = nodeMessage(options.node, options.version);
    const renew = () => {
      this.#dirty = true;
      this.#resume();
    };
    this.#sources = new SecretSources({ ...deps, node, serverOf: options.serverOf }, renew);
    this.#answers = new Answers(this.stats, options.ads.delta, deps);
    this.#lifetimes = new Lifetimes(deps, (kind, names) => this.#expire(kind, names));
    this.#patience = new Patience(deps.timers, renew);
    this.#stall = new Stall(deps.timers, renew);
    this.#keeper = new ConfigurationKeeper(options.lastKnownGoodDirectory, options.node.id, deps);
    this.#fallback = new FallbackTimer(
      deps.timers,
      () => this.connected,
      () => void this.#fallBack(),
    );
    this.#stream = new ControlStream(
      {
        target: options.target,
        authority: options.ads.authority,
        credentials: options.credentials,
        createClient: (...args) => new AggregatedDiscoveryServiceClient(...args),
        open,
        onUp: () => this.#up(),
        onMessage: (response: Response) => this.#receive(response),
        onDown: () => this.#down(),
      },
      deps,
    );
  }

  get connected(): boolean {
    return this.#stream.up;
  }

  get hasSnapshot(): boolean {
    return this.#inUse !== 'nothing';
  }

  start(): void {
    for (const { type, names } of this.#options.extras) this.#protocol.want(type, names);
    this.#resume();
    this.#stream.start();
    this.#fallback.start();
  }

  async close(): Promise<void> {
    this.#fallback.cancel();
    this.#patience.close();
    this.#stall.close();
    this.#answers.clear();
    this.#lifetimes.close();
    await Promise.all([this.#stream.close(), this.#sources.close()]);
    await this.#keeper.close();
  }

  waitingFor(): readonly string[] {
    return this.connected || this.#waits.length === 0 ? this.#waits : [`the control plane at ${this.#options.target}`];
  }

  versionOf(kind: ResourceKind): string {
    return this.stats.of(kind).version;
  }

  dumped(): DumpedXdsResource[] {
    return this.#tree.dumped();
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
    this.#deps.logger.info({ target: this.#options.target }, 'connected to the control plane');
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
      for (const name of incoming.update.removed) this.#patience.giveUp(waitFor(kind, name));
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
    activation: Promise<readonly ActivationProblem[]>,
  ): Promise<void> {
    const stream = this.#streams;
    const problems = await activation;
    if (stream !== this.#streams || !this.connected) return;
    this.#answer(kind, incoming, withProblems(outcome, kind, problems));
  }

  #answer(kind: ResourceKind, incoming: IncomingUpdate, outcome: UpdateOutcome): void {
    this.#answers.answer(kind, incoming, outcome, () => this.#write(this.#protocol.answer(incoming, outcome)));
  }

  #write(requests: readonly Request[]): void {
    for (const request of requests) this.#stream.write(request);
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
    const { clusters } = this.#scope;
    const { endpointSets, routeTables, secrets } = this.#tree.prune();
    this.#sources.want(namedSecrets(this.#scope, this.#tree.known()));
    const requests = [...(clusters ? this.#want('CDS', 'all') : []), ...this.#want('EDS', endpointSets)];
    requests.push(...this.#want('SDS', secrets));
    this.#watch();
    if (this.#listenersAsked) requests.push(...this.#want('LDS', 'all'));
    requests.push(...this.#want('RDS', routeTables));
    return requests;
  }

  /** Notes what is missing, and what of it is not waited for any more. */
  #watch(): void {
    const known = this.#tree.known();
    const waits = treeWaitsFor(this.#scope, known);
    if (this.#scope.listeners && !this.#listenersAsked) {
      const left = this.#worthWaiting(clustersWaitFor(this.#scope, known));
      this.#listenersAsked = left.length === 0 || this.#stall.watch(left, this.connected);
      // What was not asked for yet is waited for without a limit.
      this.#waits = waits;
      if (!this.#listenersAsked) return;
    }
    waits.push(...unknownClusterWaits(this.#scope, known, this.#handedOut));
    const leaving = waits.length === 0 ? [] : leavingClusterWaits(this.#scope, known, this.#handedOut);
    const left = this.#worthWaiting([...waits, ...leaving]);
    this.#waits = left.filter((what) => !leaving.includes(what));
    this.#leaving = this.#waits.length === 0 ? [] : left.filter((what) => leaving.includes(what));
    this.#stalled = this.#stall.watch(this.#waits, this.connected);
  }

  #worthWaiting(waits: readonly string[]): readonly string[] {
    const limits = waits.length === 0 ? undefined : fetchTimeouts(this.#scope, this.#tree.known());
    return this.#patience.watch(waits, this.connected, limits);
  }

  #want(kind: ResourceKind, names: Names): Request[] {
    const requests = this.#protocol.want(RESOURCE_TYPES[kind], names);
    if (requests.length > 0) this.stats.of(kind).updateAttempt++;
    return requests;
  }

  /** Hands out what can be in use; null when that is what is in use already. */
  #handOut(): Promise<readonly ActivationProblem[]> | null {
    if (!this.#dirty) return null;
    const worthwhile = new Set([...this.#waits, ...this.#leaving]);
    const waiting = { worth: (what: string) => worthwhile.has(what), stalled: this.#stalled };
    const { parts, held } = readyTree(this.#scope, this.#tree.known(), this.#handedOut, waiting);
    const isNew = !sameParts(parts, this.#handedOut);
    const isStarting = this.#inUse !== 'control-plane';
    const answered = !worthwhile.has(CLUSTERS) && !worthwhile.has(LISTENERS);
    const isComplete = !held && answered && (!isStarting || this.#stalled || this.#waits.length === 0);
    const isFirst = isComplete && isStarting;
    // At the start what comes together is activated together.
    if (isStarting && !isComplete && !this.#stalled) return null;
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

  async #activate(parts: SnapshotParts, origin: SnapshotOrigin): Promise<readonly ActivationProblem[]> {
    try {
      return (await this.#options.onSnapshot(parts, origin)) ?? [];
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
    const tree = new ResourceTree(this.#scope, decoders, this.#options.extras, () => this.#sources.known());
    const problems = tree.restore(kept.resources, clock.wallMs());
    if (problems.length > 0) logger.warn({ problems }, 'parts of the last known good configuration are not used');
    const { writtenAtMs } = kept;
    this.#inUse = 'last-known-good';
    this.#keeper.stats.inUseSinceMs = writtenAtMs;
    const ageMs = clock.wallMs() - writtenAtMs;
    logger.warn({ ageMs }, 'no control plane answers: working with the last known good configuration');
    this.#handedOut = suspected(tree.parts(), this.#scope.fixed);
    await this.#activate(this.#handedOut, 'last-known-good');
  }
}
