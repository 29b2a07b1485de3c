import fc from 'fast-check';
import t from 'tap';
import { ScalingDecision } from '../../protos/gen/outrider/scaling/v1/scaling_decision.ts';
import { packAny } from '../../protos/json/registry.ts';
import { cluster, endpointSet, httpManager, listener, routeTable } from '../../test/fakes/config-builders.ts';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import { seededRandom } from '../../test/fakes/fake-random.ts';
import { FakeTimers } from '../../test/fakes/fake-timers.ts';
import type { ListenerConfig } from '../config/model/listener.ts';
import { EMPTY_SNAPSHOT } from '../config/snapshot.ts';
import { type DeltaEvent, deltaStep, newDeltaSubscription } from './delta-subscription.ts';
import { clustersWaitFor, type KnownResources, neededNames, treeOf, treeWaitsFor } from './dependency-tracker.ts';
import { decodeKept, encodeKept, KEY_BYTES } from './last-known-good/kept-text.ts';
import { Patience } from './patience.ts';
import { type Names, newSubscription, type Subscription, type SubscriptionEvent, step } from './subscription.ts';

// ---------------------------------------------------------------------------------------------------------------------
// Subscriptions

const someNames = fc.array(fc.constantFrom('a', 'b', 'c', 'd')).map((names): Names => new Set(names));
const rejection = fc.option(fc.constant('invalid: no'), { nil: null });
const fresh = fc.nat().map(String);

/** Runs events; whatever a server could not see (answers without a stream) is left out. */
function play(events: readonly SubscriptionEvent[]) {
  const requests = [];
  let state = newSubscription();
  for (const event of events) {
    if (event.kind === 'response' && !(state.streamUp && state.requested)) continue;
    if (event.kind === 'stream-up' && state.streamUp) continue;
    const before = state;
    const { next, request } = step(state, event);
    state = next;
    requests.push({ event, before, after: next, request });
  }
  return requests;
}

const subscriptionEvent: fc.Arbitrary<SubscriptionEvent> = fc.oneof(
  fc.constant({ kind: 'stream-up' } as const),
  fc.constant({ kind: 'stream-down' } as const),
  fc.record({ kind: fc.constant('names' as const), names: someNames }),
  fc.record({ kind: fc.constant('response' as const), version: fresh, nonce: fresh, rejection }),
);

t.test('whatever happens, requests tell the version that is held and the nonce last seen on this stream', (t) => {
  const property = fc.property(fc.array(subscriptionEvent, { maxLength: 60 }), (events) => {
    let version = '';
    let nonce = '';
    let refused = false;
    for (const { event, request, before } of play(events)) {
      if (event.kind === 'stream-up' || event.kind === 'stream-down') nonce = '';
      if (event.kind === 'stream-down' && refused) version = '';
      if (event.kind === 'stream-down') refused = false;
      if (event.kind === 'response') refused = event.rejection !== null;
      if (event.kind === 'response') {
        nonce = event.nonce;
        if (event.rejection === null) version = event.version;
      }
      if (event.kind === 'response' && request === null) return false;
      if (request === null) continue;
      if (request.version !== version || request.nonce !== nonce) return false;
      if (event.kind === 'names' && !before.streamUp) return false;
      const isNack = event.kind === 'response' && event.rejection !== null;
      if ((request.rejection !== null) !== isNack) return false;
    }
    return true;
  });
  t.doesNotThrow(() => fc.assert(property));
  t.end();
});

t.test('a subscription to nothing never sends a first request, which would ask for everything', (t) => {
  const property = fc.property(fc.array(subscriptionEvent, { maxLength: 60 }), (events) => {
    for (const { request, before } of play(events)) {
      if (request !== null && request.names.length === 0 && !before.requested) return false;
    }
    return true;
  });
  t.doesNotThrow(() => fc.assert(property));
  t.end();
});

t.test('on a stream the last request names what is wanted', (t) => {
  const property = fc.property(fc.array(subscriptionEvent, { maxLength: 60 }), (events) => {
    let told: readonly string[] = [];
    let last: Subscription = newSubscription();
    for (const { request, after } of play(events)) {
      if (!after.streamUp) told = [];
      if (request !== null) told = request.names;
      last = after;
    }
    return !last.streamUp || told.join() === [...(last.names as Set<string>)].sort().join();
  });
  t.doesNotThrow(() => fc.assert(property));
  t.end();
});

t.test('all resources are asked for by naming none', (t) => {
  const up = step(newSubscription(), { kind: 'stream-up' });
  t.equal(up.request, null);
  const all = step(up.next, { kind: 'names', names: 'all' });
  t.same(all.request, { version: '', nonce: '', names: [], rejection: null });
  t.end();
});

