import fc from 'fast-check';
import t from 'tap';
import { type Instance, isPublished, type Renewal } from './instance.ts';
import * as leases from './leases.ts';
import { heartbeatStretch, nextPace } from './pace.ts';
import { evictable, isMassLoss } from './self-preservation.ts';

const TIMES = leases.DEFAULT_LEASE_TIMES;
/** Past the grace of an empty table. */
const START = 100_000;

function identity(id: string, pid = 1) {
  return {
    id,
    workload: 'a',
    services: ['a'],
    version: 'v1',
    region: '',
    zone: '',
    subZone: '',
    address: '127.0.0.1',
    port: 1,
    protocol: 'http',
    weight: 0,
    metadata: {},
    incarnation: String(pid),
  };
}

function registration(id: string, pid = 1, leaseId = '', renewal: Renewal | null = null) {
  return { identity: identity(id, pid), leaseId, newLeaseId: `${id}/${pid}`, renewal };
}

function registered(table: leases.LeaseTable, id: string, nowMs: number, pid = 1, leaseId = '') {
  const result = leases.register(table, registration(id, pid, leaseId), nowMs);
  if (!result.ok) throw new Error(result.error.message);
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
  [...table.instances.values()]
    .filter(isPublished)
    .map((each: Instance) => each.identity.id)
    .sort();
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
  t.same(published(leases.disconnected(tableOf('a'), 'a', 'a/1', START)), ['a']);
  t.end();
});

t.test('an instance that comes back continues its lease; a new process starts as unknown', (t) => {
  const table = tableOf('a');
  t.match(registered(table, 'a', START + 1, 1).instances.get('a'), { leaseId: 'a/1', health: 'healthy' });
  t.match(registered(table, 'a', START + 1, 2, 'a/1').instances.get('a'), { leaseId: 'a/1', health: 'healthy' });
  const cut = leases.disconnected(table, 'a', 'a/1', START + 1);
  t.match(registered(cut, 'a', START + 1, 2).instances.get('a'), { leaseId: 'a/2', health: 'unknown' });
  t.end();
});

t.test('two processes under one id: the first keeps it while its stream is open or its lease lasts', (t) => {
  const table = tableOf('a');
  t.match(leases.register(table, registration('a', 2), START + 1), {
    ok: false,
    error: { kind: 'held', leaseId: 'a/1', message: /"a" is held by a sidecar that is connected, at 127.0.0.1:1/ },
  });
  const suspect = leases.sweep(table, START + 15_000, TIMES).table;
  t.match(registered(suspect, 'a', START + 15_000, 2).instances.get('a'), { leaseId: 'a/2' }, 'it says nothing');
  const renewal = { ttlMs: 10_000, check: null };
  const legacy = leases.register(leases.emptyTable(0, TIMES), registration('b', 1, '', renewal), START);
  if (!legacy.ok) throw new Error(legacy.error.message);
  t.match(leases.register(legacy.value, registration('b', 2), START + 9_999), { ok: false, error: { leaseId: 'b/1' } });
  t.ok(
    leases.register(legacy.value, registration('b', 2, 'b/1', renewal), START).ok,
    'who knows the lease may have it',
  );
  t.end();
});

t.test('a lease without a stream lasts for its own time, stretched as the others', (t) => {
  const taken = leases.register(
    leases.emptyTable(0, TIMES),
    registration('a', 1, '', { ttlMs: 8_000, check: null }),
    START,
  );
  if (!taken.ok) throw new Error(taken.error.message);
  const at = (ms: number, stretch = 1) => leases.sweep(taken.value, START + ms, TIMES, stretch);
  t.equal(stateOf(at(3_999).table, 'a'), 'live');
  t.equal(stateOf(at(4_000).table, 'a'), 'suspect');
  t.same(at(7_999).evicted, []);
  t.same(at(8_000).evicted, ['a']);
  t.same(at(8_000, 2).evicted, []);
  t.end();
});

t.test('in a stretched fleet the end of a stream starts the short time, an open one has the long one', (t) => {
  const table = tableOf('a', 'b');
  t.equal(stateOf(leases.sweep(table, START + 59_999, TIMES, 4).table, 'a'), 'live');
  const cut = leases.disconnected(table, 'a', 'a/1', START + 20_000);
  const at = (ms: number) => leases.sweep(cut, START + ms, TIMES, 4);
  t.equal(stateOf(at(34_999).table, 'a'), 'live');
  t.equal(stateOf(at(35_000).table, 'a'), 'suspect');
  t.same(at(50_000).evicted, ['a']);
  t.end();
});

t.test('what was taken out on purpose comes back neither by a heartbeat nor by registering again', (t) => {
  const draining = leases.drain(tableOf('a'), 'a', 'scaled in', START);
  t.same(published(beat(draining, 'a', START + 1)), []);
  t.same(published(beat(registered(draining, 'a', START + 2), 'a', START + 3)), []);
  const removed = leases.remove(draining, 'a', START + 4);
  t.equal(beat(removed, 'a', START + 5), removed, 'a late heartbeat');
  const again = leases.register(removed, registration('a', 1, 'a/1'), START + 5);
  t.match(again, { ok: false, error: { kind: 'removed', message: /removed on purpose/ } });
  t.ok(registered(leases.expect(removed, 'a'), 'a', START + 6).instances.has('a'), 'it was started anew');
  const newer = registered(removed, 'a', START + 6, 2);
  t.ok(newer.instances.has('a'), 'another process has that name now');
  t.notOk(newer.tombstones.has('a'));
  t.end();
});

