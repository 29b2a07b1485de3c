import t from 'tap';
import { FakeClock } from '../test/fakes/fake-clock.ts';
import { FakeTimers } from '../test/fakes/fake-timers.ts';
import { SystemTimers } from './timers.ts';

t.test('the system timers', (t) => {
  t.test('fire once, never from inside the call, and not after a cancel', async (t) => {
    const timers = new SystemTimers();
    const fired: string[] = [];
    const done = new Promise<void>((resolve) => {
      timers.after(0, () => fired.push('once'));
      timers.after(0, () => fired.push('cancelled')).cancel();
      timers.after(2, resolve);
    });
    t.same(fired, []);
    await done;
    t.same(fired, ['once']);
  });

  t.test('wait out a delay that is longer than Node takes', async (t) => {
    const timers = new SystemTimers();
    const year = timers.after(365 * 24 * 3600 * 1000, () => t.fail('fired'));
    await new Promise<void>((resolve) => timers.after(3, resolve));
    year.cancel();
    t.pass();
  });

  t.test('repeat until cancelled', async (t) => {
    let calls = 0;
    await new Promise<void>((resolve) => {
      const timer = new SystemTimers().every(1, () => {
        if (++calls < 3) return;
        timer.cancel();
        resolve();
      });
    });
    t.equal(calls, 3);
  });

  t.test('refuse delays that make no sense', (t) => {
    const timers = new SystemTimers({ unref: true });
    t.throws(() => timers.after(NaN, () => {}), { message: /NaN ms/ });
    t.throws(() => timers.every(0, () => {}), { message: /0 ms/ });
    t.end();
  });
  t.end();
});

t.test('the fake timers', (t) => {
  t.test('fire in order of their times, each at its own time', (t) => {
    const clock = new FakeClock();
    const timers = new FakeTimers(clock);
    const startMs = clock.nowMs();
    const fired: string[] = [];
    const note = (name: string) => () => fired.push(`${name} ${clock.nowMs() - startMs}`);
    timers.after(30, note('c'));
    timers.after(10, note('a'));
    timers.after(10, note('b'));
    const tick = timers.every(20, note('tick'));
    clock.advance({ ms: 45 });
    t.same(fired, ['a 10', 'b 10', 'tick 20', 'c 30', 'tick 40']);
    tick.cancel();
    t.equal(timers.pending, 0);
    t.end();
  });

  t.test('are late after a stall, and an interval does not make up for it', (t) => {
    const clock = new FakeClock();
    const timers = new FakeTimers(clock);
    let calls = 0;
    timers.every(10, () => calls++);
    clock.stall({ seconds: 1 });
    t.equal(calls, 0);
    clock.advance({ ms: 9 });
    t.equal(calls, 1);
    clock.advance({ ms: 1 });
    t.equal(calls, 2);
    t.end();
  });
  t.end();
});
