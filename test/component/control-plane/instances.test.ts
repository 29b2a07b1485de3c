/**
 * Instances without a sidecar over real HTTP: how they come, stay and go, and how clients without a sidecar find them.
 */
import t, { type Test } from 'tap';
import { SystemClock } from '../../../kernel/clock.ts';
import { until } from '../../until.ts';
import { AdsClient } from './fixtures/ads-client.ts';
import { Agent } from './fixtures/agent.ts';
import { apply, call, startTestControlPlane } from './fixtures/start.ts';

const MESH = `services:
  billing: {image: vm, deploy: {replicas: 0}, x-outrider: {protocol: http}}
  ledger: {image: vm, deploy: {replicas: 0}, x-outrider: {protocol: grpc}}
`;
const POLICY = `apiVersion: outrider.dev/v1
kind: TrafficPolicy
metadata: {name: billing}
spec: {targetRef: {kind: Service, name: billing}, loadBalancing: {subsets: [{keys: [version, metadata.tier]}]}}
`;
const VM = { service: 'billing', address: '10.0.0.7', port: 8080 };

async function start(t: Test, dir = t.testdir()) {
  const controlPlane = await startTestControlPlane(dir);
  t.teardown(() => controlPlane.stop({ workloads: 'stop' }));
  return {
    controlPlane,
    get: (path: string) => call(controlPlane, 'GET', path),
    put: (id: string, body: object) => call(controlPlane, 'PUT', `/v1/instances/${id}`, body),
    renew: (id: string, body: object = {}) => call(controlPlane, 'POST', `/v1/instances/${id}/renew`, body),
    remove: (id: string, query = '') => call(controlPlane, 'DELETE', `/v1/instances/${id}${query}`),
    poll: (path: string, headers: Record<string, string> = {}) =>
      fetch(`${controlPlane.httpAddress}${path}`, { headers }),
  };
}

t.test('an instance registers, renews, falls ill and goes, and everyone is told of it', async (t) => {
  const { controlPlane, put, renew, remove, get } = await start(t);
  await apply(controlPlane, `${MESH}---\n${POLICY}`);
  const client = new AdsClient(controlPlane.grpcAddress, { id: 'client' });
  t.teardown(() => client.close());
  client.subscribe('EDS', ['billing']);
  await client.next('EDS');
  const place = { weight: 30, zone: 'z1', region: 'eu', subZone: 'r7', version: 'v2', metadata: { tier: 'gold' } };
  const taken = await put('vm-1', { ...VM, ...place, ttl: '20s' });
  t.match(taken, { status: 201, body: { id: 'vm-1', ttlMs: 20_000, renewWithinMs: 6_667, sidecar: false } });
  const [assignment] = (await client.next('EDS')).resources as Record<string, unknown>[];
  t.match(assignment, {
    endpoints: [
      {
        locality: { region: 'eu', zone: 'z1', subZone: 'r7' },
        loadBalancingWeight: 30,
        lbEndpoints: [
          {
            hostIdentifier: { value: { address: { address: { value: { address: '10.0.0.7' } } } } },
            loadBalancingWeight: 30,
            metadata: { filterMetadata: { 'envoy.lb': { version: 'v2', 'metadata.tier': 'gold' } } },
          },
        ],
      },
    ],
  });
  const { leaseId } = taken.body;
  t.match(await renew('vm-1', { leaseId }), { status: 200, body: { health: 'healthy', leaseId } });
  t.match(await renew('vm-1', { health: 'unhealthy', reason: 'disk full' }), {
    body: { health: 'unhealthy', healthReason: 'disk full' },
  });
  t.match((await client.next('EDS')).resources, [{ endpoints: [] }]);
  t.match(await renew('vm-1'), { body: { health: 'unhealthy', healthReason: 'disk full' } });
  t.match((await get('/v1/services/billing')).body, { replicas: { ready: 0 }, instances: [{ id: 'vm-1' }] });
  t.match(await remove('vm-1', `?leaseId=${leaseId}&wait=5`), {
    status: 200,
    body: { removed: true, unconfirmed: [] },
  });
  t.match((await get('/v1/instances')).body, []);
  t.match((await get('/v1/status')).body, { nodes: [{ id: 'client' }] }, 'who has no sidecar is not missed');
});

t.test('all instances of a service that are checked are checked alike', async (t) => {
  const { controlPlane, put } = await start(t);
  await apply(controlPlane, MESH);
  t.match(await put('vm-1', { ...VM, check: { path: '/up', interval: '1s' } }), { status: 201 });
  const other = await put('vm-2', { ...VM, port: 8081, check: { path: '/other' } });
  t.match(other, { status: 409, body: { error: { message: /"vm-1" of service "billing" has another check/ } } });
  t.match(await put('vm-2', { ...VM, port: 8081, check: { path: '/up', interval: '1s' } }), { status: 201 });
  t.match(await put('vm-3', { ...VM, port: 8082 }), { status: 201 }, 'or not at all');
  t.match(await put('vm-4', { service: 'ledger', address: '::1', port: 1, check: {} }), { status: 201 });
});

