/**
 * The last known good configuration: a sidecar that starts while its control plane is dead, over the real file, with real
 * endpoints of which one has died too; and every kind of file that must not be used.
 */
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { KeptFile } from '../../proxy/xds/last-known-good/kept-file.ts';
import { Agent } from '../component/control-plane/fixtures/agent.ts';
import { apply, startTestControlPlane } from '../component/control-plane/fixtures/start.ts';
import { startClient } from '../component/data-plane/http-pairs.ts';
import { testFolder } from '../folder.ts';
import { until } from '../until.ts';
import { freePorts, makeSidecar } from './sidecar-of.ts';

const MESH = `services:
  shop: {command: 'true', deploy: {replicas: 0}, x-outrider: {protocol: http}}
  catalog: {command: 'true', deploy: {replicas: 0}, x-outrider: {protocol: http}}
`;

/** Answers with its name; `kill` ends it and all that was open. */
async function startInstance(t: Test, name: string) {
  const server = createServer((_request, response) => response.end(name));
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session) => sessions.add(session));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const kill = () => {
    server.close();
    for (const each of sessions) each.destroy();
  };
  t.teardown(kill);
  return { port: (server.address() as AddressInfo).port, kill };
}

t.test(
  'a sidecar that starts without a control plane serves by what it had, and trusts who proves to be there',
  async (t) => {
    const root = testFolder(t, { cp: {}, shop: {} });
    const first = await startTestControlPlane(join(root, 'cp'));
    t.teardown(() => first.stop({ workloads: 'keep' }));
    await apply(first, MESH, '?file=mesh.yaml&dir=/mesh');
    const instances = await Promise.all(['catalog-0', 'catalog-1', 'catalog-2'].map((name) => startInstance(t, name)));
    const { grpcAddress } = first;
    const register = async (address: string, i: number) => {
      const agent = new Agent(address);
      t.teardown(() => agent.cut());
      await agent.register({ id: `catalog-${i}`, workload: 'catalog', port: instances[i]!.port });
      agent.heartbeat();
    };
    for (const i of [0, 1]) await register(grpcAddress, i);

    const ports = await freePorts();
    const place = { workload: 'shop', mesh: MESH, grpcAddress, directory: join(root, 'shop'), ports };
    const start = async () => {
      const sidecar = await makeSidecar(place);
      t.teardown(() => sidecar.close());
      await sidecar.start();
      const catalog = () => sidecar.plane.clusters.get('catalog');
      const asked = () => catalog()!.endpoints.map(({ rqTotal }) => rqTotal);
      return { sidecar, asked, healths: () => (catalog()?.endpoints ?? []).map(({ health }) => health) };
    };
    const client = await startClient(t, 'h1', ports.outbound);
    const ask = () => client('/', { headers: { host: 'catalog' } });
    const admin = async (path: string) => (await fetch(`http://127.0.0.1:${ports.admin}${path}`)).text();
    const before = await start();
    await until('both endpoints', () => before.healths().length === 2);
    t.equal((await ask()).status, 200);
    t.equal(await admin('/ready'), 'LIVE\n');
    t.match(await admin('/stats?filter=last_known_good'), /age_seconds: 0\noutrider.last_known_good.in_use: 0/);
    await before.sidecar.close();
    await first.stop({ workloads: 'keep' });
    const folder = join(root, 'shop', 'last-known-good-shop-0');
    for (const [path, mode] of [
      [folder, 0o700],
      [join(folder, 'configuration'), 0o600],
      [join(folder, 'key'), 0o600],
    ] as const)
      t.equal(statSync(path).mode & 0o777, mode, path);

    instances[1]!.kill();
    const startedMs = performance.now();
    const after = await start();
    await until('the first answer', async () => (await ask()).status === 200);
    const tookMs = performance.now() - startedMs;
    t.ok(tookMs < 2_000, `serves ${Math.round(tookMs)} ms after the start`);
    await until('one endpoint that has proved itself', () => after.healths().includes('healthy'));
    const doubtful = after.healths().indexOf('suspect');
    const asked = after.asked()[doubtful];
    for (let i = 0; i < 50; i++) t.equal((await ask()).body, 'catalog-0');
    t.equal(after.asked()[doubtful], asked, 'nobody is sent to the one that is in doubt');
    t.same(after.healths().sort(), ['healthy', 'suspect']);
    t.match(await admin('/ready'), /^LIVE\nwith the last known good configuration, \d+ s old, 1 endpoints unproven\n$/);
    t.match(
      await admin('/server_info'),
      /"last_known_good": \{\s*"in_use": true,\s*"age": "\d+s",\s*"suspect_endpoints": 1/,
    );
    t.match(await admin('/stats?filter=last_known_good'), /in_use: 1\n(.*\n)*.*suspect_endpoints: 1\n/);

    // The control plane comes back on its old port, and knows somebody new.
    let failed = 0;
    let over = false;
    const load = (async () => {
      while (!over) if ((await ask()).status !== 200) failed++;
    })();
    const second = await startTestControlPlane(join(root, 'cp'));
    t.teardown(() => second.stop({ workloads: 'keep' }));
    t.equal(second.grpcAddress, grpcAddress);
    for (const i of [0, 2]) await register(second.grpcAddress, i);
    await until('the live configuration', () => after.healths().filter((each) => each === 'healthy').length >= 2);
    t.equal(await admin('/ready'), 'LIVE\n');
    over = true;
    await load;
    t.equal(failed, 0, 'no request fails while the live configuration takes the place of the old one');
  },
);

t.test('a file that is not this sidecar’s own, whole and unaltered is not used, and the reason is said', async (t) => {
  const root = testFolder(t);
  const file = new KeptFile(root, 'shop/0');
  t.equal(await file.load(), null, 'there is none');
  const kept = { writtenAtMs: 5, nodeId: 'shop/0', resources: [] };
  await file.save(() => kept);
  const folder = join(root, 'last-known-good-shop%2F0');
  const [configuration, key] = [join(folder, 'configuration'), join(folder, 'key')];
  const good = { text: readFileSync(configuration), key: readFileSync(key) };
  const problemAfter = async (spoil: () => unknown) => {
    spoil();
    const loaded = await new KeptFile(root, 'shop/0').load();
    rmSync(configuration, { force: true });
    writeFileSync(configuration, good.text, { mode: 0o600 });
    writeFileSync(key, good.key);
    chmodSync(key, 0o600);
    chmodSync(folder, 0o700);
    t.same(
      await new KeptFile(root, 'shop/0').load(),
      { ok: true, value: kept },
      'and is good again when it is put right',
    );
    return loaded?.ok === false ? loaded.error : 'none';
  };
  t.match(await problemAfter(() => truncateSync(configuration, good.text.length - 5)), /signature is wrong/);
  t.match(await problemAfter(() => truncateSync(configuration, 3)), /cannot be read/);
  t.match(await problemAfter(() => truncateSync(configuration, 0)), /cannot be read/);
  t.match(
    await problemAfter(() => truncateSync(configuration, 200 * 2 ** 20)),
    /209715200 bytes: at most 100663296 are read/,
  );
  t.match(await problemAfter(() => writeFileSync(key, 'x'.repeat(32))), /signature is wrong/);
  t.match(await problemAfter(() => truncateSync(key, 7)), /its key is missing or cut short/);
  t.match(await problemAfter(() => rmSync(key)), /its key is missing or cut short/);
  t.match(await problemAfter(() => chmodSync(key, 0o640)), /others may read .*key: its mode is 640, and must be 600/);
  t.match(await problemAfter(() => chmodSync(folder, 0o755)), /others may enter .*: its mode is 755, and must be 700/);
  const link = () => {
    copyFileSync(configuration, join(root, 'elsewhere'));
    rmSync(configuration);
    symlinkSync(join(root, 'elsewhere'), configuration);
  };
  t.match(await problemAfter(link), /configuration is no plain file/);

  chmodSync(folder, 0o755);
  await new KeptFile(root, 'shop/0').save(() => kept);
  t.notSame(readFileSync(key), good.key, 'a key that others could have read is replaced');
  t.equal(statSync(folder).mode & 0o777, 0o700);
});
