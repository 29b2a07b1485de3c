import t from 'tap';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import { FakeTimers } from '../../test/fakes/fake-timers.ts';
import { PushScheduler } from './push-scheduler.ts';

function scheduler() {
  const clock = new FakeClock();
  const start = clock.nowMs();
  const pushes: number[] = [];
  const made = new PushScheduler(clock, new FakeTimers(clock), () => pushes.push(clock.nowMs() - start));
  return { clock, pushes, scheduler: made };
}

t.test('changes that come together are pushed together, after 50 ms of quiet', (t) => {
  const { clock, pushes, scheduler: made } = scheduler();
  for (let i = 0; i < 3; i++) {
    made.changed({ urgent: false });
    clock.advance({ ms: 20 });
  }
  clock.advance({ seconds: 10 });
  t.same(pushes, [90]);
  t.end();
});

t.test('changes that never stop are pushed once a second', (t) => {
  const { clock, pushes, scheduler: made } = scheduler();
  for (let i = 0; i < 100; i++) {
    made.changed({ urgent: false });
    clock.advance({ ms: 25 });
  }
  t.same(pushes, [1000, 2000]);
  t.end();
});

t.test('a removal is pushed at once, with all that waits', (t) => {
  const { clock, pushes, scheduler: made } = scheduler();
  made.changed({ urgent: false });
  clock.advance({ ms: 10 });
  made.changed({ urgent: true });
  clock.advance({ seconds: 1 });
  t.equal(pushes.length, 1);
  t.ok(pushes[0]! <= 11, 'with the next turn of the timers');
  t.end();
});

t.test('a flush pushes what waits, and nothing when nothing does', (t) => {
  const { clock, pushes, scheduler: made } = scheduler();
  made.flush();
  made.changed({ urgent: false });
  made.flush();
  clock.advance({ seconds: 1 });
  t.same(pushes, [0]);
  made.changed({ urgent: false });
  made.close();
  made.changed({ urgent: true });
  clock.advance({ seconds: 1 });
  t.same(pushes, [0], 'nothing after close');
  t.end();
});
