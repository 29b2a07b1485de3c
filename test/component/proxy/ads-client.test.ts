import { join } from 'node:path';
import t, { type Test } from 'tap';
import { SystemClock } from '../../../kernel/clock.ts';
import { silentLogger } from '../../../kernel/log.ts';
import { SystemTimers, type Timers } from '../../../kernel/timers.ts';
import { RESOURCE_TYPES } from '../../../protos/contract/resource-types.ts';
import { ConfigSet } from '../../../protos/gen/outrider/config/v1/config_set.ts';
import { packAny } from '../../../protos/json/registry.ts';
import { EMPTY_SNAPSHOT, type Snapshot } from '../../../proxy/config/snapshot.ts';
import { createAdsClient } from '../../../proxy/xds/ads-client.ts';
import type { ActivationProblem, AdsClientOptions } from '../../../proxy/xds/ads-client-options.ts';
import { configDecoders } from '../../../proxy/xds/config-decoders.ts';
import { NO_CREDENTIALS } from '../../../proxy/xds/control-credentials.ts';
import { extraSubscription } from '../../../proxy/xds/extra-subscription.ts';
import { cluster } from '../../fakes/config-builders.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';
import { seededRandom } from '../../fakes/fake-random.ts';
import { FakeTimers } from '../../fakes/fake-timers.ts';
import { until } from '../../until.ts';
import { eds, endpoints, listener, routes } from './ads-resources.ts';
import { Inbox } from './inbox.ts';
import { ScriptedAds } from './scripted-ads.ts';

const NODE = { id: 'shop-0', cluster: 'shop', region: '', zone: '', subZone: '', metadata: { team: 'a' } };
const DECODERS = configDecoders({
  ...{ knownClusters: null, staticClusters: null, staticSecrets: null },
  readFile: () => ({ ok: false, problem: 'no files in this test' }),
  readVariable: () => ({ ok: false, problem: 'no variables in this test' }),
  wallMs: () => 0,
  formatCommands: new Set(),
});

const ADS = { file: null, fetchTimeoutMs: 15_000 };

interface Given {
  readonly parts: Snapshot;
  readonly origin: string;
}

/** A client of that server, started, with the configurations it hands out. */
function startClient(
  t: Test,
  port: number,
  change: Partial<AdsClientOptions> = {},
  delta = false,
  timers: Timers = new SystemTimers(),
) {
  const given = new Inbox<Given>();
  const options: AdsClientOptions = {
    serverOf: () => ({ target: `127.0.0.1:${port}`, credentials: NO_CREDENTIALS }),
    stream: {
      target: `127.0.0.1:${port}`,
      ads: { delta, clusterName: 'control-plane', authority: 'control-plane', initialMetadata: [] },
      credentials: NO_CREDENTIALS,
    },
    dynamic: { clusters: ADS, listeners: ADS },
    node: NODE,
    version: '1.2.3',
    fixed: EMPTY_SNAPSHOT,
    onDemand: null,
    extras: [],
    lastKnownGoodDirectory: null,
    onSnapshot: (parts, origin) => {
      given.push({ parts, origin });
      return undefined;
    },
    ...change,
  };
  const clock = new SystemClock();
  const client = createAdsClient(options, {
    clock,
    timers,
    random: seededRandom(),
    logger: silentLogger,
    decoders: DECODERS,
    readFile: () => ({ ok: false, problem: 'no files in this test' }),
  });
  client.start();
  t.teardown(() => client.close());
  return { client, given };
}

async function startServer(t: Test, port = 0): Promise<ScriptedAds> {
  const server = await new ScriptedAds().start(port);
  t.teardown(() => server.stop());
  return server;
}

