import fc from 'fast-check';
import t from 'tap';
import { DEFAULT_UPDATE } from '../state/model.ts';
import type { Action, ActualReplica, DesiredWorkload } from './plan.ts';
import { reconcile, startOrder } from './reconcile.ts';
import { restartAtMs } from './restart-policy.ts';
import { rollOf } from './roll.ts';

const desired = (name: string, replicas: number, fields: Partial<DesiredWorkload> = {}): DesiredWorkload => ({
  name,
  replicas,
  specHash: 'new',
  sidecars: 0,
  dependsOn: [],
  update: DEFAULT_UPDATE,
  ...fields,
});

const replica = (workload: string, index: number, fields: Partial<ActualReplica> = {}): ActualReplica => ({
  workload,
  index,
  specHash: 'new',
  sidecars: 0,
  upgradeFailure: null,
  phase: 'running',
  ready: true,
  restartAtMs: { application: null, sidecar: null },
  ...fields,
});

const text = (action: Action) =>
  `${action.kind} ${action.workload}-${action.index}${action.kind === 'restart' ? ` ${action.role}` : ''}`;
const plan = (wanted: DesiredWorkload[], actual: ActualReplica[], nowMs = 0) =>
  reconcile(wanted, actual, nowMs).actions.map(text);

t.test('what is missing is started on the lowest free indexes', (t) => {
  t.same(plan([desired('a', 3)], [replica('a', 1)]), ['start a-0', 'start a-2']);
  t.same(plan([desired('a', 2)], [replica('a', 0, { phase: 'stopping' })]), ['start a-1', 'start a-2', 'stop a-0']);
  t.end();
});

t.test('what is too much is stopped: who serves nobody first, then the highest index', (t) => {
  const actual = [replica('a', 0, { ready: false }), replica('a', 1), replica('a', 2)];
  t.same(plan([desired('a', 1)], actual), ['stop a-0', 'stop a-2']);
  t.same(plan([desired('a', 0)], [replica('a', 0)]), ['stop a-0']);
  t.same(plan([], [replica('a', 0)]), ['stop a-0']);
  t.end();
});

t.test('a workload starts when those that it depends on have been started', (t) => {
  const wanted = [desired('front', 1, { dependsOn: ['back', 'gone', 'off'] }), desired('back', 1), desired('off', 0)];
  t.same(plan(wanted, []), ['start back-0']);
  t.same(plan(wanted, [replica('back', 0, { ready: false })]), ['start front-0']);
  t.end();
});

t.test('a new version is added one at a time, and an old one leaves when it is not missed', (t) => {
  const old = (index: number, fields = {}) => replica('a', index, { specHash: 'old', ...fields });
  t.same(plan([desired('a', 2)], [old(0), old(1)]), ['start a-2']);
  t.same(plan([desired('a', 2)], [old(0), old(1), replica('a', 2, { ready: false })]), []);
  t.same(plan([desired('a', 2)], [old(0), old(1), replica('a', 2)]), ['stop a-1']);
  t.same(plan([desired('a', 2)], [old(0), old(1, { phase: 'stopping' }), replica('a', 2)]), ['start a-3', 'stop a-1']);
  t.same(plan([desired('a', 2)], [old(0, { ready: false }), old(1)]), ['start a-2']);
  t.same(plan([desired('a', 1)], [old(0, { ready: false }), replica('a', 1)]), ['stop a-0']);
  t.end();
});

t.test('where the old one is to stop first, no more are missing than may be, and none is started beside it', (t) => {
  const update = { parallelism: 1, order: 'stop-first' } as const;
  const old = (index: number, fields = {}) => replica('a', index, { specHash: 'old', ...fields });
  const wanted = [desired('a', 3, { update })];
  t.same(plan(wanted, [old(0), old(1), old(2)]), ['stop a-2']);
  t.same(plan(wanted, [old(0), old(1)]), ['start a-2']);
  t.same(plan(wanted, [old(0), old(1), replica('a', 2, { ready: false })]), [], 'nothing goes on before it is ready');
  t.same(plan(wanted, [old(0), old(1), replica('a', 2)]), ['stop a-1']);
  const two = [desired('a', 3, { update: { ...update, parallelism: 2 } })];
  t.same(plan(two, [old(0), old(1), old(2)]), ['stop a-2', 'stop a-1']);
  t.same(plan([desired('a', 3, { update: { parallelism: 2, order: 'start-first' } })], [old(0), old(1), old(2)]), [
    'start a-3',
    'start a-4',
  ]);
  t.end();
});

