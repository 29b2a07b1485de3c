/**
 * Configuration as a user meets it: diff, history, rollback, backup and restore, through the command and a real control
 * plane.
 */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { runIn } from '../../../cli/test-fixtures.ts';
import type { ControlPlane } from '../../../control-plane/app.ts';
import { until } from '../../until.ts';
import { AdsClient } from './fixtures/ads-client.ts';
import { Agent } from './fixtures/agent.ts';
import { DeltaClient } from './fixtures/delta-client.ts';
import { apply, call, startTestControlPlane } from './fixtures/start.ts';

const MESH = `services:
  cart: {command: 'true', deploy: {replicas: 0}, x-outrider: {config: {limit: 5}}}
  catalog-v1: {command: 'true', deploy: {replicas: 0}, x-outrider: {service: catalog}}
`;
const route = (name: string, parent = name, path = '/') => `---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: ${name}}
spec: {parentRefs: [{kind: Service, name: ${parent}}], rules: [{matches: [{path: {value: ${path}}}], backendRefs: [{name: cart}]}]}
`;

async function start(t: Test, dir = t.testdir()) {
  mkdirSync(dir, { recursive: true });
  const controlPlane = await startTestControlPlane(join(dir, 'state'));
  t.teardown(() => controlPlane.stop({ workloads: 'stop' }));
  /** Exit code and what was printed. */
  const outrider = (...argv: string[]) => runIn({ env: { OUTRIDER_SERVER: controlPlane.httpAddress }, cwd: dir }, argv);
  const write = (name: string, text: string) => writeFileSync(join(dir, name), text);
  const stateOf = async () => {
    const kinds = ['workload', 'httproute', 'trafficpolicy'];
    const all = await Promise.all(kinds.map((kind) => call(controlPlane, 'GET', `/v1/resources/${kind}`)));
    const plain = JSON.parse(JSON.stringify(all.map(({ body }) => body))) as { revision?: number }[][];
    for (const each of plain.flat()) delete each.revision;
    return { all: plain, config: (await call(controlPlane, 'GET', '/v1/config/cart')).body.entries };
  };
  return { dir, controlPlane, outrider, write, stateOf };
}

const SIDECAR = {
  id: 'cart-7',
  metadata: {
    outrider: { workload: 'cart', services: ['cart'], outbound_port: 4001, inbound_port: 4002, app_port: 4003 },
  },
};

/** A sidecar's stream, which takes whatever comes. */
function connect(t: Test, controlPlane: ControlPlane): AdsClient {
  const client = new AdsClient(controlPlane.grpcAddress, SIDECAR);
  t.teardown(() => client.close());
  return client;
}

t.test('diff shows what an apply would change, in the words of the file, and exits as diff does', async (t) => {
  const { outrider, write } = await start(t);
  write('mesh.yaml', MESH);
  t.match(await outrider('diff', '-f', 'mesh.yaml'), {
    code: 1,
    out: /^--- \/dev\/null\s+now\n\+\+\+ workload\/cart\s+then/,
  });
  t.match(await outrider('apply', '-f', 'mesh.yaml', '--dry-run'), { code: 0, out: /workload\/cart would be created/ });
  t.match(await outrider('history'), { code: 0, out: /^REVISION\s+WHEN.*\n$/ }, 'nothing has happened');
  await outrider('apply', '-f', 'mesh.yaml');
  t.same(await outrider('diff', '-f', 'mesh.yaml'), { code: 0, out: '', err: '' });
  write('mesh.yaml', MESH.replace('limit: 5', 'limit: 6'));
  const changed = await outrider('diff', '-f', 'mesh.yaml');
  t.match(changed, { code: 1, out: /--- workload\/cart\s+now\n\+\+\+ workload\/cart\s+then\n@@ .*@@\n/ });
  t.match(changed.out, /\n- +limit: 5\n\+ +limit: 6\n/);
  t.notMatch(changed.out, /catalog/);
  write('mesh.yaml', MESH.replace('command', 'comand'));
  t.match(await outrider('diff', '-f', 'mesh.yaml'), { code: 2, err: /did you mean command/ });
  t.match(await outrider('diff'), { code: 2, err: /name a file with --file/ });
});

