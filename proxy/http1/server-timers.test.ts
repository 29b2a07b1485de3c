import t from 'tap';
import { TimerWheel } from '../../kernel/timer-wheel.ts';
import { forward, httpManager, prefixMatch, route, routeTable, virtualHost } from '../../test/fakes/config-builders.ts';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import { seededRandom } from '../../test/fakes/fake-random.ts';
import { FakeTimers } from '../../test/fakes/fake-timers.ts';
import type { HttpConnectionManagerConfig } from '../config/model/listener.ts';
import { Loop } from '../net/loop.ts';
import { ServerTimers, type TimeoutKind } from './server-timers.ts';

function setUp(change: Partial<HttpConnectionManagerConfig>) {
  const clock = new FakeClock();
  const fake = new FakeTimers(clock);
  const loop = new Loop(clock, new TimerWheel(clock, fake), seededRandom());
  const table = routeTable('t', [virtualHost(['*'], [route(prefixMatch('/'), forward('a'))])]);
  const connection = {
    busy: false,
    queuedBytes: 0,
    over: [] as TimeoutKind[],
    onTimeout(kind: TimeoutKind) {
      this.over.push(kind);
    },
  };
  const timers = new ServerTimers(loop, httpManager(table, change), connection);
  timers.start();
  const advance = (ms: number) => {
    clock.advance({ ms });
    loop.refresh();
    return connection.over.splice(0);
  };
  return { timers, connection, loop, fake, advance };
}

t.test('an idle connection is over when nothing has happened for idle_timeout', (t) => {
  const { timers, loop, advance } = setUp({ idleTimeoutMs: 1_000, streamIdleTimeoutMs: 0 });
  t.same(advance(900), []);
  timers.lastActivityMs = loop.nowMs;
  t.same(advance(900), []);
  t.same(advance(200), ['idle']);
  t.end();
});

t.test('a stream is over when nothing has happened for stream_idle_timeout, whenever it began', (t) => {
  const { timers, connection, loop, advance } = setUp({ idleTimeoutMs: 60_000, streamIdleTimeoutMs: 1_000 });
  t.same(advance(30_300), [], 'idle, but not busy');
  connection.busy = true;
  timers.lastActivityMs = loop.nowMs;
  t.same(advance(950), []);
  t.same(advance(100), ['stream-idle']);
  t.end();
});

t.test('a limit of zero is none', (t) => {
  const { connection, fake, advance } = setUp({ idleTimeoutMs: 0, streamIdleTimeoutMs: 0 });
  t.equal(fake.pending, 0, 'the process may sleep');
  connection.busy = true;
  t.same(advance(10_000_000), []);
  t.end();
});

t.test('a head and a request that do not come are told once, those that come never', (t) => {
  const { timers, advance } = setUp({ requestHeadersTimeoutMs: 100, requestTimeoutMs: 300 });
  timers.headIncomplete();
  t.same(advance(60), []);
  timers.headIncomplete();
  t.same(advance(60), ['headers'], 'counted from the first byte');
  t.same(advance(200), ['request']);
  timers.headIncomplete();
  timers.headComplete();
  timers.requestComplete();
  t.same(advance(10_000), []);
  t.end();
});

t.test('lingering goes on while the client takes bytes, and ends when it does not', (t) => {
  const { timers, connection, advance } = setUp({ delayedCloseTimeoutMs: 100 });
  connection.queuedBytes = 3_000;
  timers.linger();
  for (const left of [2_000, 1_000, 500]) {
    connection.queuedBytes = left;
    t.same(advance(110), []);
  }
  t.same(advance(110), ['linger'], 'nothing was taken');
  connection.queuedBytes = 0;
  timers.linger();
  t.same(advance(110), ['linger'], 'all was taken, and the client did not close');
  t.end();
});

t.test('the age of a connection is told, and again when it was armed again', (t) => {
  const { timers, advance } = setUp({ maxConnectionDurationMs: 1_000 });
  t.same(advance(1_010), ['lifetime']);
  timers.armLifetime(500);
  t.same(advance(510), ['lifetime']);
  t.end();
});

t.test('a connection that has closed is told nothing more', (t) => {
  const { timers, advance } = setUp({
    maxConnectionDurationMs: 1_000,
    requestHeadersTimeoutMs: 1_000,
    requestTimeoutMs: 1_000,
  });
  timers.headIncomplete();
  timers.armResponse(1_000);
  timers.stop();
  t.same(advance(10_000_000), []);
  t.end();
});