/** Answers the four types as they are asked for, and eats the ACKs. */
async function serveTree(server: ScriptedAds): Promise<void> {
  await server.requests.next();
  server.send('CDS', 'c1', [eds('catalog')]);
  await server.requests.next();
  await server.requests.next();
  server.send('EDS', 'e1', [endpoints('catalog', 1234)]);
  await server.requests.next();
  await server.requests.next();
  server.send('LDS', 'l1', [listener('outbound', 'main')]);
  await server.requests.next();
  await server.requests.next();
  server.send('RDS', 'r1', [routes('main', 'catalog')]);
  await server.requests.next();
}

t.test('types are asked for in order, each answer is ACKed, and the tree is handed out when it stands', async (t) => {
  const server = await startServer(t);
  const { client, given } = startClient(t, server.port);
  const { CDS, EDS, LDS, RDS } = RESOURCE_TYPES;

  const first = await server.requests.next();
  t.match(first, { typeUrl: CDS.typeUrl, resourceNames: [], versionInfo: '', responseNonce: '' });
  t.match(first.node, { id: 'shop-0', cluster: 'shop', userAgentName: 'outrider', metadata: { team: 'a' } });
  const c = server.send('CDS', 'c1', [eds('catalog')]);
  t.match(await server.requests.next(), { typeUrl: CDS.typeUrl, versionInfo: 'c1', responseNonce: c, node: undefined });
  t.match(await server.requests.next(), { typeUrl: EDS.typeUrl, resourceNames: ['catalog'], responseNonce: '' });
  t.same(client.waitingFor(), ['endpoints of "catalog" (EDS)', 'listeners (LDS)']);
  const e = server.send('EDS', 'e1', [endpoints('catalog', 1234)]);
  t.match(await server.requests.next(), { typeUrl: EDS.typeUrl, versionInfo: 'e1', responseNonce: e });
  t.match(await server.requests.next(), { typeUrl: LDS.typeUrl, resourceNames: [] });
  server.send('LDS', 'l1', [listener('outbound', 'main')]);
  t.match(await server.requests.next(), { typeUrl: LDS.typeUrl, versionInfo: 'l1' });
  t.match(await server.requests.next(), { typeUrl: RDS.typeUrl, resourceNames: ['main'] });
  t.equal(client.hasSnapshot, false);
  server.send('RDS', 'r1', [routes('main', 'catalog')]);
  const { parts, origin } = await given.next();
  t.equal(origin, 'control-plane');
  t.same([...parts.clusters.keys()], ['catalog']);
  t.same([...parts.endpoints.keys()], ['catalog']);
  t.same([...parts.listeners.keys()], ['outbound']);
  t.same([...parts.routes.keys()], ['main']);
  t.same(client.waitingFor(), []);
  t.match(await server.requests.next(), { typeUrl: RDS.typeUrl, versionInfo: 'r1' });
  t.equal(client.versionOf('RDS'), 'r1');
});

t.test('a bad cluster is refused by name, with the old version, and the good one beside it is used', async (t) => {
  const server = await startServer(t);
  const { client, given } = startClient(t, server.port);
  await serveTree(server);
  await given.next();

  const nonce = server.send('CDS', 'c2', [eds('catalog', 2), eds('broken', 0)]);
  const nack = await server.requests.next();
  t.match(nack, { versionInfo: 'c1', responseNonce: nonce });
  t.match(nack.errorDetail?.message, /^invalid: CDS "broken": connect_timeout/);
  const { parts } = await given.next();
  t.equal(parts.clusters.get('catalog')?.connectTimeoutMs, 2_000);
  t.notOk(parts.clusters.has('broken'));
  t.match(
    client.dumped().find(({ name }) => name === 'broken'),
    { kind: 'cluster', refused: { details: /connect_timeout/ } },
  );
});

