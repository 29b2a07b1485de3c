import t from 'tap';
import { FakeClock } from '../test/fakes/fake-clock.ts';
import { FakeTimers } from '../test/fakes/fake-timers.ts';
import { Drain, type DrainHandle } from './drain.ts';

/** Counts what it is told; finishes when the test says so. */
class Connection implements DrainHandle {
  told = 0;
  forced = 0;
  finish: () => void = () => {};

  drain(): void {
    this.told++;
  }

  force(): void {
    this.forced++;
    this.finish();
  }
}

function setUp(connections = 0) {
  const clock = new FakeClock();
  const timers = new FakeTimers(clock);
  const drain = new Drain(clock, timers);
  const add = () => {
    const connection = new Connection();
    connection.finish = drain.register(connection);
    return connection;
  };
  return { clock, timers, drain, add, connections: Array.from({ length: connections }, add) };
}

t.test('is clean when every handle finishes before the deadline', async (t) => {
  const { clock, timers, drain, connections } = setUp(2);
  t.notOk(drain.draining);
  const result = drain.start(1000);
  t.ok(drain.draining);
  clock.advance({ ms: 300 });
  for (const each of connections) each.finish();
  t.same(await result, { clean: true, forced: 0, tookMs: 300 });
  t.equal(timers.pending, 0);
  t.ok(connections.every((each) => each.told === 1 && each.forced === 0));
});

t.test('forces at the deadline what has not finished, and nothing else', async (t) => {
  const { clock, drain, connections } = setUp(2);
  const result = drain.start(1000);
  connections[0]!.finish();
  clock.advance({ ms: 1000 });
  t.same(await result, { clean: false, forced: 1, tookMs: 1000 });
  t.same(
    connections.map((each) => each.forced),
    [0, 1],
  );
  t.equal(drain.remaining, 0);
});

t.test('is done at once when there is nothing to drain', async (t) => {
  const { timers, drain, add } = setUp();
  add().finish();
  t.same(await drain.start(1000), { clean: true, forced: 0, tookMs: 0 });
  t.equal(timers.pending, 0);
});

t.test('handles that finish while they are told do not end it early', async (t) => {
  const { drain } = setUp();
  const order: string[] = [];
  for (const name of ['a', 'b']) {
    const tell = () => {
      order.push(name);
      finish();
    };
    const finish: () => void = drain.register({ drain: tell, force: () => t.fail() });
  }
  t.match(await drain.start(1000), { clean: true });
  t.same(order, ['a', 'b']);
});

t.test('whoever comes while it is on is told at once, and whoever comes later is forced', async (t) => {
  const { drain, add, connections } = setUp(1);
  const result = drain.start(1000);
  const late = add();
  t.equal(late.told, 1);
  connections[0]!.finish();
  t.equal(drain.remaining, 1);
  late.finish();
  t.match(await result, { clean: true });
  t.match(add(), { told: 0, forced: 1 });
});

t.test('a second start can bring the deadline nearer and not move it away', async (t) => {
  const { clock, drain } = setUp(1);
  const result = drain.start(1000);
  t.equal(drain.start(5000), result);
  drain.start(100);
  clock.advance({ ms: 100 });
  t.match(await result, { forced: 1, tookMs: 100 });
});

t.test('the same handle twice is a mistake', (t) => {
  const { drain } = setUp();
  const handle = new Connection();
  drain.register(handle);
  t.throws(() => drain.register(handle), { message: /twice/ });
  t.end();
});
