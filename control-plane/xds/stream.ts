/**
 * One xDS stream: a client, its sequencer and its outbox. Either all kinds come on it (ADS), or it is about one kind.
 */
import type { Clock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/log.ts';
import { PUSH_ORDER, type ResourceKind, resourceTypeOfUrl } from '../../protos/contract/resource-types.ts';
import type { Standing } from '../drain/handshake.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { MeshNode } from '../translate/node.ts';
import {
  type ClientReport,
  type ClientStatus,
  type KindStatus,
  NOTHING_SENT,
  type ResourceReport,
} from './client-status.ts';
import type { Dialogue, RequestMessage } from './dialogue.ts';
import { Outbox, type Sink } from './outbox.ts';
import { countProblem } from './request-limits.ts';
import { resourceStates } from './resource-states.ts';
import { SentTimes } from './sent-times.ts';
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

/** Who opened a stream. */
export interface XdsClient {
  readonly node: MeshNode;
  readonly userAgent: string;
  /** Of that program, as it says; empty when it does not. */
  readonly version: string;
  /** The kind that the stream is about; null for all. */
  readonly only: ResourceKind | null;
}

/** See the head of this file. */
export class XdsStream<Message extends RequestMessage, Request> {
  readonly node: MeshNode;
  readonly #userAgent: string;
  readonly #version: string;
  readonly #deps: StreamDeps;
  readonly #dialogue: Dialogue<Message, Request>;
  readonly #only: ResourceKind | null;
  readonly #sequencer: Sequencer<Request>;
  readonly #outbox: Outbox<SequencedResponse>;
  readonly #status = new Map<ResourceKind, KindStatus>();
  readonly #sentTimes = new Map<ResourceKind, SentTimes>();

  constructor(
    client: XdsClient,
    snapshot: Snapshot,
    dialogue: Dialogue<Message, Request>,
    sink: Sink<SequencedResponse>,
    deps: StreamDeps,
  ) {
    this.node = client.node;
    this.#userAgent = client.userAgent;
    this.#version = client.version;
    this.#only = client.only;
    this.#dialogue = dialogue;
    this.#deps = deps;
    this.#sequencer = new Sequencer(snapshot, dialogue.protocol);
    this.#outbox = new Outbox(sink, () => this.#next());
  }

  /** Takes in a request. The answer is why the stream must end, or undefined. */
  request(message: Message): string | undefined {
    const kind = this.#kindOf(message.typeUrl);
    if (kind === 'other') return `${message.typeUrl} does not come on a stream of ${this.#only}`;
    // Real Envoys ask for more than there is here; a type that nobody serves has no answer in xDS.
    if (kind === undefined) return undefined;
    const unreadable = this.#dialogue.problem(kind, message);
    if (unreadable !== undefined) return unreadable;
    const outcome = this.#sequencer.request(kind, this.#dialogue.read(message));
    const tooMany = countProblem(kind, this.#sequencer.subscription(kind)!.names.size, 'subscribed');
    if (tooMany !== undefined) return tooMany;
    this.#record(kind, outcome);
    this.#outbox.pump();
    if (outcome === 'ack' || outcome === 'nack') this.#deps.onAnswer();
    return undefined;
  }

  /** On a stream about one kind its type may be left out. */
  #kindOf(typeUrl: string): ResourceKind | 'other' | undefined {
    if (this.#only !== null && typeUrl === '') return this.#only;
    const kind = resourceTypeOfUrl(typeUrl)?.kind;
    return this.#only === null || kind === this.#only ? kind : 'other';
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

  /** Whether the client has taken in one resource as it is now. */
  standingOf(kind: ResourceKind, name: string): Standing {
    return this.#sequencer.standingOf(kind, name);
  }

  status(): ClientStatus {
    const { id: nodeId } = this.node;
    return { nodeId, userAgent: this.#userAgent, version: this.#version, kinds: new Map(this.#status) };
  }

  /** Every resource that the client has asked for or was told of, by kind in push order and name. */
  report(): ClientReport {
    const { name: protocol } = this.#dialogue;
    const kinds = PUSH_ORDER.map(({ kind }) => kind).filter((kind) => this.#sequencer.subscription(kind) !== undefined);
    const resources = kinds.flatMap((kind) => this.#reportsOf(kind));
    return { nodeId: this.node.id, userAgent: this.#userAgent, protocol, resources };
  }

  #reportsOf(kind: ResourceKind): ResourceReport[] {
    const subscription = this.#sequencer.subscription(kind)!;
    const view = this.#sequencer.resources(kind);
    const { nacked } = this.#status.get(kind) ?? NOTHING_SENT;
    const isDelta = this.#dialogue.name === 'delta';
    return resourceStates(subscription, view).map((each) => ({
      ...each,
      kind,
      version: isDelta || each.hash === '' ? each.hash : subscription.ackedVersion || subscription.sentVersion,
      sentAtMs: each.hash === '' ? 0 : (this.#sentTimes.get(kind)?.of(each.name) ?? 0),
      refusal: each.state === 'ERROR' ? nacked : null,
      resource: each.exists ? view.get(each.name) : undefined,
    }));
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
    const atMs = this.#deps.clock.wallMs();
    this.#status.set(kind, { ...before, sent: response.version, sentAtMs: atMs });
    const times = this.#sentTimes.get(kind) ?? new SentTimes();
    this.#sentTimes.set(kind, times);
    const names = response.resources.map(({ name }) => name);
    times.sent(names, this.#sequencer.subscription(kind)!.sent.size, atMs);
    times.forget(response.removed);
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
      // In delta the client may take in one part of what it was sent while it refuses another.
      const nacked = subscription.refusal === null ? null : before.nacked;
      this.#status.set(kind, { ...before, sent: version, acked: version, ackedAtMs: atMs, nacked });
    } else if (outcome === 'subscribe') this.#status.set(kind, before);
  }
}
