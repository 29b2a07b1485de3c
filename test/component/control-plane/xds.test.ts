/**
 * ADS and agents over real gRPC, without any workload that is really run.
 */

import t, { type Test } from 'tap';
import { Health } from '../../../protos/gen/outrider/agent/v1/agent.ts';
import { until } from '../../until.ts';
import { AdsClient } from './fixtures/ads-client.ts';
import { Agent } from './fixtures/agent.ts';
import { apply, call, startTestControlPlane } from './fixtures/start.ts';

const MESH = `services:
  catalog: {command: 'true', deploy: {replicas: 0}, x-outrider: {config: {greeting: hello}}}
  cart: {command: 'true', deploy: {replicas: 0}, ports: ['8099:80'], x-outrider: {config: {currency: EUR}}}
`;
const WITHOUT_CATALOG = MESH.replace(/ {2}catalog.*\n/, '');

const SIDECAR = {
  id: 'cart-7',
  metadata: {
    outrider: { workload: 'cart', services: ['cart'], outbound_port: 4001, inbound_port: 4002, app_port: 4003 },
  },
};

async function startMesh(t: Test) {
  const controlPlane = await startTestControlPlane(t.testdir());
  t.teardown(() => controlPlane.stop({ workloads: 'stop' }));
  await apply(controlPlane, MESH, '?file=mesh.yaml&dir=/mesh&wait=5');
  const connect = (node: { id: string; metadata?: Record<string, unknown> } = SIDECAR) => {
    const client = new AdsClient(controlPlane.grpcAddress, node);
    t.teardown(() => client.close());
    return client;
  };
  const register = async (id: string, workload: string, port: number) => {
    const agent = new Agent(controlPlane.grpcAddress);
    t.teardown(() => agent.cut());
    await agent.register({ id, workload, port });
    agent.heartbeat();
    return agent;
  };
  const statusOf = async (id: string) => {
    const { body } = await call(controlPlane, 'GET', '/v1/status');
    return (body.nodes as unknown as Record<string, never>[]).find((node) => node.id === id);
  };
  return { controlPlane, connect, register, statusOf };
}

/** Reads responses until the endpoints are these. */
async function untilEndpoints(client: AdsClient, expected: readonly number[]): Promise<void> {
  for (;;) {
    const found = ports(await client.next('EDS'));
    if (JSON.stringify(found) === JSON.stringify(expected)) return;
  }
}

const ports = (response: { resources: readonly Record<string, unknown>[] }) =>
  [...JSON.stringify(response.resources).matchAll(/"portSpecifier":\{"\$case":"portValue","value":(\d+)\}/g)].map(
    (match) => Number(match[1]),
  );

t.test('a request breaker that enough callers have opened is told to everyone, state of the world', async (t) => {
  const { connect, register, controlPlane } = await startMesh(t);
  const client = connect();
  client.subscribe('BREAKERS');
  t.same((await client.next('BREAKERS')).names, [], 'none is held open');
  for (const [i, name] of ['cart', 'catalog'].entries()) {
    const agent = await register(`${name}-${i}`, name, 5_000 + i);
    agent.send({ $case: 'breakerReport', value: { breakers: [{ name: 'a/GET /b', open: true, requests: 20 }] } });
  }
  t.match((await client.next('BREAKERS')).resources, [
    { name: 'a/GET /b', openFor: { seconds: 10 }, openCallers: 2, callers: 2 },
  ]);
  const { body } = await call(controlPlane, 'GET', '/v1/status');
  t.match(body.openBreakers, [{ name: 'a/GET /b', open: 2, callers: 2 }]);
  const metrics = await (await fetch(`${controlPlane.httpAddress}/metrics`)).text();
  t.match(metrics, /^outrider_control_plane_shared_breakers_open 1$/m);
});

t.test('a sidecar gets its listeners, clusters, endpoints, routes, settings and scale', async (t) => {
  const { connect } = await startMesh(t);
  const client = connect();
  client.subscribe('CDS');
  t.same((await client.next('CDS')).names.toSorted(), ['cart', 'catalog', 'inbound']);
  client.subscribe('EDS', ['cart', 'catalog']);
  t.same((await client.next('EDS')).names.toSorted(), ['cart', 'catalog'], 'empty ones too');
  client.subscribe('LDS');
  const listeners = await client.next('LDS');
  t.same(listeners.names.toSorted(), ['inbound', 'outbound', 'published-8099']);
  t.same(ports(listeners).sort(), [4001, 4002, 8099]);
  client.subscribe('RDS', ['outbound']);
  const routes = await client.next('RDS');
  t.same(
    (routes.resources[0]!.virtualHosts as { name: string }[]).map(({ name }) => name),
    ['cart', 'catalog'],
  );
  client.subscribe('CONFIG', ['cart']);
  t.match((await client.next('CONFIG')).resources, [
    { name: 'cart', entries: [{ key: 'currency', value: { value: 'EUR' } }] },
  ]);
  client.subscribe('SCALING', ['cart']);
  t.match((await client.next('SCALING')).resources, [{ name: 'cart', desiredReplicas: 0, readyReplicas: 0 }]);
});

t.test(
  'an instance is published when it is registered and healthy, and withdrawn when it says that it is not',
  async (t) => {
    const { connect, controlPlane } = await startMesh(t);
    const client = connect();
    client.subscribe('EDS', ['catalog']);
    t.same(ports(await client.next('EDS')), []);
    const agent = new Agent(controlPlane.grpcAddress);
    t.teardown(() => agent.cut());
    await agent.register({ id: 'catalog-0', workload: 'catalog', port: 5001 });
    agent.heartbeat(Health.UNKNOWN);
    agent.heartbeat(Health.HEALTHY);
    t.same(ports(await client.next('EDS')), [5001]);
    agent.heartbeat(Health.UNHEALTHY);
    t.same(ports(await client.next('EDS')), []);
  },
);

