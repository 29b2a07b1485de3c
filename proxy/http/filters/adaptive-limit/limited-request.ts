/**
 * One request that the adaptive limit counts.
 *
 *   state      leaves for
 *   new        working, waiting
 *   waiting    working (a place is free), over (waited too long, or ended)
 *   working    parked, answered, over
 *   parked     answered, over        a silent gRPC call that is taken for a stream: it counts no longer
 *   answered   over                  the head of the answer has come
 */
import { Deadline, type DeadlineOwner } from '../../../../kernel/timer-wheel.ts';
import type { Loop } from '../../../net/loop.ts';
import { isEventStream } from '../../endless.ts';
import type { Exchange } from '../../exchange.ts';
import type { Failure } from '../../failure.ts';
import { isGrpcExchange } from '../../grpc-reply.ts';
import { isGrpcRequest } from '../../grpc-request.ts';
import { GRPC_TIMEOUT } from '../../grpc-timeout.ts';
import { HeaderName } from '../../header-name.ts';
import type { ResponseFields } from '../../local-head.ts';
import { lowerDeadlines } from '../lower-deadlines.ts';
import type { Aged } from './calls-by-age.ts';
import type { Priority } from './priority.ts';

const CONTENT_TYPE = new HeaderName('content-type');

/** A gRPC call whose end comes later behind its head than this is a stream. */
const UNARY_TAIL_MS = 50;

/** Where its place comes from. */
export interface Places {
  /** Its place is free. */
  leave(request: LimitedRequest): void;
  sample(latencyMs: number): void;
  /** It has ended without an answer. */
  sampleAtLeast(latencyMs: number): void;
  /** It has waited that long, and begins. */
  noteWait(waitedMs: number): void;
  /** It has waited for as long as it may. */
  giveUp(request: LimitedRequest, waitedMs: number): Failure;
  /** It has ended while it waited. */
  abandon(request: LimitedRequest): void;
}

export class LimitedRequest implements DeadlineOwner, Aged {
  older: Aged | null = null;
  younger: Aged | null = null;
  readonly priority: Priority;
  /** A gRPC call without a deadline: it may be a stream that has nothing to say yet. */
  readonly mayBeSilent: boolean;
  readonly #exchange: Exchange;
  readonly #limiter: Places;
  readonly #loop: Loop;
  /** Only once it has to wait. */
  #maxWait: Deadline | null = null;
  #state: 'new' | 'waiting' | 'working' | 'parked' | 'answered' | 'over' = 'new';
  /** Since when it waits; then since when it is worked on. */
  #sinceMs: number;
  #answeredMs = 0;

  constructor(exchange: Exchange, priority: Priority, limiter: Places, loop: Loop) {
    this.#exchange = exchange;
    this.priority = priority;
    this.#limiter = limiter;
    this.#loop = loop;
    this.#sinceMs = loop.nowMs;
    this.mayBeSilent = isGrpcRequest(exchange.head) && exchange.head.first(GRPC_TIMEOUT) === null;
  }

  /** Since when it is worked on. */
  get sinceMs(): number {
    return this.#sinceMs;
  }

  /** It has a place. */
  begin(): void {
    this.#state = 'working';
  }

  /** It has none yet. */
  wait(maxWaitMs: number): void {
    this.#state = 'waiting';
    this.#maxWait = new Deadline(this);
    this.#loop.wheel.arm(this.#maxWait, maxWaitMs, this.#loop.nowMs);
  }

  /** It has waited, and has a place now. */
  resume(): void {
    this.#loop.wheel.disarm(this.#maxWait!);
    const { nowMs } = this.#loop;
    const waitedMs = nowMs - this.#sinceMs;
    this.#sinceMs = nowMs;
    this.#state = 'working';
    this.#limiter.noteWait(waitedMs);
    this.#exchange.note(`waited ${Math.round(waitedMs)} ms for a place in the adaptive limit`);
    lowerDeadlines(this.#exchange.head, waitedMs);
    this.#exchange.resume();
  }

  onDeadline(): void {
    this.#loop.refresh();
    this.#state = 'over';
    const waitedMs = this.#loop.nowMs - this.#sinceMs;
    this.#exchange.fail(this.#limiter.giveUp(this, waitedMs));
  }

  /** It is taken for a stream: its place is somebody else's. */
  park(): void {
    this.#state = 'parked';
  }

  /** An answer begins. HOT. */
  onAnswer(head: ResponseFields): void {
    const { failure, sent, upgrade } = this.#exchange;
    // One that is made here is no answer of the application: its end follows.
    if (failure !== null || sent === null) return;
    const state = this.#state;
    if (state !== 'working' && state !== 'parked') return;
    this.#state = 'answered';
    const { nowMs } = this.#loop;
    if (isGrpcExchange(this.#exchange)) {
      this.#answeredMs = nowMs;
      if (state === 'working') this.#limiter.leave(this);
      return;
    }
    const type = head.first(CONTENT_TYPE);
    const isStream = upgrade !== '' || (type !== null && isEventStream(type));
    if (!isStream) this.#limiter.sample(nowMs - this.#sinceMs);
    if (state === 'working') this.#limiter.leave(this);
  }

  /** The exchange is over. HOT. */
  onEnd(): void {
    const state = this.#state;
    this.#state = 'over';
    const { nowMs } = this.#loop;
    switch (state) {
      case 'waiting':
        this.#loop.wheel.disarm(this.#maxWait!);
        this.#limiter.abandon(this);
        return;
      case 'answered':
        if (this.#answeredMs > 0 && nowMs - this.#answeredMs <= UNARY_TAIL_MS)
          this.#limiter.sample(this.#answeredMs - this.#sinceMs);
        return;
      case 'working':
        this.#endUnanswered(nowMs - this.#sinceMs);
        return;
      default:
        return;
    }
  }

  #endUnanswered(tookMs: number): void {
    const { upgrade, sent, failure } = this.#exchange;
    // What did not reach the application tells nothing of it.
    const asked = sent !== null && failure?.retry === 'never';
    if (asked && upgrade === '' && !this.mayBeSilent) this.#limiter.sampleAtLeast(tookMs);
    this.#limiter.leave(this);
  }
}
