/**
 * The xDS server: gRPC streams on one side, snapshots on the other.
 */
import { status } from '@grpc/grpc-js';
import type { Clock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/log.ts';
import type { Timers } from '../../kernel/timers.ts';
import { NODE_ID_BYTES_MAX } from '../../protos/contract/limits.ts';
import type { ResourceKind } from '../../protos/contract/resource-types.ts';
import type { Node } from '../../protos/gen/envoy/config/core/v3/base.ts';
import type { StreamStanding } from '../drain/handshake.ts';
import { failCall } from '../grpc-failure.ts';
import type { SnapshotCache } from '../snapshot/cache.ts';
import { meshNode } from '../translate/node.ts';
import type { ClientReport, ClientStatus } from './client-status.ts';
import { DELTA_DIALOGUE, type Dialogue, type RequestMessage, SOTW_DIALOGUE } from './dialogue.ts';
import type { Progress } from './sequencer.ts';
import type { XdsCall, XdsHandlers } from './services.ts';
import { XdsStream } from './stream.ts';
import { type KindTotals, XdsTotals } from './totals.ts';

/** What the server needs. */
export interface AdsServerDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly cache: SnapshotCache;
}

/** How a wait for clients ended. */
export interface Convergence {
  /** Clients that have refused something. */
  readonly refused: readonly ClientStatus[];
  /** Clients that have not answered in time. */
  readonly pending: readonly ClientStatus[];
}

/** A stream of whichever protocol. */
type AnyStream = Pick<
  XdsStream<never, never>,
  'node' | 'push' | 'status' | 'report' | 'standingOf' | 'progress' | 'close'
>;

/** See the head of this file. */
export class AdsServer {
  readonly #deps: AdsServerDeps;
  readonly #streams = new Set<AnyStream>();
  readonly #totals = new XdsTotals();
  /** Looked at after every answer and every stream that ends. */
  readonly #waiters = new Set<(answered?: AnyStream) => void>();

  constructor(deps: AdsServerDeps) {
    this.#deps = deps;
  }

  /** What serves the streams, for `xdsServices`. */
  handlers(): XdsHandlers {
    return {
      stateOfTheWorld: (call, only) => this.#serve(call, SOTW_DIALOGUE, only),
      delta: (call, only) => this.#serve(call, DELTA_DIALOGUE, only),
    };
  }

