import fc from 'fast-check';
import t from 'tap';
import { IdleLesson } from './idle-lesson.ts';

const HOUR_MS = 3_600_000;

t.test('what is configured holds until something is learned, and stays the most', (t) => {
  const lesson = new IdleLesson();
  t.equal(lesson.limitMs(HOUR_MS, false), HOUR_MS);
  t.equal(lesson.limitMs(0, false), Infinity);
  t.ok(lesson.announce(60));
  t.equal(lesson.limitMs(HOUR_MS, false), 48_000);
  t.equal(lesson.limitMs(10_000, false), 10_000);
  t.end();
});

t.test('a cluster that asks to learn begins with 4 s, or less when less is configured', (t) => {
  const lesson = new IdleLesson();
  t.equal(lesson.limitMs(HOUR_MS, true), 4_000);
  t.equal(lesson.limitMs(0, true), 4_000);
  t.equal(lesson.limitMs(1_000, true), 1_000);
  lesson.announce(60);
  t.equal(lesson.limitMs(HOUR_MS, true), 48_000, 'knowledge replaces the guess');
  t.end();
});

t.test('an announced timeout and a close teach a limit below them; the shorter one counts', (t) => {
  const lesson = new IdleLesson();
  t.ok(lesson.announce(5));
  t.notOk(lesson.announce(5), 'nothing new');
  t.equal(lesson.learnedMs, 4_000);
  t.ok(lesson.close(1_000, 0));
  t.equal(lesson.learnedMs, 800);
  t.notOk(lesson.close(3_000, 0), 'a longer one teaches nothing');
  t.ok(lesson.close(500, 0));
  t.equal(lesson.learnedMs, 300);
  t.notOk(lesson.close(20, 0), 'a connection that ended with its last request');
  t.ok(lesson.announce(0), 'nothing is kept');
  t.equal(lesson.learnedMs, 0);
  t.end();
});

t.test('what a close taught is forgotten after ten minutes, what is announced is not', (t) => {
  const lesson = new IdleLesson();
  lesson.close(1_000, 5_000);
  lesson.forget(604_999);
  t.equal(lesson.learnedMs, 800);
  lesson.forget(605_000);
  t.equal(lesson.learnedMs, Infinity);
  lesson.announce(5);
  lesson.forget(10_000_000);
  t.equal(lesson.learnedMs, 4_000);
  t.end();
});

t.test('whatever happens, the limit is below every lesson and never above what is configured', (t) => {
  const event = fc.oneof(
    fc.nat({ max: 100 }).map((seconds) => ({ kind: 'announce' as const, ms: seconds * 1_000 })),
    fc.nat({ max: 100_000 }).map((ms) => ({ kind: 'close' as const, ms })),
  );
  const property = fc.property(fc.array(event), fc.nat({ max: 50_000 }), fc.boolean(), (events, configured, learns) => {
    const lesson = new IdleLesson();
    let announced = Infinity;
    let closed = Infinity;
    for (const { kind, ms } of events) {
      if (kind === 'announce') {
        announced = ms;
        lesson.announce(ms / 1_000);
      } else if (ms >= 400) {
        closed = Math.min(closed, ms);
        lesson.close(ms, 0);
      }
    }
    const limit = lesson.limitMs(configured, learns);
    const known = Math.min(announced, closed);
    return limit <= (configured || Infinity) && (known === Infinity || limit === 0 || limit < known) && limit >= 0;
  });
  fc.assert(property, { numRuns: 500 });
  t.end();
});
