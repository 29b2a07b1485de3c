/**
 * The time limits of one request that most routes do not have: of one try, of silence, of the whole exchange.
 *
 *   limit             runs from                                       to                        field of Envoy
 *   per try           stream of the attempt, once request complete    head of the answer        per_try_timeout
 *   per try idle      likewise; renewed by every byte of the answer   end of the answer         per_try_idle_timeout
 *   idle              start; renewed by every byte either way         end                       idle_timeout of the route
 *   duration          start of the exchange                           end                       max_stream_duration
 *
 * The route's own timeout is not among them: every request has it, and it is the downstream's to arm.
 */
import { Deadline, type DeadlineOwner } from '../../../kernel/timer-wheel.ts';
import type { Loop } from '../../net/loop.ts';

/** Which limit was met. */
export type StreamLimit = 'per-try' | 'per-try-idle' | 'idle' | 'duration';

/** Limits in milliseconds; 0 for none. */
export interface StreamLimits {
  readonly perTryMs: number;
  readonly perTryIdleMs: number;
  readonly idleMs: number;
  readonly durationMs: number;
}

/** Whose limits they are. */
export interface LimitedStream {
  onLimit(limit: StreamLimit): void;
}

const PER_TRY = 0;
const PER_TRY_IDLE = 1;
const IDLE = 2;
const DURATION = 3;

export class StreamDeadlines implements DeadlineOwner {
  readonly #loop: Loop;
  readonly #limits: StreamLimits;
  readonly #owner: LimitedStream;
  readonly #perTry: Deadline | null;
  readonly #perTryIdle: Deadline | null;
  readonly #idle: Deadline | null;
  readonly #duration: Deadline | null;
  #lastActivityMs = 0;
  #lastAnswerMs = 0;

  constructor(loop: Loop, limits: StreamLimits, owner: LimitedStream) {
    this.#loop = loop;
    this.#limits = limits;
    this.#owner = owner;
    this.#lastActivityMs = loop.nowMs;
    this.#lastAnswerMs = loop.nowMs;
    this.#perTry = limits.perTryMs > 0 ? new Deadline(this, PER_TRY) : null;
    this.#perTryIdle = limits.perTryIdleMs > 0 ? new Deadline(this, PER_TRY_IDLE) : null;
    this.#idle = limits.idleMs > 0 ? new Deadline(this, IDLE) : null;
    this.#duration = limits.durationMs > 0 ? new Deadline(this, DURATION) : null;
    if (this.#idle !== null) loop.wheel.arm(this.#idle, limits.idleMs);
    if (this.#duration !== null) loop.wheel.arm(this.#duration, limits.durationMs);
  }

  /** An attempt has its stream, and the request is complete. */
  startTry(): void {
    const { wheel, nowMs } = this.#loop;
    this.#lastAnswerMs = nowMs;
    if (this.#perTry !== null) wheel.arm(this.#perTry, this.#limits.perTryMs);
    if (this.#perTryIdle !== null) wheel.arm(this.#perTryIdle, this.#limits.perTryIdleMs);
  }

  /** An attempt is over, another may follow. */
  endTry(): void {
    this.answered();
    if (this.#perTryIdle !== null) this.#loop.wheel.disarm(this.#perTryIdle);
  }

  /** The head of the answer is on its way to the client. */
  answered(): void {
    if (this.#perTry !== null) this.#loop.wheel.disarm(this.#perTry);
  }

  /** Bytes of the request came. */
  requestActive(): void {
    this.#lastActivityMs = this.#loop.nowMs;
  }

  /** Bytes of the answer came. */
  answerActive(): void {
    this.#lastActivityMs = this.#loop.nowMs;
    this.#lastAnswerMs = this.#loop.nowMs;
  }

  /** Idle limits are not moved at every byte: they are checked when they come. */
  onDeadline(deadline: Deadline): void {
    this.#loop.refresh();
    switch (deadline.kind) {
      case PER_TRY:
        this.#owner.onLimit('per-try');
        return;
      case PER_TRY_IDLE:
        this.#check(deadline, this.#lastAnswerMs + this.#limits.perTryIdleMs, 'per-try-idle');
        return;
      case IDLE:
        this.#check(deadline, this.#lastActivityMs + this.#limits.idleMs, 'idle');
        return;
      case DURATION:
        this.#owner.onLimit('duration');
        return;
    }
  }

  #check(deadline: Deadline, dueMs: number, limit: StreamLimit): void {
    const leftMs = dueMs - this.#loop.nowMs;
    if (leftMs > 0) this.#loop.wheel.arm(deadline, leftMs);
    else this.#owner.onLimit(limit);
  }

  stop(): void {
    const { wheel } = this.#loop;
    this.endTry();
    if (this.#idle !== null) wheel.disarm(this.#idle);
    if (this.#duration !== null) wheel.disarm(this.#duration);
  }
}
