import fc from 'fast-check';
import t from 'tap';
import { TimerWheel } from '../../../kernel/timer-wheel.ts';
import { cluster, endpoint } from '../../../test/fakes/config-builders.ts';
import { FakeClock } from '../../../test/fakes/fake-clock.ts';
import { fakeCluster } from '../../../test/fakes/fake-cluster.ts';
import { seededRandom } from '../../../test/fakes/fake-random.ts';
import { FakeTimers } from '../../../test/fakes/fake-timers.ts';
import type {
  ClusterConfig,
  EndpointConfig,
  LocalityConfig,
  SubsetConfig,
  SubsetSelector,
} from '../../config/model/cluster.ts';
import { NO_CLUSTER_POLICY } from '../../config/model/policy.ts';
import type { SubsetKeys } from '../../config/model/route.ts';
import { Http2Shared } from '../../http2/shared.ts';
import { plainDialer } from '../../net/dial.ts';
import { Loop } from '../../net/loop.ts';
import type { Cluster } from '../cluster.ts';
import { ClusterManager } from '../cluster-manager.ts';
import type { Endpoint } from '../endpoint.ts';
import { LocalCluster } from '../local-cluster.ts';
import { assemblePicker } from './assemble.ts';
import { byLocality } from './locality/locality-groups.ts';
import { zoneRouting } from './locality/zone-routing.ts';
import { PLAIN_PICK } from './picker.ts';
import { PickerMemory } from './picker-memory.ts';

const place = (zone: string) => ({ region: 'r', zone, subZone: '' });

function locality(zone: string, endpoints: readonly EndpointConfig[], change: Partial<LocalityConfig> = {}) {
  return { ...place(zone), weight: 0, priority: 0, endpoints, ...change };
}

function clusterOf(localities: readonly LocalityConfig[], change: Partial<ClusterConfig> = {}): Cluster {
  const clock = new FakeClock();
  const loop = new Loop(clock, new TimerWheel(clock, new FakeTimers(clock)), seededRandom());
  const each = fakeCluster(cluster('a', [], change), loop);
  each.setEndpoints({ name: 'a', localities, overprovisioningFactor: 140 });
  return each;
}

const sick = (port: number) => endpoint(port, { health: 'unhealthy' });

/** Picks by port, in percent of 1,000. */
function percents(picker: { pick(context: typeof PLAIN_PICK): Endpoint | null }, context = PLAIN_PICK) {
  const counts: Record<string, number> = {};
  for (let i = 0; i < 1_000; i++) {
    const name = picker.pick(context)?.config.address.port ?? 'none';
    counts[name] = (counts[name] ?? 0) + 0.1;
  }
  return Object.fromEntries(Object.entries(counts).map(([name, percent]) => [name, Math.round(percent)]));
}

// -------------------------------------------------------------------------------------------------------------------
// Subsets

const labelled = (port: number, labels: SubsetKeys, change: Partial<EndpointConfig> = {}) =>
  endpoint(port, {
    labels: Object.fromEntries(Object.entries(labels).map(([k, v]) => [k, JSON.stringify(v)])),
    ...change,
  });
const wants = (labels: SubsetKeys) => ({
  ...PLAIN_PICK,
  subset: Object.fromEntries(Object.entries(labels).map(([k, v]) => [k, JSON.stringify(v)])),
});
const selector = (keys: readonly string[], change: Partial<SubsetSelector> = {}): SubsetSelector => ({
  keys,
  singleHost: false,
  fallback: null,
  fallbackKeys: [],
  ...change,
});
const subsets = (selectors: readonly SubsetSelector[], change: Partial<SubsetConfig> = {}): SubsetConfig => ({
  fallback: 'none',
  defaultSubset: {},
  selectors,
  localityWeightAware: false,
  scaleLocalityWeight: false,
  panicModeAny: false,
  listAsAny: false,
  ...change,
});

