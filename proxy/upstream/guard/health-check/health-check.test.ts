import fc from 'fast-check';
import t from 'tap';
import { TimerWheel } from '../../../../kernel/timer-wheel.ts';
import { cluster, endpoint, endpointSet } from '../../../../test/fakes/config-builders.ts';
import { FakeClock } from '../../../../test/fakes/fake-clock.ts';
import { fakeCluster } from '../../../../test/fakes/fake-cluster.ts';
import { ScriptedRandom, seededRandom } from '../../../../test/fakes/fake-random.ts';
import { FakeTimers } from '../../../../test/fakes/fake-timers.ts';
import type { EndpointHealth } from '../../../config/model/cluster.ts';
import type { HealthCheckConfig } from '../../../config/model/health-check.ts';
import { Loop } from '../../../net/loop.ts';
import { type Standing, standingOf } from '../standing.ts';
import { nextCheckMs } from './check-schedule.ts';
import { type CheckOutcome, type CheckState, newCheckState, nextCheckState } from './check-state.ts';
import { EndpointCheck } from './endpoint-check.ts';
import { decodeServingStatus, encodeCheckRequest } from './grpc-health-messages.ts';
import { HealthCheckStats } from './health-check-stats.ts';
import { PayloadMatcher } from './payload.ts';
import type { Probe, ProbeOwner } from './probe.ts';
import { withHeaders } from './request-probe.ts';

const OUTCOMES: Readonly<Record<string, CheckOutcome>> = {
  ok: { kind: 'success', degraded: false },
  slow: { kind: 'success', degraded: true },
  bad: { kind: 'failure', decides: true, excludes: false },
  leave: { kind: 'failure', decides: true, excludes: true },
  retriable: { kind: 'failure', decides: false, excludes: false },
  cut: { kind: 'network' },
  late: { kind: 'timeout' },
  told: { kind: 'passive' },
};
const THRESHOLDS = { unhealthyThreshold: 3, healthyThreshold: 2 };

function run(text: string, state = newCheckState(false, false), thresholds = THRESHOLDS) {
  const changes: string[] = [];
  let now = state;
  for (const name of text.split(' ')) {
    const next = nextCheckState(now, OUTCOMES[name]!, thresholds);
    now = next.state;
    changes.push(next.change);
  }
  return { state: now, changes };
}

/** The flags that are set. */
function flags(state: CheckState): string {
  const names = ['failed', 'degraded', 'timedOut', 'pending', 'excluded'] as const;
  return names.filter((name) => state[name]).join(' ');
}

t.test('outcomes make an endpoint pass or fail', (t) => {
  const table: readonly (readonly [string, string, string])[] = [
    ['ok', '', 'the very first success is enough'],
    ['cut', 'failed', 'who never passed is out'],
    ['cut ok', 'failed', 'after a failure successes count'],
    ['cut ok ok', '', 'up to the threshold'],
    ['cut ok cut ok', 'failed', 'in a row'],
    ['ok cut cut', '', 'failures on the way count'],
    ['ok cut late retriable', 'failed', 'whatever they are'],
    ['ok cut cut ok cut cut', '', 'in a row'],
    ['ok cut cut late', 'failed timedOut', 'the last was not answered'],
    ['ok late late late cut', 'failed', 'and now it was refused'],
    ['ok bad', 'failed', 'what the endpoint says decides at once'],
    ['ok leave', 'failed excluded', 'it takes itself out'],
    ['ok told', 'failed excluded', 'in an answer to a request as well'],
    ['ok told ok ok', '', 'and comes back'],
    ['slow', 'degraded', 'it passes, and asks to be picked last'],
    ['slow ok', '', 'no longer'],
    ['slow cut', 'degraded', 'a failure that only counts changes nothing'],
    ['slow bad ok ok', '', 'nothing is left of before'],
  ];
  for (const [outcomes, expected, why] of table) t.equal(flags(run(outcomes).state), expected, `${outcomes}: ${why}`);
  t.end();
});

