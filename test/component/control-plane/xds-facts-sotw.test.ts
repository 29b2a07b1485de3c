/**
 * What real clients do in state of the world, done by a raw client over real gRPC. docs/xds.md says which fact is held by
 * which test.
 */
import { readFile } from 'node:fs/promises';
import t from 'tap';
import { until } from '../../until.ts';
import type { AdsClient, Received } from './fixtures/ads-client.ts';
import { OWN_SERVICES, ownMethod, permutations, startFactsMesh } from './fixtures/facts-mesh.ts';
import { call } from './fixtures/start.ts';
import { envoyExtensions } from './fixtures/xds-client.ts';

const mesh = await startFactsMesh(t);
const { controlPlane, ads, set, grow, sidecar } = mesh;

const names = (response: Received) => response.names.toSorted();

/** Everything that the server had to say to what was asked so far is there when this resolves. */
async function settled(client: AdsClient): Promise<readonly Received[]> {
  // What was let go is sent again when it is wanted again: an answer behind all others.
  client.subscribe('SCALING');
  client.subscribe('SCALING', ['cart']);
  await client.next('SCALING');
  return client.received;
}

t.test(
  'an empty list of clusters and listeners means everything, and is answered though there is nothing',
  async (t) => {
    const client = ads(t, { id: 'grpc-client' });
    client.subscribe('CDS');
    client.subscribe('LDS');
    t.same((await client.next('CDS')).names, []);
    t.same((await client.next('LDS')).names, []);
    await set(['a', 'b', 'cart']);
    t.same(names(await client.next('CDS')), ['a', 'b', 'cart']);
  },
);

t.test('a first request in any order ends with everything', async (t) => {
  await set(['a', 'b', 'cart']);
  const wanted = { CDS: [], EDS: ['b', 'a'], LDS: [], RDS: ['outbound'] } as const;
  const orders = permutations(['CDS', 'EDS', 'LDS', 'RDS'] as const);
  const clients = orders.map((order) => {
    const client = ads(t);
    for (const kind of order) client.subscribe(kind, wanted[kind]);
    return client;
  });
  for (const client of clients) {
    t.same(names(await client.next('CDS')), ['a', 'b', 'cart', 'inbound']);
    t.same(names(await client.next('EDS')), ['a', 'b']);
    t.same(names(await client.next('LDS')), ['inbound', 'outbound']);
    t.same(names(await client.next('RDS')), ['outbound']);
  }
});

t.test('routes that need a new cluster wait for the ACK of the clusters', async (t) => {
  await set(['a', 'cart']);
  const client = ads(t);
  client.subscribe('CDS');
  await client.next('CDS');
  client.subscribe('RDS', ['outbound']);
  await client.next('RDS');
  client.answer = ({ kind }) => (kind === 'CDS' ? null : undefined);
  await set(['a', 'cart', 'new']);
  const clusters = await client.next('CDS');
  t.same(await settled(client), [], 'no routes yet');
  client.send('CDS', { versionInfo: clusters.version, nonce: clusters.nonce });
  t.match(JSON.stringify((await client.next('RDS')).resources), '"new"');
});

t.test(
  'a changed cluster has its endpoints sent again, and a request repeated for that is answered once',
  async (t) => {
    await set(['a', 'b', 'cart']);
    const client = ads(t);
    client.subscribe('CDS');
    await client.next('CDS');
    client.subscribe('EDS', ['a', 'b']);
    const { version, nonce } = await client.next('EDS');
    client.send('EDS', { versionInfo: version, nonce });
    t.same(await settled(client), [], 'a request like its last ACK is no question before the clusters have changed');
    await set(['a', 'b', 'cart'], { b: ', x-outrider: {protocol: grpc}' });
    await client.next('CDS');
    const again = await client.next('EDS');
    t.same(again.names, ['b']);
    client.send('EDS', { versionInfo: again.version, nonce: again.nonce });
    t.same(await settled(client), [], 'it has been sent already');
    await set(['a', 'b', 'cart', 'c']);
    await client.next('CDS');
    t.same(names(await client.next('EDS')), ['b'], 'b has changed back');
  },
);

t.test(
  'a list in another order is the same list, and added names are sent under an equal version and nonce',
  async (t) => {
    await set(['a', 'b', 'c', 'cart']);
    const client = ads(t);
    client.subscribe('EDS', ['a', 'b']);
    const { version, nonce } = await client.next('EDS');
    client.send('EDS', { versionInfo: version, nonce, names: ['b', 'a'] });
    t.same(await settled(client), []);
    client.send('EDS', { versionInfo: version, nonce, names: ['c', 'b', 'a'] });
    const added = await client.next('EDS');
    t.same(added.names, ['c'], 'and the others are not sent again');
    client.send('EDS', { versionInfo: added.version, nonce: added.nonce, names: ['c', 'a'] });
    client.send('EDS', { versionInfo: added.version, nonce: added.nonce, names: ['c', 'a', 'b'] });
    t.same((await client.next('EDS')).names, ['b'], 'one that was let go and is wanted again is sent again');
  },
);