t.test('what cannot be taken in is told with its place, and takes nothing away', async (t) => {
  const { controlPlane, put, renew, remove } = await start(t);
  await apply(controlPlane, MESH);
  const refused = async (body: object, status: number, message: RegExp) =>
    t.match(await put('vm-1', { ...VM, ...body }), { status, body: { error: { message } } });
  await refused({ service: 'biling' }, 404, /there is no service "biling"/);
  await refused({ address: 'vm.example' }, 422, /must be an IP address/);
  await refused({ address: '0.0.0.0' }, 422, /is no place/);
  await refused({ address: '224.0.0.1' }, 422, /many places/);
  await refused({ port: 0 }, 400, /port/);
  await refused({ ttl: '1s' }, 422, /ttl is "1s": it must be a duration from 5s to 86400s/);
  await refused({ protocol: 'grpc' }, 422, /service "billing" speaks http/);
  await refused({ check: { kind: 'grpc' } }, 422, /asked by http or tcp/);
  await refused({ leaseId: 'x' }, 404, /register again, without leaseId/);
  await refused({ wieght: 3 }, 400, /additional properties/);
  t.match(await put('x'.repeat(300), VM), { status: 422, body: { error: { message: /at most 256 bytes/ } } });
  t.match(await renew('vm-1'), { status: 404, body: { error: { message: /register again/ } } });
  t.match(await remove('vm-1'), { status: 404 });

  const { leaseId } = (await put('vm-1', VM)).body;
  t.match(await put('vm-1', VM), { status: 200, body: { leaseId } }, 'the same place: the same lease');
  const conflict = await put('vm-1', { ...VM, address: '10.0.0.8' });
  t.match(conflict, {
    status: 409,
    body: { leaseId, error: { message: /is held by the lease .*, at 10.0.0.7:8080/ } },
  });
  t.match(await renew('vm-1', { leaseId: 'other' }), { status: 409, body: { leaseId } });
  t.match(await put('vm-1', { ...VM, address: '10.0.0.8', leaseId }), { status: 200, body: { address: '10.0.0.8' } });

  const agent = new Agent(controlPlane.grpcAddress);
  t.teardown(() => agent.cut());
  await t.rejects(agent.register({ id: 'vm-1', workload: 'billing', port: 9 }), /"vm-1" is held by the lease/);
  const sidecar = new Agent(controlPlane.grpcAddress);
  t.teardown(() => sidecar.cut());
  await sidecar.register({ id: 'billing-0', workload: 'billing', port: 9 });
  t.match(await put('billing-0', VM), { status: 409, body: { error: { message: /held by a sidecar/ } } });
  t.match(await renew('billing-0'), { status: 409, body: { error: { message: /has a sidecar/ } } });
});

t.test(
  'what was deregistered comes back by registering again, and not by its old lease; a restart forgets neither',
  async (t) => {
    const dir = t.testdir();
    const first = await startTestControlPlane(dir);
    await apply(first, MESH, '?file=mesh.yaml&dir=/mesh');
    const put = (to: typeof first, body: object) => call(to, 'PUT', '/v1/instances/vm-1', { ...VM, ...body });
    const { leaseId } = (await put(first, {})).body;
    await call(first, 'PUT', '/v1/instances/vm-2', { ...VM, port: 8081 });
    await call(first, 'DELETE', '/v1/instances/vm-1');
    await first.stop({ workloads: 'keep' });
    const second = await startTestControlPlane(dir);
    t.teardown(() => second.stop({ workloads: 'stop' }));
    t.match((await call(second, 'GET', '/v1/instances')).body, [{ id: 'vm-2', health: 'healthy' }]);
    t.match(await call(second, 'POST', '/v1/instances/vm-1/renew', { leaseId }), {
      status: 404,
      body: { error: { message: /it was deregistered: register again/ } },
    });
    t.match(await put(second, { leaseId }), { status: 404 });
    t.match(await put(second, {}), { status: 201 });
  },
);