const deltaEvent: fc.Arbitrary<DeltaEvent> = fc.oneof(
  fc.constant({ kind: 'stream-up' } as const),
  fc.constant({ kind: 'stream-down' } as const),
  fc.record({ kind: fc.constant('names' as const), names: someNames }),
  fc.record({
    kind: fc.constant('response' as const),
    nonce: fresh,
    taken: fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fresh)).map((entries) => new Map(entries)),
    removed: fc.array(fc.constantFrom('a', 'd')),
    rejection,
  }),
);

t.test('delta: a server that adds up the requests of a stream knows what is wanted', (t) => {
  const property = fc.property(fc.array(deltaEvent, { maxLength: 60 }), (events) => {
    let state = newDeltaSubscription();
    const server = new Set<string>();
    for (const event of events) {
      if (event.kind === 'stream-up' && state.streamUp) continue;
      if (event.kind === 'response' && !state.requested) continue;
      const { next, request } = deltaStep(state, event);
      state = next;
      if (event.kind === 'stream-up') server.clear();
      for (const name of request?.subscribe ?? []) server.add(name);
      for (const name of request?.unsubscribe ?? []) server.delete(name);
      if (event.kind === 'response' && request?.nonce !== event.nonce) return false;
    }
    if (!state.streamUp) return true;
    return [...server].sort().join() === [...(state.names as Set<string>)].sort().join();
  });
  t.doesNotThrow(() => fc.assert(property));
  t.end();
});

t.test('delta: after a reconnect the versions that are held are told, and removed ones are not', (t) => {
  let state = newDeltaSubscription();
  const run = (event: DeltaEvent) => {
    const result = deltaStep(state, event);
    state = result.next;
    return result.request;
  };
  run({ kind: 'names', names: new Set(['a', 'b', 'c']) });
  run({ kind: 'stream-up' });
  const taken = new Map([
    ['a', '1'],
    ['b', '2'],
    ['c', '3'],
  ]);
  run({ kind: 'response', nonce: 'n', taken, removed: [], rejection: null });
  run({ kind: 'response', nonce: 'm', taken: new Map(), removed: ['b'], rejection: null });
  run({ kind: 'names', names: new Set(['a', 'b']) });
  run({ kind: 'stream-down' });
  t.same(run({ kind: 'stream-up' })?.initialVersions, new Map([['a', '1']]));
  t.end();
});

t.test('what has expired is not claimed on the next stream', (t) => {
  const sotw: SubscriptionEvent[] = [
    { kind: 'names', names: 'all' },
    { kind: 'stream-up' },
    { kind: 'response', version: '1', nonce: 'n', rejection: null },
    { kind: 'expired' },
    { kind: 'stream-down' },
    { kind: 'stream-up' },
  ];
  t.equal(play(sotw.slice()).at(-1)?.request?.version, '');
  t.equal(play(sotw.filter(({ kind }) => kind !== 'expired')).at(-1)?.request?.version, '1');
  const delta: DeltaEvent[] = [
    { kind: 'names', names: 'all' },
    { kind: 'stream-up' },
    {
      kind: 'response',
      nonce: 'n',
      taken: new Map([
        ['a', '1'],
        ['b', '1'],
      ]),
      removed: [],
      rejection: null,
    },
    { kind: 'expired', names: ['a'] },
    { kind: 'stream-down' },
    { kind: 'stream-up' },
  ];
  let state = newDeltaSubscription();
  let last: ReturnType<typeof deltaStep>['request'] = null;
  for (const event of delta) ({ next: state, request: last } = deltaStep(state, event));
  t.same(last?.initialVersions, new Map([['b', '1']]));
  t.end();
});

// ---------------------------------------------------------------------------------------------------------------------
// Dependencies

function eds(name: string, serviceName = name) {
  return cluster(name, [], { discovery: { kind: 'eds', serviceName, file: null, fetchTimeoutMs: 15_000 } });
}

function rds(name: string, table: string): ListenerConfig {
  return listener(
    name,
    httpManager(routeTable('', []), { routes: { kind: 'rds', name: table, file: null, fetchTimeoutMs: 15_000 } }),
  );
}

const NOTHING: KnownResources = {
  clusters: null,
  listeners: null,
  endpoints: new Map(),
  routes: new Map(),
  secrets: new Map(),
};
const ADS = { file: null, fetchTimeoutMs: 15_000 };
const ALL = { fixed: EMPTY_SNAPSHOT, clusters: ADS, listeners: ADS, demanded: null };

t.test('clusters name endpoint sets and listeners name route tables', (t) => {
  const clusters = new Map([
    ['a', eds('a', 'a-service')],
    ['s', cluster('s', [1])],
  ]);
  const known = { ...NOTHING, clusters, listeners: new Map([['in', rds('in', 'main')]]) };
  t.same(neededNames(ALL, known), {
    clusters: 'all',
    endpointSets: new Set(['a-service']),
    routeTables: new Set(['main']),
    secrets: new Set(),
  });
  t.same(treeWaitsFor(ALL, known), ['endpoints of "a-service" (EDS)', 'routes "main" (RDS)']);
  t.same(clustersWaitFor(ALL, known), ['endpoints of "a-service" (EDS)']);
  t.end();
});

