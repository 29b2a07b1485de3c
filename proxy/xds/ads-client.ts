/**
 * The ADS client: keeps the stream to the control plane, and hands out a complete configuration whenever one stands.
 *
 *   stream ─► protocol (SotW or delta) ─► resource tree ─► ACK or NACK
 *                    ▲                        │
 *                    └── names wanted next ◄──┴── complete? ─► onSnapshot ─► last-known-good file
 *
 * At the start the types are asked for in Envoy's order: clusters, their endpoints, then listeners, their routes. The
 * snapshot is held until everything that it names is there; endpoints of clusters in use do not wait for that.
 *
 * An ACK says "in use": it goes out when the snapshot is active, so that whoever waits for it may rely on the change, and
 * may end an instance that was taken out. What has to be held is ACKed at once, because the rest may depend on that.
 */
import type { ClientDuplexStream, Metadata } from '@grpc/grpc-js';
import { formatRejection } from '../../protos/contract/reject-reason.ts';
import { RESOURCE_TYPES, type ResourceKind, resourceTypeOfUrl } from '../../protos/contract/resource-types.ts';
import { AggregatedDiscoveryServiceClient } from '../../protos/gen/envoy/service/discovery/v3/ads.ts';
import type { AdsConfig, NodeIdentity } from '../bootstrap/bootstrap.ts';
import type { SnapshotParts } from '../config/snapshot.ts';
import type { ControlCredentials } from './control-credentials.ts';
import { ControlStream, type ControlStreamDeps } from './control-stream.ts';
import type { Decoders } from './decoders.ts';
import { DeltaProtocol } from './delta-protocol.ts';
import {
  clustersWaitFor,
  namedSecrets,
  newest,
  type TrackedScope,
  treeWaitsFor,
  waitFor,
} from './dependency-tracker.ts';
import type { ExtraSubscription } from './extra-subscription.ts';
import { FallbackTimer } from './last-known-good/fallback-timer.ts';
import { ConfigurationKeeper } from './last-known-good/keeper.ts';
import type { LastKnownGoodStats } from './last-known-good/stats.ts';
import { suspected } from './last-known-good/suspected.ts';
import { nodeMessage } from './node-message.ts';
import { Patience } from './patience.ts';
import type { IncomingUpdate, Protocol } from './protocol.ts';
import { RepeatedRefusals } from './repeated-refusals.ts';
import type { UpdateOutcome } from './resource-set.ts';
import { type DumpedXdsResource, ResourceTree } from './resource-tree.ts';
import { SecretSources } from './secret-sources.ts';
import type { SecretStreamDeps } from './secret-stream.ts';
import { SotwProtocol } from './sotw-protocol.ts';
import type { Names } from './subscription.ts';
import { XdsStats } from './xds-stats.ts';

/** Where a configuration came from. */
export type SnapshotOrigin = 'control-plane' | 'last-known-good';

/** What could not be done of an activation: the kind whose resources are refused for it, and a sentence. */
export interface ActivationProblem {
  readonly kind: 'CDS' | 'LDS' | 'SDS';
  readonly message: string;
}

/** What an activation comes to: what could not be done, once it is over; undefined when it is at once. */
export type ActivationReport = undefined | Promise<readonly ActivationProblem[]>;

/** What the client is for. */
export interface AdsClientOptions {
  /** `host:port` of the control plane: the endpoint of the static cluster that `ads` names. */
  readonly target: string;
  readonly ads: AdsConfig;
  readonly credentials: ControlCredentials;
  readonly node: NodeIdentity;
  /** Static resources: they may name endpoint sets and route tables too. */
  readonly fixed: SnapshotParts;
  /** How a static cluster is reached that secrets come from; throws a sentence when it cannot be. */
  readonly serverOf: SecretStreamDeps['serverOf'];
  /** Of Outrider. */
  readonly version: string;
  readonly extras: readonly ExtraSubscription[];
  /** Where the last complete configuration is kept; null keeps none. */
  readonly lastKnownGoodDirectory: string | null;
  /**
   * Gets a complete configuration, static resources included, whenever something in it may have changed. Resolves when
   * it is active, with what could not be done: the resources of the response that asked for it are refused for that.
   */
  readonly onSnapshot: (parts: SnapshotParts, origin: SnapshotOrigin) => ActivationReport;
}

