import fc from 'fast-check';
import t from 'tap';
import { endpoint } from '../../../../test/fakes/config-builders.ts';
import { seededRandom } from '../../../../test/fakes/fake-random.ts';
import type { HashingPolicyConfig } from '../../../config/model/cluster.ts';
import { ClusterStats } from '../../cluster-stats.ts';
import type { Endpoint } from '../../endpoint.ts';
import { type Picker, PLAIN_PICK } from '../picker.ts';
import { PickerMemory } from '../picker-memory.ts';
import { createHashingPicker } from './create-hashing-picker.ts';
import { TableCache } from './table-cache.ts';
import { utf8Bytes, XxHash64 } from './xx-hash.ts';

const MASK = (1n << 64n) - 1n;
const PRIMES = [
  0x9e3779b185ebca87n,
  0xc2b2ae3d27d4eb4fn,
  0x165667b19e3779f9n,
  0x85ebca77c2b2ae63n,
  0x27d4eb2f165667c5n,
] as const;

/** The algorithm as its description has it, in 64 bits. */
function slowHash(bytes: Uint8Array, seed: bigint): bigint {
  const [p1, p2, p3, p4, p5] = PRIMES;
  const view = Buffer.from(bytes);
  const rotate = (x: bigint, bits: bigint) => ((x << bits) | (x >> (64n - bits))) & MASK;
  const round = (lane: bigint, input: bigint) => (rotate((lane + input * p2) & MASK, 31n) * p1) & MASK;
  let at = 0;
  let hash = (seed + p5) & MASK;
  if (view.length >= 32) {
    let lanes = [seed + p1 + p2, seed + p2, seed, seed - p1].map((lane) => lane & MASK);
    for (; at + 32 <= view.length; at += 32) {
      lanes = lanes.map((lane, i) => round(lane, view.readBigUInt64LE(at + i * 8)));
    }
    hash = [1n, 7n, 12n, 18n].reduce((sum, bits, i) => (sum + rotate(lanes[i]!, bits)) & MASK, 0n);
    for (const lane of lanes) hash = ((hash ^ round(0n, lane)) * p1 + p4) & MASK;
  }
  hash = (hash + BigInt(view.length)) & MASK;
  for (; at + 8 <= view.length; at += 8)
    hash = (rotate(hash ^ round(0n, view.readBigUInt64LE(at)), 27n) * p1 + p4) & MASK;
  if (at + 4 <= view.length) {
    hash = (rotate(hash ^ ((BigInt(view.readUInt32LE(at)) * p1) & MASK), 23n) * p2 + p3) & MASK;
    at += 4;
  }
  for (; at < view.length; at++) hash = (rotate(hash ^ ((BigInt(view[at]!) * p5) & MASK), 11n) * p1) & MASK;
  hash = ((hash ^ (hash >> 33n)) * p2) & MASK;
  hash = ((hash ^ (hash >> 29n)) * p3) & MASK;
  return hash ^ (hash >> 32n);
}

t.test('xxHash64 is what its description says', (t) => {
  const hash = new XxHash64();
  const hex = (text: string) => {
    const { hi, lo } = hash.of(text);
    return hi.toString(16).padStart(8, '0') + lo.toString(16).padStart(8, '0');
  };
  t.equal(hex(''), 'ef46db3751d8e999');
  t.equal(hex('abc'), '44bc2cf5ad770999');
  const bytes = fc.uint8Array({ maxLength: 100 });
  const property = fc.property(bytes, fc.bigInt({ min: 0n, max: MASK }), (input, seed) => {
    const text = Buffer.from(input).toString('latin1');
    const { hi, lo } = hash.of(text, Number(seed >> 32n), Number(seed & 0xffffffffn));
    return ((BigInt(hi) << 32n) | BigInt(lo)) === slowHash(input, seed);
  });
  fc.assert(property, { numRuns: 300 });
  t.equal(utf8Bytes('é'), '\u00c3\u00a9');
  t.end();
});

