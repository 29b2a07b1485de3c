import fc from 'fast-check';
import t, { type Test } from 'tap';
import { TimerWheel } from '../../../kernel/timer-wheel.ts';
import { cluster, endpoint, endpointSet } from '../../../test/fakes/config-builders.ts';
import { FakeClock } from '../../../test/fakes/fake-clock.ts';
import { fakeCluster } from '../../../test/fakes/fake-cluster.ts';
import { seededRandom } from '../../../test/fakes/fake-random.ts';
import { FakeTimers } from '../../../test/fakes/fake-timers.ts';
import type { ClusterConfig } from '../../config/model/cluster.ts';
import { NO_CLUSTER_POLICY } from '../../config/model/policy.ts';
import { Loop } from '../../net/loop.ts';
import { EndpointLatency, FLOOR_MS, type PeakEwmaConfig } from '../endpoint-latency.ts';
import { PLAIN_PICK } from './picker.ts';

const POLICY: PeakEwmaConfig = {
  kind: 'peak-ewma',
  decayMs: 10_000,
  initialLatencyMs: 30,
  overloadPenaltyMs: 5_000,
  maxOverloadPenaltyMs: 300_000,
};

function measured() {
  const loop = { nowMs: 1_000_000 };
  return { loop, latency: new EndpointLatency(POLICY, loop) };
}

/** A cluster of these weights, and a simulated day of it: `takes` says how long an endpoint takes for one request. */
function setUp(weights: readonly number[], change: Partial<ClusterConfig> = {}) {
  const clock = new FakeClock();
  const loop = new Loop(clock, new TimerWheel(clock, new FakeTimers(clock)), seededRandom());
  const each = fakeCluster(cluster('a', [], { lbPolicy: POLICY, ...change }), loop);
  const set = endpointSet(
    'a',
    weights.map((weight, i) => endpoint(i + 1, { weight })),
  );
  each.setEndpoints(set);
  const inFlight: { endMs: number; end: () => void }[] = [];
  /** So many requests, one every `everyMs`; gives how many each endpoint got. */
  const drive = (requests: number, everyMs: number, takes: (host: number) => number) => {
    const counts = weights.map(() => 0);
    for (let i = 0; i < requests; i++) {
      clock.advance({ ms: everyMs });
      const nowMs = loop.refresh();
      for (const due of inFlight.filter(({ endMs }) => endMs <= nowMs)) {
        inFlight.splice(inFlight.indexOf(due), 1);
        due.end();
      }
      const one = each.pick(PLAIN_PICK)!;
      const host = each.endpoints.indexOf(one);
      const latency = one.latency!;
      counts[host]!++;
      one.active++;
      latency.begin();
      const tookMs = takes(host);
      inFlight.push({
        endMs: nowMs + tookMs,
        end: () => {
          one.active--;
          latency.answered(nowMs);
          latency.observe(tookMs, true);
        },
      });
    }
    return counts;
  };
  return { cluster: each, loop, clock, set, drive };
}

/** Whether every count is its percentage of all, give or take. */
function near(t: Test, counts: readonly number[], percents: readonly number[], give: number): void {
  const total = counts.reduce((sum, each) => sum + each, 0);
  for (const [i, percent] of percents.entries()) {
    const is = (100 * counts[i]!) / total;
    t.ok(Math.abs(is - percent) <= give, `endpoint ${i + 1} got ${is.toFixed(1)} % where ${percent} % is due`);
  }
}

t.test('a latency above the mean replaces it at once, one below moves it by the time that has passed', (t) => {
  const { loop, latency } = measured();
  latency.observe(20, true);
  latency.observe(50, true);
  t.equal(latency.estimateMs, 50);
  latency.observe(10, true);
  t.equal(latency.estimateMs, 50, 'no time has passed');
  loop.nowMs += 10_000;
  t.ok(Math.abs(latency.estimateMs - 50 / Math.E) < 1e-6, 'it decays while nothing is heard');
  latency.observe(10, true);
  t.ok(Math.abs(latency.estimateMs - (50 / Math.E + 10 * (1 - 1 / Math.E))) < 1e-6);
  t.end();
});