/** What the client needs. */
export interface AdsClientDeps extends ControlStreamDeps {
  readonly decoders: Decoders;
}

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
  readonly #sources: SecretSources;
  readonly #refusals: RepeatedRefusals;
  readonly #keeper: ConfigurationKeeper;
  readonly #fallback: FallbackTimer;
  /** Counts streams: an answer that is late belongs to none. */
  #streams = 0;
  /** What was handed out last by the control plane; null before. */
  #handedOut: SnapshotParts | null = null;
  #inUse: 'nothing' | SnapshotOrigin = 'nothing';
  /** Something was accepted since the last snapshot. */
  #dirty = true;
  #waits: readonly string[] = [];
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
    const { clusters, listeners } = options.ads;
    this.#scope = { fixed: options.fixed, clusters, listeners };
    this.#tree = new ResourceTree(this.#scope, deps.decoders, options.extras, () => this.#sources.known());
    const node = nodeMessage(options.node, options.version);
    this.#sources = new SecretSources({ ...deps, node, serverOf: options.serverOf }, () => {
      this.#dirty = true;
      this.#resume();
    });
    this.#refusals = new RepeatedRefusals(deps.timers);
    this.#patience = new Patience(deps.timers, () => this.#resume());
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
    this.#refusals.clear();
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
    this.#refusals.clear();
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
    if (outcome.changed) this.#changed(kind);
    const requests = this.#wanted();
    const activation = this.#handOut();
    if (activation === null) this.#answer(kind, incoming, outcome);
    this.#write(requests);
    if (activation !== null) void this.#answerWhenActive(kind, incoming, outcome, activation);
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
    const problems = (await activation).filter((each) => each.kind === kind).map(({ message }) => message);
    if (stream !== this.#streams || !this.connected) return;
    const isBad = outcome.rejection === null && problems.length > 0;
    const rejection = isBad ? formatRejection('invalid', problems.join('; ')) : outcome.rejection;
    this.#answer(kind, incoming, { ...outcome, rejection });
  }

  #answer(kind: ResourceKind, incoming: IncomingUpdate, outcome: UpdateOutcome): void {
    const { version } = incoming;
    const { logger } = this.#deps;
    const stats = this.stats.of(kind);
    stats.updateAttempt++;
    if (outcome.rejection === null) {
      stats.updateSuccess++;
      stats.version = version;
      logger.debug({ kind, version }, 'update accepted');
    } else {
      stats.updateRejected++;
      logger.warn({ kind, version, why: outcome.rejection }, 'update refused');
    }
    const answer = () => this.#write(this.#protocol.answer(incoming, outcome));
    if (this.#options.ads.delta) answer();
    else this.#refusals.answer(incoming.typeUrl, version, outcome.rejection, answer);
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
    const { clusters, listeners } = this.#scope;
    const { endpointSets, routeTables, secrets } = this.#tree.prune();
    this.#sources.want(namedSecrets(this.#scope, this.#tree.known()));
    const requests = [...(clusters ? this.#want('CDS', 'all') : []), ...this.#want('EDS', endpointSets)];
    requests.push(...this.#want('SDS', secrets));
    if (listeners && !this.#listenersAsked) {
      this.#listenersAsked = this.#worthWaiting(clustersWaitFor(this.#scope, this.#tree.known())).length === 0;
    }
    if (this.#listenersAsked) requests.push(...this.#want('LDS', 'all'));
    requests.push(...this.#want('RDS', routeTables));
    const waits = treeWaitsFor(this.#scope, this.#tree.known());
    // What was not asked for yet is waited for without a limit.
    this.#waits = listeners && !this.#listenersAsked ? waits : this.#worthWaiting(waits);
    return requests;
  }

  #worthWaiting(waits: readonly string[]): readonly string[] {
    return this.#patience.watch(waits, this.connected);
  }

  #want(kind: ResourceKind, names: Names): Request[] {
    const requests = this.#protocol.want(RESOURCE_TYPES[kind], names);
    if (requests.length > 0) this.stats.of(kind).updateAttempt++;
    return requests;
  }

  /** Hands out what is new: the tree if it is complete, else new endpoints and secrets of what is in use. Null when there is nothing. */
  #handOut(): Promise<readonly ActivationProblem[]> | null {
    if (!this.#dirty) return null;
    const isComplete = this.#waits.length === 0;
    const parts = isComplete ? this.#tree.parts() : this.#renewed();
    if (parts === null) return null;
    this.#handedOut = parts;
    if (isComplete) {
      this.#dirty = false;
      this.#inUse = 'control-plane';
      this.#fallback.cancel();
      this.#keeper.stats.inUseSinceMs = null;
      this.#keeper.changed(this.#tree.kept());
    }
    return this.#activate(parts, 'control-plane');
  }

  /** What is in use, with the newest endpoints and secrets of it; null when they are what they were. */
  #renewed(): SnapshotParts | null {
    const before = this.#handedOut;
    if (before === null) return null;
    const known = this.#tree.known();
    const endpoints = newest(before.endpoints, known.endpoints);
    const secrets = newest(before.secrets, known.secrets);
    if (endpoints === null && secrets === null) return null;
    return { ...before, endpoints: endpoints ?? before.endpoints, secrets: secrets ?? before.secrets };
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
    await this.#activate(suspected(tree.parts(), this.#scope.fixed), 'last-known-good');
  }
}
