import t from 'tap';
import { TimerWheel } from '../../kernel/timer-wheel.ts';
import { cluster, endpoint, endpointSet } from '../../test/fakes/config-builders.ts';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import { fakeCluster } from '../../test/fakes/fake-cluster.ts';
import { seededRandom } from '../../test/fakes/fake-random.ts';
import { FakeTimers } from '../../test/fakes/fake-timers.ts';
import { Loop } from '../net/loop.ts';
import { PLAIN_PICK } from './picker/picker.ts';

const CLEANUP_MS = 5_000;

function setUp(portOverride: number | null = null) {
  const clock = new FakeClock();
  const loop = new Loop(clock, new TimerWheel(clock, new FakeTimers(clock)), seededRandom());
  const discovery = { kind: 'original-dst', portOverride, cleanupMs: CLEANUP_MS } as const;
  const there = fakeCluster(cluster('there', [], { discovery }), loop);
  const pick = (host: string, port: number) => there.pick({ ...PLAIN_PICK, destination: { host, port } });
  const wait = (ms: number) => {
    clock.advance({ ms });
    loop.refresh();
  };
  const keys = () => there.endpoints.map(({ key }) => key);
  return { there, pick, wait, keys };
}

t.test('wherever a client was going is an endpoint, and the same one the next time', (t) => {
  const { there, pick, keys } = setUp();
  const first = pick('10.0.0.1', 80);
  t.equal(pick('10.0.0.1', 80), first);
  t.not(pick('fd00::1', 80), first);
  t.same(keys(), ['10.0.0.1:80', '[fd00::1]:80']);
  t.equal(there.pick(PLAIN_PICK), null, 'a connection that was not redirected leads nowhere');
  t.end();
});

t.test('another port in place of the one that was dialled', (t) => {
  const { pick, keys } = setUp(15006);
  t.equal(pick('10.0.0.1', 80), pick('10.0.0.1', 443));
  t.same(keys(), ['10.0.0.1:15006']);
  t.end();
});

t.test('an address goes when nothing has used it for a whole interval', (t) => {
  const { pick, wait, keys } = setUp();
  const busy = pick('10.0.0.1', 80)!;
  busy.active++;
  const idle = pick('10.0.0.2', 80)!;
  wait(CLEANUP_MS);
  t.same(keys(), ['10.0.0.1:80', '10.0.0.2:80'], 'it was used in this interval');
  wait(CLEANUP_MS);
  t.same(keys(), ['10.0.0.1:80'], 'a request is on its way there');
  t.ok(idle.removed);
  t.not(pick('10.0.0.2', 80), idle);
  busy.active--;
  wait(2 * CLEANUP_MS);
  wait(CLEANUP_MS);
  t.same(keys(), []);
  t.end();
});

t.test('what clients dial does not fill the memory', (t) => {
  const { pick, wait } = setUp();
  for (let i = 0; i < 10_000; i++) if (pick(`10.0.${i >> 8}.${i & 255}`, 80) === null) t.fail(`${i}`);
  t.equal(pick('10.1.0.0', 80), null);
  wait(CLEANUP_MS);
  wait(CLEANUP_MS);
  t.ok(pick('10.1.0.0', 80));
  t.end();
});

t.test('a cluster of another type from now on finds its endpoints in that way', (t) => {
  const { there, pick } = setUp();
  t.ok(pick('10.0.0.1', 80));
  there.update(cluster('there', [8080]));
  there.setEndpoints(endpointSet('there', [endpoint(8080)]));
  t.equal(pick('10.0.0.1', 80)?.key, '127.0.0.1:8080');
  t.end();
});
