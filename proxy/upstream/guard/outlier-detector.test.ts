import fc from 'fast-check';
import t from 'tap';
import { TimerWheel } from '../../../kernel/timer-wheel.ts';
import { cluster, endpoint, endpointSet } from '../../../test/fakes/config-builders.ts';
import { FakeClock } from '../../../test/fakes/fake-clock.ts';
import { fakeCluster } from '../../../test/fakes/fake-cluster.ts';
import { seededRandom } from '../../../test/fakes/fake-random.ts';
import { FakeTimers } from '../../../test/fakes/fake-timers.ts';
import type { OutlierConfig } from '../../config/model/cluster.ts';
import { Loop } from '../../net/loop.ts';
import { PLAIN_PICK } from '../picker/picker.ts';
import type { Outcome } from './outlier-detector.ts';

/** Consecutive failures only, always enforced. */
const CONFIG: OutlierConfig = {
  consecutive5xx: 5,
  enforcingConsecutive5xx: 100,
  consecutiveGatewayFailure: 0,
  enforcingConsecutiveGatewayFailure: 100,
  splitExternalLocalOriginErrors: false,
  consecutiveLocalOriginFailure: 3,
  enforcingConsecutiveLocalOriginFailure: 100,
  intervalMs: 1_000,
  baseEjectionTimeMs: 10_000,
  maxEjectionTimeMs: 25_000,
  maxEjectionTimeJitterMs: 0,
  maxEjectionPercent: 50,
  alwaysEjectOneHost: true,
  successRateMinimumHosts: 3,
  successRateRequestVolume: 10,
  successRateStdevFactor: 1_000,
  enforcingSuccessRate: 0,
  enforcingLocalOriginSuccessRate: 0,
  failurePercentageThreshold: 85,
  enforcingFailurePercentage: 0,
  enforcingFailurePercentageLocalOrigin: 0,
  failurePercentageMinimumHosts: 3,
  failurePercentageRequestVolume: 10,
  successfulActiveHealthCheckUnejects: true,
};

function setUp(hosts: number, change: Partial<OutlierConfig> = {}) {
  const clock = new FakeClock();
  const timers = new FakeTimers(clock);
  const loop = new Loop(clock, new TimerWheel(clock, timers), seededRandom());
  const each = fakeCluster(cluster('a', [], { outlier: { ...CONFIG, ...change } }), loop);
  const all = Array.from({ length: hosts }, (_, i) => endpoint(i + 1));
  each.setEndpoints(endpointSet('a', all));
  const record = (host: number, outcome: Outcome, count = 1) => {
    loop.refresh();
    for (let i = 0; i < count; i++) each.record(each.endpoints[host]!, outcome);
  };
  const ejected = () => each.endpoints.flatMap((one, i) => (one.ejected ? [i] : []));
  const advance = (ms: number) => {
    clock.advance({ ms });
    loop.refresh();
  };
  return { cluster: each, record, ejected, advance, timers };
}

t.test('so many failures in a row take an endpoint out, and any success starts the count anew', (t) => {
  const { record, ejected, cluster: each } = setUp(4);
  record(0, 'server-error', 4);
  record(0, 'success');
  record(0, 'server-error', 4);
  t.same(ejected(), []);
  record(0, 'gateway-error');
  t.same(ejected(), [0], 'a gateway error is a 5xx, too');
  t.equal(each.stats.ejectionsEnforcedConsecutive5xx, 1);
  const picked = new Set(Array.from({ length: 20 }, () => each.pick(PLAIN_PICK)!.config.address.port));
  t.notOk(picked.has(1), 'it is not picked');
  t.end();
});

t.test('gateway failures have a count of their own, which other errors interrupt', (t) => {
  const { record, ejected } = setUp(4, { consecutive5xx: 0, consecutiveGatewayFailure: 3 });
  record(0, 'gateway-error', 2);
  record(0, 'server-error');
  record(0, 'gateway-error', 2);
  t.same(ejected(), []);
  record(0, 'gateway-error');
  t.same(ejected(), [0]);
  t.end();
});

t.test('failures on the way are counted apart when that is configured', (t) => {
  const apart = setUp(4, { splitExternalLocalOriginErrors: true });
  apart.record(0, 'local-failure', 2);
  apart.record(0, 'server-error', 4);
  t.same(apart.ejected(), []);
  apart.record(1, 'timeout', 3);
  t.same(apart.ejected(), [1]);
  const together = setUp(4);
  together.record(0, 'local-failure', 3);
  together.record(0, 'server-error', 2);
  t.same(together.ejected(), [0]);
  t.end();
});

