/**
 * What a forwarded request is made of, where it wants to go, and the time that it has: the route's timeout, the deadline
 * that came with it, and what is told of both to the endpoint. A base class, so that a request pays for one object.
 *
 *   deadline      from the arrival, whatever the route says; Infinity for none
 *   timeout       from the end of the request, so that a slow upload does not spend it
 *   either        ends with the answer, or with its head where that has no end of its own
 */
import type { SocketAddress } from '../../config/model/common.ts';
import type { SubsetKeys } from '../../config/model/route.ts';
import { isEndless } from '../../http/endless.ts';
import type { Exchange } from '../../http/exchange.ts';
import type { RequestHead, ResponseHead } from '../../http/message.ts';
import type { OutgoingRequest } from '../../http/outgoing-request.ts';
import type { PinnedHost } from '../../http/pinned-host.ts';
import type { RequestHash } from '../../http/request-hash.ts';
import { restoredDestination } from '../../net/connection-info.ts';
import type { Cluster } from '../cluster.ts';
import type { Endpoint } from '../endpoint.ts';
import type { PickContext } from '../picker/picker.ts';
import type { ForwardOptions } from './forward-options.ts';
import { announcedMs, tellDeadline, tellDeadlineAgain } from './hop-deadline.ts';
import type { StreamDeadlines } from './stream-deadlines.ts';

export abstract class TimedForwarding implements PickContext {
  readonly hash: RequestHash | null;
  readonly subset: SubsetKeys | null;
  /** Of the first attempt. */
  pinned: PinnedHost | null;
  tried: Endpoint[] | null = null;
  protected readonly exchange: Exchange;
  protected readonly cluster: Cluster;
  protected readonly options: ForwardOptions;
  /** The limits that most routes do not have. */
  protected deadlines: StreamDeadlines | null = null;
  #armed = false;
  /** When they are; Infinity for none. */
  #deadlineMs = Number.POSITIVE_INFINITY;
  #timeoutMs = Number.POSITIVE_INFINITY;

  constructor(exchange: Exchange, cluster: Cluster, options: ForwardOptions) {
    this.hash = exchange.hash;
    this.subset = exchange.subset;
    this.pinned = exchange.pinned;
    this.exchange = exchange;
    this.cluster = cluster;
    this.options = options;
  }

  get destination(): SocketAddress | null {
    return restoredDestination(this.exchange.downstream.connection);
  }

  /** Other attempts go elsewhere from now on, as long as there is anywhere else. */
  avoid(endpoint: Endpoint): void {
    this.tried ??= [];
    this.tried.push(endpoint);
  }

  /** Takes over the deadline of the request and tells what is left of it. False when nothing is. */
  protected takeDeadline(head: RequestHead): boolean {
    const { grpc, requestDone } = this.exchange;
    const { timeoutMs, sparesStreams } = this.options;
    const { loop, deadlineLines } = this.cluster;
    const ms = announcedMs(head, grpc);
    // Any call may be a stream: its server would end it by what is told here.
    const ownMs = timeoutMs > 0 && requestDone && !(grpc && sparesStreams) ? timeoutMs : Number.POSITIVE_INFINITY;
    const leftMs = Math.min(ms, ownMs);
    if (leftMs < 1) return false;
    if (leftMs === Number.POSITIVE_INFINITY) return true;
    tellDeadline(head, leftMs, grpc, deadlineLines);
    this.#deadlineMs = loop.nowMs + ms;
    if (ms < Number.POSITIVE_INFINITY && !requestDone) this.#arm(ms);
    return true;
  }

  /** Tells it anew in what was sent before. False when nothing is left. */
  protected tellDeadlineAgain(sent: OutgoingRequest): boolean {
    const { grpc } = this.exchange;
    const spared = grpc && this.options.sparesStreams;
    const leftMs = spared ? this.#deadlineMs - this.cluster.loop.nowMs : this.leftMs();
    if (leftMs === Number.POSITIVE_INFINITY) return true;
    if (leftMs >= 1) tellDeadlineAgain(sent, leftMs, grpc);
    return leftMs >= 1;
  }

  /** The deadline is that of the forwarding in whose place this one stands. */
  protected inheritDeadline(from: TimedForwarding): void {
    this.#deadlineMs = from.#deadlineMs;
  }

  /** The request is complete. */
  protected armTimeout(): void {
    const { timeoutMs } = this.options;
    const { nowMs } = this.cluster.loop;
    if (timeoutMs > 0) this.#timeoutMs = nowMs + timeoutMs;
    const dueMs = Math.min(this.#timeoutMs, this.#deadlineMs);
    if (dueMs < Number.POSITIVE_INFINITY) this.#arm(Math.max(1, dueMs - nowMs));
  }

  #arm(delayMs: number): void {
    this.#armed = true;
    this.exchange.downstream.armTimeout(delayMs);
  }

  /** Milliseconds in which the client has to be answered; Infinity without a limit. */
  protected leftMs(): number {
    return Math.min(this.#timeoutMs, this.#deadlineMs) - this.cluster.loop.nowMs;
  }

  /** What was armed has passed: whether it was the deadline rather than the route's timeout. */
  protected isLate(): boolean {
    this.#armed = false;
    return this.#deadlineMs < this.#timeoutMs;
  }

  /** An answer without an end of its own has begun: it may take what it takes. */
  protected spare(head: ResponseHead): void {
    if (this.#armed && isEndless(head)) this.disarmTimeout();
  }

  protected disarm(): void {
    this.disarmTimeout();
    this.deadlines?.stop();
  }

  protected disarmTimeout(): void {
    if (!this.#armed) return;
    this.#armed = false;
    this.exchange.downstream.armTimeout(0);
  }
}
