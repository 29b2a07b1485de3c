import t from 'tap';
import { silentLogger } from '../../kernel/log.ts';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import { FakeTimers } from '../../test/fakes/fake-timers.ts';
import { DEFAULT_LEASE_TIMES } from './leases.ts';
import { Registry } from './registry.ts';

function start(saved?: string) {
  const clock = new FakeClock();
  const timers = new FakeTimers(clock);
  const disk = { text: saved, saves: 0 };
  const store = {
    loadRegistry: () => disk.text,
    saveRegistry: (text: string) => {
      disk.text = text;
      disk.saves++;
    },
  };
  const registry = new Registry({ clock, timers, store, logger: silentLogger });
  return { clock, registry, disk };
}

type World = ReturnType<typeof start>;

function register({ registry }: World, id: string, incarnation = '1', leaseId = '') {
  const place = { region: '', zone: '', subZone: '', address: '127.0.0.1', port: 1, protocol: 'http' };
  const identity = {
    id,
    workload: 'a',
    services: ['a'],
    version: 'v1',
    ...place,
    weight: 0,
    metadata: {},
    incarnation,
  };
  const result = registry.register({ identity, leaseId, newLeaseId: `${id}/${incarnation}`, renewal: null });
  if (result.ok) registry.heartbeat(id, result.value.leaseId, 'healthy', '');
  return result;
}

const ids = (count: number) => Array.from({ length: count }, (_, i) => `i${i}`);

/** Every instance beats as often as it was told with its last acknowledgement, for so long. */
function live(world: World, names: readonly string[], seconds: number): number {
  const { clock, registry } = world;
  const dueMs = new Map(names.map((id, i) => [id, clock.nowMs() + (i / names.length) * 5_000]));
  let beats = 0;
  for (let second = 0; second < seconds; second++) {
    clock.advance({ seconds: 1 });
    for (const [id, due] of dueMs) {
      if (due > clock.nowMs()) continue;
      if (registry.heartbeat(id, `${id}/1`, 'healthy', '')) beats++;
      dueMs.set(id, due + registry.terms().heartbeatIntervalMs);
    }
  }
  return beats;
}

t.test('10,000 instances stay below 50 heartbeats a second, and none of them is lost', (t) => {
  const world = start();
  const names = ids(10_000);
  for (const id of names) register(world, id);
  t.ok(world.disk.saves < 3_000, `${world.disk.saves} times written down`);
  // The first round is at the old pace of those who registered first.
  live(world, names, 10);
  t.match(world.registry.terms(), { heartbeatIntervalMs: 200_000, suspectAfterMs: 600_000, goneAfterMs: 1_200_000 });
  const beats = live(world, names, 400);
  t.ok(beats / 400 <= 75, `${beats / 400} a second`);
  t.equal(world.registry.view().instances.filter((each) => each.state === 'live').length, 10_000);
  // All streams break at once, and nobody comes back for ten minutes.
  for (const id of names) world.registry.disconnected(id, `${id}/1`);
  world.clock.advance({ seconds: 600 });
  t.match(world.registry.view(), { preserving: true });
  t.equal(world.registry.view().instances.length, 10_000, 'mass loss is not believed');
  t.equal(world.registry.withheld, 10_000);
  t.equal(world.registry.totals.evictions, 0);
  t.end();
});

t.test('a control plane that stood still blames itself, whatever its wall clock says', (t) => {
  const world = start();
  const names = ids(5);
  for (const id of names) register(world, id);
  live(world, names, 60);
  world.clock.setWallMs(0);
  world.clock.advance({ seconds: 1 });
  world.clock.setWallMs(Date.UTC(2050, 0, 1));
  live(world, names, 10);
  t.equal(world.registry.view().instances.filter((each) => each.state === 'live').length, 5);
  world.clock.stall({ seconds: 120 });
  world.clock.advance({ seconds: 1 });
  t.equal(world.registry.view().instances.length, 5, 'nobody was heard because nobody listened');
  live(world, names, 60);
  t.same(world.registry.totals.evictions, 0);
  t.end();
});

t.test('a restarted control plane knows everyone, believes no silence for a lease, and keeps removals', (t) => {
  const before = start();
  for (const id of ids(300)) register(before, id);
  before.registry.remove('i7');
  before.registry.drain('i8', 'scaled in');
  before.registry.close();
  const after = start(before.disk.text);
  t.equal(after.registry.view().instances.length, 299);
  t.equal(after.registry.get('i9')?.connected, false);
  t.match(register(after, 'i7'), { ok: false, error: { kind: 'removed' } });
  t.match(register(after, 'i8'), { ok: true, value: { state: 'draining' } });
  t.equal(register(after, 'i9', '1', 'i9/1').ok, true, 'continues');
  const { goneAfterMs } = after.registry.terms();
  t.ok(goneAfterMs > DEFAULT_LEASE_TIMES.goneAfterMs, 'the fleet is large');
  after.clock.advance({ ms: goneAfterMs - 1_000 });
  t.equal(after.registry.totals.evictions, 0);
  t.end();
});

t.test('an instance that flaps is out and in, and never twice', (t) => {
  const world = start();
  const names = ids(10);
  for (const id of names) register(world, id);
  live(world, names, 40);
  for (let round = 0; round < 20; round++) {
    world.registry.disconnected('i0', 'i0/1');
    live(world, names.slice(1), 10);
    t.ok(register(world, 'i0', '1', 'i0/1').ok);
    t.equal(world.registry.view().instances.length, 10);
  }
  t.equal(world.registry.totals.evictions, 0);
  world.registry.disconnected('i0', 'i0/1');
  live(world, names.slice(1), 40);
  t.equal(world.registry.get('i0'), undefined);
  t.notOk(world.registry.isRemoved('i0'), 'it may come back');
  t.end();
});

t.test('a table of an earlier version is read', (t) => {
  const world = start();
  register(world, 'a');
  world.registry.remove('b');
  const old = JSON.parse(world.disk.text!);
  const { region: _r, subZone: _s, metadata: _m, incarnation: _i, ...identity } = old.instances[0][1].identity;
  const { renewal: _n, ...instance } = old.instances[0][1];
  const text = JSON.stringify({ instances: [['a', { ...instance, identity }]], tombstones: [['b', 5]] });
  const after = start(text);
  t.match(after.registry.get('a'), { renewal: null, identity: { metadata: {}, incarnation: '' } });
  t.match(register(after, 'b'), { ok: false });
  t.end();
});