t.test('an endpoint of which nothing is known is worth one try, and the assumed latency meanwhile', (t) => {
  const { loop, latency } = measured();
  t.equal(latency.estimateMs, FLOOR_MS);
  latency.begin();
  t.equal(latency.estimateMs, 30);
  loop.nowMs += 12;
  latency.answered(loop.nowMs - 12);
  latency.observe(12, true);
  t.equal(latency.estimateMs, 12, 'the first answer is taken as it is');
  latency.forget();
  t.equal(latency.estimateMs, FLOOR_MS);
  t.end();
});

t.test('what fails can look slow, but never fast', (t) => {
  const { latency } = measured();
  latency.observe(40, true);
  latency.observe(1, false);
  t.equal(latency.estimateMs, 40);
  latency.observe(90, false);
  t.equal(latency.estimateMs, 90);
  t.end();
});

t.test('those that wait longer than the mean count before they are answered', (t) => {
  const { loop, latency } = measured();
  latency.observe(5, true);
  latency.begin();
  const firstMs = loop.nowMs;
  loop.nowMs += 100;
  latency.begin();
  loop.nowMs += 100;
  t.equal(latency.estimateMs, 150, 'their mean age');
  latency.answered(firstMs);
  t.equal(latency.estimateMs, 100);
  latency.gaveUp(loop.nowMs - 100);
  t.equal(latency.estimateMs, 100, 'who was given up is remembered');
  t.end();
});

t.test('an overload is over after the penalty, or when the endpoint said, within the limit', (t) => {
  for (const [asked, ms] of [
    [null, 5_000],
    [2_000, 2_000],
    [900_000, 300_000],
  ] as const) {
    const { loop, latency } = measured();
    latency.avoid(asked);
    latency.avoid(0);
    loop.nowMs += ms - 1;
    t.ok(latency.overloaded);
    loop.nowMs += 1;
    t.notOk(latency.overloaded);
  }
  t.end();
});

t.test('endpoints that are alike get alike', (t) => {
  const { drive } = setUp([1, 1, 1, 1]);
  near(
    t,
    drive(8_000, 2, () => 20),
    [25, 25, 25, 25],
    3,
  );
  t.end();
});

t.test('a slow endpoint gets little, of two as of three, and its share again when it has recovered', (t) => {
  for (const hosts of [2, 3]) {
    const { drive } = setUp(Array.from({ length: hosts }, () => 1));
    const sick = drive(3_000, 10, (host) => (host === 0 ? 500 : 10));
    t.ok(sick[0]! < 60, `${sick[0]} of 3,000 while it is 50 times as slow`);
    drive(6_000, 10, () => 10);
    const well = drive(3_000, 10, () => 10);
    t.ok(well[0]! > 3_000 / hosts / 2, `${well[0]} of 3,000 when it is well`);
  }
  t.end();
});

t.test('an endpoint that hangs is left before anybody has given up on it', (t) => {
  const { drive } = setUp([1, 1, 1]);
  drive(300, 10, () => 10);
  const [hanging] = drive(1_000, 10, (host) => (host === 0 ? 1e9 : 10));
  t.ok(hanging! <= 3, `${hanging} of 1,000`);
  t.end();
});

t.test('weights are kept while little is asked, and under load', (t) => {
  near(
    t,
    setUp([1, 3]).drive(6_000, 50, () => 10),
    [25, 75],
    4,
  );
  near(
    t,
    setUp([1, 3]).drive(6_000, 1, () => 40),
    [25, 75],
    4,
  );
  near(
    t,
    setUp([100, 200, 700]).drive(6_000, 1, () => 40),
    [10, 20, 70],
    4,
  );
  const [heavy] = setUp([3, 1, 1]).drive(3_000, 20, (host) => (host === 0 ? 500 : 10));
  t.ok(heavy! < 300, `${heavy} of 3,000: its weight does not save the slow one`);
  t.end();
});