const FLEET = [
  labelled(1, { stage: 'prod', version: 'v1' }),
  labelled(2, { stage: 'prod', version: 'v2' }),
  labelled(3, { stage: 'dev', version: 'v2' }),
];
const fleet = (config: SubsetConfig, endpoints = FLEET) => clusterOf([locality('a', endpoints)], { subsets: config });

t.test('labels choose the subset of the selector with exactly these keys', (t) => {
  const each = fleet(subsets([selector(['stage']), selector(['stage', 'version'])]));
  t.same(percents(each, wants({ stage: 'prod' })), { 1: 50, 2: 50 });
  t.same(percents(each, wants({ stage: 'prod', version: 'v2' })), { 2: 100 });
  t.same(percents(each, wants({ version: 'v2' })), { none: 100 }, 'no selector has that key alone');
  t.same(percents(each, wants({ stage: 'test' })), { none: 100 });
  t.same(percents(each), { none: 100 }, 'who asks for nothing falls back too');
  t.match(each.stats, { lbSubsetsActive: 5, lbSubsetsCreated: 5, lbSubsetsSelected: 2_000, lbSubsetsFallback: 0 });
  t.end();
});

t.test('the cluster falls back to anybody, to a default subset, or in the end to anybody', (t) => {
  const any = fleet(subsets([selector(['stage'])], { fallback: 'any' }));
  t.same(percents(any, wants({ stage: 'test' })), { 1: 33, 2: 33, 3: 33 });
  t.equal(any.stats.lbSubsetsFallback, 1_000);
  const defaultSubset = { stage: '"dev"' };
  t.same(percents(fleet(subsets([selector(['stage'])], { fallback: 'default', defaultSubset }))), { 3: 100 });
  const nobody = { fallback: 'default', defaultSubset: { stage: '"x"' } } as const;
  t.same(percents(fleet(subsets([selector(['stage'])], nobody))), { none: 100 });
  const panic = fleet(subsets([selector(['stage'])], { ...nobody, panicModeAny: true }));
  t.same(percents(panic), { 1: 33, 2: 33, 3: 33 });
  t.equal(panic.stats.lbSubsetsFallbackPanic, 1_000);
  t.end();
});

t.test('a selector has a fallback of its own', (t) => {
  const asked = wants({ stage: 'prod', version: 'v9' });
  const keys = ['stage', 'version'];
  const by = (change: Partial<SubsetSelector>) =>
    percents(
      fleet(
        subsets([selector(['stage']), selector(keys, change)], {
          fallback: 'any',
          defaultSubset: { version: '"v1"' },
        }),
      ),
      asked,
    );
  t.same(by({}), { 1: 33, 2: 33, 3: 33 });
  t.same(by({ fallback: 'none' }), { none: 100 });
  t.same(by({ fallback: 'any' }), { 1: 33, 2: 33, 3: 33 });
  t.same(by({ fallback: 'default' }), { 1: 100 });
  t.same(by({ fallback: 'keys', fallbackKeys: ['stage'] }), { 1: 50, 2: 50 });
  t.end();
});

t.test('a list of values may mean any of them, and a subset may have one endpoint', (t) => {
  const listed = endpoint(9, { labels: { stage: '["dev","test"]' } });
  const each = fleet(subsets([selector(['stage'])], { listAsAny: true }), [...FLEET, listed]);
  t.same(percents(each, wants({ stage: 'dev' })), { 3: 50, 9: 50 });
  t.same(percents(each, wants({ stage: 'test' })), { 9: 100 });
  const single = fleet(subsets([selector(['stage'], { singleHost: true })]), [
    labelled(1, { stage: 'prod' }, { health: 'unhealthy' }),
    ...FLEET,
  ]);
  t.same(percents(single, wants({ stage: 'prod' })), { 1: 100 });
  t.equal(single.stats.lbSubsetsSingleHostPerSubsetDuplicate, 1);
  t.end();
});