t.test('an instance that says goodbye is gone at once, and one whose stream breaks is not', async (t) => {
  const { connect, register, controlPlane } = await startMesh(t);
  const client = connect();
  const first = await register('catalog-0', 'catalog', 5001);
  const second = await register('catalog-1', 'catalog', 5002);
  client.subscribe('EDS', ['catalog']);
  await untilEndpoints(client, [5001, 5002]);
  second.cut();
  first.send({ $case: 'deregister', value: { reason: 'leaving' } });
  t.same(ports(await client.next('EDS')), [5002]);
  const again = new Agent(controlPlane.grpcAddress);
  t.teardown(() => again.cut());
  await t.rejects(again.register({ id: 'catalog-0', workload: 'catalog', port: 5001 }), /removed on purpose/);
});

t.test('a sidecar that comes back with its lease keeps its health', async (t) => {
  const { register, controlPlane } = await startMesh(t);
  const agent = await register('catalog-0', 'catalog', 5001);
  const lease = agent.received.find((each) => each.$case === 'registered');
  await until(
    'healthy',
    async () => (await call(controlPlane, 'GET', '/v1/services/catalog')).body.replicas?.ready === (1 as never),
  );
  agent.cut();
  const again = new Agent(controlPlane.grpcAddress);
  t.teardown(() => again.cut());
  const leaseId = lease?.$case === 'registered' ? lease.value.leaseId : '';
  t.equal(await again.register({ id: 'catalog-0', workload: 'catalog', port: 5001 }, leaseId), leaseId);
  t.match((await call(controlPlane, 'GET', '/v1/services/catalog')).body, { instances: [{ health: 'healthy' }] });
});

t.test('what a client refuses is told, and not sent again until it changes', async (t) => {
  const { connect, controlPlane, statusOf } = await startMesh(t);
  const client = connect();
  client.answer = ({ kind, names }) =>
    kind === 'CDS' && names.includes('extra') ? 'unsupported: clusters[0]' : undefined;
  client.subscribe('CDS');
  await client.next('CDS');
  const extra = `${MESH}  extra: {command: 'true', deploy: {replicas: 0}}\n`;
  const refused = await call(controlPlane, 'POST', '/v1/apply?file=mesh.yaml&dir=/mesh&wait=10', extra);
  t.equal(refused.status, 409);
  t.match(refused.body, {
    error: { code: 'refused', details: [{ path: 'cart-7/CDS', message: 'unsupported: clusters[0]' }] },
  });
  t.match(await statusOf('cart-7'), {
    types: { CDS: { acked: false, nacked: { message: 'unsupported: clusters[0]' } } },
  });
  await client.next('CDS');
  t.same(client.received, [], 'one try');
  await apply(controlPlane, MESH, '?file=mesh.yaml&dir=/mesh&wait=10');
  t.notOk((await client.next('CDS')).names.includes('extra'));
  t.match(await statusOf('cart-7'), { types: { CDS: { acked: true } } });
});

t.test('an apply that waits answers when everyone has taken it in', async (t) => {
  const { connect, controlPlane } = await startMesh(t);
  const client = connect();
  client.subscribe('CONFIG', ['cart']);
  const first = await client.next('CONFIG');
  client.answer = () => null;
  const changed = MESH.replace('EUR', 'USD');
  let answered = false;
  const applied = apply(controlPlane, changed, '?file=mesh.yaml&dir=/mesh&wait=10').then(() => {
    answered = true;
  });
  const second = await client.next('CONFIG');
  t.not(second.version, first.version);
  t.notOk(answered);
  client.send('CONFIG', { versionInfo: second.version, nonce: second.nonce });
  await applied;
  const late = await call(controlPlane, 'POST', '/v1/apply?file=mesh.yaml&dir=/mesh&wait=0', MESH);
  t.equal(late.status, 409);
  t.match(late.body, { error: { details: [{ path: 'cart-7', message: /has not answered/ }] }, revision: 3 });
});

t.test('a removed cluster goes after the routes that named it', async (t) => {
  const { connect, controlPlane } = await startMesh(t);
  const client = connect();
  client.subscribe('CDS');
  await client.next('CDS');
  client.subscribe('RDS', ['outbound']);
  await client.next('RDS');
  client.answer = ({ kind }) => (kind === 'RDS' ? null : undefined);
  await apply(controlPlane, WITHOUT_CATALOG, '?file=mesh.yaml&dir=/mesh');
  const routes = await client.next('RDS');
  t.same(client.received, [], 'the cluster stays for as long as the routes are not acknowledged');
  client.send('RDS', { versionInfo: routes.version, nonce: routes.nonce });
  t.same((await client.next('CDS')).names.toSorted(), ['cart', 'inbound']);
});

t.test('a client that comes back with the current version is not sent what it has', async (t) => {
  const { connect } = await startMesh(t);
  const client = connect();
  client.subscribe('CDS');
  const { version } = await client.next('CDS');
  await client.close();
  const again = connect();
  again.subscribe('CDS', [], version);
  again.subscribe('LDS');
  await again.next('LDS');
  t.same(again.received, []);
});

t.test('a stream must begin with its node', async (t) => {
  const { connect } = await startMesh(t);
  const nobody = connect({ id: '' });
  nobody.subscribe('CDS');
  t.match(await until('an error', () => nobody.error), { code: 3, message: /node\.id is empty/ });
});