t.test('a lease that is not renewed ends', async (t) => {
  const times = { suspectAfterMs: 500, goneAfterMs: 1_000, tombstoneMs: 60_000 };
  // Four times as fast as the world around it.
  const clock = new SystemClock();
  const fast = { nowMs: () => clock.nowMs() * 4, seconds: () => clock.seconds() * 4, wallMs: () => clock.wallMs() };
  const controlPlane = await startTestControlPlane(t.testdir(), { leaseTimes: times, clock: fast });
  t.teardown(() => controlPlane.stop({ workloads: 'stop' }));
  await apply(controlPlane, MESH);
  await call(controlPlane, 'PUT', '/v1/instances/vm-1', { ...VM, ttl: '5s' });
  const poll = await fetch(`${controlPlane.httpAddress}/v1/services/billing/endpoints?healthy=true`);
  const etag = poll.headers.get('etag')!;
  const next = await fetch(`${controlPlane.httpAddress}/v1/services/billing/endpoints?healthy=true&wait=30s`, {
    headers: { 'if-none-match': etag },
  });
  t.match(await next.json(), { endpoints: [] }, 'suspect after half of its time');
  await until(
    'its eviction',
    async () => ((await call(controlPlane, 'GET', '/v1/instances')).body as never as []).length === 0,
  );
  t.match(await call(controlPlane, 'POST', '/v1/instances/vm-1/renew', {}), {
    status: 404,
    body: { error: { message: /its lease has expired, or it never had one: register again/ } },
  });
});

t.test('endpoints are polled: the same text for the same contents, and a wait that ends with the change', async (t) => {
  const { controlPlane, put, renew, poll, remove } = await start(t);
  await apply(controlPlane, MESH);
  await put('vm-2', { ...VM, port: 8081, metadata: { b: '2', a: '1' } });
  await put('vm-1', VM);
  const path = '/v1/services/billing/endpoints';
  const first = await poll(path);
  const [etag, index] = [first.headers.get('etag')!, first.headers.get('x-outrider-index')!];
  const text = await first.text();
  t.match(text, /^\{"service":"billing","endpoints":\[\{"id":"vm-1",.*"metadata":\{"a":"1","b":"2"\}/);
  await renew('vm-1');
  t.equal(await (await poll(path)).text(), text, 'a renewal is no news');
  t.equal((await poll(path, { 'if-none-match': `"x", W/${etag}` })).status, 304);
  t.equal((await poll(`${path}?index=${index}`)).status, 304);
  t.equal((await poll(`${path}?index=7&wait=30s`)).status, 200, 'an index of another control plane');
  t.equal((await poll(`${path}?index=${index}&wait=50ms`)).status, 304);
  t.equal((await poll(`${path}?wait=soon`)).status, 400);
  t.equal((await poll('/v1/services/biling/endpoints')).status, 404);

  const waiting = Array.from({ length: 200 }, () => poll(`${path}?healthy=true&wait=30s&index=${index}`));
  const stale = await Promise.all(waiting);
  t.same([...new Set(stale.map(({ status }) => status))], [200], 'of another page');
  const healthy = stale[0]!.headers.get('x-outrider-index')!;
  const polls = Array.from({ length: 200 }, () => poll(`${path}?healthy=true&wait=30s&index=${healthy}`));
  const list = await poll('/v1/services');
  const services = poll('/v1/services?wait=30s', { 'if-none-match': list.headers.get('etag')! });
  await until('polls that wait', async () => /polls_waiting 201/.test(await (await poll('/metrics')).text()));
  await renew('vm-1', { health: 'unhealthy' });
  const bodies = await Promise.all(polls.map(async (each) => (await each).text()));
  t.equal(new Set(bodies).size, 1);
  t.match(JSON.parse(bodies[0]!), { endpoints: [{ id: 'vm-2' }] });
  t.match(await (await services).json(), [{ name: 'billing', replicas: { ready: 1 } }, { name: 'ledger' }]);
  await until('nobody that waits', async () => /polls_waiting 0/.test(await (await poll('/metrics')).text()));

  // A slow client sees the newest, however much it has missed.
  for (const port of [1, 2, 3]) await put(`vm-${port + 10}`, { ...VM, port });
  await remove('vm-11');
  const late = await poll(`${path}?healthy=true&wait=30s&index=${healthy}`);
  const ids = ((await late.json()) as { endpoints: { id: string }[] }).endpoints.map(({ id }) => id);
  t.same(ids, ['vm-12', 'vm-13', 'vm-2']);

  const given = new AbortController();
  const gone = fetch(
    `${controlPlane.httpAddress}${path}?healthy=true&wait=30s&index=${late.headers.get('x-outrider-index')}`,
    {
      signal: given.signal,
    },
  );
  await until('a poll that waits', async () => /polls_waiting 1/.test(await (await poll('/metrics')).text()));
  given.abort();
  await gone.catch(() => {});
  await until('its end', async () => /polls_waiting 0/.test(await (await poll('/metrics')).text()));
});