t.test('a roll says how far it has come, and why it stands still', (t) => {
  const wanted = desired('a', 2);
  const at = (index: number, fields: Partial<ActualReplica> = {}) => ({
    ...replica('a', index, fields),
    startedAtMs: 0,
  });
  const hints = { startPeriodMs: 5_000, startFailure: undefined, reasonOf: () => 'HTTP 500' };
  const roll = (replicas: ReturnType<typeof at>[], nowMs = 1_000, more = {}) =>
    rollOf(wanted, replicas, { ...hints, ...more }, nowMs);
  const old = { specHash: 'old' };
  t.same(roll([at(0), at(1)]), { state: 'steady', updated: 2, outdated: 0, why: '' });
  t.match(roll([at(0), at(1), at(2, { phase: 'stopping' })]), { state: 'rolling' }, 'one is still on its way out');
  t.match(roll([at(0, old), at(1, old)]), { state: 'rolling', updated: 0, outdated: 2 });
  const unready = [at(0, old), at(1, old), at(2, { ready: false })];
  t.match(roll(unready, 65_000 - 1), { state: 'rolling' });
  t.match(roll(unready, 65_000), { state: 'failed', why: 'a-2 is not ready 65 s after its start: HTTP 500' });
  const crashed = at(2, { ready: false, restartAtMs: { application: 9, sidecar: null } });
  t.match(roll([at(0, old), at(1, old), crashed]), { state: 'failed', why: 'a-2: its application has exited' });
  t.match(roll([at(0, old), at(1, old)], 1_000, { startFailure: 'no such program' }), { why: 'no such program' });
  t.end();
});

t.test('processes that exited are started again when it is time, and only then', (t) => {
  const crashed = replica('a', 0, { restartAtMs: { application: 100, sidecar: 50 } });
  t.same(reconcile([desired('a', 1)], [crashed], 50), {
    actions: [{ kind: 'restart', workload: 'a', index: 0, role: 'sidecar' }],
    wakeAtMs: 100,
  });
  t.same(plan([desired('a', 1)], [{ ...crashed, phase: 'stopping' }], 200), ['start a-1', 'stop a-0']);
  t.end();
});

t.test('the order of starts is by dependency, and a circle does not hang it', (t) => {
  const order = (...workloads: [string, ...string[]][]) =>
    startOrder(workloads.map(([name, ...dependsOn]) => ({ name, dependsOn })));
  t.same(order(['c', 'b'], ['b', 'a'], ['a'], ['x', 'missing']), [['a', 'x'], ['b'], ['c']]);
  t.same(order(['a', 'b'], ['b', 'a'], ['c']), [['c'], ['a', 'b']]);
  t.end();
});

t.test('a process that ran for a while is back at once, one that keeps crashing waits longer and longer', (t) => {
  const run = (startedAtMs: number, endedAtMs: number) => ({ startedAtMs, endedAtMs });
  t.equal(restartAtMs([run(0, 60_000)]), 60_500);
  t.equal(restartAtMs([run(0, 1000)]), 15_000);
  t.equal(restartAtMs([run(0, 1000), run(15_000, 16_000)]), 30_000);
  t.equal(restartAtMs([run(0, 1000), run(15_000, 16_000), run(30_000, 31_000)]), 61_000);
  t.equal(restartAtMs([run(0, 1000), run(1, 2000), run(2, 3000), run(3, 4000)]), 64_000);
  t.equal(restartAtMs([run(0, 1000), run(2_000_000, 2_001_000)]), 2_015_000, 'what was long ago is forgotten');
  t.end();
});

t.test(
  'following the plan always ends with what is wanted, and never with fewer ready than there were or may be',
  (t) => {
    const start = fc.array(
      fc.record({ index: fc.nat(5), specHash: fc.constantFrom('old', 'new'), ready: fc.boolean() }),
      { maxLength: 6 },
    );
    const update = fc.record({
      parallelism: fc.integer({ min: 1, max: 3 }),
      order: fc.constantFrom('start-first' as const, 'stop-first' as const),
    });
    const property = fc.property(fc.integer({ min: 0, max: 4 }), start, update, (wanted, first, how) => {
      let actual = [...new Map(first.map((each) => [each.index, replica('a', each.index, each)])).values()];
      const missable = how.order === 'start-first' ? 0 : how.parallelism;
      const least = Math.min(wanted - missable, actual.filter((each) => each.ready).length);
      for (let round = 0; round < 50; round++) {
        const { actions } = reconcile([desired('a', wanted, { update: how })], actual, 0);
        if (actions.length === 0 && actual.every((each) => each.ready)) break;
        for (const { kind, index } of actions) {
          if (kind === 'start') actual.push(replica('a', index, { ready: false }));
          else actual = actual.filter((each) => each.index !== index);
        }
        if (actual.filter((each) => each.ready).length < least) return false;
        // What was started before this round becomes ready.
        const fresh = new Set(actions.filter(({ kind }) => kind === 'start').map(({ index }) => index));
        actual = actual.map((each) => (fresh.has(each.index) ? each : { ...each, ready: true }));
      }
      return actual.length === wanted && actual.every((each) => each.specHash === 'new');
    });
    fc.assert(property, { numRuns: 500 });
    t.end();
  },
);
