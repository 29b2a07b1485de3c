import fc from 'fast-check';
import t from 'tap';
import { TimerWheel } from '../../../kernel/timer-wheel.ts';
import { cluster, endpoint, endpointSet } from '../../../test/fakes/config-builders.ts';
import { FakeClock } from '../../../test/fakes/fake-clock.ts';
import { fakeCluster } from '../../../test/fakes/fake-cluster.ts';
import { ScriptedRandom, seededRandom } from '../../../test/fakes/fake-random.ts';
import { FakeTimers } from '../../../test/fakes/fake-timers.ts';
import type { LbPolicyConfig } from '../../config/model/cluster.ts';
import { Loop } from '../../net/loop.ts';
import { ClusterStats } from '../cluster-stats.ts';
import type { Endpoint } from '../endpoint.ts';
import { createPicker } from './create-picker.ts';
import { type Picker, PLAIN_PICK } from './picker.ts';
import { PickerMemory } from './picker-memory.ts';
import { RoundRobinPicker } from './round-robin.ts';

/** Endpoints with these weights; port `i + 1` has weight `i`. */
function endpoints(...weights: readonly number[]): readonly Endpoint[] {
  const clock = new FakeClock();
  const loop = new Loop(clock, new TimerWheel(clock, new FakeTimers(clock)), seededRandom());
  const each = fakeCluster(cluster('a', []), loop);
  each.setEndpoints(
    endpointSet(
      'a',
      weights.map((weight, i) => endpoint(i + 1, { weight })),
    ),
  );
  return each.endpoints;
}

const ports = (picker: Picker, count: number) =>
  Array.from({ length: count }, () => picker.pick(PLAIN_PICK)!.config.address.port);

function shares(picker: Picker, count: number): Map<number, number> {
  const counts = new Map<number, number>();
  for (const port of ports(picker, count)) counts.set(port, (counts.get(port) ?? 0) + 1);
  return counts;
}

/** The picker of a policy over these endpoints, all of which may be picked. */
function pickerOf(policy: LbPolicyConfig, endpoints: readonly Endpoint[]): Picker {
  const group = { endpoints, all: endpoints, weigh: null, placeWeigh: () => 1 };
  return createPicker(policy, group, { memory: new PickerMemory(), stats: new ClusterStats(), random: seededRandom() });
}

const LEAST_REQUEST = { kind: 'least-request', choices: 2, activeRequestBias: 1 } as const;

t.test('round robin over equal weights is rotation from a random start', (t) => {
  const three = endpoints(1, 1, 1);
  t.same(ports(new RoundRobinPicker(three, new ScriptedRandom(0)), 7), [1, 2, 3, 1, 2, 3, 1]);
  const start = new ScriptedRandom(1 / 2 ** 32);
  t.same(ports(new RoundRobinPicker(three, start), 4), [2, 3, 1, 2]);
  t.end();
});

t.test('round robin over unequal weights is smooth: the heavy one is never picked in a row without need', (t) => {
  const picker = new RoundRobinPicker(endpoints(5, 1, 1), seededRandom());
  t.same(ports(picker, 14), [1, 1, 2, 1, 3, 1, 1, 1, 1, 2, 1, 3, 1, 1]);
  t.end();
});

t.test('one round of round robin gives everybody exactly its weight', (t) => {
  const property = fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 }), (weights) => {
    const total = weights.reduce((sum, each) => sum + each, 0);
    const equal = weights.every((each) => each === weights[0]);
    const counts = shares(new RoundRobinPicker(endpoints(...weights), seededRandom()), total);
    return weights.every((weight, i) => counts.get(i + 1) === (equal ? total / weights.length : weight));
  });
  fc.assert(property, { numRuns: 100 });
  t.end();
});

t.test('random and weighted least request pick in proportion to weights', (t) => {
  for (const policy of [{ kind: 'random' }, LEAST_REQUEST] as const satisfies readonly LbPolicyConfig[]) {
    const counts = shares(pickerOf(policy, endpoints(1, 3, 6)), 10_000);
    for (const [i, percent] of [10, 30, 60].entries()) {
      const count = counts.get(i + 1)!;
      t.ok(Math.abs(count - percent * 100) < 250, `${policy.kind}: ${count} for ${percent} %`);
    }
  }
  t.end();
});

t.test('least request takes the idler one of those it draws', (t) => {
  const two = endpoints(1, 1);
  two[0]!.active = 5;
  const counts = shares(pickerOf(LEAST_REQUEST, two), 1_000);
  t.ok(counts.get(1)! < 320, `the busy one only when it is drawn twice: ${counts.get(1)}`);
  const many = pickerOf({ ...LEAST_REQUEST, choices: 50 }, two);
  t.equal(shares(many, 1_000).get(1), undefined, 'with many choices never');
  t.end();
});

t.test('with unequal weights, requests in flight count against an endpoint', (t) => {
  const two = endpoints(1, 3);
  two[1]!.active = 2;
  const counts = shares(pickerOf(LEAST_REQUEST, two), 10_000);
  t.ok(Math.abs(counts.get(1)! - 5_000) < 250, `3 / (2 + 1) is as much as 1: ${counts.get(1)}`);
  t.end();
});

t.test('load is spread evenly when requests last', (t) => {
  const ten = endpoints(...Array.from({ length: 10 }, () => 1));
  const picker = pickerOf(LEAST_REQUEST, ten);
  for (let i = 0; i < 1_000; i++) picker.pick(PLAIN_PICK)!.active++;
  const busiest = Math.max(...ten.map((each) => each.active));
  t.ok(busiest <= 104, `power of two choices: ${busiest} where 100 is even`);
  t.end();
});

const POLICIES: readonly LbPolicyConfig[] = [
  { kind: 'round-robin' },
  { kind: 'random' },
  LEAST_REQUEST,
  { kind: 'ring-hash', minimumSize: 64, maximumSize: 1_024, useHostname: false, boundPercent: 0 },
  { kind: 'maglev', tableSize: 251, useHostname: false, boundPercent: 150 },
];

t.test('whoever has failed a request is not picked again while somebody else is left', (t) => {
  const request = fc.record({
    policy: fc.constantFrom(...POLICIES),
    weights: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 5 }),
    hash: fc.record({ hi: fc.integer({ min: 0, max: 2 ** 32 - 1 }), lo: fc.integer({ min: 0, max: 2 ** 32 - 1 }) }),
    hashed: fc.boolean(),
  });
  const property = fc.property(request, ({ policy, weights, hash, hashed }) => {
    const all = endpoints(...weights);
    const picker = pickerOf(policy, all);
    const tried: Endpoint[] = [];
    for (let i = 0; i < all.length; i++) {
      tried.push(picker.pick({ ...PLAIN_PICK, hash: hashed ? hash : null, tried: i === 0 ? null : tried })!);
    }
    const last = picker.pick({ ...PLAIN_PICK, hash: hashed ? hash : null, tried });
    return new Set(tried).size === all.length && last !== null;
  });
  fc.assert(property, { numRuns: 300 });
  t.end();
});

t.test('nobody is picked from nobody', (t) => {
  t.equal(pickerOf({ kind: 'round-robin' }, []).pick(PLAIN_PICK), null);
  t.end();
});
