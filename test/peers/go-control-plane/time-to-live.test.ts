/** Resources with a ttl, from go-control-plane, whose cache has heartbeats. */
import t, { type Test } from 'tap';
import { until } from '../../until.ts';
import { ask, type Driven, endpoint, KIND, Load, SKIP, start, VARIANTS } from './fixture.ts';
import { cluster, edsCluster, endpoints, listener, routes } from './resources.ts';

const OUTRIDER = KIND === 'outrider';
const TTL_MS = 1_500;
const CLUSTER = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';

/** Everything that the test serves; clusters and endpoints have a ttl. */
function served(port: number, to: number) {
  const version = '1';
  return {
    CDS: { version, resources: [edsCluster('a')], ttlMs: TTL_MS },
    EDS: { version, resources: [endpoints('a', [to])], ttlMs: TTL_MS },
    LDS: { version, resources: [listener('main', port, 'r')] },
    RDS: { version, resources: [routes('r', 'a')] },
  };
}

async function acks({ control }: Driven): Promise<number> {
  return (await control.requests(({ type, nonce, error }) => type === 'CDS' && nonce !== undefined && !error)).length;
}

t.test('SotW: the heartbeats of the cache keep resources, and change nothing', { skip: SKIP }, async (t) => {
  const a = await endpoint(t, 'a', { delayMs: 2 });
  const driven = await start(t, false, {}, ['-heartbeat=300ms']);
  const { control, port } = driven;
  await control.serve(served(port, a.port));
  await until('the first answer', async () => (await ask(port)) === '200 a');
  const load = new Load(port);
  await load.more(20, '200 a');
  const connections = a.connections();
  const before = await acks(driven);
  // More than two lifetimes.
  await until('twelve heartbeats', async () => (await acks(driven)) >= before + 12);
  t.same(await load.stop('200 a'), {});
  t.equal(a.connections(), connections, 'connections are kept');
  t.same([...(await driven.nacks('CDS')), ...(await driven.nacks('EDS'))], []);

  await control.refuseConnections(true);
  await until('the cluster to be gone', async () => (await ask(port)).startsWith('503'));
  if (OUTRIDER) t.equal(await driven.statistic('cluster_manager.cds.ttl_expired'), 1);
  await control.refuseConnections(false);
  await until('the cluster to be back, though its version is what it was', async () => (await ask(port)) === '200 a');
});

for (const { name, delta } of VARIANTS) {
  const test = (title: string, run: (t: Test) => Promise<void>) => t.test(`${name}: ${title}`, { skip: SKIP }, run);

  test('heartbeats refresh, and without them a resource goes as if it had been removed', async (t) => {
    const a = await endpoint(t, 'a', { delayMs: 2 });
    const driven = await start(t, delta);
    const { control, port } = driven;
    const all = served(port, a.port);
    const json = { '@type': CLUSTER, ...cluster('a', [a.port]) };
    await control.serve({ LDS: all.LDS, RDS: all.RDS, CDS: { version: '1', resources: [] } });
    await control.request('clusters to be answered', ({ type, nonce }) => type === 'CDS' && nonce !== undefined);
    const send = (nonce: string, resource: object) =>
      control.inject({ type: 'CDS', version: '1', nonce, resources: [{ name: 'a', ttlMs: TTL_MS, ...resource }] });
    const answerOf = (nonce: string) => control.request(`the answer to ${nonce}`, (each) => each.nonce === nonce);
    await send('whole', { json });
    await until('the first answer', async () => (await ask(port)) === '200 a');
    const load = new Load(port);
    const untilMs = performance.now() + 2.5 * TTL_MS;
    for (let i = 0; performance.now() < untilMs; i++) {
      await send(`beat ${i}`, { heartbeat: true });
      t.equal((await answerOf(`beat ${i}`)).error, undefined);
      await load.more(20, '200 a');
    }
    t.same(await load.stop('200 a'), {});
    await until('the cluster to be gone', async () => (await ask(port)).startsWith('503'));
    if (OUTRIDER) {
      t.equal(await driven.statistic('cluster_manager.cds.ttl_expired'), 1);
      await send('late', { heartbeat: true });
      t.match((await answerOf('late')).error, /CDS "a": a heartbeat of what is not held: send the resource itself/);
    }
    await send('again', { json });
    await until('the cluster to be back', async () => (await ask(port)) === '200 a');
    await control.inject({ type: 'CDS', version: '1', nonce: 'lasting', resources: [{ name: 'a', json }] });
    t.equal((await answerOf('lasting')).error, undefined);
    const longerMs = performance.now() + 2 * TTL_MS;
    await until('more than its old ttl', async () => {
      if ((await ask(port)) !== '200 a') throw new Error('a resource without a ttl has gone');
      return performance.now() > longerMs;
    });
  });
}
