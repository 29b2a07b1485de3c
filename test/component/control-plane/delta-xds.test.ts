/** Delta xDS over real gRPC: on one stream, and on streams of one kind. */
import t, { type Test } from 'tap';
import { until } from '../../until.ts';
import { Agent } from './fixtures/agent.ts';
import { DeltaClient, type DeltaReceived } from './fixtures/delta-client.ts';
import { apply, call, startTestControlPlane } from './fixtures/start.ts';

const service = (name: string) => `  ${name}: {command: 'true', deploy: {replicas: 0}}\n`;
const mesh = (...names: readonly string[]) => `services:\n${names.map(service).join('')}`;
const SIDECAR = {
  id: 'cart-7',
  metadata: {
    outrider: { workload: 'cart', services: ['cart'], outbound_port: 4001, inbound_port: 4002, app_port: 4003 },
  },
};

async function startMesh(t: Test, ...names: readonly string[]) {
  const controlPlane = await startTestControlPlane(t.testdir());
  t.teardown(() => controlPlane.stop({ workloads: 'stop' }));
  await apply(controlPlane, mesh(...names), '?file=mesh.yaml&dir=/mesh&wait=10');
  const connect = (method?: string) => {
    const client = new DeltaClient(controlPlane.grpcAddress, SIDECAR, method);
    t.teardown(() => client.close());
    return client;
  };
  const change = (...next: readonly string[]) =>
    apply(controlPlane, mesh(...next), '?file=mesh.yaml&dir=/mesh&wait=10');
  return { controlPlane, connect, change };
}

const names = ({ versions }: DeltaReceived) => Object.keys(versions).sort();

t.test('a sidecar is told everything, then what changes and what goes', async (t) => {
  const { connect, controlPlane, change } = await startMesh(t, 'cart', 'catalog');
  const client = connect();
  client.ask('CDS');
  t.same(names(await client.next('CDS')), ['cart', 'catalog', 'inbound']);
  client.ask('EDS', { subscribe: ['cart', 'catalog'] });
  t.same(names(await client.next('EDS')), ['cart', 'catalog']);
  client.ask('LDS');
  t.same(names(await client.next('LDS')), ['inbound', 'outbound']);
  client.ask('RDS', { subscribe: ['outbound'] });
  await client.next('RDS');

  const agent = new Agent(controlPlane.grpcAddress);
  t.teardown(() => agent.cut());
  await agent.register({ id: 'catalog-0', workload: 'catalog', port: 5001 });
  agent.heartbeat();
  const endpoints = await client.next('EDS');
  t.same(names(endpoints), ['catalog'], 'an endpoint is one resource');
  t.match(JSON.stringify(endpoints.resources), '"value":5001');

  await change('cart', 'catalog', 'reviews');
  t.same(names(await client.next('CDS')), ['reviews']);
  await client.next('RDS');
  await change('cart', 'catalog');
  t.same(names(await client.next('RDS')), ['outbound']);
  const gone = await client.next('CDS');
  t.same([names(gone), gone.removed], [[], ['reviews']], 'behind the routes that named it');
});

t.test('one that comes back with what it holds is told the difference', async (t) => {
  const { connect, change } = await startMesh(t, 'cart', 'catalog');
  const client = connect();
  client.ask('CDS');
  const held = (await client.next('CDS')).versions;
  await client.close();
  await change('cart', 'reviews');
  const again = connect();
  again.ask('CDS', { held });
  const difference = await again.next('CDS');
  t.same([names(difference), difference.removed], [['reviews'], ['catalog']]);
  await again.close();
  const third = connect();
  const { catalog: _, ...left } = held;
  third.ask('CDS', { held: { ...left, ...difference.versions } });
  third.ask('LDS');
  await third.next('LDS');
  t.same(third.received, [], 'who holds all is sent nothing');
});

t.test('what is refused is told where it was applied, and holds back nothing else', async (t) => {
  const { connect, controlPlane } = await startMesh(t, 'cart');
  const client = connect();
  const has = new Set<string>();
  client.answer = (response) => {
    if (response.kind === 'CDS' && names(response).includes('extra')) return 'unsupported: extra';
    for (const name of names(response)) has.add(name);
    return undefined;
  };
  client.ask('CDS');
  await client.next('CDS');
  const body = mesh('cart', 'catalog', 'extra', 'reviews');
  const refused = await call(controlPlane, 'POST', '/v1/apply?file=mesh.yaml&dir=/mesh&wait=10', body);
  t.equal(refused.status, 409);
  t.match(refused.body, { error: { details: [{ path: 'cart-7/CDS', message: 'unsupported: extra' }] } });
  await until('the others arrive', () => has.has('catalog') && has.has('reviews'));
  await apply(controlPlane, mesh('cart', 'catalog', 'reviews'), '?file=mesh.yaml&dir=/mesh&wait=10');
});

t.test('a name that nobody has is reported, and sent when it comes', async (t) => {
  const { connect, change } = await startMesh(t, 'cart');
  const client = connect();
  client.ask('EDS', { subscribe: ['catalog'] });
  t.same((await client.next('EDS')).removed, ['catalog']);
  await change('cart', 'catalog');
  t.same(names(await client.next('EDS')), ['catalog']);
  client.ask('EDS', { subscribe: ['catalog'] });
  t.same(names(await client.next('EDS')), ['catalog'], 'who asks twice is told twice');
});

t.test('each kind has a service of its own, where its type need not be named', async (t) => {
  const { connect } = await startMesh(t, 'cart');
  const services = {
    CDS: 'cluster.v3.ClusterDiscoveryService/DeltaClusters',
    EDS: 'endpoint.v3.EndpointDiscoveryService/DeltaEndpoints',
    LDS: 'listener.v3.ListenerDiscoveryService/DeltaListeners',
    RDS: 'route.v3.RouteDiscoveryService/DeltaRoutes',
  } as const;
  const subscribe = { CDS: [], EDS: ['cart'], LDS: [], RDS: ['outbound'] } as const;
  for (const kind of ['CDS', 'EDS', 'LDS', 'RDS'] as const) {
    const client = connect(`/envoy.service.${services[kind]}`);
    client.ask(kind, { subscribe: subscribe[kind], typeUrl: '' });
    t.ok(names(await client.next(kind)).length > 0, kind);
  }
  const wrong = connect(`/envoy.service.${services.CDS}`);
  wrong.ask('LDS');
  t.match(await until('an error', () => wrong.error), { code: 3, message: /does not come on a stream of CDS/ });
});
