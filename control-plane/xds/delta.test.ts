import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import type { ResourceKind } from '../../protos/contract/resource-types.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { DELTA, type DeltaRequest } from './delta.ts';
import type { SequencedResponse } from './sequencer.ts';
import { TestClient } from './test-client.ts';
import { type Contents, mesh, snapshot } from './test-snapshots.ts';

const NOTHING: DeltaRequest = { subscribe: [], unsubscribe: [], initialVersions: {}, nonce: '', error: undefined };

/** A client of delta xDS. Of a response that it refuses it takes nothing. */
class Client extends TestClient<DeltaRequest> {
  readonly has = new Map<ResourceKind, Map<string, string>>();

  constructor(first: Snapshot) {
    super(first, DELTA);
  }

  ask(kind: ResourceKind, request: Partial<DeltaRequest>): void {
    const held = this.has.get(kind) ?? new Map<string, string>();
    for (const name of request.unsubscribe ?? []) held.delete(name);
    this.has.set(kind, held);
    this.toServer.push(() => this.sequencer.request(kind, { ...NOTHING, ...request }));
  }

  protected answer(response: SequencedResponse): void {
    const { type, nonce, resources, removed } = response;
    if (this.refuses(response)) {
      this.ask(type.kind, { nonce, error: 'bad' });
      return;
    }
    const held = this.has.get(type.kind)!;
    for (const { name, hash } of resources) held.set(name, hash);
    for (const name of removed) held.delete(name);
    this.ask(type.kind, { nonce });
  }

  holds(kind: ResourceKind): Record<string, string> {
    return Object.fromEntries([...(this.has.get(kind) ?? [])].sort());
  }
}

function connected(first: Snapshot, ...kinds: readonly (readonly [ResourceKind, ...string[]])[]): Client {
  const client = new Client(first);
  for (const [kind, ...names] of kinds) client.ask(kind, { subscribe: names });
  client.settle();
  return client;
}

const told = (responses: readonly SequencedResponse[]) =>
  responses.map(({ type, resources, removed }) =>
    [type.kind, ...resources.map(({ name }) => name), ...removed.map((name) => `-${name}`)].join(' '),
  );

t.test('a wildcard gets everything, then only what changes and what goes', (t) => {
  const client = connected(mesh('a', 'b'), ['CDS'], ['EDS', 'a', 'b'], ['LDS'], ['RDS', 'outbound']);
  t.same(client.holds('CDS'), { a: 'c', b: 'c' });
  client.sequencer.advance(snapshot({ ...contentsOf(client), EDS: { a: 'e2', b: 'e' } }));
  t.same(told(client.settle()), ['EDS a'], 'one changed endpoint is one resource');
  client.sequencer.advance(mesh('a'));
  t.same(told(client.settle()), ['EDS a', 'RDS outbound', 'CDS -b', 'EDS -b'], 'the cluster goes behind its routes');
  t.same(client.holds('CDS'), { a: 'c' });
  t.end();
});

function contentsOf(client: Client): Contents {
  const kinds = ['CDS', 'EDS', 'LDS', 'RDS'] as const;
  return Object.fromEntries(kinds.map((kind) => [kind, client.holds(kind)]));
}

t.test('a wildcard is answered even when there is nothing, an unknown name is reported once', (t) => {
  const client = new Client(snapshot({}));
  client.ask('CDS', {});
  client.ask('EDS', { subscribe: ['a'] });
  client.ask('RDS', {});
  t.same(told(client.settle()), ['CDS', 'EDS -a'], 'and a kind without a wildcard is not');
  client.sequencer.advance(snapshot({ EDS: { b: '1' } }));
  t.same(told(client.settle()), []);
  client.sequencer.advance(snapshot({ EDS: { a: '1' } }));
  t.same(told(client.settle()), ['EDS a']);
  t.end();
});

t.test('a name that is subscribed twice is sent twice, one that is let go never again', (t) => {
  const client = connected(snapshot({ EDS: { a: '1', b: '1' } }), ['EDS', 'a', 'b']);
  client.ask('EDS', { subscribe: ['a'] });
  t.same(told(client.settle()), ['EDS a']);
  client.ask('EDS', { unsubscribe: ['a'] });
  client.settle();
  client.sequencer.advance(snapshot({ EDS: { a: '2', b: '2' } }));
  t.same(told(client.settle()), ['EDS b']);
  client.ask('EDS', { subscribe: ['a'] });
  t.same(told(client.settle()), ['EDS a']);
  t.end();
});

