import fc from 'fast-check';
import t from 'tap';
import {
  cluster,
  endpointSet,
  forward,
  httpManager,
  listener,
  prefixMatch,
  route,
  routeTable,
  tcpProxy,
  virtualHost,
} from '../../test/fakes/config-builders.ts';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import { FakeTimers } from '../../test/fakes/fake-timers.ts';
import { EMPTY_SNAPSHOT, type Snapshot } from '../config/snapshot.ts';
import { DemandedClusters } from './demanded-clusters.ts';
import {
  clustersNamedBy,
  fetchTimeouts,
  type KnownResources,
  neededNames,
  treeOf,
  treeWaitsFor,
} from './dependency-tracker.ts';
import { leavingClusterWaits, readyTree, unknownClusterWaits } from './ready-tree.ts';
import { STALLED_AFTER_MS, Stall } from './stall.ts';

const SCOPE = {
  fixed: EMPTY_SNAPSHOT,
  clusters: { file: null, fetchTimeoutMs: 0 },
  listeners: { file: null, fetchTimeoutMs: 20 },
  demanded: null,
};
const NOTHING: KnownResources = {
  clusters: null,
  listeners: null,
  endpoints: new Map(),
  routes: new Map(),
  secrets: new Map(),
};

function eds(name: string, fetchTimeoutMs = 15_000) {
  return cluster(name, [], { discovery: { kind: 'eds', serviceName: name, file: null, fetchTimeoutMs } });
}

function rds(name: string, table: string, fetchTimeoutMs = 15_000) {
  return listener(
    name,
    httpManager(routeTable('', []), { routes: { kind: 'rds', name: table, file: null, fetchTimeoutMs } }),
  );
}

function tableTo(name: string, ...clusters: readonly string[]) {
  const routes = clusters.map((each) => route(prefixMatch(`/${each}`), forward(each)));
  return routeTable(name, [virtualHost(['*'], routes)]);
}

function byName<T extends { readonly name: string }>(...all: readonly T[]): Map<string, T> {
  return new Map(all.map((each) => [each.name, each]));
}

/** As the client runs it, with endless patience. */
function next(known: KnownResources, before: Snapshot, stalled = false) {
  const waits = [...treeWaitsFor(SCOPE, known), ...unknownClusterWaits(SCOPE, known, before)];
  const all = new Set([...waits, ...(waits.length === 0 ? [] : leavingClusterWaits(SCOPE, known, before))]);
  return { waits, ...readyTree(SCOPE, known, before, { worth: (what) => all.has(what), stalled }) };
}

const names = fc.subarray(['a', 'b', 'c']);
const step = fc.record({
  clusters: fc.option(names, { nil: null }),
  endpoints: names,
  listeners: fc.option(fc.subarray(['r', 's']), { nil: null }),
  routes: fc.subarray(['r', 's']),
  to: names,
  stalled: fc.boolean(),
});

t.test('whatever comes in whatever order, what is in use has what it names, and in the end all is in use', (t) => {
  const property = fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
    let before = EMPTY_SNAPSHOT;
    for (const { clusters, endpoints, listeners, routes, to, stalled } of steps) {
      const known: KnownResources = {
        clusters: clusters && byName(...clusters.map((each) => eds(each))),
        endpoints: byName(...endpoints.map((each) => endpointSet(each, []))),
        listeners: listeners && byName(...listeners.map((each) => rds(each, each))),
        routes: byName(...routes.map((each) => tableTo(each, ...to))),
        secrets: new Map(),
      };
      const { parts, waits } = next(known, before, stalled);
      for (const { name } of parts.clusters.values()) if (!parts.endpoints.has(name)) return false;
      for (const name of parts.listeners.keys()) if (!parts.routes.has(name)) return false;
      const still = clustersNamedBy(parts).intersection(clustersNamedBy(before));
      const lost = [...still].filter((name) => before.clusters.has(name) && !parts.clusters.has(name));
      if (waits.length > 0 && lost.length > 0) return false;
      const isWhole = parts.clusters.size === (clusters?.length ?? -1) && parts.listeners.size === listeners?.length;
      if (waits.length === 0 && !(isWhole && treeOf(SCOPE, known).routes.size === parts.routes.size)) return false;
      before = parts;
    }
    return true;
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 500 }));
  t.end();
});

t.test(
  'a new version waits for the clusters that warm, the old one goes on; a first one only until nothing comes',
  (t) => {
    const base = { ...NOTHING, clusters: byName(eds('a')), endpoints: byName(endpointSet('a', [])) };
    const one = { ...base, listeners: byName(rds('in', 'r')), routes: byName(tableTo('r', 'a')) };
    const { parts, held } = next(one, EMPTY_SNAPSHOT);
    t.equal(held, false);
    const two = { ...one, clusters: byName(eds('a'), eds('b')), routes: byName(tableTo('r', 'a', 'b')) };
    for (const stalled of [false, true]) {
      const step = next(two, parts, stalled);
      t.equal(step.parts.routes.get('r'), parts.routes.get('r'));
      t.equal(step.held, true);
    }
    t.equal(next(two, EMPTY_SNAPSHOT).parts.listeners.size, 0);
    t.equal(next(two, EMPTY_SNAPSHOT, true).parts.routes.get('r'), two.routes.get('r'));
    const warm = { ...two, endpoints: byName(endpointSet('a', []), endpointSet('b', [])) };
    t.equal(next(warm, parts).parts.routes.get('r'), two.routes.get('r'));
    t.equal(next(warm, parts).held, false);
    t.end();
  },
);

