/**
 * A sidecar that subscribes to what its application needs: over a real control plane, endpoints that are real servers, and
 * the last known good file.
 */
import { createServer, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Agent } from '../component/control-plane/fixtures/agent.ts';
import { apply, call, startTestControlPlane } from '../component/control-plane/fixtures/start.ts';
import { startClient } from '../component/data-plane/http-pairs.ts';
import { testFolder } from '../folder.ts';
import { until } from '../until.ts';
import { freePorts, makeSidecar } from './sidecar-of.ts';

const service = (name: string, more = '') =>
  `\n  ${name}: {command: 'true', deploy: {replicas: 0}, x-outrider: {protocol: http${more}}}`;
const MESH = `services:${['shop', 'catalog', 'cart', 'unused'].map((name) => service(name, name === 'shop' ? ', subscription: on-demand' : '')).join('')}\n`;

async function startInstance(t: Test, grpcAddress: string, workload: string): Promise<Agent> {
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer((_, response) => response.end(workload));
  server.on('session', (session) => sessions.add(session));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.close();
    for (const session of sessions) session.destroy();
  });
  const agent = new Agent(grpcAddress);
  await agent.register({ id: `${workload}-0`, workload, port: (server.address() as AddressInfo).port });
  const beat = setInterval(() => agent.heartbeat(), 200);
  agent.heartbeat();
  t.teardown(() => {
    clearInterval(beat);
    agent.cut();
  });
  return agent;
}

t.test('a sidecar holds what its application has asked for, and nothing else', async (t) => {
  const root = testFolder(t);
  const first = await startTestControlPlane(join(root, 'cp'));
  await apply(first, MESH, '?file=mesh.yaml&dir=/mesh');
  const { grpcAddress } = first;
  for (const name of ['catalog', 'cart', 'unused']) await startInstance(t, grpcAddress, name);
  const place = { workload: 'shop', mesh: MESH, grpcAddress, directory: join(root, 'shop'), ports: await freePorts() };
  const start = async () => {
    const sidecar = await makeSidecar(place);
    t.teardown(() => sidecar.close());
    await sidecar.start();
    const held = () =>
      sidecar.plane.clusters
        .all()
        .map(({ name }) => name)
        .filter((name) => name in { catalog: 0, cart: 0, unused: 0, late: 0 })
        .sort();
    return { sidecar, held };
  };
  const client = await startClient(t, 'h1', place.ports.outbound);
  const ask = async (host: string) => {
    const { status, body } = await client('/', { headers: { host } });
    return `${status} ${status === 200 ? body : ''}`.trim();
  };
  const statistics = async (name: string) =>
    Number(
      /: (\d+)/.exec(await (await fetch(`http://127.0.0.1:${place.ports.admin}/stats?filter=${name}`)).text())?.[1],
    );

  const { sidecar, held } = await start();
  await until('to be ready', () => sidecar.standing().ready);
  t.same(held(), [], 'nothing at first');
  t.equal(await ask('catalog'), '200 catalog', 'the first request waits for its cluster and endpoints');
  t.same(held(), ['catalog']);
  t.same(await Promise.all(Array.from({ length: 20 }, () => ask('cart'))), Array(20).fill('200 cart'));
  t.same(held(), ['cart', 'catalog']);
  t.ok((await statistics('on_demand.waited')) >= 2);
  t.equal(await ask('nobody'), '404', 'what there is no route for is known at once');

  // The table of routes changes for all; what is asked for goes with it.
  await apply(first, `services:${service('late')}\n`, '?file=late.yaml&dir=/mesh');
  await until('the route to it', async () => (await ask('late')) === '503');
  await startInstance(t, grpcAddress, 'late');
  await until('its first instance', async () => (await ask('late')) === '200 late');
  await call(first, 'DELETE', '/v1/resources/workload/cart');
  await until(
    'what is gone to be gone',
    async () => (await ask('cart')) !== '200 cart' && held().includes('cart') === false,
  );
  t.equal(await ask('catalog'), '200 catalog');

  // Nobody is there to ask: what was used serves from the file, and is followed again when somebody is.
  await until('the file', () => sidecar.standing().ready);
  await sidecar.close();
  await first.stop({ workloads: 'keep' });
  const again = await start();
  await until('what was used', async () => (await ask('catalog')) === '200 catalog');
  t.same(again.held(), ['catalog', 'late']);
  const beganMs = performance.now();
  t.equal(await ask('unused'), '503', 'what was not cannot be asked for');
  t.ok(performance.now() - beganMs < 10_000, 'and the waiting has an end');
  const second = await startTestControlPlane(join(root, 'cp'));
  t.teardown(() => second.stop({ workloads: 'keep' }));
  t.equal(second.grpcAddress, grpcAddress);
  await startInstance(t, grpcAddress, 'unused');
  await until('what could not be had', async () => (await ask('unused')) === '200 unused');
  await until('all of it', () => again.sidecar.standing().ready);
});