t.test('a wildcard may be asked for by name, taken back, and live beside names', (t) => {
  const client = connected(snapshot({ LDS: { a: '1', '+b': '1' } }), ['LDS', '+b']);
  t.same(client.holds('LDS'), { '+b': '1' });
  client.ask('LDS', { subscribe: ['*'] });
  client.settle();
  t.same(client.holds('LDS'), { '+b': '1', a: '1' });
  client.ask('LDS', { unsubscribe: ['+b'] });
  t.same(told(client.settle()), ['LDS -+b'], 'it is not part of everything');
  client.ask('LDS', { unsubscribe: ['*'] });
  client.settle();
  client.sequencer.advance(snapshot({ LDS: { a: '2' } }));
  t.same(told(client.settle()), []);
  t.end();
});

t.test('a client that comes back is sent only what it lacks, and told what is gone', (t) => {
  const client = new Client(snapshot({ CDS: { a: '1', b: '2' }, EDS: { a: '1', b: '1' } }));
  client.ask('CDS', { initialVersions: { a: '1', b: '1', c: '1' } });
  client.ask('EDS', { subscribe: ['a', 'b'], initialVersions: { a: '1', b: '1' } });
  t.same(told(client.settle()), ['CDS b -c', 'EDS b'], 'a changed cluster waits for its endpoints, the same or not');
  const same = new Client(snapshot({ CDS: { a: '1' } }));
  same.ask('CDS', { initialVersions: { a: '1' } });
  t.same(told(same.settle()), []);
  t.end();
});

t.test('one bad resource holds back nothing but itself, and comes again when it has changed', (t) => {
  const client = new Client(snapshot({ EDS: { a: '1', b: '1', c: 'bad', d: '1', e: '1' } }));
  client.refuses = ({ resources }) => resources.some(({ hash }) => hash === 'bad');
  client.ask('EDS', { subscribe: ['a', 'b', 'c', 'd', 'e'] });
  const responses = client.settle();
  t.same(client.holds('EDS'), { a: '1', b: '1', d: '1', e: '1' });
  t.equal(client.sequencer.progress('EDS'), 'refused');
  t.equal(client.sequencer.subscription('EDS')!.refusal?.message, 'bad');
  t.ok(responses.length <= 7, `found in halves: ${told(responses).join(', ')}`);
  client.sequencer.advance(snapshot({ EDS: { a: '2', b: '1', c: 'bad', d: '1', e: '1' } }));
  t.same(told(client.settle()), ['EDS a'], 'the bad one is not tried again as it is');
  t.equal(client.sequencer.progress('EDS'), 'refused');
  client.sequencer.advance(snapshot({ EDS: { a: '2', b: '1', c: '2', d: '1', e: '1' } }));
  t.same(told(client.settle()), ['EDS c']);
  t.equal(client.sequencer.progress('EDS'), 'settled');
  t.equal(client.sequencer.subscription('EDS')!.refusal, null);
  t.end();
});

t.test('a bad resource that is let go before it is refused leaves the others good', (t) => {
  const client = new Client(snapshot({ EDS: { a: 'bad', b: '1' } }));
  client.refuses = ({ resources }) => resources.some(({ hash }) => hash === 'bad');
  client.ask('EDS', { subscribe: ['a', 'b'] });
  client.deliver();
  client.pump();
  client.ask('EDS', { unsubscribe: ['a'] });
  client.settle();
  t.same(client.holds('EDS'), { b: '1' });
  t.equal(client.sequencer.progress('EDS'), 'settled');
  t.end();
});

t.test('a bad cluster does not hold back the routes of the others', (t) => {
  const client = connected(mesh('a'), ['CDS'], ['EDS', 'a'], ['LDS'], ['RDS', 'outbound']);
  client.refuses = ({ type, resources }) => type.kind === 'CDS' && resources.some(({ name }) => name === 'bad');
  client.sequencer.advance(mesh('a', 'b', 'bad'));
  client.settle();
  t.same(client.holds('CDS'), { a: 'c', b: 'c' });
  t.same(client.holds('RDS'), { outbound: 'a,b,bad' });
  t.end();
});

t.test('an answer that comes too late is none, but what it asks for counts', (t) => {
  const client = connected(snapshot({ EDS: { a: '1', b: '1' } }), ['EDS', 'a']);
  client.sequencer.advance(snapshot({ EDS: { a: '2', b: '1' } }));
  client.pump();
  t.equal(client.sequencer.request('EDS', { ...NOTHING, nonce: 'old', subscribe: ['b'] }), 'stale');
  client.settle();
  t.same(client.holds('EDS'), { a: '2', b: '1' });
  t.end();
});