t.test('an ejection lasts longer each time, up to the maximum, and good behaviour shortens the next', (t) => {
  const { record, ejected, advance } = setUp(4);
  const lasts = () => {
    record(0, 'server-error', 5);
    t.same(ejected(), [0]);
    let seconds = 0;
    for (; ejected().length > 0; seconds++) advance(1_000);
    return seconds;
  };
  const first = lasts();
  const second = lasts();
  const third = lasts();
  // Return is looked at once per interval.
  t.ok(
    Math.abs(first - 10) <= 1 && Math.abs(second - 20) <= 1 && Math.abs(third - 25) <= 1,
    `${[first, second, third]}`,
  );
  advance(10_000);
  t.ok(Math.abs(lasts() - 10) <= 1, 'forgiven');
  t.end();
});

t.test('at most the configured share is out at once, but one may always be', (t) => {
  const half = setUp(5, { maxEjectionPercent: 50 });
  for (let host = 0; host < 5; host++) half.record(host, 'server-error', 5);
  t.same(half.ejected(), [0, 1]);
  t.equal(half.cluster.stats.ejectionsOverflow, 3);
  const one = setUp(5, { maxEjectionPercent: 10 });
  for (let host = 0; host < 5; host++) one.record(host, 'server-error', 5);
  t.same(one.ejected(), [0]);
  const none = setUp(5, { maxEjectionPercent: 10, alwaysEjectOneHost: false });
  none.record(0, 'server-error', 5);
  t.same(none.ejected(), []);
  t.end();
});

t.test('what is not enforced is only counted', (t) => {
  const { record, ejected, cluster: each } = setUp(4, { enforcingConsecutive5xx: 0 });
  record(0, 'server-error', 5);
  t.same(ejected(), []);
  t.equal(each.stats.ejectionsDetectedConsecutive5xx, 1);
  t.equal(each.stats.ejectionsEnforcedTotal, 0);
  t.end();
});

t.test('an endpoint that succeeds less often than the others is taken out at the end of an interval', (t) => {
  const { record, ejected, advance } = setUp(4, { consecutive5xx: 0, enforcingSuccessRate: 100 });
  for (let host = 0; host < 4; host++) record(host, 'success', 20);
  record(3, 'server-error', 20);
  t.same(ejected(), []);
  advance(1_010);
  t.same(ejected(), [3]);
  t.end();
});

t.test('an endpoint that fails more than the threshold is taken out when enough was asked of enough of them', (t) => {
  const change = { consecutive5xx: 0, enforcingFailurePercentage: 100 };
  const { record, ejected, advance } = setUp(4, change);
  for (let host = 0; host < 4; host++) record(host, 'success', 2);
  record(3, 'server-error', 18);
  advance(1_010);
  t.same(ejected(), [], 'only one was asked enough');
  for (let host = 0; host < 4; host++) record(host, host === 3 ? 'server-error' : 'success', 10);
  advance(1_010);
  t.same(ejected(), [3]);
  t.end();
});

t.test('an endpoint that leaves takes its ejection along', (t) => {
  const { record, cluster: each } = setUp(4);
  record(0, 'server-error', 5);
  t.equal(each.stats.ejectionsActive, 1);
  each.setEndpoints(endpointSet('a', [endpoint(2), endpoint(3)]));
  t.equal(each.stats.ejectionsActive, 0);
  each.destroy();
  t.end();
});

t.test('whatever happens, the count of ejected endpoints is right, within its limit, and all come back', (t) => {
  const event = fc.record({
    host: fc.integer({ min: 0, max: 4 }),
    outcome: fc.constantFrom<Outcome>('success', 'server-error', 'gateway-error', 'timeout', 'local-failure'),
    count: fc.integer({ min: 1, max: 6 }),
    ms: fc.constantFrom(0, 0, 300, 5_000),
  });
  const property = fc.property(fc.array(event, { maxLength: 60 }), fc.boolean(), (events, split) => {
    const {
      record,
      ejected,
      advance,
      cluster: each,
    } = setUp(5, {
      consecutiveGatewayFailure: 3,
      splitExternalLocalOriginErrors: split,
      enforcingSuccessRate: 100,
      enforcingFailurePercentage: 100,
      maxEjectionPercent: 40,
    });
    for (const { host, outcome, count, ms } of events) {
      record(host, outcome, count);
      advance(ms);
      if (ejected().length !== each.stats.ejectionsActive || ejected().length > 2) return false;
      if (each.pick(PLAIN_PICK) === null) return false;
    }
    advance(120_000);
    return ejected().length === 0 && each.stats.ejectionsActive === 0;
  });
  fc.assert(property, { numRuns: 200 });
  t.end();
});