t.test('a change is told once, and steps towards a threshold are told from rest', (t) => {
  t.same(run('ok ok').changes, ['changed', 'unchanged']);
  t.same(run('cut cut').changes, ['unchanged', 'unchanged']);
  t.same(run('ok cut cut cut cut').changes, ['changed', 'pending', 'pending', 'changed', 'unchanged']);
  t.same(run('bad ok ok').changes, ['unchanged', 'pending', 'changed']);
  t.same(run('ok slow slow ok').changes, ['changed', 'changed', 'unchanged', 'changed']);
  t.same(run('cut', newCheckState(true, false)).changes, ['changed'], 'it is counted from now on');
  t.equal(flags(newCheckState(true, false)), 'failed pending');
  t.equal(flags(newCheckState(true, true)), '', 'who has served goes on');
  t.equal(flags(run('cut', newCheckState(false, true)).state), '', 'until the threshold');
  t.end();
});

t.test(
  'whatever happens, only enough failures in a row take an endpoint out, and only enough successes bring it back',
  (t) => {
    const names = fc.array(fc.constantFrom('ok', 'slow', 'cut', 'late', 'retriable'), { maxLength: 40 });
    const property = fc.property(
      names,
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 4 }),
      (all, bad, good) => {
        const thresholds = { unhealthyThreshold: bad, healthyThreshold: good };
        let state = newCheckState(false, false);
        let row = 0;
        let last = '';
        for (const [i, name] of all.entries()) {
          const kind = name === 'ok' || name === 'slow' ? 'success' : 'failure';
          row = kind === last ? row + 1 : 1;
          last = kind;
          const before = state;
          ({ state } = nextCheckState(state, OUTCOMES[name]!, thresholds));
          if (state.failed === before.failed) {
            // It would have had to change.
            if (kind === 'failure' && !state.failed && row >= bad) return false;
            if (kind === 'success' && state.failed && (row >= good || i === 0)) return false;
          } else if (state.failed ? row < bad : row < good && i > 0) return false;
          if (state.timedOut && !state.failed) return false;
        }
        return true;
      },
    );
    fc.assert(property);
    t.end();
  },
);

t.test(
  'discovery, checks and ejection make one standing, and who leaves on purpose is gone whatever the others say',
  (t) => {
    const [passed, failed, degraded] = [
      { failed: false, degraded: false },
      { failed: true, degraded: false },
      { failed: false, degraded: true },
    ];
    const table: readonly (readonly [EndpointHealth, typeof passed | null, boolean, Standing])[] = [
      ['unknown', null, false, 'in'],
      ['healthy', passed!, false, 'in'],
      ['healthy', failed!, false, 'out'],
      ['healthy', passed!, true, 'out'],
      ['healthy', degraded!, false, 'degraded'],
      ['degraded', passed!, false, 'degraded'],
      ['degraded', failed!, false, 'out'],
      ['unhealthy', passed!, false, 'out'],
      ['timeout', passed!, false, 'out'],
      ['suspect', null, false, 'degraded'],
      ['suspect', null, true, 'out'],
      ['suspect', passed!, false, 'in'],
    ];
    for (const [health, checked, ejected, expected] of table)
      t.equal(
        standingOf(health, checked ?? null, ejected),
        expected,
        `${health} ${JSON.stringify(checked)} ${ejected}`,
      );
    for (const checked of [null, passed!, failed!, degraded!])
      for (const ejected of [true, false]) t.equal(standingOf('draining', checked, ejected), 'gone');
    t.end();
  },
);

const TIMES = {
  timeoutMs: 100,
  intervalMs: 1_000,
  initialJitterMs: 0,
  intervalJitterMs: 0,
  intervalJitterPercent: 0,
  noTrafficIntervalMs: 60_000,
  noTrafficHealthyIntervalMs: 30_000,
  unhealthyIntervalMs: 500,
  unhealthyEdgeIntervalMs: 200,
  healthyEdgeIntervalMs: 300,
};