t.test('a new cluster is held back until its endpoints are there', async (t) => {
  const server = await startServer(t);
  const { client, given } = startClient(t, server.port);
  await serveTree(server);
  await given.next();

  server.send('CDS', 'c2', [eds('catalog'), eds('cart')]);
  t.match(await server.requests.next(), { versionInfo: 'c2' }, 'the ACK does not wait');
  t.same((await server.requests.next()).resourceNames, ['cart', 'catalog']);
  t.same(client.waitingFor(), ['endpoints of "cart" (EDS)']);
  t.equal(given.waiting, 0);
  server.send('EDS', 'e2', [endpoints('cart', 4321)]);
  const { parts } = await given.next();
  t.same([...parts.clusters.keys()], ['catalog', 'cart']);
  t.same([...parts.endpoints.keys()].sort(), ['cart', 'catalog'], 'what was not in the answer stays');
});

t.test(
  'a lost stream comes back with the versions that are held, and an equal server needs to say nothing',
  async (t) => {
    const server = await startServer(t);
    const { client, given } = startClient(t, server.port);
    await serveTree(server);
    await given.next();
    server.stop();

    const second = await startServer(t, server.port);
    const asked = [];
    for (let i = 0; i < 4; i++) asked.push(await second.requests.next());
    t.match(asked[0]?.node, { id: 'shop-0' }, 'the node comes once per stream');
    t.same(
      asked.map(({ versionInfo, responseNonce, resourceNames }) => [versionInfo, responseNonce, resourceNames]),
      [
        ['c1', '', []],
        ['e1', '', ['catalog']],
        ['l1', '', []],
        ['r1', '', ['main']],
      ],
    );
    t.equal(given.waiting, 0);
    t.equal(client.hasSnapshot, true);
  },
);

t.test('endpoints of a cluster in use do not wait for a new cluster that is incomplete', async (t) => {
  const server = await startServer(t);
  const { given } = startClient(t, server.port);
  await serveTree(server);
  await given.next();
  server.send('CDS', 'c2', [eds('catalog'), eds('cart')]);
  await server.requests.next();
  await server.requests.next();

  server.send('EDS', 'e2', [endpoints('catalog', 99)]);
  const { parts } = await given.next();
  t.same([...parts.clusters.keys()], ['catalog']);
  t.equal(parts.endpoints.get('catalog')?.localities[0]?.endpoints[0]?.address.port, 99);
  t.match(await server.requests.next(), { versionInfo: 'e2' });
  server.send('EDS', 'e3', [endpoints('cart', 1)]);
  t.same([...(await given.next()).parts.clusters.keys()], ['catalog', 'cart']);
});

t.test('an ACK says that the configuration is active, and a listener that cannot be opened is refused', async (t) => {
  const server = await startServer(t);
  const activations = new Inbox<(problems: readonly ActivationProblem[]) => void>();
  startClient(t, server.port, {
    onSnapshot: () => {
      const { promise, resolve } = Promise.withResolvers<readonly ActivationProblem[]>();
      activations.push(resolve);
      return promise;
    },
  });
  await server.requests.next();
  server.send('CDS', 'c1', []);
  await server.requests.next();
  await server.requests.next();
  const nonce = server.send('LDS', 'l1', []);
  const activate = await activations.next();
  t.equal(server.requests.waiting, 0, 'no ACK yet');
  activate([{ kind: 'LDS', message: 'listener outbound: cannot bind 127.0.0.1:80' }]);
  const nack = await server.requests.next();
  t.match(nack, { responseNonce: nonce, versionInfo: '' });
  t.equal(nack.errorDetail?.message, 'invalid: listener outbound: cannot bind 127.0.0.1:80');
  server.send('CDS', 'c2', [eds('catalog')]);
  t.match(await server.requests.next(), { versionInfo: 'c2' }, 'what has to be held is ACKed at once');
  await server.requests.next();
  server.send('EDS', 'e1', [endpoints('catalog', 1)]);
  (await activations.next())([]);
  t.match(await server.requests.next(), { versionInfo: 'e1' });
});

