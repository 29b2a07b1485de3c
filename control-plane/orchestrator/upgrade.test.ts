/** Sidecars that are replaced in place: which is next, how far it is, and what is made of one that fails. Fake time. */
import fc from 'fast-check';
import t from 'tap';
import { silentLogger } from '../../kernel/log.ts';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import { FakeTimers } from '../../test/fakes/fake-timers.ts';
import { DEFAULT_UPDATE } from '../state/model.ts';
import { decided, type RunDecision } from '../state/run-decision.ts';
import type { ActualReplica, DesiredWorkload } from './plan.ts';
import { reconcile } from './reconcile.ts';
import { ROLL_PATIENCE_MS, rollOf } from './roll.ts';
import { PROVEN_MS, SidecarUpgrades } from './sidecar-upgrades.ts';

const desired = (replicas: number, sidecars: number, fields: Partial<DesiredWorkload> = {}): DesiredWorkload => ({
  name: 'a',
  replicas,
  specHash: 'new',
  sidecars,
  dependsOn: [],
  update: DEFAULT_UPDATE,
  ...fields,
});

const replica = (index: number, sidecars: number, fields: Partial<ActualReplica> = {}): ActualReplica => ({
  workload: 'a',
  index,
  specHash: 'new',
  sidecars,
  upgradeFailure: null,
  phase: 'running',
  ready: true,
  restartAtMs: { application: null, sidecar: null },
  ...fields,
});

const failed = { upgradeFailure: { sidecars: 1, why: 'the successor exited with 7' } };
const ill = { ready: false };

t.test('one sidecar at a time, and none while one before it is missed', (t) => {
  const cases: readonly (readonly [string, DesiredWorkload, ActualReplica[], string[]])[] = [
    ['nothing was asked for', desired(2, 0), [replica(0, 0), replica(1, 0)], []],
    ['the first', desired(2, 1), [replica(1, 0), replica(0, 0)], ['upgrade 0']],
    ['the second', desired(2, 1), [replica(0, 1), replica(1, 0)], ['upgrade 1']],
    ['the state was lost', desired(2, 0), [replica(0, 5), replica(1, 5)], []],
    ['the state was lost, and it is asked for', desired(2, 1), [replica(0, 5), replica(1, 1)], ['upgrade 0']],
    ['the last is done', desired(2, 1), [replica(0, 1), replica(1, 1)], []],
    ['the one before is not ready', desired(2, 1), [replica(0, 1, ill), replica(1, 0)], []],
    ['who serves goes first', desired(2, 1), [replica(0, 0, ill), replica(1, 0)], ['upgrade 1']],
    ['who serves nobody need not wait', desired(2, 1), [replica(0, 1, ill), replica(1, 0, ill)], ['upgrade 1']],
    ['one has failed', desired(3, 1), [replica(0, 0, failed), replica(1, 0), replica(2, 0)], []],
    ['it was asked for again', desired(2, 2), [replica(0, 0, failed), replica(1, 0)], ['upgrade 0']],
    ['one that stops is left alone', desired(1, 1), [replica(0, 0, { phase: 'stopping' }), replica(1, 1)], ['stop 0']],
    [
      'one whose sidecar has died is started instead',
      desired(1, 1),
      [replica(0, 0, { ...ill, restartAtMs: { application: null, sidecar: 0 } })],
      ['restart 0'],
    ],
    ['what is replaced as a whole anyway', desired(1, 1), [replica(0, 0, { specHash: 'old' })], ['start 1']],
    [
      'also the old ones of a roll that stands still',
      desired(1, 1),
      [replica(0, 0, { specHash: 'old' }), replica(1, 0, ill)],
      ['upgrade 0'],
    ],
  ];
  for (const [name, wanted, actual, plan] of cases) {
    const actions = reconcile([wanted], actual, 0).actions.map(({ kind, index }) => `${kind} ${index}`);
    t.same(actions, plan, name);
  }
  t.end();
});

t.test('following the plan replaces every sidecar, and never misses more than one', (t) => {
  const start = fc.array(fc.record({ sidecars: fc.nat(1), ready: fc.boolean() }), { minLength: 1, maxLength: 5 });
  const property = fc.property(start, fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }), (first, recovers) => {
    let actual = first.map((each, index) => replica(index, each.sidecars, each));
    const wanted = desired(actual.length, 2);
    for (const recovered of recovers) {
      const { actions } = reconcile([wanted], actual, 0);
      if (actions.length > 1 || actions.some(({ kind }) => kind !== 'upgrade')) return false;
      const missing = actual.some(({ ready, sidecars }) => !ready && sidecars === 2);
      for (const { index } of actions) {
        if (actual[index]!.ready && missing) return false;
        // It may be a while until it is ready again.
        actual = actual.map((each) => (each.index === index ? { ...each, sidecars: 2, ready: false } : each));
      }
      if (recovered) actual = actual.map((each) => ({ ...each, ready: true }));
    }
    const enough = recovers.filter(Boolean).length > actual.length + 1;
    return !enough || actual.every(({ sidecars }) => sidecars === 2);
  });
  fc.assert(property, { numRuns: 500 });
  t.end();
});