t.test('a subset has its own health, panic and life', (t) => {
  const each = fleet(subsets([selector(['stage'])]), [
    labelled(1, { stage: 'prod' }, { health: 'unhealthy' }),
    labelled(2, { stage: 'prod' }),
    labelled(3, { stage: 'dev' }, { health: 'unhealthy' }),
  ]);
  t.same(percents(each, wants({ stage: 'prod' })), { 2: 100 });
  t.same(percents(each, wants({ stage: 'dev' })), { 3: 100 }, 'all of it is sick: panic');
  t.equal(each.stats.lbHealthyPanic, 1_000);
  each.setEndpoints({
    name: 'a',
    localities: [locality('a', [labelled(4, { stage: 'new' })])],
    overprovisioningFactor: 140,
  });
  t.match(each.stats, { lbSubsetsActive: 1, lbSubsetsCreated: 3, lbSubsetsRemoved: 2 });
  t.same(percents(each, wants({ stage: 'dev' })), { none: 100 });
  t.end();
});

// -------------------------------------------------------------------------------------------------------------------
// Localities

const WEIGHTED = { localities: { kind: 'weighted' } } as const;

t.test('localities share traffic by their weights, whatever the number of their endpoints', (t) => {
  const localities = [
    locality('a', [endpoint(1), endpoint(2), endpoint(3)], { weight: 1 }),
    locality('b', [endpoint(4)], { weight: 3 }),
    locality('c', [endpoint(5)]),
  ];
  t.same(percents(clusterOf(localities, WEIGHTED)), { 1: 8, 2: 8, 3: 8, 4: 75 }, 'no weight is no traffic');
  t.same(percents(clusterOf(localities)), { 1: 20, 2: 20, 3: 20, 4: 20, 5: 20 });
  const unweighted = [locality('a', [endpoint(1)]), locality('b', [endpoint(2)])];
  t.same(percents(clusterOf(unweighted, WEIGHTED)), { 1: 50, 2: 50 });
  t.end();
});

t.test('a locality loses weight when less than 72 percent of it are left', (t) => {
  const half = [
    locality('a', [endpoint(1), sick(2)], { weight: 1 }),
    locality('b', [endpoint(3), endpoint(4)], { weight: 1 }),
  ];
  // 0.5 x 1.4 = 0.7 against 1.
  t.same(percents(clusterOf(half, WEIGHTED)), { 1: 41, 3: 29, 4: 29 });
  t.end();
});

t.test('hashing places endpoints by the weights of their localities', (t) => {
  const lbPolicy = { kind: 'maglev', tableSize: 1_009, useHostname: false, boundPercent: 0 } as const;
  const localities = [
    locality('a', [endpoint(1), endpoint(2)], { weight: 1 }),
    locality('b', [endpoint(3)], { weight: 3 }),
    locality('c', [endpoint(4)]),
  ];
  const counts = percents(clusterOf(localities, { ...WEIGHTED, lbPolicy }));
  t.ok(Math.abs(counts[3]! - 75) < 5 && Math.abs(counts[1]! - 12) < 4, JSON.stringify(counts));
  t.equal(counts[4], undefined);
  t.end();
});

t.test('localities count within subsets when they are told to, scaled by what a subset has of them', (t) => {
  const v1 = { v: '"1"' };
  const localities = [
    locality('a', [endpoint(1, { labels: v1 }), endpoint(2), endpoint(3), endpoint(4)], { weight: 4 }),
    locality('b', [endpoint(5, { labels: v1 })], { weight: 1 }),
  ];
  const shares = (change: Partial<SubsetConfig>) =>
    percents(clusterOf(localities, { ...WEIGHTED, subsets: subsets([selector(['v'])], change) }), {
      ...PLAIN_PICK,
      subset: v1,
    });
  t.same(shares({}), { 1: 50, 5: 50 });
  t.same(shares({ localityWeightAware: true }), { 1: 80, 5: 20 });
  t.same(shares({ localityWeightAware: true, scaleLocalityWeight: true }), { 1: 50, 5: 50 });
  t.end();
});

