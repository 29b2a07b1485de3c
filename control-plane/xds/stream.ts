/**
 * One ADS stream: a client, its sequencer and its outbox.
 */
import type { Clock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/log.ts';
import { SUBSCRIBED_NAMES_MAX } from '../../protos/contract/limits.ts';
import { type ResourceKind, resourceTypeOfUrl } from '../../protos/contract/resource-types.ts';
import type { DiscoveryRequest } from '../../protos/gen/envoy/service/discovery/v3/discovery.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { MeshNode } from '../translate/node.ts';
import { type ClientStatus, type KindStatus, NOTHING_SENT } from './client-status.ts';
import { Outbox, type Sink } from './outbox.ts';
import { type Progress, type SequencedResponse, Sequencer } from './sequencer.ts';
import type { RequestOutcome } from './subscription.ts';
import type { XdsTotals } from './totals.ts';

/** What a stream needs. */
export interface StreamDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called whenever the client has answered: someone may be waiting for that. */
  readonly onAnswer: () => void;
  /** Counts over all streams. */
  readonly totals: XdsTotals;
}

/** See the head of this file. */
export class AdsStream {
  readonly node: MeshNode;
  readonly #userAgent: string;
  readonly #deps: StreamDeps;
  readonly #sequencer: Sequencer;
  readonly #outbox: Outbox<SequencedResponse>;
  readonly #status = new Map<ResourceKind, KindStatus>();

  constructor(node: MeshNode, userAgent: string, snapshot: Snapshot, sink: Sink<SequencedResponse>, deps: StreamDeps) {
    this.node = node;
    this.#userAgent = userAgent;
    this.#deps = deps;
    this.#sequencer = new Sequencer(snapshot);
    this.#outbox = new Outbox(sink, () => this.#next());
  }

  /** Takes in a request. The answer is why the stream must end, or undefined. */
  request(request: DiscoveryRequest): string | undefined {
    const type = resourceTypeOfUrl(request.typeUrl);
    // Real Envoys ask for more than there is here; a type that nobody serves has no answer in xDS.
    if (type === undefined) return undefined;
    if (request.resourceNames.length > SUBSCRIBED_NAMES_MAX) {
      return `${type.kind}: ${request.resourceNames.length} names are subscribed: at most ${SUBSCRIBED_NAMES_MAX} are allowed`;
    }
    const outcome = this.#sequencer.request(type.kind, {
      names: request.resourceNames,
      versionInfo: request.versionInfo,
      nonce: request.responseNonce,
      error: request.errorDetail?.message,
    });
    this.#record(type.kind, outcome);
    this.#outbox.pump();
    if (outcome === 'ack' || outcome === 'nack') this.#deps.onAnswer();
    return undefined;
  }

  /** Brings the client towards a new snapshot. */
  push(snapshot: Snapshot): void {
    this.#sequencer.advance(snapshot);
    this.#outbox.pump();
  }

  /** See Snapshot.generation. */
  get generation(): number {
    return this.#sequencer.generation;
  }

  /** How far the client is: refused if it refused anything, settled when it has taken in everything. */
  progress(): Progress {
    const all = [...this.#sequencer.kinds()].map((kind) => this.#sequencer.progress(kind));
    return all.find((each) => each === 'pending') ?? all.find((each) => each === 'refused') ?? 'settled';
  }

  /** How far the client is with one kind. */
  progressOf(kind: ResourceKind): Progress {
    return this.#sequencer.progress(kind);
  }

  /** Whether the client subscribes to this name. */
  subscribes(kind: ResourceKind, name: string): boolean {
    const subscription = this.#sequencer.subscription(kind);
    return subscription !== undefined && (subscription.wildcard || subscription.names.has(name));
  }

  status(): ClientStatus {
    return { nodeId: this.node.id, userAgent: this.#userAgent, kinds: new Map(this.#status) };
  }

  /** Nothing is written any more. */
  close(): void {
    this.#outbox.close();
  }

  #next(): SequencedResponse | undefined {
    const response = this.#sequencer.next();
    if (response === undefined) return undefined;
    const { kind } = response.type;
    this.#deps.totals.of(kind).responses++;
    const before = this.#status.get(kind) ?? NOTHING_SENT;
    this.#status.set(kind, { ...before, sent: response.version, sentAtMs: this.#deps.clock.wallMs() });
    return response;
  }

  #record(kind: ResourceKind, outcome: RequestOutcome): void {
    const subscription = this.#sequencer.subscription(kind)!;
    const before = this.#status.get(kind) ?? NOTHING_SENT;
    const atMs = this.#deps.clock.wallMs();
    if (outcome === 'ack') this.#deps.totals.of(kind).acks++;
    if (outcome === 'nack') this.#deps.totals.of(kind).nacks++;
    if (outcome === 'nack' && subscription.refusal !== null) {
      const { message } = subscription.refusal;
      this.#deps.logger.warn({ node: this.node.id, kind, reason: message }, 'the client refused a configuration');
      this.#status.set(kind, { ...before, nacked: { ...subscription.refusal, atMs } });
    } else if (subscription.ackedVersion !== before.acked || outcome === 'ack') {
      const version = subscription.ackedVersion;
      this.#status.set(kind, { ...before, sent: version, acked: version, ackedAtMs: atMs, nacked: null });
    } else if (outcome === 'subscribe') this.#status.set(kind, before);
  }
}