t.test('nothing is known at first, and what is not asked for is not waited for', (t) => {
  t.same(treeWaitsFor(ALL, NOTHING), ['clusters (CDS)', 'listeners (LDS)']);
  t.same(treeWaitsFor({ ...ALL, clusters: null }, NOTHING), ['listeners (LDS)']);
  t.end();
});

t.test('static resources may depend on dynamic ones, and dynamic ones take their place', (t) => {
  const fixed = {
    ...EMPTY_SNAPSHOT,
    clusters: new Map([['a', eds('a')]]),
    listeners: new Map([['in', rds('in', 'main')]]),
  };
  const scope = { fixed, clusters: null, listeners: null, demanded: null };
  t.same(treeWaitsFor(scope, NOTHING), ['endpoints of "a" (EDS)', 'routes "main" (RDS)']);
  const known = {
    ...NOTHING,
    clusters: new Map([['a', cluster('a', [1])]]),
    routes: new Map([['main', routeTable('main', [])]]),
    secrets: new Map(),
  };
  t.same(treeWaitsFor(scope, known), []);
  t.equal(treeOf(scope, known).clusters.get('a')?.discovery.kind, 'static');
  t.end();
});

t.test('a tree without waits holds everything that is named', (t) => {
  const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'));
  const property = fc.property(names, names, names, names, (clusterNames, endpointNames, tables, routeNames) => {
    const known: KnownResources = {
      clusters: new Map(clusterNames.map((name) => [name, eds(name)])),
      listeners: new Map(tables.map((name) => [`l-${name}`, rds(`l-${name}`, name)])),
      endpoints: new Map(endpointNames.map((name) => [name, endpointSet(name, [])])),
      routes: new Map(routeNames.map((name) => [name, routeTable(name, [])])),
      secrets: new Map(),
    };
    const complete =
      clusterNames.every((name) => endpointNames.includes(name)) && tables.every((name) => routeNames.includes(name));
    return (treeWaitsFor(ALL, known).length === 0) === complete;
  });
  t.doesNotThrow(() => fc.assert(property));
  t.end();
});

// ---------------------------------------------------------------------------------------------------------------------
// Waiting, and the file

t.test('what a connected control plane does not send within 15 s is not waited for any longer', (t) => {
  const clock = new FakeClock();
  let exhausted = 0;
  const patience = new Patience(new FakeTimers(clock), () => exhausted++);
  t.same(patience.watch(['a'], true), ['a']);
  clock.advance({ seconds: 10 });
  t.same(patience.watch(['a', 'b'], true), ['a', 'b']);
  clock.advance({ seconds: 5 });
  t.equal(exhausted, 1);
  t.same(patience.watch(['a', 'b'], true), ['b']);
  t.same(patience.watch(['b'], false), ['b'], 'an outage does not count');
  clock.advance({ seconds: 60 });
  t.same(patience.watch(['a', 'b'], true), ['a', 'b'], 'what was there in between is waited for anew');
  patience.close();
  t.end();
});

t.test('the last known good file comes back as it was written, and damage is noticed', (t) => {
  const random = seededRandom();
  const resources = ['a', 'b'].map((name) => ({ version: '7', any: decision(name) }));
  const kept = { writtenAtMs: 123, nodeId: 'shop-0', resources };
  const key = Buffer.alloc(KEY_BYTES, 1);
  const text = encodeKept(kept, key);
  const problemOf = (altered: string, node = 'shop-0', with_ = key) => {
    const read = decodeKept(altered, node, with_);
    return read.ok ? 'none' : read.error;
  };
  t.same(decodeKept(text, 'shop-0', key), { ok: true, value: kept });
  t.match(problemOf(text, 'shop-1'), /^it is of node "shop-0": this is "shop-1"$/);
  t.match(problemOf(text.replace('shop-0', 'shop-1'), 'shop-1'), /signature is wrong/, 'a node cannot be written over');
  t.match(problemOf(text, 'shop-0', Buffer.alloc(KEY_BYTES, 2)), /signature is wrong/);
  t.match(problemOf(text.replace('"format":2', '"format":1')), /^its format is 1: only 2 is known$/);
  for (const other of ['', '\n', 'null\n', '{}\n', '[1]\n{}', '{"format":2}', text.slice(0, 40)])
    t.not(problemOf(other), 'none', other);
  for (let i = 0; i < 50; i++) {
    const at = Math.floor(random.next() * text.length);
    const damaged = `${text.slice(0, at)}${text[at] === 'x' ? 'y' : 'x'}${text.slice(at + 1)}`;
    t.not(problemOf(damaged), 'none', `damaged at ${at}`);
    t.not(problemOf(text.slice(0, at)), 'none', `cut at ${at}`);
  }
  t.end();
});

function decision(name: string) {
  return packAny('outrider.scaling.v1.ScalingDecision', ScalingDecision.fromPartial({ name }));
}