t.test('every change is kept with its author, and one can go back', async (t) => {
  const { controlPlane, outrider, write, stateOf } = await start(t);
  write('mesh.yaml', MESH);
  write('routes.yaml', route('cart'));
  await outrider('apply', '-f', 'mesh.yaml', '-m', 'first\nof all');
  await outrider('apply', '-f', 'routes.yaml');
  await outrider('config', 'set', 'cart', 'BANNER', 'hi', '-m', 'Ostern 🐣');
  const then = await stateOf();
  await outrider('config', 'set', 'cart', 'BANNER', 'ho');
  await outrider('scale', 'cart=0');
  await outrider('delete', 'httproute', 'cart');
  const { out } = await outrider('history');
  t.match(out, /^6 .* ann \(unverified\) +httproute\/cart deleted$/m);
  t.match(out, /^3 .* config\/cart\/BANNER created +Ostern 🐣$/m);
  t.match(out, /^1 .* workload\/cart created, workload\/catalog-v1 created .*mesh\.yaml +first of all$/m);
  t.match((await outrider('history', 'route', 'cart')).out.match(/^\d+/gm), ['6', '2']);
  t.match((await outrider('history', 'workload', 'cart')).out.match(/^\d+/gm), ['5', '4', '3', '1']);
  t.match((await outrider('history', '-n', '2', '-o', 'json')).out, /"revision": 6[\s\S]*"revision": 5/);
  t.match(await outrider('history', 'show', '4'), { code: 0, out: /-BANNER: hi\n\+BANNER: ho\n/ });
  t.match(await outrider('diff', '--revisions', '1', '6'), { code: 1, out: /^--- \/dev\/null[\s\S]*\+BANNER: ho/ });
  t.match(await outrider('diff', '--revisions', '6', '6'), { code: 0, out: '' });
  t.match(await outrider('rollback', '99'), {
    code: 1,
    err: /no revision 99 in the history.*from 0 on, the latest is 6/,
  });

  t.match(await outrider('rollback', '3', '--dry-run'), { code: 0, out: /\+BANNER: hi/ });
  t.match(await outrider('rollback', '3', '-m', 'back'), {
    code: 0,
    out: /httproute\/cart created[\s\S]*revision 7 is as 3 was/,
  });
  t.same(await stateOf(), then);
  t.match((await outrider('history', '-n', '1')).out, /^7 .* revision 3 +back$/m);
  t.match(await outrider('rollback', '3'), { code: 0, out: /nothing differs from revision 3/ });
  // A setting that is taken back is news for its readers, too.
  await outrider('rollback', '2');
  const config = (await call(controlPlane, 'GET', '/v1/config/cart')).body;
  t.same(config.entries, { limit: '5' });
  t.equal(config.revision, 8);

  const verified = await call(controlPlane, 'GET', '/v1/history');
  t.equal(verified.body[0]!.verified, false);
});

t.test('history outlives the process, and databases without one are taken over', async (t) => {
  const dir = t.testdir();
  const first = await startTestControlPlane(dir);
  await apply(first, MESH);
  await call(first, 'PUT', '/v1/config/cart/A', { value: '1' });
  await first.stop({ workloads: 'keep' });
  const second = await startTestControlPlane(dir);
  const { body } = await call(second, 'GET', '/v1/history');
  t.match(body, [{ revision: 2 }, { revision: 1 }]);
  t.match(await call(second, 'POST', '/v1/history/1/rollback'), { status: 200, body: { revision: 3 } });
  await second.stop({ workloads: 'keep' });

  const { DatabaseSync } = await import('node:sqlite');
  const old = new DatabaseSync(join(dir, 'control-plane.db'));
  old.exec('DROP TABLE history; PRAGMA user_version = 1;');
  old.close();
  const third = await startTestControlPlane(dir);
  t.teardown(() => third.stop({ workloads: 'keep' }));
  t.same((await call(third, 'GET', '/v1/history')).body, []);
  t.match(await call(third, 'POST', '/v1/history/2/rollback'), {
    status: 404,
    body: { error: { message: /no history is kept yet/ } },
  });
  t.equal((await call(third, 'PUT', '/v1/config/cart/A', { value: '2' })).body.revision, 4);
  t.match(await call(third, 'POST', '/v1/history/3/rollback'), { status: 200, body: { revision: 5 } });
});