const REST = { useHostname: false, boundPercent: 0 };
const RING = { kind: 'ring-hash', minimumSize: 1_024, maximumSize: 8_388_608, ...REST } as const;
const MAGLEV = { kind: 'maglev', tableSize: 65_537, ...REST } as const;

const endpointOf = (i: number, weight = 1) =>
  ({ key: `10.0.0.${i}:80`, config: endpoint(i, { weight }), active: 0 }) as unknown as Endpoint;

const endpoints = (count: number) => Array.from({ length: count }, (_, i) => endpointOf(i));

interface World {
  readonly memory?: PickerMemory;
  readonly stats?: ClusterStats;
  /** Those that may be picked, when not all of them. */
  readonly picked?: readonly Endpoint[];
}

function pickerOf(policy: HashingPolicyConfig, all: readonly Endpoint[], world: World = {}): Picker {
  const tools = {
    memory: world.memory ?? new PickerMemory(),
    stats: world.stats ?? new ClusterStats(),
    random: seededRandom(),
  };
  return createHashingPicker(policy, all, world.picked ?? all, (each) => each.config.weight, tools);
}

/** Where these many keys go. */
function placements(picker: Picker, keys: number): readonly Endpoint[] {
  const hash = new XxHash64();
  return Array.from({ length: keys }, (_, i) => {
    const { hi, lo } = hash.of(`key-${i}`);
    return picker.pick({ ...PLAIN_PICK, hash: { hi, lo } })!;
  });
}

const shareOf = (places: readonly Endpoint[], wanted: Endpoint) =>
  places.filter((each) => each === wanted).length / places.length;

t.test('keys spread in proportion to weights', (t) => {
  const weights = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 6 });
  // A host of the ring has about 1,024 / n points, whose distances vary: a quarter up or down is normal.
  for (const [policy, tolerance] of [[RING, 0.35] as const, [MAGLEV, 0.1] as const]) {
    const property = fc.property(weights, (given) => {
      const all = given.map((weight, i) => endpointOf(i, weight));
      const total = given.reduce((sum, each) => sum + each, 0);
      const places = placements(pickerOf(policy, all), 4_000);
      return all.every((each) => {
        const wanted = each.config.weight / total;
        return Math.abs(shareOf(places, each) - wanted) < wanted * tolerance + 0.01;
      });
    });
    fc.assert(property, { numRuns: 15 });
  }
  t.end();
});

t.test('when an endpoint fails only its own keys move, over all others; when it returns they come back', (t) => {
  for (const policy of [RING, MAGLEV]) {
    const memory = new PickerMemory();
    const all = endpoints(4);
    const [failed, ...picked] = all as [Endpoint, ...Endpoint[]];
    const before = placements(pickerOf(policy, all, { memory }), 4_000);
    const after = placements(pickerOf(policy, all, { memory, picked }), 4_000);
    t.ok(
      before.every((each, i) => each === failed || each === after[i]),
      `${policy.kind}: nobody else's keys move`,
    );
    for (const each of picked) t.ok(Math.abs(shareOf(after, each) - 1 / 3) < 0.08, 'and the others share them');
    t.same(placements(pickerOf(policy, all, { memory }), 4_000), before);
  }
  t.end();
});

t.test('when an endpoint leaves or joins few other keys move', (t) => {
  for (const policy of [RING, MAGLEV]) {
    const all = endpoints(10);
    const leaver = all[3]!;
    const before = placements(pickerOf(policy, all), 4_000);
    const after = placements(
      pickerOf(
        policy,
        all.filter((each) => each !== leaver),
      ),
      4_000,
    );
    const moved = before.filter((each, i) => each !== leaver && each !== after[i]).length / 4_000;
    t.ok(moved < 0.12, `${policy.kind}: ${moved} of the others' keys`);
  }
  t.end();
});