t.test('delta: names are subscribed to, versions are told after a reconnect, removals take effect', async (t) => {
  const server = await startServer(t);
  const { given } = startClient(t, server.port, {}, true);
  t.match(await server.deltaRequests.next(), { typeUrl: RESOURCE_TYPES.CDS.typeUrl, resourceNamesSubscribe: [] });
  const nonce = server.sendDelta('CDS', [
    { name: 'catalog', version: '1', resource: eds('catalog') },
    { name: 'cart', version: '1', resource: eds('cart') },
  ]);
  t.match(await server.deltaRequests.next(), { responseNonce: nonce, errorDetail: undefined });
  t.same((await server.deltaRequests.next()).resourceNamesSubscribe, ['cart', 'catalog']);
  server.sendDelta('EDS', [{ name: 'catalog', version: '7', resource: endpoints('catalog', 1) }], ['cart']);
  await server.deltaRequests.next();
  t.match(
    await server.deltaRequests.next(),
    { typeUrl: RESOURCE_TYPES.LDS.typeUrl },
    'an unknown name is not waited for',
  );
  server.sendDelta('LDS', []);
  const { parts } = await given.next();
  t.same([...parts.clusters.keys()], ['catalog', 'cart']);
  await server.deltaRequests.next();

  const removal = server.sendDelta('CDS', [], ['cart']);
  t.same([...(await given.next()).parts.clusters.keys()], ['catalog']);
  t.same((await server.deltaRequests.next()).resourceNamesUnsubscribe, ['cart']);
  t.match(await server.deltaRequests.next(), { responseNonce: removal }, 'the ACK, when it is active');
  server.stop();
  const second = await startServer(t, server.port);
  t.same((await second.deltaRequests.next()).initialResourceVersions, { catalog: '1' });
  t.same((await second.deltaRequests.next()).initialResourceVersions, { catalog: '7' });
});

t.test('settings come over the same stream', async (t) => {
  const server = await startServer(t);
  const sets = new Inbox<ConfigSet | undefined>();
  const extra = extraSubscription('outrider.config.v1.ConfigSet', ['shop'], (all) => sets.push(all.get('shop')));
  startClient(t, server.port, { extras: [extra] });
  await server.requests.next();
  t.match(await server.requests.next(), { typeUrl: RESOURCE_TYPES.CONFIG.typeUrl, resourceNames: ['shop'] });
  const set = packAny('outrider.config.v1.ConfigSet', ConfigSet.fromPartial({ name: 'shop', revision: 3 }));
  server.send('CONFIG', 's1', [set]);
  t.match(await sets.next(), { name: 'shop', revision: 3 });
  t.match(await server.requests.next(), { versionInfo: 's1' });
});

t.test('without a control plane the last complete configuration is used, until one answers', async (t) => {
  const lastKnownGoodDirectory = join(t.testdir(), 'state');
  const server = await startServer(t);
  const before = startClient(t, server.port, { lastKnownGoodDirectory });
  await serveTree(server);
  await before.given.next();
  await before.client.close();
  server.stop();

  const { client, given } = startClient(t, server.port, { lastKnownGoodDirectory });
  const { parts, origin } = await given.next();
  t.equal(origin, 'last-known-good');
  t.same([...parts.clusters.keys()], ['catalog']);
  t.same([...parts.routes.keys()], ['main']);
  t.ok((client.lastKnownGood.ageMs ?? -1) >= 0);
  await serveTree(await startServer(t, server.port));
  t.equal((await given.next()).origin, 'control-plane');
  t.equal(client.lastKnownGood.ageMs, null);
});

// ---------------------------------------------------------------------------------------------------------------------
// What waits for what

/** A client whose timers fire when the clock is advanced. */
function startTimed(t: Test, port: number, change: Partial<AdsClientOptions> = {}) {
  const clock = new FakeClock();
  return { clock, ...startClient(t, port, change, false, new FakeTimers(clock)) };
}