// -------------------------------------------------------------------------------------------------------------------
// Zones

/** Endpoints of these zones, by zone: ports count from `from`. */
function zones(counts: Readonly<Record<string, number>>, from = 1) {
  let port = from;
  return Object.entries(counts).map(([zone, count]) =>
    locality(
      zone,
      Array.from({ length: count }, () => endpoint(port++)),
    ),
  );
}

/** Traffic by zone, in percent, of a proxy in zone `a`. */
function zoned(
  peers: Readonly<Record<string, number>>,
  upstream: Readonly<Record<string, number>>,
  change: Partial<Extract<ClusterConfig['localities'], { kind: 'zone-aware' }>> = {},
) {
  const each = clusterOf(zones(upstream));
  const config = {
    ...each.config,
    localities: { kind: 'zone-aware', percent: 100, minClusterSize: 1, failTrafficOnPanic: false, ...change } as const,
  };
  const { stats } = each;
  const local = { place: place('a'), endpoints: clusterOf(zones(peers, 100)).endpoints };
  const parts = { config, overprovisioningPercent: 140, weigh: null, stats, random: seededRandom() };
  const picker = assemblePicker(each.endpoints, { ...parts, memory: new PickerMemory(), local });
  const shares: Record<string, number> = {};
  for (let i = 0; i < 2_000; i++) {
    const { zone } = picker.pick(PLAIN_PICK)!.locality;
    shares[zone] = (shares[zone] ?? 0) + 0.05;
  }
  return { shares, stats };
}

t.test('traffic stays in the zone as far as its endpoints can carry it', (t) => {
  const direct = zoned({ a: 2, b: 2 }, { a: 3, b: 3 });
  t.same(Object.keys(direct.shares), ['a']);
  t.equal(direct.stats.lbZoneRoutingAllDirectly, 2_000);
  // Half of the peers are here and a quarter of the endpoints: half stays, the rest goes to b.
  const residual = zoned({ a: 4, b: 4 }, { a: 2, b: 6 });
  t.ok(Math.abs(residual.shares.a! - 50) < 4, JSON.stringify(residual.shares));
  t.equal(residual.stats.lbZoneRoutingSampled + residual.stats.lbZoneRoutingCrossZone, 2_000);
  const nobody = zoned({ a: 4, b: 4 }, { b: 3, c: 3 });
  t.same(Object.keys(nobody.shares), ['c'], 'b is busy with its own');
  t.end();
});

t.test('zones count for nothing in small clusters, without peers, and for requests that are not drawn', (t) => {
  const even = ({ shares }: ReturnType<typeof zoned>) => Math.abs(shares.a! - 50) < 5;
  const small = zoned({ a: 2, b: 2 }, { a: 2, b: 2 }, { minClusterSize: 6 });
  t.ok(even(small));
  t.equal(small.stats.lbZoneClusterTooSmall, 1);
  const alone = zoned({}, { a: 3, b: 3 });
  t.ok(even(alone));
  t.equal(alone.stats.lbLocalClusterNotOk, 1);
  t.ok(even(zoned({ a: 2, b: 2 }, { a: 3, b: 3 }, { percent: 0 })));
  t.end();
});

