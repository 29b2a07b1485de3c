/**
 * What real clients do in delta xDS, done by a raw client over real gRPC. docs/xds.md says which fact is held by which
 * test; delta-xds.test.ts has more of them.
 */
import t from 'tap';
import { until } from '../../until.ts';
import type { DeltaClient, DeltaReceived } from './fixtures/delta-client.ts';
import { permutations, startFactsMesh } from './fixtures/facts-mesh.ts';
import { envoyExtensions } from './fixtures/xds-client.ts';

const { delta, set, grow, sidecar } = await startFactsMesh(t);

const names = ({ versions }: DeltaReceived) => Object.keys(versions).sort();
const ALL = ['a', 'b', 'cart', 'inbound'];

/** Everything that the server had to say to what was asked so far is there when this resolves. */
async function settled(client: DeltaClient): Promise<readonly DeltaReceived[]> {
  client.ask('SCALING', { subscribe: ['cart'] });
  await client.next('SCALING');
  return client.received;
}

t.test('clusters and listeners without names are a wildcard, answered though there is nothing', async (t) => {
  const client = delta(t, { id: 'grpc-client' });
  client.ask('CDS');
  t.same(names(await client.next('CDS')), []);
  await set(['a', 'cart']);
  t.same(names(await client.next('CDS')), ['a', 'cart']);
});

t.test('first requests in any order end with everything', async (t) => {
  await set(['a', 'b', 'cart']);
  const wanted = { CDS: [], EDS: ['b', 'a'], LDS: [], RDS: ['outbound'] } as const;
  const clients = permutations(['CDS', 'EDS', 'LDS', 'RDS'] as const).map((order) => {
    const client = delta(t);
    for (const kind of order) client.ask(kind, { subscribe: wanted[kind] });
    return client;
  });
  for (const client of clients) {
    const endpoints = new Set<string>();
    t.same(names(await client.next('CDS')), ALL);
    while (endpoints.size < 2) for (const name of names(await client.next('EDS'))) endpoints.add(name);
    t.same(names(await client.next('LDS')), ['inbound', 'outbound']);
    t.same(names(await client.next('RDS')), ['outbound']);
  }
});

t.test('a changed cluster has its endpoints sent again, unasked', async (t) => {
  await set(['a', 'b', 'cart']);
  const client = delta(t);
  client.ask('CDS');
  await client.next('CDS');
  client.ask('EDS', { subscribe: ['a', 'b'] });
  await client.next('EDS');
  await set(['a', 'b', 'cart'], { b: ', x-outrider: {protocol: grpc}' });
  t.same(names(await client.next('CDS')), ['b']);
  t.same(names(await client.next('EDS')), ['b']);
});

t.test(
  'routes that need a new cluster wait for the ACK of the clusters, and a NACK of one frees the others',
  async (t) => {
    await set(['a', 'cart']);
    const client = delta(t);
    client.ask('CDS');
    await client.next('CDS');
    client.ask('RDS', { subscribe: ['outbound'] });
    await client.next('RDS');
    client.answer = ({ kind }) => (kind === 'CDS' ? null : undefined);
    await set(['a', 'cart', 'new']);
    const clusters = await client.next('CDS');
    t.same(await settled(client), [], 'no routes yet');
    client.ask('CDS', { nonce: clusters.nonce });
    t.match(JSON.stringify((await client.next('RDS')).resources), '"new"');
  },
);

t.test('names are added and taken back, in one request too', async (t) => {
  await set(['a', 'b', 'cart']);
  const client = delta(t);
  client.ask('EDS', { subscribe: ['a'] });
  t.same(names(await client.next('EDS')), ['a']);
  client.ask('EDS', { subscribe: ['b'], unsubscribe: ['a', 'never'] });
  t.same(names(await client.next('EDS')), ['b']);
  await grow('a');
  await grow('b');
  t.same(names(await client.next('EDS')), ['b'], 'who is let go is not told of');
  client.ask('EDS', { unsubscribe: ['b'] });
  await grow('b');
  t.same(await settled(client), [], 'nothing is left, and that is no wildcard');
});

t.test('a name let go under a wildcard is told once more; a star is a wildcard, and can be taken back', async (t) => {
  await set(['a', 'b', 'cart']);
  const client = delta(t);
  client.ask('CDS', { subscribe: ['*', 'a'] });
  t.same(names(await client.next('CDS')), ALL);
  client.ask('CDS', { unsubscribe: ['a'] });
  t.same(names(await client.next('CDS')), ['a']);
  client.ask('CDS', { subscribe: ['b'], unsubscribe: ['*'] });
  t.same(names(await client.next('CDS')), ['b']);
  await set(['a', 'b', 'cart'], { a: ', x-outrider: {protocol: grpc}' });
  t.same(await settled(client), []);
  client.ask('CDS', { subscribe: ['*'] });
  t.same(names(await client.next('CDS')), ['a', 'cart', 'inbound'], 'what it let go; b it still has');
});

