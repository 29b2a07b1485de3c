import fc from 'fast-check';
import t from 'tap';
import { endpoint } from '../../../test/fakes/config-builders.ts';
import { FakeClock } from '../../../test/fakes/fake-clock.ts';
import { ScriptedRandom } from '../../../test/fakes/fake-random.ts';
import { ClusterStats } from '../cluster-stats.ts';
import type { Endpoint } from '../endpoint.ts';
import { type Picker, PLAIN_PICK } from './picker.ts';
import { type PriorityHealth, priorityLoads } from './priority-load.ts';
import { PriorityPicker } from './priority-picker.ts';
import { slowStartEndMs, slowStartWeights } from './slow-start.ts';

const group = (total: number, healthy: number, degraded = 0): PriorityHealth => ({ total, healthy, degraded });

/** `healthy/degraded`, with `!` in panic. */
function shares(priorities: readonly PriorityHealth[], factor = 140, threshold = 50): string[] {
  return priorityLoads(priorities, factor, threshold).map(
    ({ healthy, degraded, panic }) => `${healthy}/${degraded}${panic ? '!' : ''}`,
  );
}

t.test('a priority takes all traffic until too little of it is healthy, then the next gets the rest', (t) => {
  t.same(shares([group(4, 4), group(4, 4)]), ['100/0', '0/0']);
  t.same(shares([group(4, 3), group(4, 4)]), ['100/0', '0/0'], '75 % x 1.4 is enough');
  t.same(shares([group(2, 1), group(2, 2)]), ['70/0', '30/0']);
  t.same(shares([group(2, 1), group(2, 2)], 100), ['50/0', '50/0']);
  t.same(shares([group(2, 0), group(2, 2)]), ['0/0', '100/0']);
  t.end();
});

t.test('degraded endpoints get what healthy ones of all priorities cannot carry', (t) => {
  t.same(shares([group(4, 3, 1)]), ['100/0']);
  t.same(shares([group(4, 1, 3)]), ['35/65']);
  t.same(shares([group(4, 1, 3), group(4, 4)]), ['35/0', '65/0']);
  t.end();
});

t.test('below the threshold everybody is picked, unless the priorities together can carry all', (t) => {
  t.same(shares([group(4, 1)]), ['100/0!']);
  t.same(shares([group(4, 2)]), ['100/0'], 'the threshold itself is no panic');
  t.same(shares([group(4, 1), group(4, 4)]), ['35/0', '65/0']);
  t.same(shares([group(30, 1), group(10, 1)]), ['75/0!', '25/0!'], 'in panic everywhere: by the number of endpoints');
  t.same(shares([group(2, 0)], 140, 0), ['100/0'], 'without panic nobody is picked');
  t.same(shares([group(0, 0), group(2, 2)]), ['0/0', '100/0']);
  t.end();
});

t.test('shares always sum up to 100', (t) => {
  const health = fc
    .record({ healthy: fc.nat(20), degraded: fc.nat(20), other: fc.nat(20) })
    .map(({ healthy, degraded, other }) => group(healthy + degraded + other, healthy, degraded));
  const property = fc.property(
    fc.array(health, { minLength: 1, maxLength: 5 }),
    fc.integer({ min: 100, max: 300 }),
    fc.nat(100),
    (priorities, factor, threshold) => {
      const loads = priorityLoads(priorities, factor, threshold);
      return loads.reduce((sum, each) => sum + each.healthy + each.degraded, 0) === 100;
    },
  );
  fc.assert(property);
  t.end();
});

t.test('groups are drawn by their share, and picks in panic are counted', (t) => {
  const named = (name: string): Picker => ({ pick: () => ({ key: name }) as Endpoint });
  const stats = new ClusterStats();
  const two = new PriorityPicker(
    [
      { percent: 70, picker: named('first'), panic: false },
      { percent: 30, picker: named('second'), panic: true },
    ],
    stats,
    new ScriptedRandom(0, 0.69, 0.71, 0.99),
  );
  t.same(
    Array.from({ length: 4 }, () => two.pick(PLAIN_PICK)?.key),
    ['first', 'first', 'second', 'second'],
  );
  t.equal(stats.lbHealthyPanic, 2);
  t.end();
});

t.test('a hash draws its group for good, and a retry goes to another group when its own has nobody new', (t) => {
  const named = (name: string) => ({ key: name }) as Endpoint;
  const [first, second] = [named('first'), named('second')];
  const only = (each: Endpoint): Picker => ({ pick: () => each });
  const shares = [
    { percent: 70, picker: only(first), panic: false },
    { percent: 30, picker: only(second), panic: false },
  ];
  const picker = new PriorityPicker(shares, new ClusterStats(), new ScriptedRandom(0), true);
  const pick = (hi: number, lo: number) => picker.pick({ ...PLAIN_PICK, hash: { hi, lo } })?.key;
  t.equal(pick(0, 69), 'first');
  t.equal(pick(0, 70), 'second');
  t.equal(pick(1, 0), 'second', '2^32 modulo 100 is 96');
  t.equal(pick(1, 4), 'first');
  t.equal(picker.pick({ ...PLAIN_PICK, tried: [first] }), second);
  t.equal(picker.pick({ ...PLAIN_PICK, tried: [first, second] }), first);
  t.end();
});

t.test('a young endpoint grows into its weight over the window', (t) => {
  const clock = new FakeClock();
  const young = { config: endpoint(1, { weight: 100 }), addedMs: clock.nowMs() } as Endpoint;
  const weigh = slowStartWeights({ windowMs: 10_000, aggression: 1, minWeightPercent: 10 }, clock);
  t.equal(weigh(young), 10, 'the minimum');
  t.equal(slowStartEndMs([young], 10_000, clock.nowMs()), clock.nowMs() + 10_000);
  clock.advance({ ms: 5_000 });
  t.equal(weigh(young), 50);
  const quick = slowStartWeights({ windowMs: 10_000, aggression: 2, minWeightPercent: 10 }, clock);
  t.equal(Math.round(quick(young)), 71, 'aggression takes it up sooner');
  clock.advance({ ms: 5_000 });
  t.equal(weigh(young), 100);
  t.equal(slowStartEndMs([young], 10_000, clock.nowMs()), null);
  t.end();
});