t.test('how far it is, and why it does not go on', (t) => {
  const hints = { startPeriodMs: 0, startFailure: undefined, reasonOf: () => 'HTTP 500' };
  const roll = (actual: ActualReplica[], nowMs = 0) =>
    rollOf(
      desired(2, 1),
      actual.map((each) => ({ ...each, startedAtMs: 0 })),
      hints,
      nowMs,
    );
  t.same(roll([replica(0, 0), replica(1, 0)]), { state: 'rolling', updated: 0, outdated: 2, why: '' });
  t.same(roll([replica(0, 1), replica(1, 0)]), { state: 'rolling', updated: 1, outdated: 1, why: '' });
  t.same(roll([replica(0, 1), replica(1, 1)]), { state: 'steady', updated: 2, outdated: 0, why: '' });
  t.same(roll([replica(0, 0, failed), replica(1, 0)]), {
    state: 'failed',
    updated: 0,
    outdated: 2,
    why: 'a-0: the successor exited with 7',
  });
  t.match(roll([replica(0, 1, ill), replica(1, 0)]), { state: 'rolling' });
  t.match(roll([replica(0, 1, ill), replica(1, 0)], ROLL_PATIENCE_MS), { state: 'failed', why: /^a-0 .*: HTTP 500$/ });
  t.end();
});

t.test('an upgrade is remembered beside what was decided before, and by everything after', (t) => {
  const stamp = { workload: 'a', reason: '', decidedAtMs: 0, revision: 1 };
  let decision: RunDecision | undefined;
  for (const action of ['restart', 'upgrade', 'upgrade', 'stop', 'start', 'restart'] as const)
    decision = decided(decision, action, stamp);
  t.same(decision, { ...stamp, stopped: false, generation: 2, sidecars: 2 });
  t.equal(decided(undefined, 'restart', stamp)?.sidecars, undefined);
  t.end();
});

/** One replica whose sidecar does what the test says. */
function upgrading(replace: () => Promise<void>) {
  const clock = new FakeClock();
  const world = {
    ready: true,
    pid: 7 as number | null,
    problem: null as string | null,
    done: [] as string[],
    totals: { replaced: 0, failed: 0 },
  };
  const driver = {
    inspect: () => [{ workload: 'a', index: 0, sidecarPid: world.pid }],
    replaceSidecar: replace,
    upgraded: () => void world.done.push('upgraded'),
    notUpgraded: (_workload: string, _index: number, { sidecars, why }: { sidecars: number; why: string }) =>
      void world.done.push(`${sidecars}: ${why}`),
  };
  const upgrades = new SidecarUpgrades({
    driver,
    clock,
    timers: new FakeTimers(clock),
    logger: silentLogger,
    isReady: () => world.ready,
    reasonOf: () => 'HTTP 500',
    standing: (_id, pid) => (pid === 7 ? world.problem : 'has not registered'),
    totals: world.totals,
  });
  return { world, upgrades, clock };
}

/** Lets what was resolved go on, and time with it. */
async function pass(clock: FakeClock, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 100) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance({ ms: 100 });
  }
  await new Promise((resolve) => setImmediate(resolve));
}

t.test('a sidecar counts as replaced when it has all that the one before had', async (t) => {
  const { world, upgrades, clock } = upgrading(async () => {
    world.problem = 'has not taken in its configuration';
    world.ready = false;
  });
  const done = upgrades.run('a', 0, 1);
  await pass(clock, 1_000);
  world.problem = null;
  await pass(clock, 1_000);
  t.same(world.done, [], 'its instance took traffic before');
  world.ready = true;
  await pass(clock, 200);
  await done;
  t.same(world.done, ['upgraded']);
  t.same(world.totals, { replaced: 1, failed: 0 });
});

t.test('why one is not replaced is kept', async (t) => {
  const refused = upgrading(() => Promise.reject(new Error('the successor exited with 7')));
  await refused.upgrades.run('a', 0, 3);
  t.same(refused.world.done, ['3: the sidecar of before goes on: the successor exited with 7']);
  t.same(refused.world.totals, { replaced: 0, failed: 1 });

  const old = upgrading(() => Promise.reject(new Error('--disable-hot-restart: it may not be replaced')));
  await old.upgrades.run('a', 0, 1);
  t.match(old.world.done, [/may not be replaced; "outrider restart a" replaces it with its application$/]);

  const cases: readonly (readonly [object, string])[] = [
    [{ problem: 'refuses CDS: no' }, '1: its new sidecar serves, but after 30 s it refuses CDS: no'],
    [{ ready: false }, '1: its new sidecar serves, but after 30 s it takes no traffic: HTTP 500'],
  ];
  for (const [change, why] of cases) {
    const { world, upgrades, clock } = upgrading(async () => void Object.assign(world, change));
    const done = upgrades.run('a', 0, 1);
    await pass(clock, PROVEN_MS + 200);
    await done;
    t.same(world.done, [why]);
  }

  const died = upgrading(async () => {
    died.world.pid = null;
    throw new Error('its sidecar does not answer: socket hang up');
  });
  await died.upgrades.run('a', 0, 1);
  t.same(died.world.done, [], 'one that has died is started as ever');

  const closed = upgrading(async () => {
    closed.upgrades.close();
    closed.world.problem = 'has not registered';
  });
  await closed.upgrades.run('a', 0, 1);
  t.same(closed.world.done, [], 'the next control plane goes on with it');
});
