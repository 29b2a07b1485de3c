import fc from 'fast-check';
import t from 'tap';
import { FakeClock } from '../test/fakes/fake-clock.ts';
import { FakeTimers } from '../test/fakes/fake-timers.ts';
import { AssertionError } from './assert.ts';
import { Deadline, type DeadlineOwner, TimerWheel } from './timer-wheel.ts';

const TURN_MS = 40_960;

/** Notes when each deadline fired, then does what the test asks for. */
class Recorder implements DeadlineOwner {
  readonly fired: { kind: number; atMs: number }[] = [];
  readonly #clock: FakeClock;
  readonly #then: (deadline: Deadline) => void;

  constructor(clock: FakeClock, then: (deadline: Deadline) => void = () => {}) {
    this.#clock = clock;
    this.#then = then;
  }

  onDeadline(deadline: Deadline): void {
    this.fired.push({ kind: deadline.kind, atMs: this.#clock.nowMs() });
    this.#then(deadline);
  }

  get kinds(): number[] {
    return this.fired.map((each) => each.kind);
  }
}

function setUp(then?: (deadline: Deadline) => void) {
  const clock = new FakeClock();
  const timers = new FakeTimers(clock);
  const wheel = new TimerWheel(clock, timers);
  const owner = new Recorder(clock, then);
  const make = (kind = 0) => new Deadline(owner, kind);
  return { clock, timers, wheel, owner, make };
}

t.test('a deadline fires once, not early and at most a tick late', (t) => {
  const { clock, wheel, owner, make } = setUp();
  const deadline = make(7);
  clock.advance({ ms: 3.5 });
  wheel.arm(deadline, 25);
  t.ok(deadline.armed);
  clock.advance({ ms: 24.9 });
  t.same(owner.fired, []);
  clock.advance({ ms: 10 });
  t.same(owner.kinds, [7]);
  t.notOk(deadline.armed);
  clock.advance({ ms: 2 * TURN_MS });
  t.equal(owner.fired.length, 1);
  t.end();
});

t.test('a deadline of several turns fires in its own round', (t) => {
  const { clock, wheel, owner, make } = setUp();
  wheel.arm(make(1), 3 * TURN_MS + 50);
  wheel.arm(make(2), 50);
  clock.advance({ ms: 3 * TURN_MS });
  t.same(owner.kinds, [2]);
  clock.advance({ ms: 60 });
  t.same(owner.kinds, [2, 1]);
  t.end();
});

t.test('arming again moves the deadline, in both directions', (t) => {
  const { clock, wheel, owner, make } = setUp();
  const later = make(1);
  const sooner = make(2);
  wheel.arm(later, 100);
  wheel.arm(later, 1000);
  wheel.arm(sooner, 1000);
  wheel.arm(sooner, 100);
  clock.advance({ ms: 500 });
  t.same(owner.kinds, [2]);
  clock.advance({ ms: 510 });
  t.same(owner.kinds, [2, 1]);
  t.end();
});

t.test('a delay counts from the time that the caller has read', (t) => {
  const { clock, wheel, owner, make } = setUp();
  const readMs = clock.nowMs();
  clock.stall({ ms: 60 });
  wheel.arm(make(1), 100, readMs);
  wheel.arm(make(2), 20, readMs);
  clock.advance({ ms: 10 });
  t.same(owner.kinds, [2], 'past already: at the next tick');
  clock.advance({ ms: 30 });
  t.same(owner.kinds, [2, 1]);
  t.end();
});

t.test('nothing is set on the event loop while nothing is armed', (t) => {
  const { clock, timers, wheel, make } = setUp();
  t.equal(timers.pending, 0);
  const deadline = make();
  wheel.arm(deadline, 100);
  wheel.arm(make(), 5000);
  t.equal(timers.pending, 1, 'one timer, however many deadlines');
  wheel.disarm(deadline);
  wheel.disarm(deadline);
  clock.advance({ ms: 6000 });
  t.equal(timers.pending, 0);
  t.end();
});

t.test('after a long stall everything due fires once, the earliest first', (t) => {
  const { clock, wheel, owner, make } = setUp();
  for (const kind of [30, 10, 20]) wheel.arm(make(kind), kind * 100);
  wheel.arm(make(99), 4 * TURN_MS);
  clock.stall({ ms: 3 * TURN_MS });
  clock.advance({ ms: 0 });
  t.same(owner.kinds, [10, 20, 30]);
  clock.advance({ ms: TURN_MS });
  t.same(owner.kinds, [10, 20, 30, 99]);
  t.end();
});

t.test('an owner may arm its own deadline again while it fires', (t) => {
  const { clock, wheel, owner, make } = setUp((deadline) => wheel.arm(deadline, 0));
  wheel.arm(make(), 0);
  clock.advance({ ms: 100 });
  t.equal(owner.fired.length, 10, 'once a tick: no delay is no way to spin');
  t.end();
});

t.test('an owner may disarm another deadline that is due in the same sweep', (t) => {
  const { clock, wheel, owner, make } = setUp(() => wheel.disarm(second));
  const first = make(1);
  const second = make(2);
  wheel.arm(first, 10);
  wheel.arm(second, 10);
  clock.advance({ ms: 100 });
  t.same(owner.kinds, [1]);
  t.notOk(second.armed);
  t.end();
});

t.test('an owner that throws costs no other owner its deadline', (t) => {
  const { clock, wheel, owner, make } = setUp((deadline) => {
    if (deadline.kind === 1) throw new Error('of the owner');
  });
  for (const kind of [1, 2]) wheel.arm(make(kind), 10);
  t.throws(() => clock.advance({ ms: 20 }), { message: 'of the owner' });
  clock.advance({ ms: 20 });
  t.same(owner.kinds, [1, 2]);
  t.end();
});

t.test('destroy disarms everything and later arms are ignored', (t) => {
  const { clock, timers, wheel, owner, make } = setUp();
  const deadline = make();
  wheel.arm(deadline, 10);
  wheel.destroy();
  t.notOk(deadline.armed);
  wheel.arm(deadline, 10);
  t.notOk(deadline.armed);
  t.equal(timers.pending, 0);
  clock.advance({ ms: 100 });
  t.same(owner.fired, []);
  t.end();
});

t.test('a deadline must be finite', (t) => {
  const { wheel, make } = setUp();
  t.throws(() => wheel.arm(make(), Infinity), AssertionError);
  t.throws(() => wheel.arm(make(), NaN), AssertionError);
  t.end();
});

t.test('whatever is armed, disarmed and stalled, it behaves as a plain list of due times would', (t) => {
  const id = fc.nat(7);
  const event = fc.oneof(
    fc.record({ type: fc.constant('arm' as const), id, ms: fc.oneof(fc.nat(100), fc.nat(3 * TURN_MS)) }),
    fc.record({ type: fc.constant('disarm' as const), id, ms: fc.constant(0) }),
    fc.record({ type: fc.constant('advance' as const), id, ms: fc.oneof(fc.nat(100), fc.nat(2 * TURN_MS)) }),
    fc.record({ type: fc.constant('stall' as const), id, ms: fc.oneof(fc.nat(100), fc.nat(2 * TURN_MS)) }),
  );
  const property = fc.property(fc.array(event, { maxLength: 60 }), (events) => {
    const { clock, wheel, owner, make } = setUp();
    const deadlines = Array.from({ length: 8 }, (_, kind) => make(kind));
    const dueMs = new Map<number, number>();
    for (const { type, id, ms } of events) {
      const stalledFrom = clock.nowMs();
      if (type === 'arm') {
        wheel.arm(deadlines[id]!, ms + 0.25);
        dueMs.set(id, clock.nowMs() + ms + 0.25);
      } else if (type === 'disarm') {
        wheel.disarm(deadlines[id]!);
        dueMs.delete(id);
      } else {
        if (type === 'stall') {
          clock.stall({ ms });
          clock.advance({ ms: 10 });
        } else clock.advance({ ms });
        for (const { kind, atMs } of owner.fired.splice(0)) {
          const due = dueMs.get(kind);
          if (due === undefined || atMs < due) return false;
          const free = type === 'stall' ? Math.max(due, stalledFrom + ms) : due;
          if (atMs > free + 10) return false;
          dueMs.delete(kind);
        }
        // What is overdue by more than a tick should have fired.
        for (const due of dueMs.values()) if (due + 10 < clock.nowMs()) return false;
      }
      if (deadlines.some((each) => each.armed !== dueMs.has(each.kind))) return false;
    }
    return true;
  });
  fc.assert(property, { numRuns: 300 });
  t.end();
});