const NAMES = ['a', 'b', 'c', 'd'];
const resources = fc.dictionary(fc.constantFrom(...NAMES), fc.constantFrom('1', '2', 'bad'), { maxKeys: 4 });
const contents = fc.record({ CDS: resources, EDS: resources, LDS: resources, RDS: resources });
const change = fc.record({
  kind: fc.constant('names' as const),
  of: fc.constantFrom('EDS' as const, 'RDS' as const),
  subscribe: fc.uniqueArray(fc.constantFrom(...NAMES), { maxLength: 2 }),
  unsubscribe: fc.uniqueArray(fc.constantFrom(...NAMES), { maxLength: 2 }),
});
const step = fc.oneof(
  fc.record({ kind: fc.constantFrom('pump' as const, 'receive' as const, 'deliver' as const) }),
  fc.record({ kind: fc.constant('advance' as const), contents }),
  change,
);

t.test('whatever the order of answers, refusals and changes, the client ends with all that is good', (t) => {
  const property = fc.property(contents, fc.array(step, { maxLength: 60 }), contents, (first, steps, last) => {
    const client = new Client(snapshot(first));
    const wanted = { EDS: new Set(NAMES), RDS: new Set(NAMES) };
    client.refuses = (response) => response.resources.some(({ hash }) => hash === 'bad');
    for (const kind of ['CDS', 'LDS'] as const) client.ask(kind, {});
    for (const kind of ['EDS', 'RDS'] as const) client.ask(kind, { subscribe: NAMES });
    for (const each of steps) {
      if (each.kind === 'advance') client.sequencer.advance(snapshot(each.contents));
      else if (each.kind === 'names') {
        const unsubscribe = each.unsubscribe.filter((name) => !each.subscribe.includes(name));
        for (const name of each.subscribe) wanted[each.of].add(name);
        for (const name of unsubscribe) wanted[each.of].delete(name);
        client.ask(each.of, { subscribe: each.subscribe, unsubscribe });
      } else client[each.kind]();
    }
    client.sequencer.advance(snapshot(last));
    client.settle();
    const namesOf = (kind: 'CDS' | 'EDS' | 'LDS' | 'RDS') => (kind in wanted ? [...wanted[kind as 'EDS']] : NAMES);
    // Who refuses routes keeps the old ones, and the clusters that they may name.
    const keepsOld = (['LDS', 'RDS'] as const).some((kind) => namesOf(kind).some((name) => last[kind][name] === 'bad'));
    for (const kind of ['CDS', 'EDS', 'LDS', 'RDS'] as const) {
      const names = namesOf(kind);
      for (const name of names) {
        const is = last[kind][name];
        const has = client.has.get(kind)!.get(name);
        const mayStay = keepsOld && (kind === 'CDS' || kind === 'EDS');
        if (is === undefined) assert.ok(mayStay || has === undefined, `${kind} ${name} is gone: ${has}`);
        else if (is !== 'bad') assert.equal(has, is, `${kind} ${name}`);
      }
      // What is kept for old routes may be bad, too.
      if (keepsOld && (kind === 'CDS' || kind === 'EDS')) continue;
      const refused = names.some((name) => last[kind][name] === 'bad');
      assert.equal(client.sequencer.progress(kind), refused ? 'refused' : 'settled', kind);
    }
  });
  fc.assert(property, { numRuns: 1000 });
  t.end();
});

t.test('no route ever names a cluster that the client does not have', (t) => {
  const services = fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 1 });
  const move = fc.oneof(services, fc.constantFrom('pump' as const, 'receive' as const, 'deliver' as const));
  const property = fc.property(services, fc.array(move, { maxLength: 80 }), (first, moves) => {
    const client = connected(mesh(...first), ['CDS'], ['EDS', ...NAMES], ['LDS'], ['RDS', 'outbound']);
    for (const each of moves) {
      if (Array.isArray(each)) client.sequencer.advance(mesh(...each));
      else client[each]();
      const routed = client.holds('RDS').outbound?.split(',') ?? [];
      if (routed.some((name) => !(name in client.holds('CDS')))) return false;
    }
    return true;
  });
  fc.assert(property, { numRuns: 1000 });
  t.end();
});
