/**
 * A mesh whose applications know nothing of it, in network namespaces of this test. Names are in a hosts file;
 * mesh-dns.test.ts has them from the sidecars.
 */
import t from 'tap';
import { virtualAddressesOf } from '../../control-plane/state/virtual-addresses.ts';
import { stateOf } from '../../control-plane/translate/test-fixtures.ts';
import { CATALOG, InterceptedMesh, interceptedMeshMissing, MESH, OUTSIDE, WEB } from './intercepted-mesh.ts';
import { AS_PROXY, AS_TRANSPARENT_PROXY, type Namespaces, run } from './namespaces.ts';

/** Names in a hosts file. */
function byHosts(spaces: Namespaces) {
  const names = [...virtualAddressesOf(stateOf(MESH))].map(([name, address]) => `${address} ${name} ${name}.mesh\n`);
  return { '/etc/hosts': spaces.file('hosts', `127.0.0.1 localhost\n${names.join('')}`) };
}

const PYTHON = `import urllib.request; print(urllib.request.urlopen('http://catalog/', timeout=8).read().decode())`;

t.test(
  'applications that know nothing of the mesh reach its services by name',
  { skip: interceptedMeshMissing(), timeout: 240_000 },
  async (t) => {
    const mesh = new InterceptedMesh(t, (spaces) => ({
      mounts: byHosts(spaces),
      intercept: ['--no-dns'],
      metadata: {},
    }));
    await mesh.start();
    await mesh.untilAnswered(() => mesh.ask('http', 'catalog', 80, WEB.namespace));
    const bodyOf = (...question: Parameters<typeof mesh.ask>) =>
      JSON.parse(mesh.ask(...question).body ?? 'null') as unknown;

    const fromWeb = { name: 'catalog', from: WEB.host, peer: '127.0.0.1' };
    t.match(bodyOf('http', 'catalog', 80, WEB.namespace), { ...fromWeb, host: 'catalog' }, 'HTTP, and who calls');
    t.match(bodyOf('http', 'catalog.mesh', 1234, WEB.namespace), fromWeb, 'under any port');
    const address = virtualAddressesOf(stateOf(MESH)).get('catalog')!;
    t.match(bodyOf('http', address, 80, WEB.namespace), fromWeb, 'by its address');
    for (const [name, ...command] of [
      ['curl', '-sS', '--max-time', '8', 'http://catalog/'],
      ['python3', '-c', PYTHON],
    ] as const) {
      if (run(name, '--version').status !== 0) t.comment(`no ${name} here`);
      else t.match(mesh.inside(WEB.namespace, name, ...command).stdout, /"name":"catalog"/, name);
    }
    t.match(mesh.ask('tcp', 'catalog', 5432, WEB.namespace), { body: 'catalog echo hello' }, 'what is no HTTP');
    t.match(bodyOf('http', 'web', 80, CATALOG.namespace), { name: 'web', from: CATALOG.host }, 'and the other way');

    t.match(
      bodyOf('http', OUTSIDE, 8080, WEB.namespace),
      { name: 'outside', host: `${OUTSIDE}:8080` },
      'out of the mesh',
    );
    t.match(mesh.ask('tcp', OUTSIDE, 9090, WEB.namespace), { body: 'outside echo hello' });
    t.match(mesh.ask('http', OUTSIDE, 8080, CATALOG.namespace), { status: 502, body: /lets nothing out of the mesh/ });
    const refusals = () => mesh.counter(CATALOG.namespace, 'listener\\.127\\.0\\.0\\.1_15001\\.no_filter_chain_match');
    const before = refusals();
    t.match(
      mesh.ask('tcp', OUTSIDE, 9090, CATALOG.namespace),
      { error: /closed|ECONNRESET/ },
      'nothing leaves from here',
    );
    t.equal(refusals(), before + 1, 'and it is counted');

    t.match(
      bodyOf('http', CATALOG.host, 8080, mesh.hub),
      { name: 'catalog', from: OUTSIDE },
      'from outside, by the port',
    );
    t.match(
      mesh.ask('tcp', CATALOG.host, 9090, mesh.hub),
      { body: 'catalog echo hello' },
      'another port of the machine',
    );
    for (const port of [15001, 15006])
      t.match(
        mesh.ask('http', '127.77.1.1', port, WEB.namespace),
        { error: /ECONNRESET|EPIPE/ },
        'nothing goes round in circles',
      );
  },
);

t.test(
  'with tproxy applications see who calls, and a sidecar without the privilege does all else',
  { skip: interceptedMeshMissing(), timeout: 240_000 },
  async (t) => {
    const mesh = new InterceptedMesh(t, (spaces) => ({
      mounts: byHosts(spaces),
      intercept: ['--mode', 'tproxy', '--no-dns'],
      metadata: { interception: 'tproxy', ipv6: true },
      sidecarAs: AS_TRANSPARENT_PROXY,
    }));
    await mesh.start();
    await mesh.untilAnswered(() => mesh.ask('http', 'catalog', 80, WEB.namespace));
    const bodyOf = (...question: Parameters<typeof mesh.ask>) =>
      JSON.parse(mesh.ask(...question).body ?? 'null') as unknown;

    for (const round of ['first', 'again'])
      t.match(
        bodyOf('http', 'catalog', 80, WEB.namespace),
        { name: 'catalog', from: WEB.host, peer: WEB.host },
        `by way of its caller's sidecar, ${round}`,
      );
    t.match(mesh.ask('tcp', 'catalog', 5432, WEB.namespace), { body: 'catalog echo hello' }, 'what is no HTTP');
    const straight = { name: 'catalog', from: OUTSIDE, peer: OUTSIDE };
    t.match(bodyOf('http', CATALOG.host, 8080, mesh.hub), straight, 'from outside, by the port');
    t.match(mesh.ask('tcp', CATALOG.host, 9090, mesh.hub), { body: 'catalog echo hello' }, 'another port');
    t.match(bodyOf('http', OUTSIDE, 8080, WEB.namespace), { name: 'outside', peer: WEB.host }, 'out of the mesh');

    await mesh.restartSidecar(CATALOG, AS_PROXY);
    await mesh.untilAnswered(() => mesh.ask('http', 'web', 80, CATALOG.namespace));
    t.match(bodyOf('http', 'web', 80, CATALOG.namespace), { name: 'web', peer: CATALOG.host }, 'it dials as ever');
    t.match(mesh.ask('http', CATALOG.host, 8080, mesh.hub), { error: /.+/ }, 'and nobody comes in');
    await mesh.untilSaid(/listener inbound: .* needs the privilege NET_ADMIN .*it is not opened/);
  },
);
