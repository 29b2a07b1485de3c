/**
 * One request and its response. Made by the downstream codec when a head is complete, carried through filters and router
 * to an upstream attempt and back, and ended exactly once.
 *
 *   codec ─► ConnectionManager.begin ─► filters ─► router ─► upstream ─► codec of the endpoint
 *     ▲                                                        │ respond, respondBody
 *     └─────── downstream ◄── response filters ◄── exchange ◄──┘ or fail ─► local reply
 *
 * Every field is set in the constructor; the object never changes shape.
 */
import type { SubsetKeys, WeightedCluster } from '../config/model/route.ts';
import type { ClientSource } from '../net/client-source.ts';
import type { ConnectionInfo } from '../net/connection-info.ts';
import type { Route, RouteTable } from '../routing/route-table.ts';
import { DECISIONS_MAX, type Decision } from './decision.ts';
import type { ExchangeRecord } from './exchange-record.ts';
import { CLIENT_GONE, type Failure } from './failure.ts';
import type { Gate } from './gate.ts';
import type { Trailers } from './header-field.ts';
import { LocalHead, type ResponseFields } from './local-head.ts';
import type { ManagerStats } from './manager-stats.ts';
import type { GeneratedSink, RequestHead, ResponseHead } from './message.ts';
import type { OutgoingRequest } from './outgoing-request.ts';
import type { PinnedHost } from './pinned-host.ts';
import type { RequestHash } from './request-hash.ts';
import { CONTINUE, PAUSE, type Verdict } from './verdict.ts';

/** The hooks of a filter chain, in the order in which they run. */
export interface FilterHooks {
  readonly onRequest: readonly ((exchange: Exchange) => Verdict)[];
  /** Answers of endpoints and answers made here alike. */
  readonly onResponse: readonly ((exchange: Exchange, head: ResponseFields) => void)[];
  readonly onComplete: readonly ((exchange: Exchange) => void)[];
  /** Some filter looks at request headers that are otherwise written at the very end. */
  readonly readsGeneratedHeaders: boolean;
}

/** What changes by configuration: filters and routes. Immutable. `table` is null until the first RDS answer. */
export interface HttpActive {
  readonly chain: FilterHooks;
  readonly table: RouteTable | null;
}

/** Whoever logs exchanges: the access logs of a connection manager. */
export interface ExchangeLog {
  /** The head is complete. Sets `exchange.record`. */
  begin(exchange: Exchange): void;
  /** Everything is over. */
  end(exchange: Exchange): void;
}

/** The connection manager, as far as an exchange needs it. */
export interface ExchangeManager {
  readonly active: HttpActive;
  readonly stats: ManagerStats;
  nowMs(): number;
  /** The wall time of a moment of the monotonic clock. */
  wallTimeOf(ms: number): Date;
  /** The request header lines made here; valid until the next call. */
  generatedLines(exchange: Exchange): Uint8Array;
  /** The same one by one. */
  eachGenerated(exchange: Exchange, sink: GeneratedSink): void;
  prepareResponse(exchange: Exchange, head: ResponseHead): void;
  /** `http` or `https`, as the client's side of this manager is. */
  readonly scheme: string;
  /** Protocols that requests may upgrade to, unless their route says otherwise. */
  readonly upgrades: Readonly<Record<string, boolean>>;
  /** Of the machine. */
  readonly hostname: string;
  /** Which address of x-forwarded-for is the client's, counted from the end; -1 for that of the connection. */
  readonly clientHop: number;
  sendLocal(exchange: Exchange, head: LocalHead, body: string): void;
  complete(exchange: Exchange): void;
}

