import { setImmediate as nextTurn } from 'node:timers/promises';
import t from 'tap';
import { TimerWheel } from '../../../kernel/timer-wheel.ts';
import { cluster } from '../../../test/fakes/config-builders.ts';
import { FakeClock } from '../../../test/fakes/fake-clock.ts';
import { fakeCluster } from '../../../test/fakes/fake-cluster.ts';
import { seededRandom } from '../../../test/fakes/fake-random.ts';
import { FakeTimers } from '../../../test/fakes/fake-timers.ts';
import type { ClientSource } from '../../net/client-source.ts';
import { Loop } from '../../net/loop.ts';
import { CLIENT_POOLS_MAX } from '../guard/limits.ts';
import { ClientPools } from './client-pools.ts';
import type { StreamWaiter } from './pool.ts';

/** No connection can come from there: one that is begun fails in another turn. */
const client = (key: string): ClientSource => ({ key, open: () => new Error('nothing comes from there') });

class Waiting implements StreamWaiter {
  readonly wire = 'http1';
  readonly upgrades = false;
  readonly connects = false;
  refused = 0;

  onStream(): void {}

  onUnavailable(): void {
    this.refused++;
  }
}

function setUp() {
  const clock = new FakeClock();
  const loop = new Loop(clock, new TimerWheel(clock, new FakeTimers(clock)), seededRandom());
  const base = cluster('a', [9]);
  const many = { ...base.limits.default, maxPendingRequests: 2 * CLIENT_POOLS_MAX };
  const there = fakeCluster({ ...base, limits: { default: many, high: many } }, loop);
  const pools = new ClientPools(loop, { host: '127.0.0.1', port: 9 }, { connections: 0, pending: 0 });
  const wait = (ms: number) => {
    clock.advance({ ms });
    loop.refresh();
  };
  return { there, pools, wait };
}

t.test('each client and priority has a pool, which goes once it has no connection', async (t) => {
  const { there, pools, wait } = setUp();
  const one = pools.of(there, client('10.0.0.1'))!;
  t.equal(pools.of(there, client('10.0.0.1')), one);
  t.not(pools.of(there, client('10.0.0.2')), one);
  t.not(pools.of(there.share(true), client('10.0.0.1')), one);
  t.same([there.stats.inUse.clientPools, there.stats.highInUse.clientPools], [2, 1]);

  const waiting = new Waiting();
  one.acquire(waiting);
  t.ok(one.busy);
  while (waiting.refused === 0) await nextTurn();
  t.same([one.busy, one.size], [false, 0]);
  t.same([there.stats.bindErrors, there.stats.cxConnectFail, pools.cxTotal], [1, 1, 1]);

  wait(10_000);
  t.same([there.stats.inUse.clientPools, there.stats.highInUse.clientPools], [0, 0]);
  t.not(pools.of(there, client('10.0.0.1')), one);
  t.same([pools.cxTotal, pools.cxConnectFail], [1, 1], 'what it counted stays');
  pools.destroy();
  t.equal(there.stats.inUse.clientPools, 0);
});

t.test('clients that are too many: one whose pool nobody uses gives way, else the newest is refused', async (t) => {
  const { there, pools } = setUp();
  const waiting = new Waiting();
  for (let i = 0; i < CLIENT_POOLS_MAX; i++) pools.of(there, client(String(i)))!.acquire(waiting);
  t.equal(pools.of(there, client('late')), null);
  t.equal(there.stats.cxPoolOverflow, 1);
  t.match(there.refusals.clientPools, { flag: 'UO', details: `upstream_overflow{client_pools=${CLIENT_POOLS_MAX}}` });
  t.ok(pools.of(there, client('7')), 'whoever has one keeps it');
  while (waiting.refused < CLIENT_POOLS_MAX) await nextTurn();
  t.ok(pools.of(there, client('late')));
  t.equal(there.stats.inUse.clientPools, CLIENT_POOLS_MAX);
  pools.destroy();
  there.destroy();
});