t.test('more than half of a kind goes only with --force', async (t) => {
  const { controlPlane, outrider, write } = await start(t);
  write('mesh.yaml', MESH);
  const routes = ['a', 'b', 'c', 'd'].map((name) => route(name, 'cart', `/${name}`));
  write('routes.yaml', routes.join(''));
  await outrider('apply', '-f', 'mesh.yaml', '-f', 'routes.yaml');
  write('routes.yaml', routes.slice(0, 1).join(''));
  const refused = await outrider('apply', '-f', 'routes.yaml');
  t.match(refused, {
    code: 1,
    err: /needs --force.*nothing was changed\n.*3 of 4 resources of kind httproute would be deleted: b, c, d/,
  });
  t.match((await call(controlPlane, 'GET', '/v1/resources/httproute')).body, { length: 4 });
  t.match(await outrider('diff', '-f', 'routes.yaml'), { code: 1, out: /^--- httproute\/b/ }, 'one can look');
  t.match(await outrider('rollback', '1'), { code: 1, err: /4 of 4 resources of kind httproute/ });
  t.match(await outrider('apply', '-f', 'routes.yaml', '--force'), { code: 0, out: /httproute\/d deleted/ });
  t.match((await call(controlPlane, 'GET', '/v1/resources/httproute')).body, { length: 1 });
  const metrics = await (await fetch(`${controlPlane.httpAddress}/metrics`)).text();
  t.match(metrics, /^outrider_control_plane_mass_deletions_refused_total 2$/m);
  t.match(metrics, /^outrider_control_plane_history_entries 3$/m);
});

t.test('a backup is everything, and is restored as one revision that sidecars take', async (t) => {
  const from = await start(t, t.testdir());
  from.write('mesh.yaml', MESH);
  from.write('routes.yaml', route('cart', 'cart', '/kept'));
  await from.outrider('apply', '-f', 'mesh.yaml', '-f', 'routes.yaml');
  await from.outrider('config', 'set', 'cart', 'BANNER', 'hi');
  const backup = join(from.dir, 'mesh.backup');
  // While others write.
  const writes = Promise.all(
    ['1', '2', '3'].map((value) => call(from.controlPlane, 'PUT', '/v1/config/cart/N', { value })),
  );
  t.match(await from.outrider('backup', 'mesh.backup'), { code: 0, out: /^mesh\.backup: \d+ bytes\n$/ });
  await writes;
  t.equal(statSync(backup).mode & 0o777, 0o600);
  t.same(
    readdirSync(from.dir).filter((name) => name.includes('.new')),
    [],
    'nothing is left beside it',
  );
  await call(from.controlPlane, 'PUT', '/v1/config/cart/N', { value: 'last' });
  await from.outrider('backup', 'mesh.backup');
  const then = await from.stateOf();

  // Onto nothing, with its history.
  const to = await start(t, join(from.dir, 'other'));
  const bytes = readFileSync(backup);
  writeFileSync(join(to.dir, 'b'), bytes);
  t.match(await to.outrider('restore', 'b'), { code: 0, out: /restored as revision 8\n$/ });
  t.same(await to.stateOf(), then);
  t.match((await to.outrider('history', '-n', '100')).out.match(/^\d+/gm), ['8', '7', '6', '5', '4', '3', '2', '1']);
  t.match(await to.outrider('diff', '--revisions', '7', '8'), { code: 0, out: '' });
  t.match(await to.outrider('rollback', '1'), { code: 0, out: /httproute\/cart deleted/ });

  // Over something, which has to be insisted on; clients converge.
  const client = connect(t, to.controlPlane);
  client.subscribe('RDS', ['outbound']);
  await until(
    'the routes without it',
    async () => !JSON.stringify((await client.next('RDS')).resources).includes('/kept'),
  );
  t.match(await to.outrider('restore', 'b'), {
    code: 1,
    out: /\+N: last/,
    err: /there are 2 resources already.*--force/,
  });
  t.match(await to.outrider('restore', 'b', '--dry-run'), { code: 0 });
  t.match(await to.outrider('restore', 'b', '--force', '-m', 'oh'), { code: 0, out: /restored as revision 10/ });
  t.same(await to.stateOf(), then);
  await until('the restored routes', async () =>
    JSON.stringify((await client.next('RDS')).resources).includes('/kept'),
  );
  t.match((await to.outrider('history', '-n', '1')).out, /^10 .* backup of revision 7, .* oh$/m);

  // What is damaged changes nothing.
  for (const bad of [bytes.subarray(0, -1), Buffer.from('services: {}'), Buffer.alloc(0)]) {
    writeFileSync(join(to.dir, 'bad'), bad);
    t.match(await to.outrider('restore', 'bad', '--force'), {
      code: 1,
      err: /^error: the (backup is damaged|file is no backup).*; nothing was changed\n$/,
    });
  }
  t.match((await call(to.controlPlane, 'GET', '/v1/status')).body, { revision: 10 });
});