t.test('a table is made once for the same hosts, and forgotten when nobody asks for it', (t) => {
  const tables = new TableCache();
  let made = 0;
  const table = { owners: new Uint16Array(1), locate: () => 0 };
  const ask = (content: string) =>
    tables.get(content, () => {
      made++;
      return table;
    });
  ask('a');
  tables.turn();
  ask('a');
  t.equal(made, 1);
  tables.turn();
  ask('b');
  tables.turn();
  ask('a');
  t.equal(made, 3);
  t.end();
});

t.test('hash_balance_factor bounds what an endpoint carries, and keys stay where there is room', (t) => {
  const factor = fc.integer({ min: 100, max: 300 });
  const property = fc.property(
    factor,
    fc.constantFrom(RING, MAGLEV),
    fc.integer({ min: 2, max: 6 }),
    (percent, kind, n) => {
      const all = endpoints(n);
      const stats = new ClusterStats();
      const picker = pickerOf({ ...kind, boundPercent: percent }, all, { stats });
      const home = pickerOf(kind, all).pick({ ...PLAIN_PICK, hash: { hi: 7, lo: 7 } })!;
      const first = picker.pick({ ...PLAIN_PICK, hash: { hi: 7, lo: 7 } });
      for (; stats.rqActive < 60; stats.rqActive++) picker.pick({ ...PLAIN_PICK, hash: { hi: 7, lo: 7 } })!.active++;
      const most = Math.ceil(((percent / 100) * 60) / n);
      return first === home && all.every((each) => each.active <= most) && home.active === Math.min(60, most);
    },
  );
  fc.assert(property, { numRuns: 40 });
  t.end();
});

t.test('endpoints are placed by hash_key, hostname or address', (t) => {
  const named = (key: string, change: Parameters<typeof endpoint>[1]) =>
    ({ key, config: endpoint(1, change), active: 0 }) as unknown as Endpoint;
  const placesOf = (all: readonly Endpoint[], useHostname: boolean) =>
    placements(pickerOf({ ...RING, useHostname }, all), 200).map((each) => all.indexOf(each));
  const byAddress = placesOf([named('a', {}), named('b', {})], false);
  t.same(placesOf([named('x', { hostname: 'a' }), named('y', { hostname: 'b' })], true), byAddress);
  t.not(String(placesOf([named('x', { hostname: 'a' }), named('y', { hostname: 'b' })], false)), String(byAddress));
  const labelled = ['a', 'b'].map((key, i) => named(`${i}`, { metadata: { 'envoy.lb': { hash_key: key } } }));
  t.same(placesOf(labelled, true), byAddress);
  t.end();
});

t.test('the size of the table and its owners are told', (t) => {
  const stats = new ClusterStats();
  pickerOf(RING, endpoints(3), { stats });
  t.same(stats.hashTable, { size: 1_026, least: 342, most: 342 });
  pickerOf({ ...MAGLEV, tableSize: 11 }, endpoints(3), { stats });
  t.same(stats.hashTable, { size: 11, least: 3, most: 4 });
  t.end();
});

t.test('the same keys go to the same places as in Envoy 1.40', (t) => {
  // Where Envoy sent requests with these values of the hashed header, to 127.0.0.1:21001 and so on.
  const all = [21001, 21002, 21003, 21004, 21005].map(
    (port) => ({ key: `127.0.0.1:${port}`, config: endpoint(port), active: 0 }) as unknown as Endpoint,
  );
  const hash = new XxHash64();
  const portsOf = (policy: HashingPolicyConfig) => {
    const picker = pickerOf(policy, all);
    return Array.from({ length: 12 }, (_, i) => {
      const { hi, lo } = hash.of(`user-${i}`);
      return picker.pick({ ...PLAIN_PICK, hash: { hi, lo } })!.config.address.port - 21_000;
    }).join('');
  };
  t.equal(portsOf(RING), '545231324551');
  t.equal(portsOf(MAGLEV), '214445224533');
  t.end();
});