  /** Brings every client towards the cache's present snapshots. */
  push(): void {
    for (const stream of this.#streams) stream.push(this.#deps.cache.snapshotFor(stream.node));
    this.#answered();
  }

  /** One entry per open stream, sorted by node id. */
  clients(): ClientStatus[] {
    return [...this.#streams].map((stream) => stream.status()).sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1));
  }

  /** The streams of one client; none when it is not connected. */
  streamsOf(nodeId: string): (ClientStatus & { readonly progress: Progress })[] {
    const own = [...this.#streams].filter(({ node }) => node.id === nodeId);
    return own.map((stream) => ({ ...stream.status(), progress: stream.progress() }));
  }

  /** The streams of these clients with all of their resources, sorted by node id. `wanted` is asked before any is made. */
  *reports(wanted: (client: Pick<ClientStatus, 'nodeId' | 'userAgent'>) => boolean): Iterable<ClientReport> {
    const streams = [...this.#streams].sort((a, b) => (a.node.id < b.node.id ? -1 : 1));
    for (const stream of streams) if (wanted(stream.status())) yield stream.report();
  }

  /** Counts since the start, by kind of resource. */
  totals(): Iterable<[ResourceKind, KindTotals]> {
    return this.#totals.entries();
  }

  /** What every stream says of one resource: see drain/handshake.ts. */
  standings(kind: ResourceKind, name: string): StreamStanding[] {
    return [...this.#streams].map((each) => ({ nodeId: each.node.id, standing: each.standingOf(kind, name) }));
  }

  /** Calls `listener` after every answer, every stream that ends and every push, until the returned function is called. */
  watchAnswers(listener: () => void): () => void {
    this.#waiters.add(listener);
    return () => this.#waiters.delete(listener);
  }

  /** Resolves when every client that is here has answered everything that it was sent, or after `timeoutMs`. */
  converged(timeoutMs: number): Promise<Convergence> {
    const concerned = [...this.#streams];
    const { promise, resolve } = Promise.withResolvers<Convergence>();
    const isPending = (each: AnyStream) => this.#streams.has(each) && each.progress() === 'pending';
    // An answer concerns the one that gave it: looking at all of them for each would cost the square of their number.
    let pending = new Set<AnyStream>();
    const finish = () => {
      this.#waiters.delete(check);
      timer.cancel();
      const refused = concerned.filter((each) => this.#streams.has(each) && each.progress() === 'refused');
      const statuses = (streams: Iterable<AnyStream>) => [...streams].map((each) => each.status());
      resolve({ refused: statuses(refused), pending: statuses([...pending].filter(isPending)) });
    };
    const check = (answered?: AnyStream) => {
      if (answered === undefined) pending = new Set(concerned.filter(isPending));
      else if (pending.has(answered) && !isPending(answered)) pending.delete(answered);
      if (pending.size === 0) finish();
    };
    const timer = this.#deps.timers.after(timeoutMs, finish);
    this.#waiters.add(check);
    check();
    return promise;
  }

  #serve<Message extends RequestMessage, Request>(
    call: XdsCall<Message>,
    dialogue: Dialogue<Message, Request>,
    only: ResourceKind | null,
  ): void {
    let stream: XdsStream<Message, Request> | undefined;
    call.on('data', (message: Message) => {
      stream ??= this.#open(call, dialogue, only, message);
      if (stream === undefined) {
        failCall(call, status.INVALID_ARGUMENT, 'the first request must name its node: node.id is empty or too long');
        return;
      }
      const problem = stream.request(message);
      if (problem !== undefined) failCall(call, status.INVALID_ARGUMENT, problem);
    });
    // A client that is gone is an error too; its stream ends either way.
    call.on('error', () => this.#close(stream));
    call.on('cancelled', () => this.#close(stream));
    call.on('end', () => {
      this.#close(stream);
      call.end();
    });
  }

  #open<Message extends RequestMessage, Request>(
    call: XdsCall<Message>,
    dialogue: Dialogue<Message, Request>,
    only: ResourceKind | null,
    { node }: Message,
  ): XdsStream<Message, Request> | undefined {
    if (node === undefined || node.id === '' || Buffer.byteLength(node.id) > NODE_ID_BYTES_MAX) return undefined;
    const identity = meshNode({ id: node.id, userAgent: node.userAgentName, metadata: node.metadata });
    const client = { node: identity, userAgent: node.userAgentName, version: versionOf(node), only };
    const { clock, logger, cache } = this.#deps;
    const stream: XdsStream<Message, Request> = new XdsStream(client, cache.snapshotFor(identity), dialogue, call, {
      clock,
      logger,
      onAnswer: () => this.#answered(stream),
      totals: this.#totals,
    });
    this.#streams.add(stream);
    logger.info({ node: node.id, kind: identity.kind }, 'xDS client connected');
    return stream;
  }

  #close(stream: AnyStream | undefined): void {
    if (stream === undefined || !this.#streams.delete(stream)) return;
    stream.close();
    const isLast = ![...this.#streams].some((each) => each.node.id === stream.node.id);
    if (isLast) this.#deps.cache.forget(stream.node.id);
    this.#deps.logger.info({ node: stream.node.id }, 'xDS client disconnected');
    this.#answered(stream);
  }

  /** Told by whom; undefined when it may be anybody. */
  #answered(stream?: AnyStream): void {
    for (const check of this.#waiters) check(stream);
  }
}

/** Of the client's program; empty when it does not say. */
function versionOf({ userAgentVersionType: said }: Node): string {
  if (said === undefined) return '';
  if (said.$case === 'userAgentVersion') return said.value;
  const { majorNumber = 0, minorNumber = 0, patch = 0 } = said.value.version ?? {};
  return `${majorNumber}.${minorNumber}.${patch}`;
}