t.test('what is drained before it registers never takes traffic', (t) => {
  const table = leases.drain(leases.emptyTable(0, TIMES), 'a', 'scaled in', START);
  t.match(leases.register(table, registration('a'), START), { ok: false });
  t.match(leases.register(table, registration('a', 2), START), { ok: false }, 'whoever it is');
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
  t.equal(heartbeatStretch(10_000, 5000), 40);
  t.equal(heartbeatStretch(251, 5000), 1.25, 'in steps');
  t.end();
});

t.test('tombstones are kept for an hour', (t) => {
  const table = leases.remove(tableOf('a'), 'a', START);
  t.ok(leases.sweep(table, START + TIMES.tombstoneMs - 1, TIMES).table.tombstones.has('a'));
  t.notOk(leases.sweep(table, START + TIMES.tombstoneMs, TIMES).table.tombstones.has('a'));
  t.end();
});

t.test(
  'a fleet that shrinks is told at once, and judged by what it was told before until all have heard of it',
  (t) => {
    let pace = { told: 4, judged: 4, neededAtMs: 0 };
    pace = nextPace(pace, 1, 1_000, 15_000);
    t.match(pace, { told: 1, judged: 4 });
    t.match(nextPace(pace, 1, 59_999, 15_000), { told: 1, judged: 4 });
    t.match(nextPace(pace, 1, 60_000, 15_000), { told: 1, judged: 1 });
    t.match(nextPace(pace, 8, 2_000, 15_000), { told: 8, judged: 8 });
    t.end();
  },
);

t.test('whatever happens, a deliberate removal is never undone and a lost heartbeat never leaves a tombstone', (t) => {
  const event = fc.record({
    kind: fc.constantFrom('register', 'beat', 'cut', 'drain', 'remove', 'died', 'expect', 'sweep', 'restart'),
    id: fc.constantFrom(...ids(3)),
    pid: fc.constantFrom(1, 2),
    waitMs: fc.nat(20_000),
  });
  const property = fc.property(fc.array(event, { maxLength: 60 }), (events) => {
    let table = leases.emptyTable(0, TIMES);
    let nowMs = START;
    /** Which process was removed; null: whoever comes. */
    const deliberate = new Map<string, string | null>();
    for (const { kind, id, pid, waitMs } of events) {
      nowMs += waitMs;
      const holder = table.instances.get(id);
      if (kind === 'register') {
        const result = leases.register(table, registration(id, pid), nowMs);
        if (result.ok) table = result.value;
        const isOther = deliberate.get(id) !== null && deliberate.get(id) !== String(pid);
        if (result.ok && holder === undefined && isOther) deliberate.delete(id);
        // Nobody takes the id from a process that is heard.
        const other = holder !== undefined && holder.identity.incarnation !== String(pid);
        if (result.ok && other && holder.connected && holder.state === 'live') return false;
      } else if (kind === 'beat') table = leases.heartbeat(table, id, `${id}/${pid}`, 'healthy', '', nowMs);
      else if (kind === 'cut') table = leases.disconnected(table, id, `${id}/${pid}`, nowMs);
      else if (kind === 'died') table = leases.died(table, id);
      else if (kind === 'sweep') table = leases.sweep(table, nowMs, TIMES).table;
      else if (kind === 'restart') table = leases.restoredTable(table, nowMs, TIMES);
      else if (kind === 'expect') {
        table = leases.expect(table, id);
        deliberate.delete(id);
      } else {
        table = kind === 'drain' ? leases.drain(table, id, '', nowMs) : leases.remove(table, id, nowMs);
        deliberate.set(id, holder?.identity.incarnation ?? deliberate.get(id) ?? null);
      }
      for (const each of published(table)) {
        const removed = deliberate.get(each);
        if (removed === null || removed === table.instances.get(each)!.identity.incarnation) return false;
      }
      if ([...table.tombstones.keys()].some((each) => !deliberate.has(each))) return false;
    }
    return true;
  });
  fc.assert(property, { numRuns: 500 });
  t.end();
});

t.test('no sweep evicts more than 15 percent, nor anybody while more are silent, nor within the grace', (t) => {
  const event = fc.record({ silent: fc.nat(40), waitMs: fc.nat(40_000) });
  const property = fc.property(fc.integer({ min: 1, max: 40 }), fc.array(event, { maxLength: 20 }), (count, events) => {
    let table = tableOf(...ids(count));
    let nowMs = START;
    for (const { silent, waitMs } of events) {
      nowMs += waitMs;
      for (const id of [...table.instances.keys()].slice(silent)) table = beat(table, id, nowMs);
      const before = table.instances.size;
      const quiet = [...table.instances.values()].filter((each) => nowMs - each.heardAtMs >= 15_000).length;
      const { table: next, evicted } = leases.sweep(table, nowMs, TIMES);
      if (evicted.length > Math.max(1, Math.floor(before * 0.15))) return false;
      if (quiet > 1 && (before - quiet) / before < 0.85 && evicted.length > 0) return false;
      if (leases.sweep(leases.restoredTable(table, nowMs, TIMES), nowMs + 29_999, TIMES).evicted.length > 0)
        return false;
      table = next;
    }
    return true;
  });
  fc.assert(property, { numRuns: 300 });
  t.end();
});
