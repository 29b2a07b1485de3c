/**
 * One attempt of a request: a pick, a connection, an outcome. It classifies its outcome once, for statistics, outlier
 * detection and retry alike; what follows (retry, answer, failure) is its owner's decision.
 *
 *   waiting ──stream──► sent ──head──► answering ──done──► over
 *      └─unavailable──► over   └──reset, cancel──► over
 */
import type { Downstream } from '../../http/exchange.ts';
import { type Failure, NO_HEALTHY_UPSTREAM } from '../../http/failure.ts';
import type { Gate } from '../../http/gate.ts';
import type { Trailers } from '../../http/header-field.ts';
import { HeaderName } from '../../http/header-name.ts';
import type { ResponseHead } from '../../http/message.ts';
import type { OutgoingRequest } from '../../http/outgoing-request.ts';
import { RETRY_AFTER, retryAfterMs } from '../../http/retry-after.ts';
import type { ResponseReceiver, UpstreamStream } from '../../http/upstream-stream.ts';
import { Http2Outgoing } from '../../http2/message/outgoing.ts';
import type { ClientSource } from '../../net/client-source.ts';
import type { Cluster } from '../cluster.ts';
import type { Endpoint } from '../endpoint.ts';
import type { EndpointLatency } from '../endpoint-latency.ts';
import { enterBoth } from '../guard/enter-both.ts';
import { IMMEDIATE_FAIL } from '../guard/health-check/http-probe.ts';
import type { Outcome } from '../guard/outlier-detector.ts';
import type { PoolHost, StreamWaiter } from '../pool/pool.ts';
import { TcpTunnel } from '../pool/tcp-tunnel.ts';
import type { WireProtocol } from '../wire-protocol.ts';

/** The request that is attempted, as far as an attempt needs it. An exchange is one. */
export interface AttemptedRequest {
  readonly isHead: boolean;
  /** The protocol that it wants to go on with, or `connect`; empty for none. */
  readonly upgrade: string;
  /** Its outcome stands in the trailers of the answer. */
  readonly grpc: boolean;
  /** It is a CONNECT that ends here. */
  readonly connectsTcp: boolean;
  /** Its connection comes from there; null: from this machine's address. */
  readonly source: ClientSource | null;
  /** It counts among those of high priority. */
  readonly highPriority: boolean;
  /** Of its route; null for none. */
  readonly requestBreaker: Gate | null;
  /** It has arrived completely. */
  readonly requestDone: boolean;
  /** Null while the first attempt is being started. */
  readonly upstream: unknown;
  readonly downstream: Pick<
    Downstream,
    'acceptsChunked' | 'acceptsTrailers' | 'pauseRequest' | 'resumeRequest' | 'sendInterim'
  >;
}

/** Whoever started the attempt. */
export interface AttemptOwner {
  /** The request is on its way to the endpoint. */
  onAttemptSent(stream: UpstreamStream): void;
  onAttemptHead(attempt: Attempt, head: ResponseHead, buffer: Buffer, start: number, end: number, done: boolean): void;
  onAttemptBody(buffer: Buffer, start: number, end: number, done: boolean): void;
  onAttemptTrailers(trailers: Trailers): void;
  /** Ended without an answer. `sent`: the endpoint may have seen the request. */
  onAttemptFailed(attempt: Attempt, failure: Failure, sent: boolean): void;
}

