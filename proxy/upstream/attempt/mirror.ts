/**
 * Copies of requests for another cluster (envoy.config.route.v3.RouteAction.RequestMirrorPolicy): sent and forgotten.
 * Whatever becomes of a copy, the client's request does not notice. Copies count towards the limits of their own cluster
 * and end with the route's timeout, so that a slow mirror cannot pile them up.
 */
import { Deadline, type DeadlineOwner } from '../../../kernel/timer-wheel.ts';
import type { Exchange } from '../../http/exchange.ts';
import type { OutgoingRequest } from '../../http/outgoing-request.ts';
import type { Cluster } from '../cluster.ts';
import { PLAIN_PICK } from '../picker/picker.ts';
import { Attempt, type AttemptedRequest, type AttemptOwner } from './attempt.ts';

/** One mirror of a route. */
export interface Mirroring {
  /** Whether this request is copied. */
  draw(): boolean;
  /** Where to; undefined when the cluster does not exist. */
  cluster(): Cluster | undefined;
}

/** How long a copy may take when the route has no timeout, in milliseconds. */
const UNLIMITED_ROUTE_MS = 15_000;

/** Sends a complete request to the mirrors as well. */
export function sendMirrors(mirrors: readonly Mirroring[], exchange: Exchange, timeoutMs: number): void {
  const { sent, isHead, grpc } = exchange;
  for (const mirror of mirrors) {
    const cluster = mirror.cluster();
    if (cluster !== undefined) new MirroredRequest(cluster, isHead, grpc, timeoutMs || UNLIMITED_ROUTE_MS).start(sent!);
  }
}

class MirroredRequest implements AttemptedRequest, AttemptOwner, DeadlineOwner {
  readonly isHead: boolean;
  readonly requestDone = true;
  readonly highPriority = false;
  /** Nobody waits for its answer: it comes from here. */
  readonly source = null;
  readonly requestBreaker = null;
  readonly upgrade = '';
  readonly connectsTcp = false;
  readonly grpc: boolean;
  readonly upstream = null;
  readonly downstream: AttemptedRequest['downstream'] = NOBODY;
  readonly #cluster: Cluster;
  readonly #timeoutMs: number;
  readonly #deadline: Deadline;
  #attempt: Attempt | null = null;

  constructor(cluster: Cluster, isHead: boolean, grpc: boolean, timeoutMs: number) {
    this.#cluster = cluster;
    this.isHead = isHead;
    this.grpc = grpc;
    this.#timeoutMs = timeoutMs;
    this.#deadline = new Deadline(this);
  }

  start(sent: OutgoingRequest): void {
    if (this.#cluster.admit(false) !== null) return;
    this.#cluster.loop.wheel.arm(this.#deadline, this.#timeoutMs);
    this.#attempt = new Attempt(this, this, this.#cluster, this.#cluster.pick(PLAIN_PICK), shadowed(sent));
    this.#attempt.start();
  }

  onDeadline(): void {
    this.#cluster.loop.refresh();
    this.#cluster.stats.rqTimeout++;
    this.#attempt?.cancel('timeout');
  }

  onAttemptSent(): void {}

  onAttemptHead(_attempt: Attempt, _head: unknown, _buffer: Buffer, _start: number, _end: number, done: boolean): void {
    if (done) this.#over();
  }

  onAttemptBody(_buffer: Buffer, _start: number, _end: number, done: boolean): void {
    if (done) this.#over();
  }

  onAttemptTrailers(): void {
    this.#over();
  }

  onAttemptFailed(): void {
    this.#over();
  }

  #over(): void {
    this.#cluster.loop.wheel.disarm(this.#deadline);
  }
}

/** Nobody listens to the answer of a copy. */
const NOBODY: AttemptedRequest['downstream'] = {
  acceptsChunked: true,
  acceptsTrailers: false,
  pauseRequest: () => {},
  resumeRequest: () => {},
  sendInterim: () => {},
};

/** The copy as its endpoint sees it: `-shadow` behind the host's name, so that logs can tell them apart. */
function shadowed(sent: OutgoingRequest): OutgoingRequest {
  const shadow = sent.copy();
  const host = sent.authority;
  const port = /:[0-9]+$/.exec(host)?.[0] ?? '';
  shadow.set('host', `${host.slice(0, host.length - port.length)}-shadow${port}`);
  shadow.set('x-envoy-internal', 'true');
  return shadow;
}
