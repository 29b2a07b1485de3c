/**
 * The HTTP connection manager at run time: what every request of one listener passes before and after the filters.
 *
 * Before: what Envoy's connection manager does to request headers (ports stripped, x-forwarded-*, x-request-id, headers
 * that a client may not set). After: response headers of our own, counters. `active` is swapped by one pointer write when
 * routes or filters change; an exchange keeps the one it began with.
 */
import type { HttpConnectionManagerConfig } from '../config/model/listener.ts';
import type { Loop } from '../net/loop.ts';
import { withoutPort } from '../routing/route-table.ts';
import type { DateHeader } from './date-header.ts';
import type { Exchange, ExchangeLog, ExchangeManager, HttpActive } from './exchange.ts';
import { type Failure, MISSING_HOST, NO_ROUTE } from './failure.ts';
import { GeneratedLines, LINE_FORWARDED_PROTO, LINE_REQUEST_ID } from './generated-lines.ts';
import { grpcReplyLines, isGrpcExchange } from './grpc-reply.ts';
import { HeaderLine, TextLines } from './header-line.ts';
import { HeaderName } from './header-name.ts';
import { InternalRequests } from './internal-requests.ts';
import type { ExchangeJournal } from './journal.ts';
import type { LocalHead } from './local-head.ts';
import { failureHeader, renderFailure } from './local-reply.ts';
import type { ManagerStats } from './manager-stats.ts';
import type { GeneratedSink, ResponseHead } from './message.ts';
import { RequestPolicy } from './request-policy.ts';

const REQUEST_ID = new HeaderName('x-request-id');
const FORWARDED_PROTO = new HeaderName('x-forwarded-proto');
const FORWARDED_FOR = new HeaderName('x-forwarded-for');
const SERVER = new HeaderName('server');
const DATE = new HeaderName('date');
const VIA = new HeaderName('via');
const CONTENT_TYPE = new HeaderName('content-type');

/** The dot of a fully qualified name, in front of the port if there is one. */
const TRAILING_DOT = /\.(:[0-9]+)?$/;

export class ConnectionManager implements ExchangeManager {
  readonly config: HttpConnectionManagerConfig;
  readonly stats: ManagerStats;
  readonly scheme: string;
  readonly hostname: string;
  readonly upgrades: Readonly<Record<string, boolean>>;
  readonly clientHop: number;
  active: HttpActive;
  readonly #loop: Loop;
  readonly #date: DateHeader;
  readonly #server: HeaderLine;
  readonly #generated: GeneratedLines;
  readonly #policy: RequestPolicy;
  readonly #forwardedFor = new TextLines(FORWARDED_FOR.name);
  /** Null when no address is an internal one. */
  readonly #internal: InternalRequests | null;
  /** Null when nothing is logged. */
  readonly #log: ExchangeLog | null;
  readonly #journal: ExchangeJournal | null;
  readonly #self: { readonly failed: boolean } | null;

  constructor(
    config: HttpConnectionManagerConfig,
    stats: ManagerStats,
    active: HttpActive,
    deps: {
      readonly loop: Loop;
      readonly date: DateHeader;
      readonly tls: boolean;
      /** Null, the default, logs nothing. */
      readonly accessLog?: ExchangeLog | null;
      /** Null, the default, remembers nothing. */
      readonly journal?: ExchangeJournal | null;
      /** Of the machine, for logs. */
      readonly hostname?: string;
      /** What this proxy says of itself; null, the default, for nothing. */
      readonly selfHealth?: { readonly failed: boolean } | null;
    },
  ) {
    this.config = config;
    this.stats = stats;
    this.active = active;
    this.#loop = deps.loop;
    this.#date = deps.date;
    this.#server = new HeaderLine('server', config.serverName);
    this.scheme = config.schemeToOverwrite ?? (deps.tls ? 'https' : 'http');
    this.#generated = new GeneratedLines(deps.loop.random, this.scheme);
    this.#policy = new RequestPolicy(config);
    const { internalRanges, useRemoteAddress } = config;
    this.#internal = internalRanges.length === 0 ? null : new InternalRequests(internalRanges, useRemoteAddress);
    this.#log = deps.accessLog ?? null;
    this.#journal = deps.journal ?? null;
    this.#self = deps.selfHealth ?? null;
    this.clientHop = clientHop(config);
    this.hostname = deps.hostname ?? '';
    this.upgrades = config.upgrades;
  }

  nowMs(): number {
    return this.#loop.nowMs;
  }

  /** This proxy is about to leave (POST /healthcheck/fail): answers ask clients to do so, too, as in Envoy. HOT. */
  get leaving(): boolean {
    return this.#self?.failed === true;
  }

