/**
 * Timer wheel: deadlines for very many owners at once (every request, every connection), coarse and cheap.
 *
 *            slots, one per tick; a turn is 4096 ticks, 41 s at 10 ms
 *   ... [ 17 ] [ 18 ] [ 19 ] [ 20 ] ...
 *         │             │
 *       Deadline      Deadline ⇄ Deadline        an intrusive list: the links are in the Deadline itself
 *
 * arm and disarm are O(1) and allocate nothing. A deadline past one turn stays in its slot until its round has come.
 * There is no ticking: one timer is set for the next slot that holds something, so that an idle process sleeps. A
 * disarmed deadline leaves that timer alone (most deadlines are disarmed in time; moving the timer would cost more
 * than the odd empty wake).
 *
 * A deadline never fires early, and at most one tick late while the event loop is free. Everything due is taken out of
 * the slots before the first owner is called, hence owners may arm and disarm at will from onDeadline: what they arm
 * fires in a later sweep, what they disarm does not fire.
 *
 * After Varghese and Lauck, "Hashed and Hierarchical Timing Wheels" (1987), scheme 6.
 */
import { AssertionError, assert } from './assert.ts';
import type { Clock } from './clock.ts';
import type { Timer, Timers } from './timers.ts';

/** Whoever a deadline belongs to; one owner may have several and tell them apart by `kind`. */
export interface DeadlineOwner {
  /** The deadline has passed. It is no longer armed and may be armed again. */
  onDeadline(deadline: Deadline): void;
}

const SLOTS = 4096;
const UNARMED = -1;
const FIRING = -2;

/** One deadline, made once with its owner and armed as often as wanted. */
export class Deadline {
  readonly owner: DeadlineOwner;
  /** The owner's own number for this deadline, default 0. */
  readonly kind: number;
  /** The four below belong to the wheel. */
  slot = UNARMED;
  dueTick = 0;
  next: Deadline | null = null;
  previous: Deadline | null = null;

  constructor(owner: DeadlineOwner, kind = 0) {
    this.owner = owner;
    this.kind = kind;
  }

  /** True from arm until it fires or is disarmed. */
  get armed(): boolean {
    return this.slot !== UNARMED;
  }
}

/** Holds armed deadlines and fires them. A Deadline is armed on one wheel at a time. */
export class TimerWheel {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #tickMs: number;
  readonly #wake = () => this.#sweep();
  readonly #slots: (Deadline | null)[] = new Array<Deadline | null>(SLOTS).fill(null);
  /** Due, taken out of their slots, not yet fired; a list of its own. */
  #firing: Deadline | null = null;
  #armedCount = 0;
  /** Every deadline due at this tick or before has been taken out of the slots. */
  #sweptTick: number;
  /** The tick that `#timer` is set for; Infinity without a timer. */
  #wakeTick = Infinity;
  #timer: Timer | undefined;
  #destroyed = false;

  constructor(clock: Clock, timers: Timers, tickMs = 10) {
    assert(tickMs >= 1, `the timer wheel's tick is ${tickMs} ms: it must be at least 1`);
    this.#clock = clock;
    this.#timers = timers;
    this.#tickMs = tickMs;
    this.#sweptTick = Math.floor(clock.nowMs() / tickMs);
  }