t.test('an ACK or NACK with another nonce than the last is none, and its names count', async (t) => {
  await set(['a', 'b', 'cart']);
  const client = delta(t);
  client.ask('EDS', { subscribe: ['a'] });
  const first = await client.next('EDS');
  client.answer = ({ kind }) => (kind === 'EDS' ? null : undefined);
  await grow('a');
  const second = await client.next('EDS');
  client.ask('EDS', { nonce: first.nonce, subscribe: ['b'] });
  client.ask('EDS', { nonce: 'made up', error: 'too late' });
  t.same(await settled(client), [], 'one response is outstanding at most');
  client.ask('EDS', { nonce: second.nonce });
  t.same(names(await client.next('EDS')), ['b']);
});

t.test('a NACK has the good ones of its response sent again, the bad one not before it changes', async (t) => {
  await set(['a', 'b', 'c', 'cart']);
  const client = delta(t);
  const held = new Set<string>();
  let tries = 0;
  client.answer = (response) => {
    if (response.kind !== 'EDS') return undefined;
    if (names(response).includes('b')) {
      tries++;
      return 'b is bad';
    }
    for (const name of names(response)) held.add(name);
    return undefined;
  };
  client.ask('EDS', { subscribe: ['a', 'b', 'c'] });
  await until('the good ones', () => held.has('a') && held.has('c'));
  await settled(client);
  t.ok(tries <= 3, `tried ${tries} times, in halves`);
  client.received.length = 0;
  await grow('a');
  t.same(names(await client.next('EDS')), ['a']);
  client.answer = () => undefined;
  await grow('b');
  t.same(names(await client.next('EDS')), ['b']);
});

t.test(
  'who holds the current versions is sent nothing; an older one, one that is gone and one let go are told',
  async (t) => {
    await set(['a', 'b', 'cart']);
    const node = sidecar('cart');
    const client = delta(t, node);
    client.ask('EDS', { subscribe: ['a', 'b'] });
    const held = (await client.next('EDS')).versions;
    await client.close();
    const again = delta(t, node);
    again.ask('EDS', { subscribe: ['b', 'a'], held });
    t.same(await settled(again), []);
    await again.close();
    const third = delta(t, node);
    third.ask('EDS', { subscribe: ['a', 'b', 'gone'], held: { ...held, b: 'old', gone: 'x', other: 'y' } });
    const difference = await third.next('EDS');
    t.same([names(difference), difference.removed], [['b'], ['gone']], 'and nothing of what it does not subscribe to');
  },
);

t.test('an unknown name is in removed_resources once, one subscribed twice is sent twice', async (t) => {
  await set(['a', 'cart']);
  const client = delta(t);
  client.ask('EDS', { subscribe: ['a', 'unknown'] });
  const first = await client.next('EDS');
  t.same([names(first), first.removed], [['a'], ['unknown']]);
  await grow('a');
  t.same((await client.next('EDS')).removed, []);
  client.ask('EDS', { subscribe: ['a', 'unknown'] });
  const second = await client.next('EDS');
  t.same([names(second), second.removed], [['a'], ['unknown']]);
});

t.test('the node comes with the first message alone, be it for a type that nobody serves', async (t) => {
  await set(['a', 'b', 'cart']);
  const client = delta(t, { ...sidecar('cart'), unknown: envoyExtensions() });
  for (const typeUrl of ['', 'x', '\u0000'.repeat(1000), 'type.googleapis.com/envoy.config.route.v3.VirtualHost'])
    client.ask('CDS', { typeUrl, subscribe: ['a'] });
  t.same(await settled(client), []);
  client.ask('CDS');
  t.same(names(await client.next('CDS')), ALL);
});

t.test('names that are too long or too many, subscribed or held, end the stream with a sentence', async (t) => {
  const many = Array.from({ length: 20_001 }, (_, i) => `s${i}`);
  const ended = async (ask: Parameters<DeltaClient['ask']>[1]) => {
    const client = delta(t);
    client.ask('EDS', ask);
    return until('the end of the stream', () => client.error);
  };
  const long = { code: 3, message: /EDS: a name has 513 bytes: at most 512/ };
  t.match(await ended({ subscribe: ['a', 'x'.repeat(513)] }), long);
  t.match(await ended({ held: { ['x'.repeat(513)]: '1' } }), long);
  t.match(await ended({ subscribe: many }), { code: 3, message: /EDS: 20001 names are subscribed: at most 20000/ });
  t.match(await ended({ held: Object.fromEntries(many.map((name) => [name, '1'])) }), {
    code: 3,
    message: /EDS: 20001 names are held: at most 20000/,
  });
});
