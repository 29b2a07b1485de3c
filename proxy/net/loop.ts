/**
 * What everything on one event loop shares: time, randomness, the read buffer and the scratch buffers. One per worker
 * thread, handed down from the composition root, so that no module holds state of its own.
 */
import type { Clock } from '../../kernel/clock.ts';
import type { RandomIds } from '../../kernel/random.ts';
import type { TimerWheel } from '../../kernel/timer-wheel.ts';
import { ByteWriter } from './byte-writer.ts';
import { Closings } from './closings.ts';
import { HeldWrites } from './held-writes.ts';
import { OutputPool } from './output-pool.ts';
import { TurnBudget } from './turn-budget.ts';
import { TurnEnd } from './turn-end.ts';

/** 64 KiB: what Node's own streams read at most. */
const READ_BYTES = 65_536;

/**
 * Room in front of what is read, into which a head moves when lines are added to it: head and body stay one stretch of
 * bytes, so that an edited message is still one slice and one write. 4 KiB hold every line this proxy generates.
 */
export const HEADROOM_BYTES = 4_096;

/**
 * A dial costs as much as a dozen requests: a burst of requests that all want a connection would keep everybody else waiting.
 * What is put off often is not needed any more, because connections become free meanwhile; it costs the burst milliseconds,
 * however far away the endpoint is.
 */
const DIALS_PER_TURN = 8;

export class Loop {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly random: RandomIds;
  /**
   * Every socket of this loop reads into this buffer, and every read is consumed before the next: whoever keeps bytes
   * copies them. Saves an allocation per read and 64 KiB per connection; measured, 2.3 microseconds a request and side.
   */
  readonly readBuffer: Buffer = Buffer.allocUnsafeSlow(HEADROOM_BYTES + READ_BYTES);
  /** The part of `readBuffer` that is read into; it begins at HEADROOM_BYTES. */
  readonly readView: Buffer = this.readBuffer.subarray(HEADROOM_BYTES);
  /** Where outgoing messages are put together. */
  readonly out: ByteWriter = new ByteWriter();
  /** Where bodies are framed anew; separate from `out`, since both are needed for one message. */
  readonly body: ByteWriter = new ByteWriter();

  readonly outputs: OutputPool = new OutputPool();
  readonly turnEnd: TurnEnd = new TurnEnd();
  readonly heldWrites: HeldWrites = new HeldWrites(this.turnEnd);
  /** Connections to endpoints that may be begun. */
  readonly dials: TurnBudget = new TurnBudget(this.turnEnd, DIALS_PER_TURN);
  readonly closings: Closings;

  /** Connections accepted so far: numbers them in logs. */
  accepted = 0;

  /**
   * Monotonic milliseconds at the last `refresh`, one per read: reading the clock costs 60 nanoseconds, and a request
   * would ask eight times. Like every time that changes often it is a number from the start: what is undefined for a
   * moment, V8 keeps behind a pointer, and allocates anew for each reading.
   */
  nowMs = 0;

  constructor(clock: Clock, wheel: TimerWheel, random: RandomIds) {
    this.clock = clock;
    this.nowMs = clock.nowMs();
    this.closings = new Closings(this.turnEnd, clock);
    this.wheel = wheel;
    this.random = random;
  }

  /** Reads the clock. Called where bytes, timers and connections come in. */
  refresh(): number {
    this.nowMs = this.clock.nowMs();
    return this.nowMs;
  }
}

/** A copy of bytes that has the same headroom in front: for whatever must outlive the turn in which it was read. */
export function copyWithHeadroom(first: Buffer, second: Buffer | null = null): Buffer {
  const copy = Buffer.allocUnsafe(HEADROOM_BYTES + first.length + (second === null ? 0 : second.length));
  first.copy(copy, HEADROOM_BYTES);
  if (second !== null) second.copy(copy, HEADROOM_BYTES + first.length);
  return copy;
}