t.test('who is overloaded comes last, and everybody is overloaded together', (t) => {
  const { cluster: each, drive, clock, loop } = setUp([1, 1, 1, 1]);
  const [a, b, c, d] = each.endpoints;
  for (const one of [a, b, c]) one!.latency!.avoid(null);
  t.same(
    drive(40, 1, () => 1),
    [0, 0, 0, 40],
  );
  d!.latency!.avoid(null);
  t.ok(drive(40, 1, () => 1).every((count) => count > 0));
  clock.advance({ ms: 5_001 });
  loop.refresh();
  near(
    t,
    drive(2_000, 4, () => 4),
    [25, 25, 25, 25],
    8,
  );
  const weighted = setUp([5, 1]);
  weighted.cluster.endpoints[0]!.latency!.avoid(null);
  t.same(
    weighted.drive(50, 1, () => 1),
    [0, 50],
  );
  t.end();
});

t.test('a new endpoint starts slowly, and is grown up after its time or after so many successes', (t) => {
  const slowStart = { windowMs: 30_000, aggression: 1, minWeightPercent: 10 };
  const join = (policy: ClusterConfig['policy']) => {
    const all = setUp([1, 1], { slowStart, policy });
    all.drive(400, 100, () => 20);
    all.cluster.setEndpoints(endpointSet('a', [endpoint(1), endpoint(2), endpoint(3)]));
    return all;
  };
  const { cluster: each, loop } = join({ ...NO_CLUSTER_POLICY, slowStartSuccesses: 50 });
  const counts = new Map<number, number>();
  const pick = (requests: number) => {
    counts.clear();
    for (let i = 0; i < requests; i++) {
      const { port } = each.pick(PLAIN_PICK)!.config.address;
      counts.set(port, (counts.get(port) ?? 0) + 1);
    }
    return counts.get(3) ?? 0;
  };
  for (const one of each.endpoints) {
    one.active = 0;
    one.latency!.forget();
    one.latency!.observe(20, true);
  }
  const young = pick(3_000);
  t.ok(young > 50 && young < 300, `${young} of 3,000`);
  const [, , third] = each.endpoints;
  for (let i = 0; i < 50; i++) {
    third!.rqSuccess++;
    each.record(third!, 'success');
  }
  const grown = pick(3_000);
  t.ok(Math.abs(grown - 1_000) < 150, `${grown} of 3,000 after 50 successes`);
  loop.refresh();
  t.end();
});

t.test('somebody is always picked, from whatever is known', (t) => {
  const host = fc.record({
    weight: fc.integer({ min: 1, max: 128 }),
    active: fc.nat(1_000),
    latencyMs: fc.double({ min: 0, max: 1e7, noNaN: true }),
    overloaded: fc.boolean(),
  });
  const property = fc.property(fc.array(host, { minLength: 1, maxLength: 6 }), (hosts) => {
    const { cluster: each } = setUp(hosts.map(({ weight }) => weight));
    for (const [i, { active, latencyMs, overloaded }] of hosts.entries()) {
      const one = each.endpoints[i]!;
      one.active = active;
      one.latency!.observe(latencyMs, true);
      if (overloaded) one.latency!.avoid(null);
    }
    const free = hosts.some(({ overloaded }) => !overloaded);
    for (let i = 0; i < 20; i++) {
      const picked = each.pick(PLAIN_PICK);
      if (picked === null || (free && picked.latency!.overloaded)) return false;
    }
    return true;
  });
  fc.assert(property, { numRuns: 200 });
  t.end();
});

t.test('only clusters with this policy measure, and what was measured survives a push', (t) => {
  const { cluster: each, set } = setUp([1, 1]);
  each.endpoints[0]!.latency!.observe(70, true);
  each.update(cluster('a', [], { lbPolicy: { ...POLICY, decayMs: 5_000 } }));
  each.setEndpoints(set);
  t.equal(each.endpoints[0]!.latency!.estimateMs, 70);
  each.update(cluster('a', []));
  t.equal(each.endpoints[0]!.latency, null);
  t.end();
});