export class Attempt implements StreamWaiter, ResponseReceiver {
  readonly #owner: AttemptOwner;
  readonly #request: AttemptedRequest;
  readonly #cluster: Cluster;
  readonly #share: PoolHost;
  readonly #sent: OutgoingRequest;
  readonly endpoint: Endpoint | null;
  #stream: UpstreamStream | null = null;
  #startedMs = 0;
  /** That have let it through and wait for its outcome, with the epoch in which they did. */
  #serviceBreaker: Gate | null = null;
  #serviceEpoch = 0;
  #requestBreaker: Gate | null = null;
  #requestEpoch = 0;
  #answering = false;
  /** An opinion about the endpoint was given before its answer. */
  #blamed = false;
  /** When the head of the answer came; 0 before. */
  #answeredMs = 0;
  /** Null where it does not. */
  #latency: EndpointLatency | null = null;
  /** The endpoint said by this answer that it is overloaded. */
  #refused = false;
  /** The return of the endpoint depends on this attempt, until it is judged. */
  #probe = false;
  #over = false;
  #tunnel = false;
  /** The head said 200, as it does for every gRPC call that reached a server: the trailers will tell. */
  #awaitsStatus = false;
  readonly wire: WireProtocol;
  readonly acceptsChunked: boolean;
  readonly acceptsTrailers: boolean;
  readonly isHead: boolean;
  readonly upgrades: boolean;
  readonly connects: boolean;
  /** Where it waits for a connection. */
  #queue: { forget(waiter: StreamWaiter): void } | null = null;

  constructor(
    owner: AttemptOwner,
    request: AttemptedRequest,
    cluster: Cluster,
    endpoint: Endpoint | null,
    sent: OutgoingRequest,
  ) {
    this.#owner = owner;
    this.#request = request;
    this.#cluster = cluster;
    this.#share = cluster.share(request.highPriority);
    this.#sent = sent;
    this.endpoint = endpoint;
    this.wire = sent instanceof Http2Outgoing ? 'http2' : 'http1';
    this.acceptsChunked = request.downstream.acceptsChunked;
    // Over HTTP/2 trailers need no leave: whether they go on is the client's side to know.
    this.acceptsTrailers =
      request.downstream.acceptsTrailers && (cluster.config.enableTrailers || this.wire === 'http2');
    this.isHead = request.isHead;
    this.connects = request.upgrade === 'connect';
    this.upgrades = request.upgrade !== '' && !this.connects;
  }