t.test('the interval depends on what was found, on thresholds under way, and on traffic', (t) => {
  const still = new ScriptedRandom(0);
  const after = (used: boolean, succeeded: boolean, change: 'unchanged' | 'pending' | 'changed') =>
    nextCheckMs(TIMES, used, succeeded, change, still);
  t.equal(after(true, true, 'unchanged'), 1_000);
  t.equal(after(true, true, 'changed'), 1_000);
  t.equal(after(true, true, 'pending'), 300);
  t.equal(after(true, false, 'unchanged'), 500);
  t.equal(after(true, false, 'pending'), 200);
  t.equal(after(false, true, 'unchanged'), 30_000);
  t.equal(after(false, true, 'pending'), 60_000);
  t.equal(after(false, false, 'unchanged'), 60_000);
  const jitter = { ...TIMES, intervalJitterPercent: 10, intervalJitterMs: 50 };
  t.equal(nextCheckMs(jitter, true, true, 'unchanged', new ScriptedRandom(0.5)), 1_075);
  t.equal(nextCheckMs({ ...TIMES, intervalMs: 0 }, true, true, 'unchanged', still), 1, 'it never becomes a busy loop');
  t.end();
});

t.test('the parts of an answer are looked for in their order, in as much of it as is kept', (t) => {
  const parts = ['one', 'two'];
  const feed = (matcher: PayloadMatcher, text: string) => matcher.feed(Buffer.from(text), 0, text.length);
  const matcher = new PayloadMatcher(parts, 16);
  t.ok(feed(matcher, 'xxo'));
  t.notOk(matcher.matches);
  t.ok(feed(matcher, 'ne..two'));
  t.ok(matcher.matches, 'they may come in pieces, with others between them');
  t.notOk(feed(matcher, 'much too long'), 'more than is kept');
  matcher.reset();
  feed(matcher, 'two one');
  t.notOk(matcher.matches, 'the order counts');
  t.ok(new PayloadMatcher([], 0).matches);
  t.end();
});

t.test('the messages of grpc.health.v1 are read as protobuf wants it', (t) => {
  t.equal(encodeCheckRequest('').toString('hex'), '0000000000');
  t.equal(encodeCheckRequest('ab').toString('hex'), '00000000040a026162');
  t.equal(encodeCheckRequest('x'.repeat(200)).subarray(0, 8).toString('hex'), '00000000cb0ac801');
  const status = (hex: string) => decodeServingStatus(Buffer.from(hex, 'hex'));
  t.equal(status('00000000020801'), 1);
  t.equal(status('00000000020802'), 2);
  t.equal(status('0000000000'), 0, 'UNKNOWN is left out');
  t.equal(status('000000000712016118010801'), 1, 'other fields are passed over');
  t.equal(status('000000000812016118010801'), -1, 'a length that is wrong');
  for (const broken of ['', '00', '0100000002080a', '00000000020a05', '000000000108', '000000000107'])
    t.equal(status(broken), -1, broken);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => Number.isInteger(decodeServingStatus(Buffer.from(bytes)))),
  );
  t.end();
});

t.test('headers of checks are added, replaced or removed as their action says', (t) => {
  const own = ['user-agent: Outrider/HC'];
  const one = (name: string, value: string, action: string) => ({ name, value, action });
  t.equal(withHeaders(own, []), 'user-agent: Outrider/HC\r\n');
  t.equal(withHeaders(own, [], ['user-agent']), '');
  t.equal(withHeaders(own, [one('X-A', '1', 'append')]), 'user-agent: Outrider/HC\r\nx-a: 1\r\n');
  t.equal(withHeaders(own, [one('User-Agent', 'me', 'overwrite')]), 'user-agent: me\r\n');
  t.equal(withHeaders(own, [one('user-agent', 'me', 'add-if-absent')]), 'user-agent: Outrider/HC\r\n');
  t.equal(withHeaders([], [one('x-a', '1', 'overwrite-if-exists')]), '');
  t.end();
});