t.test('a cluster that changes goes on as it was until it is complete, with the newest endpoints', (t) => {
  const listeners = byName(listener('in', tcpProxy('a')));
  const before = next(
    { ...NOTHING, listeners, clusters: byName(eds('a')), endpoints: byName(endpointSet('a', [])) },
    EMPTY_SNAPSHOT,
  ).parts;
  const moved = cluster('a', [], { discovery: { kind: 'eds', serviceName: 'other', file: null, fetchTimeoutMs: 1 } });
  const newer = endpointSet('a', []);
  const waiting = next({ ...NOTHING, listeners, clusters: byName(moved), endpoints: byName(newer) }, before);
  t.equal(waiting.parts.clusters.get('a'), before.clusters.get('a'));
  t.equal(waiting.parts.endpoints.get('a'), newer);
  const pruned = next({ ...NOTHING, listeners, clusters: byName(moved), endpoints: new Map() }, before);
  t.equal(pruned.parts.endpoints.get('a'), before.endpoints.get('a'), 'though nobody asks for them any more');
  t.end();
});

t.test('each wait has the initial_fetch_timeout of who names it, the shortest of several; 0 has no end', (t) => {
  const known = {
    ...NOTHING,
    clusters: byName(eds('a', 5), eds('b', 0)),
    listeners: byName(rds('in', 'r', 7), rds('out', 'r', 0)),
  };
  t.same(
    fetchTimeouts(SCOPE, known),
    new Map([
      ['clusters (CDS)', Infinity],
      ['listeners (LDS)', 20],
      ['endpoints of "a" (EDS)', 5],
      ['endpoints of "b" (EDS)', Infinity],
      ['routes "r" (RDS)', 7],
    ]),
  );
  t.end();
});

t.test('what is missing has stalled when none of it has come for a second, on a stream that is up', (t) => {
  const clock = new FakeClock();
  let times = 0;
  const stall = new Stall(new FakeTimers(clock), () => times++);
  t.equal(stall.watch(['a', 'b'], true), false);
  clock.advance({ ms: STALLED_AFTER_MS - 1 });
  t.equal(stall.watch(['b'], true), false);
  clock.advance({ ms: STALLED_AFTER_MS - 1 });
  t.equal(times, 0, 'something came');
  clock.advance({ ms: 1 });
  t.equal(times, 1);
  t.equal(stall.watch(['b'], true), true);
  t.equal(stall.watch(['b'], false), false, 'an outage begins anew');
  clock.advance({ seconds: 60 });
  t.equal(stall.watch(['b'], true), false);
  t.equal(times, 1);
  stall.close();
  t.end();
});

t.test('a cluster on demand is let go when it was not used for ten minutes, and never while it is', (t) => {
  const clock = new FakeClock();
  const uses = new Map<string, number | null>([
    ['idle', 3],
    ['busy', 0],
    ['long', null],
  ]);
  let told = 0;
  const use = { miss: () => undefined, usesOf: (name: string) => uses.get(name) ?? null };
  const demanded = new DemandedClusters(use, new FakeTimers(clock), () => told++);
  for (const name of uses.keys()) t.ok(demanded.add(name));
  for (let minute = 0; minute < 10; minute++) {
    uses.set('busy', minute);
    clock.advance({ seconds: 60 });
  }
  t.equal(told, 0);
  clock.advance({ seconds: 60 });
  t.same([...demanded.names], ['busy', 'long']);
  t.equal(told, 1);
  for (let i = 0; i < 10_000; i++) demanded.add(String(i));
  t.equal(demanded.add('one too many'), false);
  demanded.close();
  t.end();
});

t.test('on demand nobody waits for clusters that are not asked for, but for those that cannot wait', (t) => {
  const scope = { ...SCOPE, demanded: new Set(['b']) };
  const onDemand = { name: 'on_demand', config: { kind: 'on-demand', timeoutMs: 1 }, disabled: false } as const;
  const lazy = listener('out', httpManager(tableTo('', 'a', 'b', 'c'), { httpFilters: [onDemand] }));
  const known = { ...NOTHING, clusters: new Map(), listeners: byName(lazy, listener('in', tcpProxy('app'))) };
  t.same([...neededNames(scope, known).clusters], ['b', 'app']);
  t.same(treeWaitsFor(scope, known), ['cluster "b" (CDS)', 'cluster "app" (CDS)']);
  const worth = (what: string) => what === 'cluster "app" (CDS)' || what === 'cluster "b" (CDS)';
  const { parts } = readyTree(scope, known, EMPTY_SNAPSHOT, { worth, stalled: false });
  t.same([...parts.listeners.keys()], ['out']);
  t.same(
    [...readyTree(scope, known, EMPTY_SNAPSHOT, { worth: () => false, stalled: false }).parts.listeners.keys()],
    ['out', 'in'],
  );
  t.end();
});