  /** The wall time of a moment of the monotonic clock. */
  wallTimeOf(ms: number): Date {
    return new Date(this.#loop.clock.wallMs() - (this.#loop.nowMs - ms));
  }

  /** Starts an exchange whose head is complete. HOT. */
  begin(exchange: Exchange): void {
    const { stats } = this;
    stats.rqTotal++;
    if (exchange.downstream.protocol === 'HTTP/2') stats.rqHttp2Total++;
    else stats.rqHttp1Total++;
    stats.rqActive++;
    exchange.method = exchange.head.method;
    exchange.path = exchange.head.path;
    if (this.#log !== null) this.#log.begin(exchange);
    if (!this.#setAuthority(exchange)) return;
    if (this.#internal !== null) this.#internal.mark(exchange);
    if ((exchange.head.traits & this.#policy.watched) !== 0 && !this.#policy.admit(exchange)) return;
    this.#prepareRequest(exchange);
    if (exchange.active.table === null) {
      stats.noRoute++;
      exchange.fail(NO_ROUTE);
      return;
    }
    exchange.runFilters();
  }

  /** A request that could not be read: counted and answered like any other. */
  refuse(exchange: Exchange, failure: Failure): void {
    this.stats.rqTotal++;
    this.stats.rqActive++;
    exchange.unreadable = true;
    if (this.#log !== null) this.#log.begin(exchange);
    exchange.fail(failure);
  }

  #setAuthority(exchange: Exchange): boolean {
    const { head } = exchange;
    const { config } = this;
    let authority = head.authority;
    if (authority === '') {
      if (config.http1.defaultHostForHttp10 === '') {
        exchange.fail(MISSING_HOST);
        return false;
      }
      authority = config.http1.defaultHostForHttp10;
      head.setAuthority(authority);
    }
    if (config.stripTrailingHostDot && TRAILING_DOT.test(authority)) {
      authority = authority.replace(TRAILING_DOT, '$1');
      head.setAuthority(authority);
    }
    if (config.stripPort !== 'none') {
      const bare = withoutPort(authority);
      const strip = config.stripPort === 'any' || authority === `${bare}:${exchange.downstream.connection.local.port}`;
      if (strip && bare.length !== authority.length) head.setAuthority(bare);
      if (strip) authority = bare;
    }
    exchange.authority = authority.toLowerCase();
    return true;
  }

  /** envoyproxy.io, "HTTP header manipulation": what happens to request headers before the filters see them. */
  #prepareRequest(exchange: Exchange): void {
    const { head } = exchange;
    const { config } = this;
    if (config.useRemoteAddress) {
      if (head.find(FORWARDED_PROTO, 0) >= 0 && config.xffNumTrustedHops === 0) head.remove(FORWARDED_PROTO);
      if (!config.skipXffAppend) appendForwardedFor(exchange, this.#forwardedFor);
    }
    const hasId = head.find(REQUEST_ID, 0) >= 0;
    const replaceId = config.useRemoteAddress && !config.preserveExternalRequestId;
    if (config.generateRequestId && (!hasId || replaceId)) {
      if (hasId) head.remove(REQUEST_ID);
      exchange.addRequestId = true;
    }
    exchange.addForwardedProto = head.find(FORWARDED_PROTO, 0) < 0;
    if (config.via !== '') appendVia(exchange, config.via);
    const { chain, table } = exchange.active;
    if (table?.readsGeneratedHeaders === true || chain.readsGeneratedHeaders) this.#materialise(exchange);
  }

  /** Routes or filters look at headers that are otherwise written at the very end: they get them now. */
  #materialise(exchange: Exchange): void {
    const { head } = exchange;
    this.eachGenerated(exchange, {
      raw: () => undefined,
      line: (line) => head.append(line),
      once: (name, value) => head.add(name, value),
    });
    exchange.addRequestId = false;
    exchange.addForwardedProto = false;
  }

  generatedLines(exchange: Exchange): Uint8Array {
    const id = exchange.addRequestId ? LINE_REQUEST_ID : 0;
    const proto = exchange.addForwardedProto ? LINE_FORWARDED_PROTO : 0;
    return this.#generated.lines(id | proto, exchange.expectedTimeoutMs);
  }

  eachGenerated({ addRequestId, addForwardedProto, expectedTimeoutMs }: Exchange, sink: GeneratedSink): void {
    if (addRequestId) sink.once(REQUEST_ID.name, this.#generated.requestId());
    if (addForwardedProto) sink.line(this.#generated.forwardedProto);
    if (expectedTimeoutMs > 0) sink.line(this.#generated.expectedTimeout(expectedTimeoutMs));
  }

  /** Headers of our own on an endpoint's answer. HOT. */
  prepareResponse(_exchange: Exchange, head: ResponseHead): void {
    const { config } = this;
    const { serverHeader } = config;
    if (serverHeader === 'overwrite') head.remove(SERVER);
    const undated = head.find(DATE, 0) < 0;
    if (serverHeader === 'overwrite' || (serverHeader === 'append-if-absent' && head.find(SERVER, 0) < 0)) {
      if (undated) head.appendBoth(this.#server, this.#date.line(this.#loop.clock));
      else head.append(this.#server);
    } else if (undated) head.append(this.#date.line(this.#loop.clock));
    if (config.via !== '') head.add('via', config.via);
  }

  /** Sends an answer made here with the headers every answer has. */
  sendLocal(exchange: Exchange, head: LocalHead, body: string): void {
    const text = isGrpcExchange(exchange) ? this.#tellGrpc(exchange, head, body) : this.#tell(exchange, head, body);
    const { serverHeader } = this.config;
    if (serverHeader === 'overwrite') head.remove(SERVER);
    if (serverHeader !== 'pass-through' && head.first(SERVER) === null) head.append(this.#server);
    if (head.first(DATE) === null) head.append(this.#date.line(this.#loop.clock));
    exchange.record?.localAnswer(head, exchange.isHead ? 0 : Buffer.byteLength(text));
    exchange.downstream.sendLocal(exchange.status, head.lines(), text);
  }

  #tell(exchange: Exchange, head: LocalHead, body: string): string {
    const { failure } = exchange;
    const told = failure === null ? { contentType: 'text/plain', body } : renderFailure(exchange, failure);
    if (failure !== null) head.addLines(failureHeader(failure));
    // An edit may have said what it is.
    if (told.body !== '' && head.first(CONTENT_TYPE) === null) head.add('content-type', told.contentType);
    return told.body;
  }

  #tellGrpc(exchange: Exchange, head: LocalHead, body: string): string {
    const { failure } = exchange;
    if (failure !== null) head.addLines(failureHeader(failure));
    head.remove(CONTENT_TYPE);
    head.addLines(grpcReplyLines(failure, head.status, failure?.body ?? failure?.sentence ?? body));
    exchange.status = 200;
    return '';
  }

  /** The exchange is over: counts it. HOT. */
  complete(exchange: Exchange): void {
    const { stats } = this;
    stats.rqActive--;
    if (this.#log !== null) this.#endLog(this.#log, exchange);
    if (this.#journal !== null) this.#journal.record(exchange, this.#loop.nowMs);
    if (exchange.status === 0) {
      stats.rqResetByClient++;
      return;
    }
    if (exchange.healthCheck) return;
    stats.rqCompleted++;
    const statusClass = (exchange.status / 100) | 0;
    stats.byClass[statusClass] = stats.byClass[statusClass]! + 1;
    stats.timeMs.record(this.#loop.nowMs - exchange.startedMs);
  }

  /** A request that went nowhere has no id yet; its line gets one, as in Envoy. */
  #endLog(log: ExchangeLog, exchange: Exchange): void {
    if (exchange.sent === null && exchange.addRequestId) this.#materialise(exchange);
    log.end(exchange);
  }
}

/** The address in front of the trusted proxies. Our own client is one of them when its address is appended. */
function clientHop({ useRemoteAddress, skipXffAppend, xffNumTrustedHops }: HttpConnectionManagerConfig): number {
  if (!useRemoteAddress) return xffNumTrustedHops;
  if (xffNumTrustedHops === 0) return -1;
  return skipXffAppend ? xffNumTrustedHops - 1 : xffNumTrustedHops;
}

function appendForwardedFor(exchange: Exchange, lines: TextLines): void {
  const { head } = exchange;
  const address = exchange.downstream.connection.remote.host;
  const line = head.find(FORWARDED_FOR, 0);
  if (line < 0) {
    head.append(lines.of(address));
    return;
  }
  const chain: string[] = [];
  for (let at = line; at >= 0; at = head.find(FORWARDED_FOR, at + 1)) chain.push(head.value(at));
  head.remove(FORWARDED_FOR);
  head.add('x-forwarded-for', `${chain.join(', ')}, ${address}`);
}

/** One list, in the order of the proxies, whatever number of lines it came in (RFC 9110 section 7.6.3). */
function appendVia(exchange: Exchange, via: string): void {
  const { head } = exchange;
  const chain: string[] = [];
  for (let at = head.find(VIA, 0); at >= 0; at = head.find(VIA, at + 1)) chain.push(head.value(at));
  if (chain.length > 0) head.remove(VIA);
  head.add('via', [...chain, via].join(', '));
}
