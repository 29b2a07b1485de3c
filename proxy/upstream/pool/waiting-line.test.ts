import t from 'tap';
import { Deadline, TimerWheel } from '../../../kernel/timer-wheel.ts';
import { cluster } from '../../../test/fakes/config-builders.ts';
import { FakeClock } from '../../../test/fakes/fake-clock.ts';
import { fakeCluster } from '../../../test/fakes/fake-cluster.ts';
import { seededRandom } from '../../../test/fakes/fake-random.ts';
import { FakeTimers } from '../../../test/fakes/fake-timers.ts';
import { NO_CLUSTER_POLICY } from '../../config/model/policy.ts';
import type { Failure } from '../../http/failure.ts';
import { Loop } from '../../net/loop.ts';
import { EndpointUse } from '../guard/in-use.ts';
import type { StreamWaiter } from './pool.ts';
import { WaitingLine } from './waiting-line.ts';

function setUp(maxPendingWaitMs: number) {
  const clock = new FakeClock();
  const loop = new Loop(clock, new TimerWheel(clock, new FakeTimers(clock)), seededRandom());
  const target = fakeCluster(cluster('a', [], { policy: { ...NO_CLUSTER_POLICY, maxPendingWaitMs } }), loop);
  const use = new EndpointUse();
  const line = new WaitingLine(target, use);
  const told: string[] = [];
  const waiter = (name: string): StreamWaiter => ({
    wire: 'http1',
    upgrades: false,
    connects: false,
    onStream: () => undefined,
    onUnavailable: ({ details }: Failure) => told.push(`${name} ${Math.round(clock.nowMs() - startedMs)} ${details}`),
  });
  const startedMs = clock.nowMs();
  const pass = (ms: number) => {
    clock.advance({ ms });
    loop.refresh();
  };
  return { line, use, told, waiter, pass, stats: target.stats, loop };
}

t.test('each waits for max_pending_wait, in the order in which they came', (t) => {
  const { line, use, told, waiter, pass, stats } = setUp(1_000);
  for (const name of ['first', 'second', 'third']) {
    line.join(waiter(name));
    pass(300);
  }
  t.equal(line.next()?.onUnavailable !== undefined, true, 'the first is served in time');
  pass(450);
  t.match(told, [/^second 13[2-4]0 pending_wait_exceeded\{max_pending_wait=1000ms\}$/]);
  t.match({ use, stats }, { use: { pending: 1 }, stats: { rqPendingActive: 1, rqPendingWaitTimeout: 1 } });
  pass(400);
  t.match(told[1], /^third 16[2-4]0 /);
  t.match({ use, stats }, { use: { pending: 0 }, stats: { rqPendingActive: 0, rqPendingWaitTimeout: 2 } });
  t.end();
});

t.test('a connect timeout of the same length comes first, so that the endpoint is blamed', (t) => {
  const { line, told, waiter, pass, loop } = setUp(1_000);
  line.join(waiter('one'));
  loop.wheel.arm(new Deadline({ onDeadline: () => line.eject({ details: 'connection_timeout' } as Failure) }), 1_000);
  pass(2_000);
  t.match(told, [/^one \d+ connection_timeout$/]);
  t.end();
});

t.test('without max_pending_wait, or with nobody in line, nothing is timed', (t) => {
  const patient = setUp(0);
  patient.line.join(patient.waiter('patient'));
  patient.pass(100_000);
  t.same(patient.told, []);
  const { line, told, waiter, pass, stats } = setUp(1_000);
  const gone = waiter('gone');
  line.join(gone);
  line.leave(gone);
  line.leave(gone);
  pass(2_000);
  t.same(told, []);
  t.match(stats, { rqPendingActive: 0, rqPendingWaitTimeout: 0 });
  t.end();
});
