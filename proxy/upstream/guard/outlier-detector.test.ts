import fc from 'fast-check';
import t from 'tap';
import { TimerWheel } from '../../../kernel/timer-wheel.ts';
import { cluster, endpoint, endpointSet } from '../../../test/fakes/config-builders.ts';
import { FakeClock } from '../../../test/fakes/fake-clock.ts';
import { fakeCluster } from '../../../test/fakes/fake-cluster.ts';
import { seededRandom } from '../../../test/fakes/fake-random.ts';
import { FakeTimers } from '../../../test/fakes/fake-timers.ts';
import type { OutlierConfig } from '../../config/model/cluster.ts';
import { type EjectionConfig, NO_CLUSTER_POLICY } from '../../config/model/policy.ts';
import { Loop } from '../../net/loop.ts';
import { PLAIN_PICK } from '../picker/picker.ts';
import { ejectionMs, mayLastLonger } from './ejection-time.ts';
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

function setUp(hosts: number, change: Partial<OutlierConfig> = {}, beyond: Partial<EjectionConfig> = {}) {
  const clock = new FakeClock();
  const timers = new FakeTimers(clock);
  const loop = new Loop(clock, new TimerWheel(clock, timers), seededRandom());
  const policy = { ...NO_CLUSTER_POLICY, ejection: { ...NO_CLUSTER_POLICY.ejection, ...beyond } };
  const each = fakeCluster(cluster('a', [], { outlier: { ...CONFIG, ...change }, policy }), loop);
  const all = Array.from({ length: hosts }, (_, i) => endpoint(i + 1));
  each.setEndpoints(endpointSet('a', all));
  const record = (host: number, outcome: Outcome, count = 1) => {
    loop.refresh();
    for (let i = 0; i < count; i++) each.record(each.endpoints[host]!, outcome);
  };
  /** Where a request goes, and what comes of it by `outcomeOf`, or null when nothing does. */
  const request = (outcomeOf: (host: number) => Outcome | null) => {
    loop.refresh();
    const one = each.pick(PLAIN_PICK)!;
    const host = each.endpoints.indexOf(one);
    const probe = each.begin(one);
    const outcome = outcomeOf(host);
    if (outcome !== null) each.record(one, outcome, probe);
    else if (probe) each.probeLost(one);
    return host;
  };
  const ejected = () => each.endpoints.flatMap((one, i) => (one.ejected ? [i] : []));
  const advance = (ms: number) => {
    clock.advance({ ms });
    loop.refresh();
  };
  return { cluster: each, record, request, ejected, advance, timers };
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
  const reached = setUp(4, { splitExternalLocalOriginErrors: true });
  for (let i = 0; i < 5; i++) {
    reached.cluster.reached(reached.cluster.endpoints[2]!);
    reached.record(2, 'timeout');
  }
  t.same(reached.ejected(), [], 'an endpoint that was reached has no failures on the way in a row, as in Envoy');
  reached.record(2, 'success');
  reached.record(2, 'timeout', 2);
  t.same(reached.ejected(), [2], 'an answer says nothing of the way');
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

t.test('what the share forbids is counted as such even where nothing is enforced', (t) => {
  const { record, cluster: each } = setUp(4, {
    enforcingConsecutive5xx: 0,
    maxEjectionPercent: 10,
    alwaysEjectOneHost: false,
  });
  record(0, 'server-error', 5);
  t.equal(each.stats.ejectionsOverflow, 1);
  t.end();
});

t.test('the last endpoint in rotation is kept, whatever the share', (t) => {
  const { record, ejected, cluster: each } = setUp(2, { maxEjectionPercent: 100 }, { keepLast: true });
  record(0, 'server-error', 5);
  record(1, 'server-error', 50);
  t.same(ejected(), [0]);
  t.equal(each.stats.ejectionsKeptLast, 10);
  t.equal(each.stats.ejectionsOverflow, 0);
  const picked = new Set(Array.from({ length: 20 }, () => each.pick(PLAIN_PICK)!.config.address.port));
  t.same([...picked], [2]);
  const without = setUp(2, { maxEjectionPercent: 100 });
  for (const host of [0, 1]) without.record(host, 'server-error', 5);
  t.same(without.ejected(), [0, 1]);
  t.end();
});

t.test('an endpoint that is unhealthy anyway does not count as the other one', (t) => {
  const { record, ejected, cluster: each } = setUp(2, {}, { keepLast: true });
  each.setEndpoints(endpointSet('a', [endpoint(1), endpoint(2, { health: 'unhealthy' })]));
  record(0, 'server-error', 5);
  t.same(ejected(), []);
  t.end();
});

t.test('times grow by the base, or double, up to the maximum, and the count stops where they do', (t) => {
  const config = { baseEjectionTimeMs: 1_000, maxEjectionTimeMs: 6_000 };
  const times = [1, 2, 3, 4, 9];
  t.same(
    times.map((each) => ejectionMs(config, false, each)),
    [1_000, 2_000, 3_000, 4_000, 6_000],
  );
  t.same(
    times.map((each) => ejectionMs(config, true, each)),
    [1_000, 2_000, 4_000, 6_000, 6_000],
  );
  t.same(
    [0, 1, 3, 4].map((each) => mayLastLonger(config, true, each)),
    [true, true, true, false],
  );
  t.equal(ejectionMs({ baseEjectionTimeMs: 9_000, maxEjectionTimeMs: 6_000 }, true, 2), 9_000, 'never below the base');
  t.end();
});

const PROBED: EjectionConfig = { keepLast: true, exponential: true, probe: true };

t.test('when its time is over an endpoint gets one request, and only its success brings it back', (t) => {
  const { record, request, ejected, advance, cluster: each } = setUp(3, { baseEjectionTimeMs: 1_500 }, PROBED);
  const { stats } = each;
  record(0, 'server-error', 5);
  advance(1_400);
  t.same(ejected(), [0]);
  advance(200);
  t.same(ejected(), [], 'to the millisecond, not to the interval');
  t.equal(stats.ejectionsActive, 1, 'on probation');
  // The probe is still under way when others are picked, and what began before the ejection ends well.
  const first = Array.from({ length: 3 }, () => request(() => null)).indexOf(0);
  t.ok(first >= 0, 'it is picked');
  t.equal(stats.probes, 1);
  t.same(ejected(), [0], 'a probe without an outcome has shown nothing');
  advance(1_600);
  while (request((host) => (host === 0 ? 'gateway-error' : 'success')) !== 0);
  t.same([ejected(), stats.probesFailed], [[0], 1]);
  record(0, 'success');
  t.same(ejected(), [0], 'the success of another request is no probe');
  advance(2_900);
  t.same(ejected(), [0], 'twice as long');
  advance(200);
  for (let i = 0; i < 6; i++) request(() => 'success');
  t.same([ejected(), stats.ejectionsActive, stats.probes], [[], 0, 3]);
  t.equal(stats.ejectionsEnforcedTotal, 1, 'a failed probe prolongs, it is no ejection of its own');
  t.end();
});

t.test('while a probe is under way nobody else gets that endpoint', (t) => {
  const { record, ejected, advance, cluster: each } = setUp(3, {}, PROBED);
  record(0, 'server-error', 5);
  advance(10_100);
  const [one] = each.endpoints;
  t.ok(each.begin(one!));
  t.notOk(each.begin(one!), 'only one is the probe');
  t.same(ejected(), [0]);
  const picked = new Set(Array.from({ length: 20 }, () => each.pick(PLAIN_PICK)!));
  t.notOk(picked.has(one!));
  each.record(one!, 'success', true);
  t.same(ejected(), []);
  t.end();
});

t.test('with probes, whatever happens: one stays, the counts are right, and who is well comes back', (t) => {
  const event = fc.record({
    sick: fc.integer({ min: 0, max: 7 }),
    requests: fc.integer({ min: 0, max: 30 }),
    lost: fc.boolean(),
    ms: fc.constantFrom(0, 300, 1_000, 5_000),
  });
  const property = fc.property(fc.array(event, { maxLength: 30 }), (events) => {
    const { request, ejected, advance, cluster: each } = setUp(3, { maxEjectionPercent: 100 }, PROBED);
    for (const { sick, requests, lost, ms } of events) {
      for (let i = 0; i < requests; i++) {
        const failed = lost ? null : 'gateway-error';
        request((host) => ((sick >> host) & 1 ? failed : 'success'));
        const out = each.endpoints.filter((one) => one.outlier !== null && one.outlier.phase !== 'in').length;
        if (out !== each.stats.ejectionsActive || out > 2 || ejected().length > out) return false;
      }
      advance(ms);
    }
    advance(60_000);
    for (let i = 0; i < 40; i++) request(() => 'success');
    return each.stats.ejectionsActive === 0 && ejected().length === 0;
  });
  fc.assert(property, { numRuns: 200 });
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