  /** Asks the endpoint's pool for a connection. HOT. */
  start(): void {
    const { endpoint } = this;
    const { stats } = this.#cluster;
    if (endpoint === null) {
      stats.noneHealthy++;
      this.#turnAway(NO_HEALTHY_UPSTREAM);
      return;
    }
    if (endpoint.active >= this.#cluster.config.policy.maxRequestsPerEndpoint) {
      stats.rqPerEndpointOverflow++;
      this.#turnAway(this.#share.refusals.requestsPerEndpoint);
      return;
    }
    const refusal = this.#passBreakers(this.#cluster.serviceBreaker, this.#request.requestBreaker);
    if (refusal !== null) {
      this.#turnAway(refusal);
      return;
    }
    this.#startedMs = this.#cluster.loop.nowMs;
    stats.rqTotal++;
    stats.rqActive++;
    this.#share.inUse.requests++;
    endpoint.active++;
    endpoint.rqTotal++;
    this.#probe = this.#cluster.begin(endpoint);
    this.#latency = endpoint.latency;
    if (this.#latency !== null) this.#latency.begin();
    const { source } = this.#request;
    if (this.#request.connectsTcp) this.#queue = TcpTunnel.open(this.#share, endpoint, this, source);
    else if (source !== null) this.#queue = endpoint.acquireFor(source, this.#share, this);
    else {
      const pool = this.#request.highPriority ? endpoint.poolOfHigh(this.#share) : endpoint.pool;
      this.#queue = pool;
      pool.acquire(this);
    }
    // The bytes of the body that follow can only wait in the client's socket.
    if (this.#stream === null && !this.#over && !this.#request.requestDone) this.#request.downstream.pauseRequest();
  }

  #turnAway(failure: Failure): void {
    this.#over = true;
    this.#owner.onAttemptFailed(this, failure, false);
  }

  #passBreakers(service: Gate | null, request: Gate | null): Failure | null {
    if (service === null && request === null) return null;
    const refusal = enterBoth(service, request);
    if (refusal !== null) return refusal;
    this.#serviceBreaker = service;
    this.#requestBreaker = request;
    if (service !== null) this.#serviceEpoch = service.epoch;
    if (request !== null) this.#requestEpoch = request.epoch;
    return null;
  }

  get sent(): boolean {
    return this.#stream !== null;
  }

  onStream(stream: UpstreamStream): void {
    const late = this.#request.upstream !== null;
    this.#stream = stream;
    this.#cluster.reached(this.endpoint!);
    const { requestDone, downstream } = this.#request;
    stream.send(this, this.#sent, requestDone);
    this.#owner.onAttemptSent(stream);
    if (!requestDone && late) downstream.resumeRequest();
  }

  onUnavailable(failure: Failure): void {
    // A limit that is reached here says nothing about the endpoint.
    if (failure.flag !== 'UO') this.#judge('local-failure');
    this.#leave();
    this.#owner.onAttemptFailed(this, failure, false);
  }

  sendBody(buffer: Buffer, start: number, end: number, done: boolean): void {
    const stream = this.#stream;
    if (stream === null) return;
    stream.sendBody(buffer, start, end, done);
    if (stream.congested) this.#request.downstream.pauseRequest();
  }

  onWritable(): void {
    if (!this.#request.requestDone) this.#request.downstream.resumeRequest();
  }

  onHead(head: ResponseHead, buffer: Buffer, start: number, end: number, done: boolean): void {
    this.#answering = true;
    this.#answeredMs = this.#cluster.loop.nowMs;
    const { stats } = this.#cluster;
    const { status } = head;
    this.#tunnel = head.tunnel;
    if (this.#latency !== null) this.#onAnswer(this.#latency, head, done);
    stats.byStatus[status] = stats.byStatus[status]! + 1;
    // It asks to be left alone from here on; this answer still counts.
    if (this.#cluster.checks && head.first(IMMEDIATE_FAIL) !== null) this.#cluster.failNow(this.endpoint!);
    if (!this.#request.grpc || status !== 200) this.#judge(classify(status));
    else if (done) this.#judge(classifyGrpc(head.first(GRPC_STATUS)));
    else this.#awaitsStatus = true;
    if (done) this.#leave();
    this.#owner.onAttemptHead(this, head, buffer, start, end, done);
  }

  onBody(buffer: Buffer, start: number, end: number, done: boolean): void {
    // A tunnel lasts until its owner says so: its other side may go on.
    if (done && !this.#tunnel) {
      // A call without a status has not been answered.
      if (this.#awaitsStatus) this.#judge(classifyGrpc(null));
      this.#leave();
    }
    this.#owner.onAttemptBody(buffer, start, end, done);
  }

  onTrailers(trailers: Trailers): void {
    if (this.#awaitsStatus) {
      const status = fieldValue(trailers, GRPC_STATUS.name);
      if (this.#latency !== null && status === GRPC_RESOURCE_EXHAUSTED)
        this.#onOverload(this.#latency, fieldValue(trailers, RETRY_AFTER.name));
      this.#judge(classifyGrpc(status));
    }
    if (!this.#tunnel) this.#leave();
    this.#owner.onAttemptTrailers(trailers);
  }

  onInterim(head: ResponseHead): void {
    this.#request.downstream.sendInterim(head);
  }

  onReset(failure: Failure): void {
    if (this.#over) return;
    this.#cluster.stats.rqRxReset++;
    if (!this.#answering || this.#awaitsStatus) this.#judge('local-failure');
    else this.#cluster.record(this.endpoint!, 'local-failure');
    this.#leave();
    this.#owner.onAttemptFailed(this, failure, failure.retry !== 'yes');
  }

  /** It took too long: that is held against its endpoint, once, while the attempt may go on. */
  blame(): void {
    if (this.#blamed || this.#over || this.#answering) return;
    this.endpoint!.rqTimeout++;
    this.#judge('timeout');
    this.#blamed = true;
  }

  /** Gives up without telling the owner. `outcome` is what the endpoint is blamed for, null for nothing. */
  cancel(outcome: Outcome | null): void {
    if (this.#over) return;
    if (outcome !== null) this.#judge(outcome);
    this.#leave();
    if (this.#stream === null) {
      this.#cluster.stats.rqCancelled++;
      this.#queue?.forget(this);
    } else {
      if (!this.#tunnel) this.#cluster.stats.rqTxReset++;
      this.#stream.cancel();
    }
  }

  pauseResponse(): void {
    this.#stream?.pause();
  }

  resumeResponse(): void {
    this.#stream?.resume();
  }

  /** Milliseconds since the attempt began. */
  elapsedMs(): number {
    return this.#cluster.loop.nowMs - this.#startedMs;
  }

  /** The one place where an attempt becomes an opinion about its endpoint. */
  #judge(outcome: Outcome): void {
    if (this.#latency !== null && this.#answering && this.#blamed) this.#measure(this.#latency, outcome);
    if (this.#blamed) return;
    const endpoint = this.endpoint!;
    const probe = this.#probe;
    this.#awaitsStatus = false;
    this.#probe = false;
    if (outcome === 'success') endpoint.rqSuccess++;
    else endpoint.rqError++;
    this.#cluster.record(endpoint, outcome, probe);
    // Behind the record: an endpoint that comes back forgets what it took before.
    if (this.#latency !== null && this.#answering) this.#measure(this.#latency, outcome);
    if (this.#serviceBreaker !== null || this.#requestBreaker !== null) this.#tellBreakers(outcome !== 'success');
  }

  #measure(latency: EndpointLatency, outcome: Outcome): void {
    latency.observe(this.#answeredMs - this.#startedMs, outcome === 'success' && !this.#refused);
  }

  #onAnswer(latency: EndpointLatency, head: ResponseHead, done: boolean): void {
    latency.answered(this.#startedMs);
    const { status } = head;
    const exhausted = done && this.#request.grpc && head.first(GRPC_STATUS) === GRPC_RESOURCE_EXHAUSTED;
    if (status === 429 || exhausted) this.#onOverload(latency, head.first(RETRY_AFTER));
  }

  #onOverload(latency: EndpointLatency, retryAfter: string | null): void {
    this.#refused = true;
    this.#cluster.stats.lbOverloadPenalties++;
    latency.avoid(retryAfter === null ? null : retryAfterMs(retryAfter, this.#cluster.loop.clock.wallMs()));
  }

  /** Slow is what takes long to begin its answer: the length of a stream says nothing. */
  #tellBreakers(failed: boolean): void {
    const tookMs = (this.#answering ? this.#answeredMs : this.#cluster.loop.nowMs) - this.#startedMs;
    this.#serviceBreaker?.record(this.#serviceEpoch, failed, tookMs);
    this.#requestBreaker?.record(this.#requestEpoch, failed, tookMs);
    this.#serviceBreaker = null;
    this.#requestBreaker = null;
  }

  /** It ends without saying anything. */
  #leaveBreakers(): void {
    this.#serviceBreaker?.release(this.#serviceEpoch);
    this.#requestBreaker?.release(this.#requestEpoch);
    this.#serviceBreaker = null;
    this.#requestBreaker = null;
  }

  #leave(): void {
    this.#over = true;
    if (this.#serviceBreaker !== null || this.#requestBreaker !== null) this.#leaveBreakers();
    const { stats } = this.#cluster;
    stats.rqActive--;
    this.#share.inUse.requests--;
    this.endpoint!.active--;
    if (this.#probe) this.#cluster.probeLost(this.endpoint!);
    if (!this.#answering) {
      if (this.#latency !== null) this.#latency.gaveUp(this.#startedMs);
      return;
    }
    stats.rqCompleted++;
    stats.timeMs.record(this.elapsedMs());
  }
}

const GRPC_STATUS = new HeaderName('grpc-status');
const GRPC_RESOURCE_EXHAUSTED = '8';

/** As Envoy maps them to HTTP statuses: those that are the server's fault, and among them what a gateway would say. */
function classifyGrpc(status: string | null): Outcome {
  switch (status) {
    case '4':
    case '14':
      return 'gateway-error';
    case null:
    case '2':
    case '12':
    case '13':
    case '15':
      return 'server-error';
    default:
      return 'success';
  }
}

function fieldValue(trailers: Trailers, name: string): string | null {
  for (const each of trailers) if (each.name === name) return each.value;
  return null;
}

function classify(status: number): Outcome {
  if (status < 500) return 'success';
  return status >= 502 && status <= 504 ? 'gateway-error' : 'server-error';
}