t.test('a removed name is not sent any more', async (t) => {
  await set(['a', 'b', 'cart']);
  const client = ads(t);
  client.subscribe('EDS', ['a', 'b']);
  const { version, nonce } = await client.next('EDS');
  client.subscribe('EDS', ['b']);
  client.send('EDS', { versionInfo: version, nonce });
  await settled(client);
  await grow('a');
  await grow('b');
  t.same((await client.next('EDS')).names, ['b']);
});

t.test('an empty list after names ends the subscription: it is no wildcard', async (t) => {
  await set(['a', 'cart']);
  const client = ads(t, { id: 'grpc-unsubscribes' });
  client.subscribe('CDS', ['a']);
  const { version, nonce } = await client.next('CDS');
  client.send('CDS', { versionInfo: version, nonce, names: [] });
  await set(['a', 'cart'], { a: ', x-outrider: {protocol: grpc}' });
  client.subscribe('RDS', ['a']);
  await client.next('RDS');
  t.same(client.received, []);
  client.send('CDS', { versionInfo: version, nonce, names: ['a'] });
  t.same((await client.next('CDS')).names, ['a']);
});

t.test('a star is a wildcard, beside names too, and can be taken back', async (t) => {
  await set(['a', 'b', 'cart']);
  const client = ads(t);
  const next = async (list: readonly string[]) => {
    client.subscribe('CDS', list);
    return names(await client.next('CDS'));
  };
  t.same(await next(['a']), ['a']);
  const all = ['a', 'b', 'cart', 'inbound'];
  t.same(await next(['a', '*']), all);
  client.subscribe('CDS', ['b']);
  t.same(await settled(client), [], 'it lacks nothing');
  await set(['a', 'b', 'cart'], { a: ', x-outrider: {protocol: grpc}' });
  t.same(await settled(client), [], 'and is told of no other');
  t.same(await next(['*']), all);
});

t.test('a NACK with the last good version and the bad nonce is not answered until something changes', async (t) => {
  await set(['a', 'cart']);
  const client = ads(t);
  client.subscribe('CDS');
  const good = await client.next('CDS');
  client.subscribe('EDS', ['a', 'b']);
  await client.next('EDS');
  let tries = 0;
  client.answer = (response) => {
    if (response.kind !== 'CDS' || !response.names.includes('b')) return undefined;
    tries++;
    client.send('CDS', { versionInfo: good.version, nonce: response.nonce, error: 'b is bad' });
    return null;
  };
  await set(['a', 'b', 'cart']);
  const refused = await client.next('CDS');
  for (let i = 0; i < 20; i++)
    client.send('CDS', { versionInfo: good.version, nonce: refused.nonce, error: 'b is bad' });
  await settled(client);
  t.equal(tries, 1, 'one try, however often it says no');
  const { body } = await call(controlPlane, 'GET', '/v1/status');
  t.match(JSON.stringify(body), '"message":"b is bad"');
  t.same((await client.next('EDS')).names, ['b'], 'what it refused of one kind says nothing of another');
  await set(['a', 'cart', 'd']);
  t.same(names(await client.next('CDS')), ['a', 'cart', 'd', 'inbound']);
});

t.test('a NACK of endpoints has the good ones among them sent again with the next change', async (t) => {
  await set(['a', 'b', 'cart']);
  const client = ads(t);
  client.answer = (response) => (response.names.includes('b') ? 'b is bad' : undefined);
  client.subscribe('EDS', ['a', 'b']);
  t.same(names(await client.next('EDS')), ['a', 'b']);
  client.answer = () => undefined;
  await grow('b');
  t.same(names(await client.next('EDS')), ['a', 'b']);
});

t.test(
  'clusters and listeners are complete sets; endpoints are what has changed, and none is a deletion',
  async (t) => {
    await set(['a', 'b', 'cart']);
    const client = ads(t);
    client.subscribe('CDS');
    await client.next('CDS');
    client.subscribe('EDS', ['a', 'b']);
    await client.next('EDS');
    await grow('a');
    t.same((await client.next('EDS')).names, ['a']);
    await set(['a', 'cart']);
    t.same(names(await client.next('CDS')), ['a', 'cart', 'inbound']);
    t.same(await settled(client), []);
  },
);

t.test('a request with the nonce of an older response is ignored', async (t) => {
  await set(['a', 'cart']);
  const client = ads(t);
  client.subscribe('EDS', ['a']);
  const first = await client.next('EDS');
  client.answer = ({ kind }) => (kind === 'EDS' ? null : undefined);
  await grow('a');
  const second = await client.next('EDS');
  client.send('EDS', { versionInfo: first.version, nonce: first.nonce });
  client.send('EDS', { versionInfo: first.version, nonce: first.nonce, error: 'too late' });
  client.send('EDS', { versionInfo: first.version, nonce: 'made up', names: ['b'] });
  t.same(await settled(client), []);
  await grow('a');
  t.same(await settled(client), [], 'one response is outstanding at most');
  client.answer = () => undefined;
  client.send('EDS', { versionInfo: second.version, nonce: second.nonce, names: ['a'] });
  t.same((await client.next('EDS')).names, ['a']);
});