t.test('when the local cluster changes, or goes, the others route by zone anew', (t) => {
  const clock = new FakeClock();
  const loop = new Loop(clock, new TimerWheel(clock, new FakeTimers(clock)), seededRandom());
  const local = new LocalCluster('peers', place('a'));
  const manager = new ClusterManager(new Http2Shared(loop), () => plainDialer(loop), local);
  const put = (name: string, counts: Readonly<Record<string, number>>) => {
    const each = manager.put(cluster(name, []));
    each.setEndpoints({ name, localities: zones(counts), overprovisioningFactor: 140 });
    return each;
  };
  const upstream = put('upstream', { a: 3, b: 3 });
  const zonesOf = () => new Set(Array.from({ length: 50 }, () => upstream.pick(PLAIN_PICK)!.locality.zone)).size;
  t.equal(zonesOf(), 2, 'there are no peers yet');
  const peers = put('peers', { a: 1, b: 1 });
  t.equal(zonesOf(), 1);
  peers.setEndpoints({ name: 'peers', localities: zones({ a: 8, b: 2 }), overprovisioningFactor: 140 });
  t.equal(zonesOf(), 2, 'too much traffic starts here');
  manager.remove('peers');
  t.equal(upstream.stats.lbZoneRoutingAllDirectly, 50);
  manager.destroy();
  loop.wheel.destroy();
  t.end();
});

t.test('zone routing overloads no zone, wherever peers and endpoints are', (t) => {
  const counts = fc.record({ a: fc.nat(6), b: fc.nat(6), c: fc.nat(6) });
  const some = counts.filter(({ a, b, c }) => a + b + c > 0);
  const property = fc.property(some, some, (peers, upstream) => {
    const peerGroups = byLocality(clusterOf(zones(peers)).endpoints);
    const groups = byLocality(clusterOf(zones(upstream, 100)).endpoints);
    const total = (all: typeof peers) => all.a + all.b + all.c;
    const load: Record<string, number> = {};
    for (const zone of ['a', 'b', 'c'] as const) {
      const share = peers[zone] / total(peers);
      const routing = zoneRouting(place(zone), peerGroups, groups);
      const stays = routing.kind === 'direct' ? 1 : routing.stays / 10_000;
      if (routing.own !== null) load[zone] = (load[zone] ?? 0) + share * stays;
      if (routing.kind === 'direct') continue;
      const room = routing.capacity.reduce((sum, each) => sum + each, 0);
      for (const [i, each] of routing.capacity.entries()) {
        const other = groups[i]!.place.zone;
        if (room > 0) load[other] = (load[other] ?? 0) + (share * (1 - stays) * each) / room;
      }
    }
    return (['a', 'b', 'c'] as const).every((zone) => (load[zone] ?? 0) <= upstream[zone] / total(upstream) + 0.002);
  });
  fc.assert(property, { numRuns: 200 });
  t.end();
});

// -------------------------------------------------------------------------------------------------------------------
// Around the picker

t.test('a request that is pinned goes there while it may, and elsewhere or nowhere when not', (t) => {
  const each = clusterOf([locality('a', [endpoint(1), endpoint(2), sick(3)])]);
  const pinned = (port: number, strict: boolean) =>
    percents(each, { ...PLAIN_PICK, pinned: { address: `127.0.0.1:${port}`, strict } });
  t.same(pinned(2, false), { 2: 100 });
  t.same(pinned(3, false), { 1: 50, 2: 50 });
  t.same(pinned(9, false), { 1: 50, 2: 50 });
  t.same(pinned(3, true), { none: 100 });
  t.same(pinned(9, true), { none: 100 });
  t.end();
});

t.test('a full endpoint passes requests on, those that are placed by their hash too', (t) => {
  const lbPolicy = { kind: 'maglev', tableSize: 251, useHostname: false, boundPercent: 0 } as const;
  const policy = { ...NO_CLUSTER_POLICY, maxRequestsPerEndpoint: 2 };
  const each = clusterOf([locality('a', [endpoint(1), endpoint(2), endpoint(3)])], { lbPolicy, policy });
  const context = { ...PLAIN_PICK, hash: { hi: 1, lo: 1 } };
  for (let i = 0; i < 6; i++) each.pick(context)!.active++;
  t.same(
    each.endpoints.map(({ active }) => active),
    [2, 2, 2],
  );
  t.ok(each.pick(context), 'when all are full one of them is picked: limits of the cluster refuse, not pickers');
  t.end();
});
