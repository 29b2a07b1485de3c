import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import type { ResourceKind } from '../../protos/contract/resource-types.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { type SequencedResponse, Sequencer } from './sequencer.ts';
import { STATE_OF_THE_WORLD, type SubscriptionRequest } from './state-of-the-world.ts';
import { TestClient } from './test-client.ts';
import { type Contents, mesh, snapshot } from './test-snapshots.ts';

/** A client of the state-of-the-world protocol. */
class Client extends TestClient<SubscriptionRequest> {
  readonly kinds = new Map<ResourceKind, ClientKind>();

  constructor(first: Snapshot) {
    super(first, STATE_OF_THE_WORLD);
  }

  subscribe(kind: ResourceKind, names: readonly string[]): void {
    const own = this.kinds.get(kind) ?? { names, version: '', nonce: '', has: new Map<string, string>() };
    this.kinds.set(kind, { ...own, names, has: names.length === 0 ? own.has : only(own.has, names) });
    this.#send(kind);
  }

  protected answer(response: SequencedResponse): void {
    const { kind, completeSet } = response.type;
    const own = this.kinds.get(kind)!;
    own.nonce = response.nonce;
    if (this.refuses(response)) {
      this.#send(kind, 'refused');
      return;
    }
    own.version = response.version;
    if (completeSet) own.has.clear();
    for (const { name, hash } of response.resources) own.has.set(name, hash);
    if (own.names.length > 0) own.has = only(own.has, own.names);
    this.#send(kind);
  }

  has(kind: ResourceKind): Record<string, string> {
    return Object.fromEntries([...(this.kinds.get(kind)?.has ?? [])].sort());
  }

  #send(kind: ResourceKind, error?: string): void {
    const { names, version: versionInfo, nonce } = this.kinds.get(kind)!;
    this.toServer.push(() => this.sequencer.request(kind, { names, versionInfo, nonce, error }));
  }
}

interface ClientKind {
  readonly names: readonly string[];
  version: string;
  nonce: string;
  has: Map<string, string>;
}

function only(has: ReadonlyMap<string, string>, names: readonly string[]): Map<string, string> {
  return new Map([...has].filter(([name]) => names.includes(name)));
}

function connected(first: Snapshot, subscriptions: Partial<Record<ResourceKind, readonly string[]>>): Client {
  const client = new Client(first);
  for (const [kind, names] of Object.entries(subscriptions)) client.subscribe(kind as ResourceKind, names);
  client.settle();
  return client;
}

const kindsOf = (responses: readonly SequencedResponse[]) => responses.map(({ type }) => type.kind).join(' ');

t.test('a wildcard gets everything but what is given on demand, and an empty answer when there is nothing', (t) => {
  const client = connected(snapshot({ LDS: { a: '1', '+b': '1' } }), { CDS: [], LDS: [] });
  t.same(client.has('LDS'), { a: '1' });
  t.equal(client.sequencer.subscription('CDS')?.ackedVersion.length, 16, 'the empty set was acknowledged');
  t.end();
});

t.test('what is given on demand is found by its name', (t) => {
  const client = connected(snapshot({ LDS: { a: '1', '+b': '1' } }), { LDS: ['+b'] });
  t.same(client.has('LDS'), { '+b': '1' });
  t.end();
});

t.test('equal contents are not sent again', (t) => {
  const client = connected(mesh('a'), { CDS: [], LDS: [], EDS: ['a'], RDS: ['outbound'] });
  client.sequencer.advance(mesh('a'));
  t.equal(client.settle().length, 0);
  t.end();
});

t.test('names that are added under an equal version and nonce are sent', (t) => {
  const client = connected(snapshot({ LDS: { '+a': '1', '+b': '1' } }), { LDS: ['+a'] });
  client.subscribe('LDS', ['+a', '+b']);
  client.settle();
  t.same(client.has('LDS'), { '+a': '1', '+b': '1' });
  t.end();
});

t.test('an empty list after names ends the subscription', (t) => {
  const client = connected(snapshot({ LDS: { '+a': '1', b: '1' } }), { LDS: ['+a'] });
  client.subscribe('LDS', []);
  client.settle();
  client.sequencer.advance(snapshot({ LDS: { '+a': '2', b: '2' } }));
  t.equal(client.settle().length, 0, 'it is no wildcard');
  t.end();
});

t.test('of endpoints only what changed is sent', (t) => {
  const client = connected(snapshot({ EDS: { a: '1', b: '1' } }), { EDS: ['a', 'b'] });
  client.sequencer.advance(snapshot({ EDS: { a: '1', b: '2' } }));
  const [response] = client.pump();
  t.same(
    response?.resources.map(({ name }) => name),
    ['b'],
  );
  t.end();
});