t.test('who comes back with its version, an empty nonce and all its names is sent nothing', async (t) => {
  await set(['a', 'b', 'cart']);
  const held = { CDS: [], EDS: ['a', 'b'], LDS: [], RDS: ['outbound'] } as const;
  const kinds = ['CDS', 'EDS', 'LDS', 'RDS'] as const;
  const node = sidecar('cart');
  const client = ads(t, node);
  const versions = new Map<string, string>();
  for (const kind of kinds) {
    client.subscribe(kind, held[kind]);
    versions.set(kind, (await client.next(kind)).version);
  }
  await client.close();
  const again = ads(t, node);
  for (const kind of kinds) again.subscribe(kind, held[kind].toReversed(), versions.get(kind));
  t.same(await settled(again), []);
  await grow('a');
  t.same((await again.next('EDS')).names, ['a'], 'and then what changes');
  await again.close();
  await set(['a', 'cart']);
  const third = ads(t, node);
  third.subscribe('CDS', [], versions.get('CDS'));
  t.same(names(await third.next('CDS')), ['a', 'cart', 'inbound'], 'an older version lacks something');
});

t.test('a node of 516 extensions comes with the first message alone, or with each', async (t) => {
  await set(['a', 'cart']);
  const client = ads(t, { ...sidecar('cart'), unknown: envoyExtensions() });
  client.subscribe('CDS');
  t.ok((await client.next('CDS')).names.includes('inbound'));
  client.subscribe('LDS');
  t.same(names(await client.next('LDS')), ['inbound', 'outbound']);
});

t.test(
  'a type that nobody serves is not answered, and a name that nobody has is not either until it comes',
  async (t) => {
    await set(['a', 'cart']);
    const client = ads(t);
    for (const typeUrl of ['', 'x', '\u0000'.repeat(1000), 'type.googleapis.com/envoy.config.route.v3.VirtualHost'])
      client.send('CDS', { typeUrl });
    client.subscribe('EDS', ['later', 'ä'.repeat(256)]);
    t.same(await settled(client), []);
    await set(['a', 'cart', 'later']);
    t.same((await client.next('EDS')).names, ['later']);
  },
);

t.test('names that are too long or too many end the stream with a sentence', async (t) => {
  const ended = async (list: readonly string[]) => {
    const client = ads(t);
    client.subscribe('EDS', list);
    return until('the end of the stream', () => client.error);
  };
  t.match(await ended(['x'.repeat(513)]), { code: 3, message: /EDS: a name has 513 bytes: at most 512/ });
  t.match(await ended(Array.from({ length: 20_001 }, (_, i) => `s${i}`)), {
    code: 3,
    message: /EDS: 20001 names are subscribed: at most 20000/,
  });
  const client = ads(t);
  client.subscribe('EDS', [...Array.from({ length: 9_999 }, (_, i) => `s${i}`), 'a']);
  t.same((await client.next('EDS')).names, ['a'], 'ten thousand are none too many');
});

t.test('each kind has a service of its own, where its type need not be named', async (t) => {
  await set(['a', 'cart']);
  for (const kind of Object.keys(OWN_SERVICES) as (keyof typeof OWN_SERVICES)[]) {
    const client = ads(t, undefined, ownMethod(kind, 'Stream'));
    const wanted = { CDS: [], EDS: ['a'], LDS: [], RDS: ['outbound'] }[kind];
    client.send(kind, { typeUrl: '', names: wanted });
    t.ok((await client.next(kind)).names.length > 0, kind);
    client.send(kind === 'CDS' ? 'LDS' : 'CDS', {});
    t.match(await until('an error', () => client.error), { code: 3, message: /does not come on a stream of/ });
  }
});

t.test('every test that docs/xds.md names is there', async (t) => {
  const read = (path: string) => readFile(new URL(`../../../${path}`, import.meta.url), 'utf8');
  const here = ['xds-facts-sotw', 'xds-facts-delta', 'xds', 'delta-xds', 'grpc-xds'];
  const paths = [
    ...here.map((name) => `test/component/control-plane/${name}.test.ts`),
    'control-plane/snapshot/push-scheduler.test.ts',
  ];
  const sources = (await Promise.all(paths.map(read))).join('');
  const rows = (await read('docs/xds.md')).split('\n').filter((line) => /^\|.*"/.test(line));
  t.ok(rows.length > 20);
  for (const row of rows) {
    const title = /"([^"]+)"/.exec(row)![1]!;
    t.ok(sources.includes(`'${title}'`), title);
  }
});