class FakeProbe implements Probe {
  owner: ProbeOwner | null = null;
  begun = 0;
  aborted = 0;
  closed = false;
  begin(owner: ProbeOwner): void {
    this.begun++;
    this.owner = owner;
  }
  abort(): void {
    this.aborted++;
    this.owner = null;
  }
  close(): void {
    this.closed = true;
  }
}

const CONFIG: HealthCheckConfig = {
  ...TIMES,
  ...THRESHOLDS,
  probe: { kind: 'tcp', send: '', receive: [] },
  altPort: null,
  reuseConnection: true,
  alpnProtocols: [],
};

function checking(change: Partial<HealthCheckConfig> = {}) {
  const clock = new FakeClock();
  const timers = new FakeTimers(clock);
  const loop = new Loop(clock, new TimerWheel(clock, timers), seededRandom());
  const holder = fakeCluster(cluster('a', []), loop);
  holder.setEndpoints(endpointSet('a', [endpoint(1)]));
  const [one] = holder.endpoints;
  const stats = new HealthCheckStats();
  const heard: string[] = [];
  const group = {
    loop,
    config: { ...CONFIG, ...change },
    stats,
    used: true,
    onChecked: (_: unknown, __: unknown, how: string) => heard.push(how),
  };
  const probe = new FakeProbe();
  const check = new EndpointCheck(group, one!, probe, newCheckState(false, false));
  return { check, probe, stats, heard, clock, timers, endpoint: one! };
}

t.test('one check at a time, each with its time, and the next one after the interval', (t) => {
  const { check, probe, stats, heard, clock, endpoint: one } = checking();
  check.start();
  t.equal(probe.begun, 1, 'the first one comes at once');
  t.notOk(one.available);
  clock.advance({ ms: 50 });
  probe.owner?.onProbed(OUTCOMES.ok!);
  t.ok(one.available);
  clock.advance({ ms: 990 });
  t.equal(probe.begun, 1);
  clock.advance({ ms: 30 });
  t.equal(probe.begun, 2);
  clock.advance({ ms: 120 });
  t.equal(probe.aborted, 1, 'it hung');
  t.ok(one.available, 'one is not enough');
  clock.advance({ ms: 200 + 120 + 200 + 120 });
  t.equal(probe.begun, 4, 'while failures are counted, checks are closer together');
  t.notOk(one.available);
  t.same(heard, ['changed', 'pending', 'pending', 'changed']);
  t.match(stats, { attempt: 4, success: 1, failure: 3, networkFailure: 3, passiveFailure: 0 });
  t.end();
});

t.test('an endpoint that takes itself out is checked when it would have been checked', (t) => {
  const { check, probe, stats, clock, endpoint: one } = checking();
  check.start();
  probe.owner?.onProbed(OUTCOMES.ok!);
  clock.advance({ ms: 500 });
  check.failNow();
  t.notOk(one.available);
  t.ok(one.excluded);
  t.match(stats, { failure: 1, passiveFailure: 1, networkFailure: 0 });
  clock.advance({ ms: 520 });
  t.equal(probe.begun, 2);
  t.end();
});

t.test('the first check waits for its jitter, and nothing is left behind at the end', (t) => {
  const { check, probe, clock, timers } = checking({ initialJitterMs: 10_000 });
  check.start();
  t.equal(probe.begun, 0);
  for (let i = 0; i < 201 && probe.begun === 0; i++) clock.advance({ ms: 50 });
  t.equal(probe.begun, 1);
  check.close();
  t.ok(probe.closed);
  clock.advance({ seconds: 600 });
  t.equal(probe.begun, 1);
  t.equal(timers.pending, 0);
  t.end();
});