/** The side of the client: a codec's stream. */
export interface Downstream {
  readonly connection: ConnectionInfo;
  /** `HTTP/1.1` or `HTTP/2`, as logs call it. */
  readonly protocol: string;
  /** False for a client to which chunks mean nothing: HTTP/1.0 and HTTP/2. */
  readonly acceptsChunked: boolean;
  /** Trailers of the answer may be sent to it, and those of its request forwarded. */
  readonly acceptsTrailers: boolean;
  /** Sends the head with the first bytes of the body, framed as the head says. `done`: nothing follows. */
  sendHead(head: ResponseHead, buffer: Buffer, start: number, end: number, done: boolean): void;
  sendBody(buffer: Buffer, start: number, end: number, done: boolean): void;
  /** Ends an answer whose head and body have been sent with trailers, or without where they cannot be. */
  sendTrailers(trailers: Trailers): void;
  /** Sends an answer made here. `headers` are whole lines besides content-length; the body is text. */
  sendLocal(status: number, headers: string, body: string): void;
  /** Forwards an interim (1xx) answer. */
  sendInterim(head: ResponseHead): void;
  /** The response cannot be completed: cut it so that the client sees the truncation. */
  abort(): void;
  /** The client's bytes must wait, or may come again. */
  pauseRequest(): void;
  resumeRequest(): void;
  /** Arms the deadline after which `exchange.onTimeout` is called; 0 disarms. */
  armTimeout(delayMs: number): void;
}

/** The side of the endpoint, as far as the exchange needs it. */
export interface Upstream {
  /** More of the request body, framed as it goes out. */
  sendBody(buffer: Buffer, start: number, end: number, done: boolean): void;
  /** The client has gone, or nobody waits for the answer any longer. */
  cancel(): void;
  pauseResponse(): void;
  resumeResponse(): void;
  /** The deadline armed through the downstream has passed. */
  onTimeout(): void;
}

export class Exchange {
  readonly manager: ExchangeManager;
  /** The configuration it began with, kept to the end. */
  readonly active: HttpActive;
  readonly downstream: Downstream;
  readonly startedMs: number;
  readonly isHead: boolean;
  /** Valid until the turn ends, unless detached. */
  head: RequestHead;
  /** The first bytes of the body, framed as they go out; valid in the turn in which the exchange begins. */
  body: Buffer;
  bodyStart: number;
  bodyEnd: number;
  /** The request has arrived completely. */
  requestDone: boolean;
  /** Trailer lines that may go on behind the body of a request that is done, each ending in CRLF; empty for none. */
  trailers = '';

  /** As the client sent them; empty when the request could not be read. */
  method = '';
  path = '';
  /** Lower case; without its port when the manager strips it. What routes match. */
  authority = '';
  route: Route | null = null;
  /** The entry that was drawn when the route splits traffic. */
  weighted: WeightedCluster | null = null;
  /** The request as it goes out; null before. */
  sent: OutgoingRequest | null = null;
  /** What the endpoint is spoken to with, as logs call it; empty before. */
  upstreamProtocol = '';
  /** Its route gives it high priority: limits and connections of its own. */
  highPriority = false;
  /** Of its route; null for none. */
  requestBreaker: Gate | null = null;
  /** It is a gRPC call: its outcome stands in trailers. Known when it is forwarded. */
  grpc = false;
  /** Where its route leads, and the endpoint that was picked last; empty before. */
  clusterName = '';
  upstreamHost = '';
  /** Response flags besides that of the failure, in the order in which they were raised. */
  flags: string[] | null = null;
  /** Where among the endpoints it wants to go; null for anywhere. */
  hash: RequestHash | null = null;
  subset: SubsetKeys | null = null;
  pinned: PinnedHost | null = null;
  /** Edits of its route do not concern its answer. */
  unedited = false;
  /** The route limits silence itself: the connection manager's limit does not count. */
  ownIdleTimeout = false;
  upstream: Upstream | null = null;
  /** Which generated request headers this exchange gets. */
  addRequestId = false;
  addForwardedProto = false;
  /** Milliseconds announced upstream as x-envoy-expected-rq-timeout-ms; 0 announces none. */
  expectedTimeoutMs = 0;
  /** Attempts made so far. */
  attempts = 0;
  /** What access logs want to know; null when the exchange is not logged. */
  record: ExchangeRecord | null = null;
  failure: Failure | null = null;
  /** What was decided about it besides the ordinary; null while nothing was. */
  decisions: Decision[] | null = null;
  /** What filters keep of it, by the number of their slot; null while none does. See filter-slot.ts. */
  kept: unknown[] | null = null;
  /** It asks how this proxy is: no request of the application. */
  healthCheck = false;
  /** It comes from inside: its x-envoy-* headers count. */
  internal = false;
  /** The protocol that the client asks to go on with, in lower case, or `connect`; empty for plain requests. */
  upgrade = '';
  /** A CONNECT that ends here: the endpoint is reached by TCP, and not told of the request. */
  connectsTcp = false;
  /** The endpoint has agreed: bytes go both ways until both sides have ended. */
  tunnel = false;
  /** The request could not be read: its head means nothing. */
  unreadable = false;
  /** Status sent to the client, 0 before. */
  status = 0;
  responseStarted = false;
  ended = false;
  #responseDone = false;
  #nextFilter = 0;
  /** A filter has paused it: what still comes of the body is kept for the filters behind. */
  #paused = false;