const POLICY = `---
apiVersion: outrider.dev/v1
kind: TrafficPolicy
metadata: {name: cart}
spec: {targetRef: {kind: Service, name: cart}, timeouts: {connect: 7s}}
`;

t.test(
  'apply --wait tells who refused and why, and who has not answered; what is refused holds nothing else back',
  async (t) => {
    const { controlPlane, outrider, write } = await start(t);
    write('mesh.yaml', MESH);
    write('policy.yaml', POLICY);
    write('routes.yaml', route('catalog', 'catalog', '/news'));
    await outrider('apply', '-f', 'mesh.yaml');
    // Sidecars speak delta, where each resource is taken or refused for itself.
    const client = new DeltaClient(controlPlane.grpcAddress, SIDECAR);
    t.teardown(() => client.close());
    client.answer = ({ kind, resources }) =>
      kind === 'CDS' && JSON.stringify(resources).includes('"connectTimeout":{"seconds":7')
        ? 'clusters[cart].connect_timeout: 7s is not liked here'
        : undefined;
    client.ask('CDS');
    await client.next('CDS');
    client.ask('RDS', { subscribe: ['outbound'] });
    await client.next('RDS');
    const nextRoutes = async () => JSON.stringify((await client.next('RDS')).resources);
    const refused = await outrider('apply', '-f', 'policy.yaml', '--wait', '5');
    t.match(refused, { code: 1, err: /is stored, but 1 client refused it\ncart-7\/CDS: .*7s is not liked here\n$/ });
    t.match(await outrider('apply', '-f', 'routes.yaml'), { code: 0 });
    await until('the routes of another service', async () => (await nextRoutes()).includes('/news'));
    t.match((await outrider('status')).out, /cart-7 refused CDS: .*7s is not liked here/);

    await outrider('delete', 'trafficpolicy', 'cart');
    const agent = new Agent(controlPlane.grpcAddress);
    t.teardown(() => agent.cut());
    await agent.register({ id: 'cart-8', workload: 'cart', port: 5000 });
    const away = await outrider('apply', '-f', 'routes.yaml', '--wait', '5');
    t.match(away, { code: 0, err: /warning: cart-8: has no xDS stream open/ });
    client.answer = ({ kind }) => (kind === 'RDS' ? null : undefined);
    write('routes.yaml', route('catalog', 'catalog', '/newer'));
    const late = await outrider('apply', '-f', 'routes.yaml', '--wait', '1');
    t.match(late, { code: 1, err: /1 client has not answered\ncart-7: has not answered within 1 s: RDS\n$/ });
  },
);

t.test('what a control plane is given at the start is applied like a file, at every start', async (t) => {
  const dir = join(t.testdir(), 'state');
  const FIRST = 'services: { cart: { deploy: { replicas: 0 } }, bank: { deploy: { replicas: 0 } } }';
  const SECOND = FIRST.replace('bank', 'shop');
  const names = async (given: string) => {
    const controlPlane = await startTestControlPlane(dir, {}, undefined, null, { given });
    const { body } = await call(controlPlane, 'GET', '/v1/services');
    const { body: history } = await call(controlPlane, 'GET', '/v1/history');
    if (given === SECOND) await apply(controlPlane, route('cart'));
    await controlPlane.stop({ workloads: 'stop' });
    const services = (body as unknown as { readonly name: string }[]).map(({ name }) => name);
    return { services, revisions: (history as unknown as unknown[]).length };
  };
  t.match(await names(FIRST), { services: ['bank', 'cart'], revisions: 1 });
  t.match(await names(FIRST), { services: ['bank', 'cart'], revisions: 1 }, 'nothing has changed');
  t.match(await names(SECOND), { services: ['cart', 'shop'], revisions: 2 }, 'what is not in it any more goes');
  t.match(
    await names('services: { cart: { comand: x } }'),
    { services: ['cart', 'shop'] },
    'a mistake changes nothing',
  );
  t.match(
    await names('services: { shop: { deploy: { replicas: 0 } } }'),
    { services: ['cart', 'shop'] },
    'a route is left',
  );
});