t.test('a refused response is not repeated until something changes, and then in full', (t) => {
  const client = new Client(snapshot({ EDS: { a: '1', b: 'bad' } }));
  client.refuses = ({ resources }) => resources.some(({ hash }) => hash === 'bad');
  client.subscribe('EDS', ['a', 'b']);
  t.equal(client.settle().length, 1, 'one try');
  t.same(client.has('EDS'), {});
  t.equal(client.sequencer.progress('EDS'), 'refused');
  client.sequencer.advance(snapshot({ EDS: { a: '1', b: '2' } }));
  t.equal(client.settle().length, 1);
  t.same(client.has('EDS'), { a: '1', b: '2' }, 'a was in the refused response and comes again');
  t.equal(client.sequencer.progress('EDS'), 'settled');
  t.end();
});

t.test('a client that comes back with what is current is sent nothing', (t) => {
  const before = connected(mesh('a', 'b'), { CDS: [], EDS: ['a', 'b'], RDS: ['outbound'] });
  const again = new Sequencer(mesh('b', 'a'), STATE_OF_THE_WORLD);
  for (const [kind, { names, version: versionInfo }] of before.kinds) {
    again.request(kind, { names, versionInfo, nonce: '', error: undefined });
  }
  t.equal(again.next()?.type.kind, 'RDS', 'whose hash knows the order');
  t.equal(again.next(), undefined);
  t.end();
});

t.test('a request that was written before the last response arrived is ignored', (t) => {
  const client = connected(snapshot({ EDS: { a: '1', b: '1' } }), { EDS: ['a'] });
  client.sequencer.advance(snapshot({ EDS: { a: '2', b: '1' } }));
  client.pump();
  const nonce = client.kinds.get('EDS')!.nonce;
  t.equal(client.sequencer.request('EDS', { names: ['b'], versionInfo: 'x', nonce, error: undefined }), 'stale');
  client.settle();
  t.same(client.has('EDS'), { a: '2' });
  t.end();
});

t.test('names that are added before the first response has arrived are sent behind it', (t) => {
  const client = new Client(snapshot({ EDS: { a: '1', b: '1' } }));
  client.subscribe('EDS', ['a']);
  client.deliver();
  client.subscribe('EDS', ['a', 'b']);
  client.settle();
  t.same(client.has('EDS'), { a: '1', b: '1' });
  t.end();
});

t.test('a cluster that is being taken away is not brought back by the next change', (t) => {
  const client = connected(mesh('a', 'b'), { CDS: [], EDS: ['a', 'b'], LDS: [], RDS: ['outbound'] });
  client.sequencer.advance(mesh('b'));
  const isRemoval = ({ type, resources }: SequencedResponse) =>
    type.kind === 'CDS' && !resources.some(({ name }) => name === 'a');
  while (!client.pump().some(isRemoval)) {
    while (client.toClient.length > 0) client.receive();
    while (client.toServer.length > 0) client.deliver();
  }
  client.sequencer.advance(mesh('b', 'c'));
  const later = client.settle().filter(({ type }) => type.kind === 'CDS');
  t.same(
    later.map(({ resources }) => resources.map(({ name }) => name)),
    [['b', 'c']],
  );
  t.same(client.has('CDS'), { b: 'c', c: 'c' });
  t.end();
});

t.test('a changed cluster gets its endpoints again, though they have not changed', (t) => {
  const client = connected(mesh('a', 'b'), { CDS: [], EDS: ['a', 'b'] });
  client.sequencer.advance(snapshot({ CDS: { a: 'c2', b: 'c' }, EDS: { a: 'e', b: 'e' } }));
  const written = client.pump();
  t.equal(kindsOf(written), 'CDS EDS');
  t.same(
    written[1]!.resources.map(({ name }) => name),
    ['a'],
  );
  t.end();
});

t.test('a client that repeats its request after a change of clusters is answered once', (t) => {
  const client = connected(mesh('a'), { CDS: [], EDS: ['a'] });
  const { version: versionInfo, nonce } = client.kinds.get('EDS')!;
  const repeat = () => client.sequencer.request('EDS', { names: ['a'], versionInfo, nonce, error: undefined });
  repeat();
  t.equal(client.sequencer.next(), undefined, 'no clusters were sent since the endpoints');
  client.sequencer.advance(snapshot({ CDS: { a: 'c', x: 'c' }, EDS: { a: 'e' } }));
  t.equal(kindsOf(client.pump()), 'CDS');
  repeat();
  t.equal(kindsOf(client.pump()), 'EDS');
  t.end();
});

t.test('routes wait until the clusters are acknowledged', (t) => {
  const client = connected(mesh('a'), { CDS: [], EDS: ['a'], LDS: [], RDS: ['outbound'] });
  client.sequencer.advance(mesh('a', 'b'));
  t.equal(kindsOf(client.pump()), 'CDS');
  t.equal(client.sequencer.progress('RDS'), 'pending');
  client.receive();
  client.deliver();
  t.equal(kindsOf(client.pump()), 'RDS');
  t.end();
});

t.test('a removed cluster stays until the routes without it are acknowledged', (t) => {
  const client = connected(mesh('a', 'b'), { CDS: [], EDS: ['a', 'b'], LDS: [], RDS: ['outbound'] });
  client.sequencer.advance(mesh('a'));
  t.equal(kindsOf(client.pump()), 'RDS');
  t.same(client.has('CDS'), { a: 'c', b: 'c' });
  client.receive();
  client.deliver();
  t.equal(kindsOf(client.pump()), 'CDS');
  client.settle();
  t.same(client.has('CDS'), { a: 'c' });
  t.end();
});

