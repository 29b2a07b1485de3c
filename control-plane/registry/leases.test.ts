import fc from 'fast-check';
import t from 'tap';
import { type Instance, isPublished } from './instance.ts';
import * as leases from './leases.ts';
import { evictable, heartbeatStretch, isMassLoss } from './self-preservation.ts';

const TIMES = leases.DEFAULT_LEASE_TIMES;
/** Past the grace of an empty table. */
const START = 100_000;

function identity(id: string, pid = 1) {
  return {
    id,
    workload: 'a',
    services: ['a'],
    version: 'v1',
    zone: '',
    address: '127.0.0.1',
    port: 1,
    protocol: 'http',
    weight: 0,
    pid,
  };
}

function registered(table: leases.LeaseTable, id: string, nowMs: number, pid = 1, leaseId = '') {
  const result = leases.register(table, { identity: identity(id, pid), leaseId, newLeaseId: `${id}/${pid}` }, nowMs);
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

/** A table of instances that are all registered and healthy at START. */
function tableOf(...ids: string[]): leases.LeaseTable {
  let table = leases.emptyTable(0, TIMES);
  for (const id of ids) table = beat(registered(table, id, START), id, START);
  return table;
}

function beat(table: leases.LeaseTable, id: string, nowMs: number): leases.LeaseTable {
  return leases.heartbeat(table, id, `${id}/1`, 'healthy', '', nowMs);
}

const stateOf = (table: leases.LeaseTable, id: string) => table.instances.get(id)?.state;
const published = (table: leases.LeaseTable) =>
  [...table.instances.values()].filter(isPublished).map((each: Instance) => each.identity.id);
const ids = (count: number) => Array.from({ length: count }, (_, i) => `i${i}`);

t.test('an instance is published when it is healthy, and not before', (t) => {
  const table = registered(leases.emptyTable(0, TIMES), 'a', START);
  t.same(published(table), []);
  t.same(published(beat(table, 'a', START)), ['a']);
  t.same(published(leases.heartbeat(table, 'a', 'another lease', 'healthy', '', START)), []);
  t.end();
});

t.test('silence makes suspect, then gone; a heartbeat in between makes live again', (t) => {
  const table = tableOf('a');
  const at = (ms: number) => leases.sweep(table, START + ms, TIMES);
  t.equal(stateOf(at(14_999).table, 'a'), 'live');
  t.equal(stateOf(at(15_000).table, 'a'), 'suspect');
  t.equal(stateOf(beat(at(15_000).table, 'a', START + 16_000), 'a'), 'live');
  t.same(at(29_999).evicted, []);
  t.same(at(30_000).evicted, ['a']);
  t.end();
});

t.test('a broken stream alone changes nothing that others see', (t) => {
  t.same(published(leases.disconnected(tableOf('a'), 'a', 'a/1')), ['a']);
  t.end();
});

t.test('an instance that comes back continues its lease; a new process starts as unknown', (t) => {
  const table = tableOf('a');
  t.match(registered(table, 'a', START + 1, 1).instances.get('a'), { leaseId: 'a/1', health: 'healthy' });
  t.match(registered(table, 'a', START + 1, 2, 'a/1').instances.get('a'), { leaseId: 'a/1', health: 'healthy' });
  t.match(registered(table, 'a', START + 1, 2).instances.get('a'), { leaseId: 'a/2', health: 'unknown' });
  t.end();
});

t.test('what was taken out on purpose cannot come back by a heartbeat, nor by registering again', (t) => {
  const draining = leases.drain(tableOf('a'), 'a', 'scaled in', START);
  t.same(published(beat(draining, 'a', START + 1)), []);
  t.same(published(beat(registered(draining, 'a', START + 2), 'a', START + 3)), []);
  const removed = leases.remove(draining, 'a', START + 4);
  const again = leases.register(removed, { identity: identity('a'), leaseId: 'a/1', newLeaseId: 'x' }, START + 5);
  t.match(again, { ok: false, error: /removed on purpose/ });
  t.ok(
    registered(leases.expect(removed, 'a'), 'a', START + 6, 2).instances.has('a'),
    'a new one was started under its name',
  );
  t.end();
});

t.test('what is drained before it registers never takes traffic', (t) => {
  const table = leases.drain(leases.emptyTable(0, TIMES), 'a', 'scaled in', START);
  t.match(leases.register(table, { identity: identity('a'), leaseId: '', newLeaseId: 'x' }, START), { ok: false });
  t.end();
});

t.test('an application that exited is out until it is up again, whatever its sidecar last found', (t) => {
  const down = leases.applicationDown(tableOf('a'), 'a', true);
  t.same(published(beat(down, 'a', START + 1)), []);
  t.same(published(leases.applicationDown(down, 'a', false)), ['a']);
  t.end();
});

t.test('a sidecar that died is out at once, and may come back', (t) => {
  const table = leases.died(tableOf('a'), 'a');
  t.same(published(table), []);
  t.ok(registered(table, 'a', START + 1, 2).instances.has('a'));
  t.end();
});

t.test('after a restart everyone is there, and has a whole lease to come back', (t) => {
  const table = leases.restoredTable(tableOf(...ids(4)), 0, TIMES);
  t.same(published(table), ids(4));
  t.same(leases.sweep(table, 29_999, TIMES).evicted, []);
  t.equal(stateOf(leases.sweep(table, 29_999, TIMES).table, 'i0'), 'live');
  t.end();
});

t.test('when many fall silent at once nobody is evicted, and nobody is when they are heard again', (t) => {
  let table = tableOf(...ids(10));
  for (const id of ids(10).slice(0, 8)) table = beat(table, id, START + 20_000);
  const { table: preserved, evicted } = leases.sweep(table, START + 31_000, TIMES);
  t.same(evicted, []);
  t.ok(preserved.preserving, '8 of 10 is below 85 %');
  t.same(published(preserved).length, 10);
  const back = beat(preserved, 'i9', START + 32_000);
  const after = leases.sweep(beat(back, 'i8', START + 32_000), START + 33_000, TIMES);
  t.notOk(after.table.preserving);
  t.end();
});

t.test('what drains does not count as lost', (t) => {
  let table = tableOf(...ids(4));
  for (const id of ids(4).slice(1)) table = leases.drain(table, id, 'scaled in', START);
  table = beat(table, 'i0', START + 30_000);
  const { table: next, evicted } = leases.sweep(table, START + 30_000, TIMES);
  t.same([...next.instances.keys()], ['i0']);
  t.same(evicted, [], 'they went on purpose');
  t.notOk(next.preserving);
  t.end();
});

t.test('a single loss is believed in a fleet of any size, and a sweep takes at most 15 percent', (t) => {
  t.same(
    [1, 2, 3, 100].map((expected) => evictable(expected, 1)),
    [1, 1, 1, 1],
  );
  t.equal(evictable(100, 15), 15);
  t.equal(evictable(40, 5), 5);
  t.equal(evictable(20, 3), 3);
  t.same(
    [isMassLoss(1, 1), isMassLoss(3, 1), isMassLoss(3, 2), isMassLoss(100, 15), isMassLoss(100, 16)],
    [false, false, true, false, true],
  );
  t.end();
});

t.test('a fleet sends at most 50 heartbeats a second', (t) => {
  t.equal(heartbeatStretch(250, 5000), 1);
  t.equal(heartbeatStretch(1000, 5000), 4);
  t.end();
});

t.test('tombstones are kept for an hour', (t) => {
  const table = leases.remove(tableOf('a'), 'a', START);
  t.ok(leases.sweep(table, START + TIMES.tombstoneMs - 1, TIMES).table.tombstones.has('a'));
  t.notOk(leases.sweep(table, START + TIMES.tombstoneMs, TIMES).table.tombstones.has('a'));
  t.end();
});

t.test('whatever happens, a deliberate removal is never undone and a lost heartbeat never leaves a tombstone', (t) => {
  const id = fc.constantFrom(...ids(3));
  const event = fc.record({
    kind: fc.constantFrom('register', 'beat', 'cut', 'drain', 'remove', 'died', 'expect', 'sweep', 'restart'),
    id,
    waitMs: fc.nat(20_000),
  });
  const property = fc.property(fc.array(event, { maxLength: 60 }), (events) => {
    let table = leases.emptyTable(0, TIMES);
    let nowMs = START;
    const deliberate = new Set<string>();
    for (const { kind, id, waitMs } of events) {
      nowMs += waitMs;
      if (kind === 'register') {
        const result = leases.register(table, { identity: identity(id), leaseId: '', newLeaseId: `${id}/1` }, nowMs);
        if (result.ok) table = result.value;
      } else if (kind === 'beat') table = beat(table, id, nowMs);
      else if (kind === 'cut') table = leases.disconnected(table, id, `${id}/1`);
      else if (kind === 'died') table = leases.died(table, id);
      else if (kind === 'sweep') table = leases.sweep(table, nowMs, TIMES).table;
      else if (kind === 'restart') table = leases.restoredTable(table, nowMs, TIMES);
      else if (kind === 'expect') {
        table = leases.expect(table, id);
        deliberate.delete(id);
      } else {
        table = kind === 'drain' ? leases.drain(table, id, '', nowMs) : leases.remove(table, id, nowMs);
        deliberate.add(id);
      }
      if (published(table).some((each) => deliberate.has(each))) return false;
      if ([...table.tombstones.keys()].some((each) => !deliberate.has(each))) return false;
    }
    return true;
  });
  fc.assert(property, { numRuns: 500 });
  t.end();
});