t.test('a cluster whose endpoints never come holds nothing else back', async (t) => {
  const server = await startServer(t);
  const { clock, client, given } = startTimed(t, server.port);
  await server.request('CDS');
  server.send('CDS', 'c1', [eds('catalog'), eds('lost')]);
  await server.request('EDS');
  server.send('EDS', 'e1', [endpoints('catalog', 1234)]);
  await until('endpoints', () => client.waitingFor()[0] === 'endpoints of "lost" (EDS)');
  clock.advance({ seconds: 1 });
  await server.request('LDS');
  server.send('LDS', 'l1', [listener('outbound', 'main')]);
  await server.request('RDS');
  server.send('RDS', 'r1', [routes('main', 'catalog')]);
  await until('routes', () => client.versionOf('RDS') === 'r1');
  t.equal(client.hasSnapshot, false, 'more may come');
  clock.advance({ seconds: 1 });
  const first = await given.next();
  t.same([...first.parts.clusters.keys()], ['catalog']);
  t.same([...first.parts.listeners.keys()], ['outbound']);
  t.equal(client.hasSnapshot, true);

  server.send('LDS', 'l2', [listener('outbound', 'main'), listener('other', 'to-lost')]);
  await server.request('RDS', (names) => names.includes('to-lost'));
  server.send('RDS', 'r2', [routes('to-lost', 'lost')]);
  await until('the routes', () => client.versionOf('RDS') === 'r2');
  t.equal(given.waiting, 0, 'a listener whose routes need it waits');
  server.send('EDS', 'e2', [endpoints('lost', 4321)]);
  const { parts } = await given.next();
  t.same([...parts.clusters.keys()], ['catalog', 'lost']);
  t.same([...parts.listeners.keys()], ['outbound', 'other']);
});

t.test(
  'without an answer about clusters what needs none of them is served, the rest when the time is over',
  async (t) => {
    const server = await startServer(t);
    const fixed = { ...EMPTY_SNAPSHOT, clusters: new Map([['static', cluster('static', [1])]]) };
    const { clock, client, given } = startTimed(t, server.port, { fixed });
    await server.request('CDS');
    clock.advance({ seconds: 1 });
    await server.request('LDS');
    server.send('LDS', 'l1', [listener('a', 'to-static'), listener('b', 'to-catalog')]);
    await server.request('RDS');
    server.send('RDS', 'r1', [routes('to-static', 'static'), routes('to-catalog', 'catalog')]);
    await until('routes', () => client.versionOf('RDS') === 'r1');
    clock.advance({ seconds: 1 });
    t.same([...(await given.next()).parts.listeners.keys()], ['a']);
    t.same(client.waitingFor(), ['clusters (CDS)']);
    clock.advance({ seconds: 15 });
    t.same([...(await given.next()).parts.listeners.keys()], ['a', 'b']);
    server.send('CDS', 'c1', [eds('catalog')]);
    await server.request('EDS');
    server.send('EDS', 'e1', [endpoints('catalog', 1)]);
    t.same([...(await given.next()).parts.clusters.keys()], ['static', 'catalog']);
  },
);

t.test('routes that come before their cluster wait for it, and the old ones go on', async (t) => {
  const server = await startServer(t);
  const { clock, client, given } = startTimed(t, server.port);
  await serveTree(server);
  const { parts: before } = await given.next();
  server.send('RDS', 'r2', [routes('main', 'cart')]);
  await until('the ACK', () => client.versionOf('RDS') === 'r2');
  server.send('CDS', 'c2', [eds('cart')]);
  await server.request('EDS', (names) => names.includes('cart'));
  t.equal(given.waiting, 0, 'the cluster that is gone stays as long as it is named');
  server.send('EDS', 'e2', [endpoints('cart', 1)]);
  const { parts } = await given.next();
  t.same([...parts.clusters.keys()], ['cart']);
  t.not(parts.routes.get('main'), before.routes.get('main'));

  server.send('RDS', 'r3', [routes('main', 'nowhere')]);
  await until('the ACK', () => client.versionOf('RDS') === 'r3');
  t.equal(given.waiting, 0);
  clock.advance({ seconds: 15 });
  t.not((await given.next()).parts.routes.get('main'), parts.routes.get('main'), 'not for ever');
});