  constructor(
    manager: ExchangeManager,
    downstream: Downstream,
    head: RequestHead,
    body: Buffer,
    bodyStart: number,
    bodyEnd: number,
    requestDone: boolean,
    nowMs: number,
  ) {
    this.manager = manager;
    this.active = manager.active;
    this.downstream = downstream;
    this.startedMs = nowMs;
    this.isHead = head.isHead;
    this.head = head;
    this.body = body;
    this.bodyStart = bodyStart;
    this.bodyEnd = bodyEnd;
    this.requestDone = requestDone;
  }

  /** Its connections to endpoints come from there; null: from this machine's address. HOT. */
  get source(): ClientSource | null {
    return this.downstream.connection.source;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Towards the endpoint

  /** Runs the request filters from where they stopped. HOT. */
  runFilters(): void {
    const hooks = this.active.chain.onRequest;
    while (this.#nextFilter < hooks.length) {
      const verdict = hooks[this.#nextFilter++]!(this);
      if (verdict === CONTINUE) continue;
      if (verdict === PAUSE) this.#pause();
      return;
    }
  }

  /** Makes head and first body bytes outlive this turn, and stops the client from sending more. */
  #pause(): void {
    this.#paused = true;
    this.head = this.head.detach();
    this.body = Buffer.from(this.body.subarray(this.bodyStart, this.bodyEnd));
    this.bodyEnd -= this.bodyStart;
    this.bodyStart = 0;
    if (!this.requestDone) this.downstream.pauseRequest();
  }

  /** Continues behind a filter that paused. */
  resume(): void {
    if (this.ended) return;
    // What was held back joins the body that the filters behind see.
    if (!this.requestDone) this.downstream.resumeRequest();
    this.#paused = false;
    if (!this.ended) this.runFilters();
  }

  /** More of the request body came. */
  receiveBody(buffer: Buffer, start: number, end: number, done: boolean): void {
    if (done) this.requestDone = true;
    if (this.record !== null) this.record.requestBody(buffer, start, end, done, this.manager.nowMs());
    if (this.#paused) this.#keepBody(buffer, start, end);
    this.upstream?.sendBody(buffer, start, end, done);
    if (done && this.tunnel && this.#responseDone) this.#end();
  }

  /** At most what was under way when the client was stopped. */
  #keepBody(buffer: Buffer, start: number, end: number): void {
    this.body = Buffer.concat([this.body.subarray(this.bodyStart, this.bodyEnd), buffer.subarray(start, end)]);
    this.bodyStart = 0;
    this.bodyEnd = this.body.length;
  }

  /** The client closed its connection, or broke the protocol in the middle of its body. */
  clientGone(): void {
    if (this.ended) return;
    this.failure = CLIENT_GONE;
    this.#end();
  }

  /** The deadline armed with `downstream.armTimeout` has passed. */
  onTimeout(): void {
    this.upstream?.onTimeout();
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Towards the client

  /** Forwards the endpoint's answer. HOT. */
  respond(head: ResponseHead, buffer: Buffer, start: number, end: number, done: boolean): void {
    this.status = head.status;
    this.responseStarted = true;
    if (head.tunnel) {
      this.tunnel = true;
      this.requestDone = false;
    }
    for (const hook of this.active.chain.onResponse) hook(this, head);
    this.manager.prepareResponse(this, head);
    if (this.record !== null) this.#recordHead(this.record, head, buffer, start, end, done);
    this.downstream.sendHead(head, buffer, start, end, done);
    if (done) this.#end();
  }

  #recordHead(
    record: ExchangeRecord,
    head: ResponseHead,
    buffer: Buffer,
    start: number,
    end: number,
    done: boolean,
  ): void {
    const nowMs = this.manager.nowMs();
    const framed = head.framing === 'chunked' || head.framing === 'close';
    record.answerHead(head, framed && this.downstream.acceptsChunked, nowMs);
    record.answerBody(buffer, start, end, done, nowMs);
  }

  respondBody(buffer: Buffer, start: number, end: number, done: boolean): void {
    if (this.record !== null) this.record.answerBody(buffer, start, end, done, this.manager.nowMs());
    this.downstream.sendBody(buffer, start, end, done);
    if (!done) return;
    this.#responseDone = true;
    // Each side of a tunnel ends for itself.
    if (!this.tunnel || this.requestDone) this.#end();
  }

  /** The answer's trailers came, and with them its end. */
  respondTrailers(trailers: Trailers): void {
    const nowMs = this.manager.nowMs();
    this.record?.answerTrailers(trailers, nowMs);
    this.downstream.sendTrailers(trailers);
    this.#responseDone = true;
    if (!this.tunnel || this.requestDone) this.#end();
  }

  /**
   * Ends the exchange with an entry of the failure table: a local reply, or a cut when the answer has begun. `headers`
   * are whole lines that the reply carries besides its own.
   */
  fail(failure: Failure, headers = ''): void {
    if (this.ended) return;
    this.failure = failure;
    if (this.responseStarted) this.downstream.abort();
    else this.#reply(failure.status, headers, '');
    this.#end();
  }

  /** Answers from here: a direct response, a redirect, or the rendering of a failure. `headers` are whole lines. */
  answer(status: number, headers: string, body: string): void {
    this.#reply(status, headers, body);
    this.#end();
  }

  /** Raises a response flag that tells something besides why the exchange failed. */
  addFlag(flag: string): void {
    if (this.flags === null) this.flags = [flag];
    else if (!this.flags.includes(flag)) this.flags.push(flag);
  }

  /** Notes what was decided about it, and why: a sentence without its full stop, for the flight recorder. */
  note(text: string): void {
    this.decisions ??= [];
    if (this.decisions.length < DECISIONS_MAX) this.decisions.push({ atMs: this.manager.nowMs(), text });
  }

  #reply(status: number, headers: string, body: string): void {
    const head = new LocalHead(status, headers);
    // As in Envoy, edits see no status of an answer made here.
    for (const hook of this.active.chain.onResponse) hook(this, head);
    this.status = status;
    this.responseStarted = true;
    this.manager.sendLocal(this, head, body);
  }

  #end(): void {
    if (this.ended) return;
    this.ended = true;
    const { upstream } = this;
    if (upstream !== null) {
      this.upstream = null;
      upstream.cancel();
    }
    for (const hook of this.active.chain.onComplete) hook(this);
    this.manager.complete(this);
  }
}
