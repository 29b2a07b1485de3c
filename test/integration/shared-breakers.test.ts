/** A request breaker that sidecars and their control plane share, all of them real and in this process. */
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { ControlPlane } from '../../control-plane/app.ts';
import { Agent } from '../component/control-plane/fixtures/agent.ts';
import { apply, call, startTestControlPlane } from '../component/control-plane/fixtures/start.ts';
import { startClient, startEndpoint } from '../component/data-plane/http-pairs.ts';
import { testFolder } from '../folder.ts';
import { until } from '../until.ts';
import { freePorts, makeSidecar } from './sidecar-of.ts';

const CALLERS = ['shop', 'web', 'audit'];
const MESH = `services:
${['catalog', ...CALLERS].map((name) => `  ${name}: {command: 'true', deploy: {replicas: 0}, x-outrider: {protocol: http}}\n`).join('')}---
apiVersion: outrider.dev/v1
kind: TrafficPolicy
metadata: {name: catalog}
spec:
  targetRef: {kind: Service, name: catalog}
  serviceBreaker: {minimumRequests: 10000}
  requestBreakers: [{template: 'GET /products/{id}', shared: true, breaker: {openFor: 60s}}]
`;
const BREAKER = 'catalog/GET /products/{id}';
const TTL_MS = 2_000;

/** The sidecar of one caller, and a client that asks through it and returns statuses. */
async function startCaller(t: Test, name: string, controlPlane: ControlPlane) {
  const ports = await freePorts();
  const { grpcAddress } = controlPlane;
  const directory = join(t.testdirName, name);
  const sidecar = await makeSidecar({ workload: name, mesh: MESH, grpcAddress, directory, ports });
  t.teardown(() => sidecar.close());
  await sidecar.start();
  const breaker = () => sidecar.plane.requestBreakers.all().find((each) => each.name === BREAKER);
  await until(`the configuration of ${name}`, () => breaker() !== undefined);
  await until('the endpoint', () => sidecar.plane.clusters.get('catalog')?.healthyCount === 1);
  const client = await startClient(t, 'h1', ports.outbound);
  const ask = () => client('/products/1', { headers: { host: 'catalog', 'x-from': name } });
  return { breaker: () => breaker()!, ask };
}

t.test('one caller opens its own; two open it for everyone, until its time is over', async (t) => {
  const controlPlane = await startTestControlPlane(testFolder(t), { sharedBreakerTtlMs: TTL_MS });
  t.teardown(() => controlPlane.stop({ workloads: 'stop' }));
  await apply(controlPlane, MESH, '?file=mesh.yaml&dir=/mesh&wait=5');
  let sick: readonly string[] = ['shop'];
  let asked = 0;
  const port = await startEndpoint(t, 'h2', ({ headers }, answer) => {
    asked++;
    answer.writeHead(sick.includes(String(headers['x-from'])) ? 500 : 200);
    answer.end();
  });
  const catalog = new Agent(controlPlane.grpcAddress);
  t.teardown(() => catalog.cut());
  await catalog.register({ id: 'catalog-0', workload: 'catalog', port });
  catalog.heartbeat();
  const [shop, web, audit] = await Promise.all(CALLERS.map((name) => startCaller(t, name, controlPlane)));
  const openBreakers = async () =>
    (await call(controlPlane, 'GET', '/v1/status')).body.openBreakers as unknown as object[];

  for (let i = 0; i < 25; i++) {
    await shop!.ask();
    t.equal((await web!.ask()).status, 200);
  }
  t.match([shop!.breaker().own.state, web!.breaker().own.state], ['open', 'closed']);
  t.match((await shop!.ask()).headers['x-outrider-failure'], /^UO; request_breaker\[.*\]_open\{failures=100%/);
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  t.same(await openBreakers(), [], 'one caller alone opens nothing for the others');
  t.equal((await web!.ask()).status, 200);

  sick = CALLERS;
  while (web!.breaker().own.closed) await web!.ask();
  await until('the third caller to hear of it', () => audit!.breaker().heldOpen);
  t.match(await openBreakers(), [{ name: BREAKER, open: 2, callers: 2 }]);
  const before = asked;
  const refused = await audit!.ask();
  t.match(refused.headers['x-outrider-failure'], /^UO; request_breaker\[.*\]_shared_open\{open=2,callers=2\}$/);
  t.match(refused.body, /is held open by the mesh, for at most 2000 ms .*: 2 of 2 callers have opened theirs/);
  t.equal(asked, before, 'the endpoint is left alone');
  t.equal(audit!.breaker().sharedStats.opened, 1);

  await controlPlane.stop({ workloads: 'keep' });
  await until('the end of its time, without a control plane', () => !audit!.breaker().heldOpen);
  sick = [];
  t.equal((await audit!.ask()).status, 200);
  t.equal(shop!.breaker().own.state, 'open', 'each has its own still');
});