t.test('a client that refuses routes keeps the clusters of the old ones', (t) => {
  const client = connected(mesh('a', 'b'), { CDS: [], EDS: ['a', 'b'], RDS: ['outbound'] });
  client.refuses = ({ type }) => type.kind === 'RDS';
  client.sequencer.advance(mesh('a'));
  client.settle();
  t.same(client.has('CDS'), { a: 'c', b: 'c' });
  client.refuses = () => false;
  client.sequencer.advance(mesh('a', 'd'));
  client.settle();
  t.same(client.has('CDS'), { a: 'c', d: 'c' });
  t.end();
});

t.test('refused clusters hold back the routes that may need them, and the wait for them is over', (t) => {
  const client = connected(mesh('a'), { CDS: [], EDS: ['a'], RDS: ['outbound'] });
  client.refuses = ({ type }) => type.kind === 'CDS';
  client.sequencer.advance(mesh('a', 'b'));
  client.settle();
  t.same(client.has('RDS'), { outbound: 'a' });
  t.equal(client.sequencer.progress('RDS'), 'refused');
  t.end();
});

const NAMES = ['a', 'b', 'c', 'd'];
const resources = fc.dictionary(fc.constantFrom(...NAMES), fc.constantFrom('1', '2', '3', 'bad'), { maxKeys: 4 });
const contents = fc.record({ CDS: resources, EDS: resources, LDS: resources, RDS: resources });
const names = fc.uniqueArray(fc.constantFrom(...NAMES), { maxLength: 4 });
const step = fc.oneof(
  fc.record({ kind: fc.constant('pump' as const) }),
  fc.record({ kind: fc.constant('receive' as const) }),
  fc.record({ kind: fc.constant('deliver' as const) }),
  fc.record({ kind: fc.constant('advance' as const), contents }),
  fc.record({ kind: fc.constant('rename' as const), of: fc.constantFrom('EDS' as const, 'RDS' as const), names }),
);

t.test('whatever the order of acknowledgements, refusals and changes, the client ends with the current set', (t) => {
  const property = fc.property(contents, fc.array(step, { maxLength: 60 }), contents, (first, steps, last) => {
    const client = new Client(snapshot(first));
    client.refuses = (response) => response.resources.some(({ hash }) => hash === 'bad');
    client.subscribe('CDS', []);
    client.subscribe('LDS', []);
    client.subscribe('EDS', NAMES);
    client.subscribe('RDS', NAMES);
    for (const each of steps) {
      if (each.kind === 'advance') client.sequencer.advance(snapshot(each.contents));
      else if (each.kind === 'rename') client.subscribe(each.of, each.names.length === 0 ? NAMES : each.names);
      else client[each.kind]();
    }
    const good = Object.fromEntries(
      Object.entries(last).map(([kind, all]) => [
        kind,
        Object.fromEntries(Object.entries(all).map(([name, hash]) => [name, hash === 'bad' ? '4' : hash])),
      ]),
    ) as Required<Pick<Contents, 'CDS' | 'EDS' | 'LDS' | 'RDS'>>;
    client.sequencer.advance(snapshot(good));
    client.settle();
    const sorted = (all: Readonly<Record<string, string>>, wanted: readonly string[]) =>
      Object.fromEntries(
        Object.entries(all)
          .filter(([name]) => wanted.includes(name))
          .sort(),
      );
    for (const kind of ['CDS', 'LDS'] as const) assert.deepEqual(client.has(kind), sorted(good[kind], NAMES));
    for (const kind of ['EDS', 'RDS'] as const) {
      // A missing entry is no deletion: of these the client may have more than there is.
      const current = sorted(good[kind], client.kinds.get(kind)!.names);
      assert.deepEqual(sorted(client.has(kind), Object.keys(current)), current);
    }
    for (const kind of ['CDS', 'EDS', 'LDS', 'RDS'] as const) assert.equal(client.sequencer.progress(kind), 'settled');
  });
  fc.assert(property, { numRuns: 1000 });
  t.end();
});

t.test('no route ever names a cluster that the client does not have', (t) => {
  const services = fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 1 });
  const move = fc.oneof(services, fc.constantFrom('pump' as const, 'receive' as const, 'deliver' as const));
  const property = fc.property(services, fc.array(move, { maxLength: 80 }), (first, moves) => {
    const client = connected(mesh(...first), { CDS: [], EDS: NAMES, LDS: [], RDS: ['outbound'] });
    for (const each of moves) {
      if (Array.isArray(each)) client.sequencer.advance(mesh(...each));
      else client[each]();
      const routed = client.has('RDS').outbound?.split(',') ?? [];
      const missing = routed.filter((name) => !(name in client.has('CDS')));
      if (missing.length > 0) return false;
    }
    return true;
  });
  fc.assert(property, { numRuns: 1000 });
  t.end();
});