  /**
   * Fires `deadline` once, `delayMs` (at least 0, finite) after `nowMs`; an armed one is moved. Ignored after destroy.
   * A caller that has just read the clock hands its reading in: on some machines the clock costs more than the rest.
   * Hot path: no allocation, but for the timer when the deadline is sooner than all others.
   */
  arm(deadline: Deadline, delayMs: number, nowMs = this.#clock.nowMs()): void {
    if (this.#destroyed) return;
    if (!(delayMs < Infinity)) refuseDelay(delayMs);
    if (deadline.slot !== UNARMED) this.#unlink(deadline);
    const dueTick = Math.ceil((nowMs + delayMs) / this.#tickMs);
    // A tick that has been swept would come round only a turn later.
    deadline.dueTick = dueTick > this.#sweptTick ? dueTick : this.#sweptTick + 1;
    this.#link(deadline, deadline.dueTick % SLOTS);
    if (deadline.dueTick < this.#wakeTick) this.#wakeAt(deadline.dueTick);
  }

  /** Forgets the deadline; does nothing when it is not armed. Hot path. */
  disarm(deadline: Deadline): void {
    if (deadline.slot !== UNARMED) this.#unlink(deadline);
  }

  /** Disarms everything and stops the timer; what is armed afterwards is ignored. */
  destroy(): void {
    this.#destroyed = true;
    this.#timer?.cancel();
    while (this.#firing !== null) this.#unlink(this.#firing);
    for (let slot = 0; slot < SLOTS; slot++) {
      for (let head = this.#slots[slot]!; head !== null; head = this.#slots[slot]!) this.#unlink(head);
    }
  }

  #sweep(): void {
    this.#timer = undefined;
    // Lower than any tick: what owners arm during the sweep sets no timer of its own.
    this.#wakeTick = -1;
    const nowTick = Math.floor(this.#clock.nowMs() / this.#tickMs);
    // After a stall longer than a turn, one look at every slot finds all that is due.
    const oldest = Math.max(this.#sweptTick + 1, nowTick - SLOTS + 1);
    // Backwards, because the list of the firing is built from its end.
    for (let tick = nowTick; tick >= oldest; tick--) this.#takeDue(tick % SLOTS, nowTick);
    this.#sweptTick = Math.max(this.#sweptTick, nowTick);
    try {
      while (this.#firing !== null) this.#fire(this.#firing);
    } finally {
      // Also when an owner threw: the others must not lose their deadlines.
      this.#wakeTick = Infinity;
      this.#wakeForNext();
    }
  }

  #takeDue(slot: number, nowTick: number): void {
    let each = this.#slots[slot] ?? null;
    while (each !== null) {
      const next: Deadline | null = each.next;
      if (each.dueTick <= nowTick) {
        this.#unlink(each);
        this.#link(each, FIRING);
      }
      each = next;
    }
  }

  #fire(deadline: Deadline): void {
    this.#unlink(deadline);
    deadline.owner.onDeadline(deadline);
  }

  #wakeForNext(): void {
    if (this.#armedCount === 0) return;
    let tick = this.#sweptTick + 1;
    // A slot may hold later rounds only: then the wake is for nothing, once a turn.
    if (this.#firing === null) while (this.#slots[tick % SLOTS] === null) tick++;
    this.#wakeAt(tick);
  }

  #wakeAt(tick: number): void {
    this.#timer?.cancel();
    this.#wakeTick = tick;
    const delayMs = Math.ceil(tick * this.#tickMs - this.#clock.nowMs());
    this.#timer = this.#timers.after(Math.max(delayMs, 0), this.#wake);
  }

  #link(deadline: Deadline, slot: number): void {
    const head = slot === FIRING ? this.#firing : this.#slots[slot]!;
    deadline.slot = slot;
    deadline.next = head;
    if (head !== null) head.previous = deadline;
    this.#setHead(slot, deadline);
    this.#armedCount++;
  }

  #unlink(deadline: Deadline): void {
    const { next, previous } = deadline;
    if (previous === null) this.#setHead(deadline.slot, next);
    else previous.next = next;
    if (next !== null) next.previous = previous;
    deadline.slot = UNARMED;
    deadline.next = null;
    deadline.previous = null;
    this.#armedCount--;
  }

  #setHead(slot: number, head: Deadline | null): void {
    if (slot === FIRING) this.#firing = head;
    else this.#slots[slot] = head;
  }
}

function refuseDelay(delayMs: number): never {
  throw new AssertionError(
    `a deadline's delay is ${delayMs} ms: it must be finite; disarm instead of waiting for ever`,
  );
}
