/**
 * The REST API over real HTTP, and what is kept when the control plane is started again.
 */
import { chmodSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { StoreError } from '../../../control-plane/store/store.ts';
import { until } from '../../until.ts';
import { Agent } from './fixtures/agent.ts';
import { apply, call, startTestControlPlane } from './fixtures/start.ts';

const MESH = `services:
  cart: {command: 'true', deploy: {replicas: 0}, x-outrider: {config: {limit: 5}}}
  catalog-v1: {command: 'true', deploy: {replicas: 0}, x-outrider: {service: catalog}}
`;
const ROUTE = `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: catalog}
spec: {parentRefs: [{kind: Service, name: catalog}], rules: [{backendRefs: [{name: catalog-v1}]}]}
`;

async function start(t: Test, dir = t.testdir()) {
  const controlPlane = await startTestControlPlane(dir);
  t.teardown(() => controlPlane.stop({ workloads: 'stop' }));
  return {
    controlPlane,
    get: (path: string) => call(controlPlane, 'GET', path),
    put: (path: string, body: unknown) => call(controlPlane, 'PUT', path, body),
    remove: (path: string) => call(controlPlane, 'DELETE', path),
    post: (path: string, body: unknown) => call(controlPlane, 'POST', path, body),
  };
}

t.test('a file is applied whole or not at all, and says where it is wrong', async (t) => {
  const { get, post } = await start(t);
  t.match(await post('/v1/apply?file=mesh.yaml&dir=/mesh', `${MESH}---\n${ROUTE}`), {
    status: 200,
    body: {
      revision: 1,
      changes: [
        { kind: 'workload', name: 'cart', action: 'created' },
        { kind: 'workload', name: 'catalog-v1', action: 'created' },
        { kind: 'httproute', name: 'catalog', action: 'created' },
      ],
    },
  });
  const wrong = await post(
    '/v1/apply?file=mesh.yaml&dir=/mesh',
    `${MESH}---\n${ROUTE.replace('name: catalog-v1', 'name: catalog-v2')}`,
  );
  t.match(wrong, {
    status: 422,
    body: {
      error: { code: 'invalid', details: [{ path: 'spec.rules[0].backendRefs[0].name', suggestion: 'catalog-v1' }] },
      errors: [{ file: 'mesh.yaml', line: 8, message: 'there is no service "catalog-v2"' }],
    },
  });
  t.match((await get('/v1/status')).body, {
    revision: 1,
    version: '0.0.0-test',
    nodes: [],
    services: [{ name: 'cart' }, { name: 'catalog' }, {}],
  });
});

t.test('a dry run tells what would change, and changes nothing', async (t) => {
  const { get, post } = await start(t);
  t.match((await post('/v1/apply?dryRun=1', MESH)).body, {
    revision: 1,
    changes: [{ action: 'created' }, { action: 'created' }],
  });
  t.same((await get('/v1/resources/workload')).body, []);
});

t.test('resources are read, replaced and deleted one by one', async (t) => {
  const { get, put, remove, post } = await start(t);
  await post('/v1/apply?file=mesh.yaml&dir=/mesh', MESH);
  t.match((await get('/v1/resources/workload/cart')).body, {
    name: 'cart',
    services: ['cart'],
    replicas: 0,
    manifest: { command: 'true' },
  });
  const { manifest } = (await get('/v1/resources/workload/cart')).body;
  t.match((await put('/v1/resources/workload/cart', { ...manifest, labels: { team: 'a' } })).body, {
    changes: [{ action: 'updated' }],
  });
  t.match((await get('/v1/resources/workload/cart')).body, { labels: { team: 'a' }, origin: '/mesh/mesh.yaml' });
  t.match((await put('/v1/resources/workload/cart', { comand: 'true' })).body, {
    error: { details: [{}, { path: 'services.cart.comand', suggestion: 'command' }] },
  });
  await post('/v1/apply', ROUTE);
  t.match((await get('/v1/resources/httproute')).body, [{ name: 'catalog', parents: ['catalog'] }]);
  t.match(await remove('/v1/resources/workload/catalog-v1'), {
    status: 422,
    body: { error: { message: /there is no service/ } },
  });
  t.match((await remove('/v1/resources/httproute/catalog')).body, { changes: [{ action: 'deleted' }] });
  t.match(await remove('/v1/resources/httproute/catalog'), { status: 404 });
  t.match(await get('/v1/resources/workload/carts'), {
    status: 404,
    body: { error: { code: 'not_found', details: [{ suggestion: 'cart' }] } },
  });
  t.match(await get('/v1/resources/pod'), { status: 400, body: { error: { code: 'malformed' } } });
});

t.test('GRPCRoutes are resources of their own, and never share a service with an HTTPRoute', async (t) => {
  const dir = t.testdir();
  const { controlPlane, get, put, post } = await start(t, dir);
  await post('/v1/apply?file=mesh.yaml&dir=/mesh', `${MESH}---\n${ROUTE}`);
  const grpc = ROUTE.replace('HTTPRoute', 'GRPCRoute');
  t.match(await post('/v1/apply?file=grpc.yaml&dir=/mesh', grpc), {
    status: 422,
    body: { errors: [{ line: 4, path: 'spec.parentRefs[0].name', message: /is routed by HTTPRoute "catalog"/ }] },
  });
  const changed = await post('/v1/apply?file=mesh.yaml&dir=/mesh', `${MESH}---\n${grpc}`);
  t.match(changed.body, {
    changes: [
      {},
      {},
      { kind: 'grpcroute', name: 'catalog', action: 'created' },
      { kind: 'httproute', name: 'catalog', action: 'deleted' },
    ],
  });
  const { manifest } = (await get('/v1/resources/grpcroute/catalog')).body;
  t.match((await put('/v1/resources/grpcroute/catalog', manifest)).body, { changes: [{ action: 'unchanged' }] });
  t.match(await put('/v1/resources/httproute/catalog', manifest), {
    status: 422,
    body: { error: { code: 'invalid' } },
  });

  await controlPlane.stop({ workloads: 'keep' });
  const again = await start(t, dir);
  t.match(
    (await again.get('/v1/resources/grpcroute')).body,
    [{ name: 'catalog', parents: ['catalog'] }],
    'it was kept',
  );
  t.match((await again.remove('/v1/resources/grpcroute/catalog')).body, { changes: [{ action: 'deleted' }] });
});

t.test('policies are applied with advice, shown with the time that is left, and deleted', async (t) => {
  const dir = t.testdir();
  const { controlPlane, get, put, post } = await start(t, dir);
  await post('/v1/apply?file=mesh.yaml&dir=/mesh', MESH);
  const document = (kind: string, spec: string) =>
    `apiVersion: outrider.dev/v1\nkind: ${kind}\nmetadata: {name: cart}\nspec: {${spec}}\n---\n`;
  const target = 'targetRef: {kind: Service, name: cart}';
  const policies =
    document('TrafficPolicy', `${target}, loadBalancing: {policy: RingHash}`) +
    document('FaultPolicy', `${target}, for: 1h, delay: {duration: 1s}`) +
    document('RouteTest', 'tests: [{request: {service: cart}, expect: {backend: cart}}]');
  t.match(await post('/v1/apply', policies), {
    status: 200,
    body: {
      changes: [{ kind: 'trafficpolicy', action: 'created' }, { kind: 'faultpolicy' }, { kind: 'routetest' }],
      warnings: [{ path: 'trafficpolicy/cart.spec.loadBalancing', message: /has no "hash"/ }],
      notes: [{ path: 'faultpolicy/cart.spec', message: /ends by itself at/ }],
    },
  });
  const fault = (await get('/v1/resources/faultpolicy/cart')).body;
  t.ok(Number(fault.leftMs) > 3_500_000 && Number(fault.leftMs) <= 3_600_000, `${fault.leftMs} ms are left`);
  const { manifest } = (await get('/v1/resources/trafficpolicy/cart')).body;
  t.match((await put('/v1/resources/trafficpolicy/cart', manifest)).body, { changes: [{ action: 'unchanged' }] });
  const elsewhere = `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: cart}
spec: {parentRefs: [{kind: Service, name: cart}], rules: [{matches: [{path: {value: /x}}], backendRefs: [{name: cart}]}]}
`;
  t.match(
    await post('/v1/apply', elsewhere),
    { status: 422, body: { error: { message: /routetest\/cart.*GET cart\/ would be answered with 404/ } } },
    'a test that would fail refuses the change',
  );
  await controlPlane.stop({ workloads: 'keep' });
  const again = await start(t, dir);
  for (const kind of ['trafficpolicy', 'faultpolicy', 'routetest'])
    t.match(
      (await again.remove(`/v1/resources/${kind}/cart`)).body,
      { changes: [{ action: 'deleted' }] },
      'it was kept',
    );
});

t.test('configuration is set, read and taken back', async (t) => {
  const { get, put, remove, post } = await start(t);
  await post('/v1/apply', MESH);
  await put('/v1/config/cart/banner', { value: 'hello' });
  t.match((await get('/v1/config/cart')).body, {
    workload: 'cart',
    revision: 2,
    entries: { banner: 'hello', limit: '5' },
  });
  await put('/v1/config/cart/limit', { value: '6' });
  t.match((await get('/v1/config/cart/limit')).body, { value: '6', entries: { limit: '6' } });
  await remove('/v1/config/cart/limit');
  t.match((await get('/v1/config/cart/limit')).body, { value: '5' }, 'what was written holds again');
  t.match(await put('/v1/config/cart/x', { value: 5 }), { status: 400 });
  t.match(await get('/v1/config/cart/baner'), {
    status: 404,
    body: { error: { details: [{ suggestion: 'banner' }] } },
  });
});

t.test('the openapi description names every path, and probes and metrics answer', async (t) => {
  const { get, controlPlane } = await start(t);
  const { body } = await get('/openapi.json');
  t.same(Object.keys(body.paths!).sort(), [
    '/healthz',
    '/metrics',
    '/readyz',
    '/v1/apply',
    '/v1/audit',
    '/v1/backup',
    '/v1/clients',
    '/v1/clients/{id}',
    '/v1/config/{workload}',
    '/v1/config/{workload}/{key}',
    '/v1/diff',
    '/v1/history',
    '/v1/history/{revision}',
    '/v1/history/{revision}/rollback',
    '/v1/instances',
    '/v1/instances/{id}',
    '/v1/instances/{id}/renew',
    '/v1/load-stats',
    '/v1/logs/{workload}',
    '/v1/prometheus/targets',
    '/v1/resources/{kind}',
    '/v1/resources/{kind}/{name}',
    '/v1/restore',
    '/v1/services',
    '/v1/services/{name}',
    '/v1/services/{name}/endpoints',
    '/v1/services/{name}/restart',
    '/v1/services/{name}/scale',
    '/v1/services/{name}/start',
    '/v1/services/{name}/stop',
    '/v1/services/{name}/upgrade',
    '/v1/shutdown',
    '/v1/status',
  ]);
  t.match((await get('/readyz')).body, { status: 'ready' });
  t.match(await get('/v1/nothing'), { status: 404, body: { error: { code: 'not_found', details: [] } } });
  const metrics = await fetch(`${controlPlane.httpAddress}/metrics`);
  t.match(await metrics.text(), /outrider_control_plane_revision 0/);
});

t.test('state, registry and addresses survive a restart on the same directory', async (t) => {
  const dir = t.testdir();
  const { controlPlane: first } = await start(t, dir);
  await apply(first, MESH, '?file=mesh.yaml&dir=/mesh');
  await call(first, 'PUT', '/v1/config/cart/banner', { value: 'hello' });
  const agent = new Agent(first.grpcAddress);
  t.teardown(() => agent.cut());
  await agent.register({ id: 'cart-7', workload: 'cart', port: 5001 });
  agent.heartbeat();
  const ready = async (controlPlane: typeof first) =>
    (await call(controlPlane, 'GET', '/v1/services/cart')).body.replicas?.ready;
  await until('the instance to be published', async () => (await ready(first)) === (1 as never));
  await first.stop({ workloads: 'keep' });

  const { controlPlane: second, get } = await start(t, dir);
  t.equal(second.httpAddress, first.httpAddress);
  t.equal(second.grpcAddress, first.grpcAddress);
  t.match((await get('/v1/config/cart')).body, { revision: 2, entries: { banner: 'hello' } });
  t.equal(await ready(second), 1, 'who was there is still told to others');
  t.match((await get('/v1/services/cart')).body, { instances: [{ id: 'cart-7', connected: false }] });
  t.match(await apply(second, MESH, '?file=mesh.yaml&dir=/mesh'), {
    revision: 2,
    changes: [{ action: 'unchanged' }, {}],
  });
});

t.test('a directory that is in use, or not a store, is refused with a sentence', async (t) => {
  const dir = t.testdir();
  await start(t, dir);
  await t.rejects(startTestControlPlane(dir), { constructor: StoreError, message: /locked by another control plane/ });
  const broken = t.testdir({ 'control-plane.db': '' });
  writeFileSync(join(broken, 'control-plane.db'), 'this is no database, and long enough to be read as one'.repeat(20));
  await t.rejects(startTestControlPlane(broken), { constructor: StoreError, message: /cannot be opened/ });
});

t.test('nobody else can read the database, neither a new one nor one that was open to others', async (t) => {
  const dir = join(t.testdir(), 'state');
  const modes = () => [dir, ...['', '-wal'].map((end) => join(dir, `control-plane.db${end}`))].map(modeOf);
  const first = await startTestControlPlane(dir);
  t.same(modes(), ['700', '600', '600']);
  await first.stop({ workloads: 'keep' });
  chmodSync(join(dir, 'control-plane.db'), 0o644);
  const second = await startTestControlPlane(dir);
  t.same(modes(), ['700', '600', '600']);
  await second.stop({ workloads: 'keep' });
});

function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8);
}
